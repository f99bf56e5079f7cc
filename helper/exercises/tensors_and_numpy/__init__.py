"""The exercises of notebook 01."""

from helper.exercises.tensors_and_numpy.full_batches import full_batches
from helper.exercises.tensors_and_numpy.nearest import nearest
from helper.exercises.tensors_and_numpy.one_hot import one_hot
from helper.exercises.tensors_and_numpy.prepare_array import prepare_array
from helper.exercises.tensors_and_numpy.shares_memory import shares_memory
from helper.exercises.tensors_and_numpy.three_rows_of_four import three_rows_of_four

EXERCISES = (
    three_rows_of_four,
    one_hot,
    nearest,
    shares_memory,
    prepare_array,
    full_batches,
)
