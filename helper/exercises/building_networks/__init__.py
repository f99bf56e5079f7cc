"""The exercises of notebook 03."""

from helper.exercises.building_networks.relu_network import EXERCISES

__all__ = ["EXERCISES"]
