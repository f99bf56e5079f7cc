"""What the notebooks share. Each module has one job, and is read in one sitting.

data         the bundled digits, and public data sets that can stand in for them
pictures     pictures in folders: where the flowers are, how a picture is read
plot         pictures, predictions and losses, drawn
graph        the graph that autograd records, drawn
networks     the fully connected network that notebook 03 writes out
pretrained   convolutional networks that have learned to see already
checkpoints  files that a network is rebuilt from
train        the training loop that notebook 05 writes out
losses       what train asks of a loss
progress     a bar that says how far a training run is
launch       starts a training script, on one process or on several
last_words   what a script that failed wrote, and which file made it fail
watcher      the program that ends all that launch has started
check        says whether an exercise is right, and what is wrong
exercises    what each exercise expects, a package a notebook
expect       what the exercises compare answers with, for their authors
errors       an exception in one line

course.mplstyle is what figures look like: `plt.style.use("helper.course")`.
"""

import atexit
import gc

# Before it ends, Python looks for rings of objects that hold one another. With torch among them
# this takes a second or so, in each kernel; and the memory goes back to the system anyway.
atexit.register(gc.freeze)
