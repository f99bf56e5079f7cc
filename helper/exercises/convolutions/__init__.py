"""The exercises of notebook 08."""

from helper.exercises.convolutions.flattened import flattened
from helper.exercises.convolutions.layer_parameters import layer_parameters
from helper.exercises.convolutions.max_pool import max_pool
from helper.exercises.convolutions.normalise import normalise
from helper.exercises.convolutions.output_size import output_size

EXERCISES = (output_size, layer_parameters, max_pool, flattened, normalise)
