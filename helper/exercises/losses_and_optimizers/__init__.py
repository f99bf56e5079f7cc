"""The exercises of notebook 04."""

from helper.exercises.losses_and_optimizers.train_epoch import EXERCISES

__all__ = ["EXERCISES"]
