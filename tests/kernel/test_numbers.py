"""Whole numbers that somebody wrote: whatever is written, neither int() nor a database can fail at it."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from watchroom.kernel.numbers import whole, wholes


@given(st.integers(min_value=0, max_value=10**18 - 1))
def test_what_is_a_whole_number_is_read(number: int) -> None:
    assert whole(str(number)) == number


@given(st.text() | st.text(alphabet="0123456789³٣Ⅷ-+_. \x00"))
@example("³")  # str.isdigit says yes, int refuses it
@example("٣")  # str.isdecimal says yes, and int reads it, but nobody meant it
@example("9" * 5000)  # longer than int reads
@example("-1")
@example("1_000")
@example(" 1")
def test_anything_else_is_none_and_what_is_read_fits_into_64_bits(text: str) -> None:
    number = whole(text)
    assert number is None or (0 <= number < 2**63 and text.isascii() and text.isdigit())


@pytest.mark.parametrize(
    ("text", "digits", "number"), [("999", 3, 999), ("1000", 3, None), ("007", 3, 7), ("", 3, None)]
)
def test_it_has_no_more_digits_than_allowed(text: str, digits: int, number: int | None) -> None:
    assert whole(text, digits) == number


def test_of_many_those_are_kept_that_are_numbers() -> None:
    assert wholes(["3", "x", "", "1", "²", "3"]) == [3, 1, 3]
