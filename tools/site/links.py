"""Every link and picture of a built site that leads nowhere. What leaves the site isn't asked."""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """The links of a page, what it loads, and its anchors."""

    def __init__(self, path: Path):
        super().__init__()
        self.links, self.loaded, self.anchors = [], [], {"", "top"}
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        own = dict(attributes)
        self.anchors.add(own.get("id", ""))
        link = own.get("href") or own.get("src")
        if link and tag in ("a", "img", "link", "script", "iframe"):
            self.links.append(link)
            if tag != "a" and own.get("rel") not in ("canonical", "next", "prev"):
                self.loaded.append(link)


def read(site: Path) -> dict[Path, Page]:
    return {path.resolve(): Page(path) for path in sorted(site.rglob("*.html"))}


def broken(site: Path) -> list[str]:
    """A line for each: the page, and the link as it stands there."""
    pages, found = read(site), []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = path
            if parts.path:
                target = (path.parent / unquote(parts.path)).resolve()
            if target.is_dir():
                target = target / "index.html"
            anchor = unquote(parts.fragment)
            if target not in pages:
                fine = target.exists() and not anchor
            else:
                fine = anchor in pages[target].anchors
            if not fine:
                found.append(f"{path.relative_to(site.resolve())}: {link}")
    return found


def from_elsewhere(site: Path) -> list[str]:
    """What a page would load from another server: the site needs no network."""
    return [
        f"{path.name}: {link}"
        for path, page in read(site).items()
        for link in page.loaded
        if urlsplit(link).netloc
    ]
