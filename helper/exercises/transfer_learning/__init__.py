"""The exercises of notebook 08."""

from helper.exercises.transfer_learning.features_of import EXERCISES

__all__ = ["EXERCISES"]
