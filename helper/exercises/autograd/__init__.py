"""The exercises of notebook 02."""

from helper.exercises.autograd.take_step import EXERCISES

__all__ = ["EXERCISES"]
