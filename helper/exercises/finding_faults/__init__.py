"""The exercises of notebook 10: programs that learn badly, and say nothing of it."""

from helper.exercises.finding_faults.broadcast_loss import broadcast_loss
from helper.exercises.finding_faults.frozen_layers import frozen_layers
from helper.exercises.finding_faults.gradients_kept import gradients_kept
from helper.exercises.finding_faults.labels_apart import labels_apart
from helper.exercises.finding_faults.measured_in_training import measured_in_training
from helper.exercises.finding_faults.prepared_apart import prepared_apart
from helper.exercises.finding_faults.rate_too_large import rate_too_large
from helper.exercises.finding_faults.softmax_twice import softmax_twice

EXERCISES = (
    labels_apart,
    softmax_twice,
    gradients_kept,
    rate_too_large,
    frozen_layers,
    broadcast_loss,
    measured_in_training,
    prepared_apart,
)
