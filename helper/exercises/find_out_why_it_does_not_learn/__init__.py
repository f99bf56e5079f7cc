"""The exercises of notebook 10: programs that learn badly, and say nothing of it."""

from helper.exercises.find_out_why_it_does_not_learn.broadcast_loss import (
    broadcast_loss,
)
from helper.exercises.find_out_why_it_does_not_learn.frozen_layers import frozen_layers
from helper.exercises.find_out_why_it_does_not_learn.gradients_kept import (
    gradients_kept,
)
from helper.exercises.find_out_why_it_does_not_learn.labels_apart import labels_apart
from helper.exercises.find_out_why_it_does_not_learn.measured_in_training import (
    measured_in_training,
)
from helper.exercises.find_out_why_it_does_not_learn.prepared_apart import (
    prepared_apart,
)
from helper.exercises.find_out_why_it_does_not_learn.rate_too_large import (
    rate_too_large,
)
from helper.exercises.find_out_why_it_does_not_learn.softmax_twice import softmax_twice

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
