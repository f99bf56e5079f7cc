"""Pictures of what a lesson computed. Each function returns its Figure.

The last line of a cell shows the Figure that it evaluates to; `.savefig(path)` keeps it. All
look as helper/course.mplstyle says.

images   show_images, show_prediction
history  show_history
"""

from helper.plot.history import show_history
from helper.plot.images import show_images, show_prediction

__all__ = ["show_history", "show_images", "show_prediction"]
