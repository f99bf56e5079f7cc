"""The exercises of notebook 09."""

from helper.exercises.scaling_out.efficiency import EXERCISES

__all__ = ["EXERCISES"]
