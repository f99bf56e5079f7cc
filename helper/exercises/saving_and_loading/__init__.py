"""The exercises of notebook 06."""

from helper.exercises.saving_and_loading.save_safely import EXERCISES

__all__ = ["EXERCISES"]
