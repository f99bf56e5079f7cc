from helper.expect import expect_no_mistake, expect_number


def flattened(answer: object) -> str:
    """How many numbers `flatten` gives for a picture of 96 × 96: 96, 92, 46, 42, 21."""
    expect_no_mistake(
        answer,
        {
            "this is one channel: there are 16.": 21 * 21,
            "this is one side: a picture has rows and columns, 21 · 21 of each channel.": (
                16 * 21
            ),
            "this is for 32 × 32 pixels, as above.": 16 * 5 * 5,
            "this is for 28 × 28 pixels.": 16 * 4 * 4,
            "this is one side alone: multiply it by itself, and by the 16 channels.": 21,
            "this is four times too many: the second pooling is missing, or it is for a batch "
            "of four pictures.": 16 * 42 * 42,
            "the convolutions have no padding: each takes 4 from a side.": 16 * 24 * 24,
            "the first convolution takes 4 from a side, too.": 16 * 22 * 22,
            "a kernel of 5 takes 4 from a side, not 5: (96 − 5) + 1.": 16 * 20 * 20,
            "the flattened numbers come from the last channels, 16, not 6.": 6
            * 21
            * 21,
            "the channels of the input don't count: the last convolution gives 16.": (
                3 * 21 * 21
            ),
            "this is the input flattened: first come the convolutions.": 3 * 96 * 96,
            "the picture grew three times a side, but the 5 doesn't: follow the sizes.": (
                16 * 15 * 15
            ),
            "the layers come in turn, convolution, pooling, convolution, pooling: here both "
            "poolings came before the second convolution.": 16 * 19 * 19,
            "both poolings are missing: each halves the sides.": 16 * 88 * 88,
            "this is after the first two layers: two more follow.": 6 * 46 * 46,
            "this is the number of weights of the layer after it.": 16 * 21 * 21 * 120,
        },
    )
    hint = "Follow one side through the four layers, from 96, then multiply."
    expect_number(answer, 16 * 21 * 21, hint=hint)
    return "96 → 92 → 46 → 42 → 21 on each side, in 16 channels."
