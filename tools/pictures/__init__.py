"""The drawings of ideas in notebooks/pictures, a small function each.

svg       elements as text
canvas    the card, the palette, the sizes, lines and boxes
parts     tables of numbers, axes
tensors   shapes, memory, broadcasting, the matrix product
autograd  values forward, gradients backward, a step
networks  a neuron, layers
training  the loop, the three parts of the data, fits, losses, a checkpoint
"""
