"""The exercises of notebook 07."""

from helper.exercises.image_folders_and_transforms.augment import augment
from helper.exercises.image_folders_and_transforms.broken_files import broken_files
from helper.exercises.image_folders_and_transforms.count_by_class import count_by_class
from helper.exercises.image_folders_and_transforms.resized_shape import resized_shape
from helper.exercises.image_folders_and_transforms.undo import undo

EXERCISES = (count_by_class, resized_shape, augment, undo, broken_files)
