from helper.expect import expect_no_mistake, expect_number


def slope(answer: object) -> str:
    """The derivative of 3x² + 2x at x = 2."""
    expect_no_mistake(
        answer,
        {
            "16 is f(2), the height, and it is 6x + 2x at 2: the slope is asked for, and "
            "2x has the slope 2.": 16,
            "that is 3x² alone, 6x: the 2x has a slope too.": 12,
            "6 is what 6x + 2 grows by: put x = 2 into it.": 6,
            "x² has the derivative 2x: the 2 comes down and multiplies the 3.": 8,
            "that is the slope at x = 3: x = 2 is asked for.": 20,
            "that is 6x² + 2: x² has the derivative 2x, without a square.": 26,
            "it is 3 times x², not 3x squared.": 38,
            "28 is twice the slope: were two gradients added up?": 28,
            "that is the slope at x = 0: x = 2 is asked for.": 2,
            "the sign: where x is 2, f rises.": -14,
        },
    )
    expect_number(answer, 14, hint="x² has the derivative 2x, and x has 1.")
    return "6x + 2 is 14 at x = 2."
