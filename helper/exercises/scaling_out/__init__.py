"""The exercises of notebook 12."""

from helper.exercises.scaling_out.average_gradients import average_gradients
from helper.exercises.scaling_out.efficiency import efficiency
from helper.exercises.scaling_out.global_accuracy import global_accuracy
from helper.exercises.scaling_out.share import share

EXERCISES = (share, global_accuracy, average_gradients, efficiency)
