"""The exercises of notebook 09."""

from helper.exercises.transfer_learning.count_trainable import count_trainable
from helper.exercises.transfer_learning.features_of import features_of
from helper.exercises.transfer_learning.make_optimizer import make_optimizer
from helper.exercises.transfer_learning.prepare import prepare
from helper.exercises.transfer_learning.training_mode import training_mode

EXERCISES = (count_trainable, prepare, features_of, training_mode, make_optimizer)
