"""Files that a network is rebuilt from: complete or not there, and loaded without running code.

saving      save_checkpoint
loading     load_checkpoint
rebuilding  the network that a checkpoint is of
"""

from helper.checkpoints.loading import load_checkpoint
from helper.checkpoints.saving import save_checkpoint

__all__ = ["load_checkpoint", "save_checkpoint"]
