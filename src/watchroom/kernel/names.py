"""Short names, by which commands, files and addresses know things."""

from __future__ import annotations

from django.utils.text import slugify

from .errors import Refused

LONGEST = 64


def short_name(given: str, *, before: str, name: str, otherwise: str) -> str:
    """The short name of something: as given, else the one that it has, else made of its name, else ``otherwise``.

    :raises Refused: it has other letters than small ones, digits and dashes, or is longer than 64.
    """
    slug = given.strip() or before or slugify(name)[:LONGEST] or otherwise
    if slug != slugify(slug) or len(slug) > LONGEST:
        raise Refused(
            "That short name is not accepted.",
            field="slug",
            value=slug,
            fix="Use lower-case letters, digits and dashes.",
        )
    return slug
