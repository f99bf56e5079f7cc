"""The exercises of notebook 01."""

from helper.exercises.tensors_and_numpy.nearest import EXERCISES

__all__ = ["EXERCISES"]
