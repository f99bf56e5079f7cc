"""An environment of their own for tests and for stored outputs, whatever is set around them.

A user's settings of Python, Jupyter, matplotlib or torch change what a notebook prints: a
start-up file of IPython, a matplotlibrc, TORCH_LOGS, a proxy. None of them is the course's
business. How fast the processor may be is the caller's: OMP_NUM_THREADS and the like stay.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Callable, MutableMapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# The beginnings of names, and whole names, in either case.
FOREIGN = re.compile(
    r"(PYTHON|JUPYTER|JPY_|IPYTHON|IPY_|NBVAL|MPL|MATPLOTLIB|GIT_|TQDM_|RUFF_"  # tools
    r"|TORCH|PYTORCH|CAFFE2|DDP_|C10D|NCCL|GLOO|KMP_|MKL_|DNNL_|KINETO"  # what torch reads
    r"|COURSE_DIGITS$|RANK$|LOCAL_RANK$|GROUP_RANK$|ROLE_RANK$|WORLD_SIZE$|LOCAL_WORLD_SIZE$"
    r"|MASTER_(ADDR|PORT)$|OMP_DISPLAY|ONEDNN_VERBOSE$|CUDA_LAUNCH_BLOCKING$"
    r"|(HTTPS?|ALL|FTP|NO|WSS?)_PROXY$"  # a kernel, and JupyterLab, are on this machine
    r"|(FORCE_COLOR|CLICOLOR_FORCE|COLUMNS|LINES|SOURCE_DATE_EPOCH)$)",
    re.IGNORECASE,
)
KEPT = {
    "MKL_ENABLE_INSTRUCTIONS",
    "PYTHONHASHSEED",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONPYCACHEPREFIX",
    "PYTHONUTF8",
}


# Each figure tells what it shows, beside its picture: tools/figure_data.py.
KERNEL_CONFIG = f"""
import sys
sys.path.insert(0, {str(ROOT / "tools")!r})
import figure_data
sys.path.pop(0)
c.InteractiveShellApp.extensions = ["figure_data"]
"""


def clean(environment: MutableMapping[str, str]) -> Callable[[], None]:
    """Change `environment` in place; what is returned removes the folder made for it."""
    for name in list(environment):
        if FOREIGN.match(name) and name.upper() not in KEPT:
            del environment[name]
    folder = tempfile.mkdtemp(prefix="pytorch-course-")
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        environment[name] = os.path.join(folder, name.lower())
    environment["IPYTHONDIR"] = os.path.join(folder, "ipython")
    profile = os.path.join(environment["IPYTHONDIR"], "profile_default")
    os.makedirs(profile)
    with open(os.path.join(profile, "ipython_kernel_config.py"), "w") as config:
        config.write(KERNEL_CONFIG)
    settings = os.path.join(folder, "matplotlibrc")  # empty: matplotlib's own defaults
    open(settings, "w").close()
    environment["MATPLOTLIBRC"] = settings
    home = os.path.expanduser("~")
    if not os.access(home, os.W_OK):  # else matplotlib's list of fonts is kept there
        environment["MPLCONFIGDIR"] = os.path.join(folder, "matplotlib")
    environment["PYTHONPATH"] = str(ROOT)  # this folder's helper, in every kernel
    environment["NO_PROXY"] = environment["no_proxy"] = "*"
    # As the course's kernel has it: small networks are fastest on one core.
    environment.setdefault("OMP_NUM_THREADS", "1")
    return lambda: shutil.rmtree(folder, ignore_errors=True)
