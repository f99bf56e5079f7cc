"""The exercises of notebook 02."""

from helper.exercises.autograd.gradient import gradient
from helper.exercises.autograd.measure_gradient import measure_gradient
from helper.exercises.autograd.slope import slope
from helper.exercises.autograd.take_step import take_step
from helper.exercises.autograd.vector_jacobian import vector_jacobian

EXERCISES = (slope, measure_gradient, gradient, take_step, vector_jacobian)
