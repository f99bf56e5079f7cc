"""The exercises of notebook 07."""

from helper.exercises.image_folders_and_transforms.undo import EXERCISES

__all__ = ["EXERCISES"]
