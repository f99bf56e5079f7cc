"""What a script that failed wrote to stderr, and which file made it fail."""

import re
import sys
from pathlib import Path


def last_words(errors: str) -> str:
    """What the script wrote to stderr, without torchrun's and PyTorch's own log."""
    own, *_ = re.split(r'Traceback .*\n  File "<frozen runpy>"', errors)
    log = re.compile(r"\[?[WEI]\d{4} |\*\*\*|Setting OMP_NUM_THREADS")
    lines = [line for line in own.splitlines() if line.strip() and not log.match(line)]
    if not lines:  # it was torchrun that failed
        lines = [line for line in errors.splitlines() if line.strip()]
    return "\n".join(lines[-20:]) or "it wrote nothing to stderr"


def hiding(errors: str, script: Path) -> str:
    """A line for each file beside the script that was taken for a module of that name."""
    known = sys.stdlib_module_names | {"torch", "torchvision", "numpy", "helper"}
    return "".join(
        f"\n{path} hides the module {path.stem}: rename the file"
        for path in sorted(script.parent.glob("*.py"))
        if path.stem in known
        and (f"'{path.stem}'" in errors or (path != script and str(path) in errors))
    )
