"""Whether a colour can be read: contrast as WCAG 2.2 computes it (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio)."""

from __future__ import annotations

import re

from ...kernel.errors import Refused

ENOUGH = 4.5  # for text of ordinary size, success criterion 1.4.3
PAPER, NIGHT = "#ffffff", "#14171c"  # the grounds of a status page, as in static/status/page.css


def _light(colour: str) -> float:
    """The relative luminance of ``#rrggbb``."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The contrast of two colours ``#rrggbb``, from 1 to 21."""
    lighter, darker = sorted((_light(one), _light(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def readable_on(colour: str, ground: str, *, field: str) -> str:
    """``colour`` in lower case, if text in it can be read on ``ground``.

    :raises Refused: it is not a colour, or too close to the ground.
    """
    colour = colour.strip().lower()
    if not re.fullmatch(r"#[0-9a-f]{6}", colour):
        raise Refused("That is not a colour.", field=field, value=colour[:40], fix="Write it like #1f5fbf.")
    found = contrast(colour, ground)
    if found < ENOUGH:
        raise Refused(
            f"Text in this colour can't be read on {ground}: its contrast is {found:.1f}, and {ENOUGH} are needed.",
            field=field,
            value=colour,
            fix="Choose a darker colour." if ground == PAPER else "Choose a lighter colour.",
        )
    return colour
