from helper.expect import expect_number


def count_pixels(answer: object) -> str:
    """The number of points in a picture of 28 rows of 28."""
    expect_number(answer, 784, hint="28 rows, and 28 points in each of them.")
    return "784 is the number of inputs of every network on these digits."


EXERCISES = (count_pixels,)
