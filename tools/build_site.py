"""Build the course's site into build/site, from the notebooks as they are stored: `make site`.

Nothing is run, and no file of the course is changed: Sphinx reads copies, in build/site-work.
What a learner has written into a notebook isn't published. `python tools/build_site.py serve`
also shows the site on this machine.
"""

import functools
import http.server
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from course import ROOT

SETTINGS = ROOT / "tools" / "site"
sys.path.insert(0, str(SETTINGS))

import links  # noqa: E402
import one_page  # noqa: E402
import pages  # noqa: E402

SITE = ROOT / "build" / "site"
WORK = ROOT / "build" / "site-work"


def build(site: Path = SITE, work: Path = WORK) -> None:
    """All of it, or a SystemExit with what is wrong; `site` is exchanged when all is right."""
    shutil.rmtree(work, ignore_errors=True)
    pages.write(work / "source", work / "extra")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html"]
    command += ["-c", str(SETTINGS), "-d", str(work / "doctrees")]
    command += [str(work / "source"), str(work / "html")]
    done = subprocess.run(command, env={**os.environ, "COURSE_SITE_WORK": str(work)})
    if done.returncode != 0:
        sys.exit("Sphinx warned or failed: the site is as it was before.")
    for template in (work / "html" / "_static").glob("*.html"):
        template.unlink()  # the theme's own, which it copies along
    one_page.write(work / "html")
    wrong = links.broken(work / "html")
    if wrong:
        sys.exit("Links that lead nowhere:\n" + "\n".join(wrong))
    for name in (".buildinfo", "objects.inv"):
        (work / "html" / name).unlink(missing_ok=True)
    (work / "html" / ".nojekyll").touch()  # GitHub Pages leaves out _static otherwise
    shutil.rmtree(site, ignore_errors=True)
    os.replace(work / "html", site)


def serve(port: int = 8000) -> None:
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=SITE)
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        print(f"The site is at http://127.0.0.1:{port}/ until you press Ctrl+C.")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            pass


def main() -> None:
    start = time.monotonic()
    build()
    megabytes = sum(f.stat().st_size for f in SITE.rglob("*") if f.is_file()) / 1e6
    count = len(list(SITE.rglob("*.html")))
    seconds = time.monotonic() - start
    print(f"{count} pages, {megabytes:.0f} MB, {seconds:.0f} s: {SITE / 'index.html'}")
    if sys.argv[1:] == ["serve"]:
        serve()


if __name__ == "__main__":
    main()
