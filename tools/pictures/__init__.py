"""The drawings of ideas in notebooks/pictures, a small function each.

svg           elements as text
palette       colours, sizes, fonts
canvas        the card, and the shapes on it
parts         tables of numbers, axes
overview      the whole course
tensors       shapes, memory, broadcasting, the matrix product
dimensions    one that goes away, their order
autograd      values forward, gradients backward, a step
networks      a neuron, layers
training      the loop, a checkpoint
validation    three parts of the data, fits, loss curves
folders       from folders of pictures to batches
convolutions  a convolution, its channels, pooling
densenet      a dense block
transfer      a frozen backbone, kept features
outside       ways out of a notebook, one picture's way, number formats
faults        the order in which to look for a fault
processes     data parallel training, torchrun, the ring
"""
