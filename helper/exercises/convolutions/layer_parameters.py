from helper.expect import expect_no_mistake, expect_number


def layer_parameters(answer: object) -> str:
    """The number of parameters of nn.Conv2d(16, 32, kernel_size=5, padding=2)."""
    weights = 32 * 16 * 5 * 5
    expect_no_mistake(
        answer,
        {
            "these are the weights: each output channel has a bias too.": weights,
            "a bias belongs to an output channel, 32 of them, not to an input's.": (
                weights + 16
            ),
            "one bias is too few: each output channel has its own.": weights + 1,
            "each kernel looks at all 16 input channels: multiply by them.": (
                32 * 25 + 32
            ),
            "there is a kernel for each of the 32 output channels: multiply by them.": (
                16 * 25 + 16
            ),
            "there are 32 kernels, and one bias each: multiply by 32.": 16 * 25 + 32,
            "a kernel has 5 rows of 5 numbers: 25.": 32 * 16 * 5 + 32,
            "the size of the picture doesn't count: the same kernel is used everywhere.": (
                weights * 64 * 64 + 32
            ),
            "these are the numbers of the output: parameters are asked for.": (
                32 * 64 * 64
            ),
            "this is a fully connected layer between the pictures.": (
                16 * 64 * 64 * 32 * 64 * 64 + 32 * 64 * 64
            ),
            "a bias belongs to a whole channel, not to each weight.": 2 * weights,
            "padding adds zeros to the picture, no parameters.": 32 * 16 * 9 * 9 + 32,
            "this is the number of tensors: count the numbers in them.": 2,
            "this is for kernels of 3 × 3.": 32 * 16 * 9 + 32,
            "this is for three channels at the input: here there are 16.": 32 * 3 * 25
            + 32,
            "a bias belongs to an output channel, not to an input's as well.": (
                weights + 32 + 16
            ),
            "each of the 32 kernels has one bias, not one for each input channel.": (
                weights + 32 * 16
            ),
            "the biases come last: 16 · 32 · 25 weights, and then 32.": 17 * 32 * 25,
            "the size of the picture doesn't count: the same numbers are used everywhere.": (
                (weights + 32) * 64 * 64
            ),
        },
    )
    hint = "Output channels times input channels times 25, plus the biases."
    expect_number(answer, weights + 32, hint=hint)
    return (
        "The 64 × 64 pixels play no part: a picture of any size meets the same kernels."
    )
