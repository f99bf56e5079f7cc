"""The exercises of notebook 03."""

from helper.exercises.building_networks.count_parameters import count_parameters
from helper.exercises.building_networks.drop import drop
from helper.exercises.building_networks.linear import linear
from helper.exercises.building_networks.mended import mended
from helper.exercises.building_networks.sequential import sequential

EXERCISES = (count_parameters, mended, sequential, drop, linear)
