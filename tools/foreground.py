"""Whom Ctrl+C reaches in a terminal in which `make` has started a program."""

import os
import signal


def take_terminal() -> None:
    """Let Ctrl+C reach JupyterLab and this program, but not `make`, which would call it an error.

    Where there is no terminal, or this program is not in its foreground, nothing is changed.
    """
    try:
        if os.tcgetpgrp(0) == os.getpgrp() != os.getpid():
            signal.signal(signal.SIGTTOU, signal.SIG_IGN)
            # The shell waits for `make` alone.
            signal.signal(signal.SIGTSTP, signal.SIG_IGN)
            os.setpgid(0, 0)
            os.tcsetpgrp(0, os.getpgrp())
    except (AttributeError, OSError):
        pass


def give_back_terminal(group: int) -> None:
    try:
        os.tcsetpgrp(0, group)
    except (AttributeError, OSError):
        pass
