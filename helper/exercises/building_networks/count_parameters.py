from helper.exercises.building_networks.relu_network import SIZES
from helper.expect import expect_no_mistake, expect_number


def count_parameters(answer: object) -> str:
    """The number of parameters of 784 -> 128 -> 64 -> 10."""
    weights, biases = 784 * 128 + 128 * 64 + 64 * 10, 128 + 64 + 10
    expect_no_mistake(
        answer,
        {
            "these are the weights: each output has a bias too.": weights,
            "these are the biases: each pair of input and output has a weight too.": biases,
            "the sizes are added: each pair of input and output has a weight.": (
                sum(SIZES)
            ),
            "the sizes are all multiplied: multiply within a layer, then add up.": (
                784 * 128 * 64 * 10
            ),
            "the pictures' 784 points have no bias: only what a layer puts out.": (
                weights + biases + 784
            ),
            "this is the first layer alone: there are three.": 784 * 128 + 128,
            "the last layer has a bias too, ten of them.": weights + biases - 10,
            "one bias a layer is too few: each output has its own.": weights + 3,
            "a bias belongs to an output, not to an input.": weights + 784 + 128 + 64,
            "this is the lesson's network, 784 → 256 → 10.": 784 * 256 + 256 + 2570,
            "this is the number of tensors: count the numbers in them, numel().": 6,
            "this is the number of layers: count the numbers in them.": 3,
            "a picture has 28 times 28 points, 784.": (
                28 * 128 + weights - 784 * 128 + biases
            ),
            "len() of a tensor is its first size: numel() counts all its numbers.": (
                2 * biases
            ),
            "the batch doesn't count: the same parameters serve all its pictures.": (
                64 * (weights + biases)
            ),
        },
    )
    expect_number(
        answer, weights + biases, hint="In times out, plus out, for each layer."
    )
    return "Nine tenths of them are in the first layer, where the picture comes in."
