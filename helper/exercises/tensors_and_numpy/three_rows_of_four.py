import torch

from helper.expect import expect_no_mistake, expect_tensor


def three_rows_of_four(answer: object) -> str:
    """0 to 11 as float32, in three rows of four."""
    expected = torch.arange(12, dtype=torch.float32).reshape(3, 4)
    expect_no_mistake(
        answer,
        {
            "these are four rows of three: three rows of four are asked for.": (
                expected.reshape(4, 3)
            ),
            "the numbers go down the columns: let them run along the rows.": (
                expected.reshape(4, 3).T
            ),
            "these are 1 to 12: begin with 0.": expected + 1,
            "this counts backwards: begin with 0.": 11 - expected,
            "all twelve are in one row: three rows of four are asked for.": (
                expected.flatten()
            ),
            "each row begins again with 0: the second one begins with 4.": (
                expected[:1].expand(3, 4)
            ),
            "the shape is (3, 4), the numbers 0 to 11: yours are all 0.": 0 * expected,
        },
    )
    expect_tensor(answer, expected, hint="The first row is 0, 1, 2, 3.")
    return "Networks compute in float32; whole numbers alone would have become int64."
