"""Print every link that leaves the course, one a line: `make links`.

The workflow gives the list to a link checker once a week. Tests never do: they need no network.
"""

import re

from course import PATHS, ROOT, markdown

LINK = re.compile(r"https?://[^\s<>\"'`)\]}]+")


def links() -> list[str]:
    """All of them, sorted, each once; those to this machine and to examples are left out."""
    texts = ["\n".join(markdown(path)) for path in PATHS]
    for file in (
        *ROOT.glob("*.md"),
        *ROOT.glob("data/*.md"),
        *ROOT.glob("helper/**/*.py"),
    ):
        texts.append(file.read_text(encoding="utf-8"))
    found = {link.rstrip(".,;:") for text in texts for link in LINK.findall(text)}
    own = re.compile(r"https?://(localhost|127\.|example\.|HOST)")
    return sorted(link for link in found if not own.match(link))


if __name__ == "__main__":
    print("\n".join(links()))
