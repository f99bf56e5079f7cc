from helper.expect import Wrong, expect_no_mistake, expect_number


def count_pixels(answer: object) -> str:
    """The number of pixels in a picture of 28 rows of 28."""
    if isinstance(answer, (tuple, list)) and list(answer) == [28, 28]:
        raise Wrong("these are the two sizes: multiply them.")
    all_pictures = "that is for several pictures: one picture is asked for."
    expect_no_mistake(
        answer,
        {
            "28 rows, and 28 pixels in each of them: multiply, don't add.": 28 + 28,
            "that is one row: there are 28 of them.": 28,
            "Python's ^ isn't a power: 28**2 or 28 * 28 is.": 28 ^ 2,
            all_pictures: 1437 * 28 * 28,
            "that is the number of pictures: the pixels of one are asked for.": 1437,
            "counting begins at 0, but 0 to 27 are 28 numbers.": 27 * 27,
            "a grey picture has one number a pixel, not three.": 3 * 28 * 28,
        },
    )
    expect_no_mistake(answer, {all_pictures: 24 * 28 * 28})
    expect_number(answer, 784, hint="28 rows, and 28 pixels in each of them.")
    return "784 is the number of inputs of every network on these digits."


EXERCISES = (count_pixels,)
