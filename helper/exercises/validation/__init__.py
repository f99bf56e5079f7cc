"""The exercises of notebook 05."""

from helper.exercises.validation.accuracy_of import EXERCISES

__all__ = ["EXERCISES"]
