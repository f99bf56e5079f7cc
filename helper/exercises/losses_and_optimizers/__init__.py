"""The exercises of notebook 04."""

from helper.exercises.losses_and_optimizers.cross_entropy import cross_entropy
from helper.exercises.losses_and_optimizers.momentum_step import momentum_step
from helper.exercises.losses_and_optimizers.train_epoch import train_epoch
from helper.exercises.losses_and_optimizers.untrained_loss import untrained_loss

EXERCISES = (untrained_loss, cross_entropy, momentum_step, train_epoch)
