"""The exercises of notebook 06."""

from helper.exercises.saving_and_loading.everything import everything
from helper.exercises.saving_and_loading.load_matching import load_matching
from helper.exercises.saving_and_loading.save_safely import save_safely
from helper.exercises.saving_and_loading.without_prefix import without_prefix

EXERCISES = (without_prefix, save_safely, everything, load_matching)
