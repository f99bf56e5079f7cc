"""The exercises of notebook 11."""

from helper.exercises.use_it_outside_the_notebook.one_picture import one_picture
from helper.exercises.use_it_outside_the_notebook.predict_all import predict_all
from helper.exercises.use_it_outside_the_notebook.rebuild import rebuild
from helper.exercises.use_it_outside_the_notebook.size_in_half import size_in_half
from helper.exercises.use_it_outside_the_notebook.top import top

EXERCISES = (rebuild, top, one_picture, predict_all, size_in_half)
