"""Telephone numbers as E.164 has them: a plus and 8 to 15 digits. https://www.itu.int/rec/T-REC-E.164"""

from __future__ import annotations

import re

from ...kernel.errors import Refused

_SPACING = re.compile(r"[\s()./-]")
_NUMBER = re.compile(r"\+[1-9]\d{7,14}", re.ASCII)


def read_number(given: object) -> str:
    """A number with its country, in one form.

    :raises Refused: it is none, or has no country.
    """
    text = _SPACING.sub("", given) if isinstance(given, str) else ""
    text = f"+{text[2:]}" if text.startswith("00") else text
    if not _NUMBER.fullmatch(text):
        raise Refused(
            "That is not a telephone number with its country.",
            field="number",
            value=str(given)[:40],
            fix="Write it with the country's code, such as +49 30 1234567.",
        )
    return text


def hidden(number: str) -> str:
    """The number with only its country and its last digits, for lists."""
    return f"{number[:3]}…{number[-3:]}"
