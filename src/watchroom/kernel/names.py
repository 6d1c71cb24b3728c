"""Short names, by which commands, files and addresses know things."""

from __future__ import annotations

from typing import Any

from django.db.models import Manager, QuerySet
from django.utils.text import slugify

from .errors import Refused

LONGEST = 64
Slugged = Manager[Any] | QuerySet[Any]


def made_of(name: str, *, otherwise: str, among: Slugged) -> str:
    """A short name for what is called so. Of one in letters that are none of A to Z, such as 監視, nothing is left: then it
    is ``otherwise``, with the first number that nothing ``among`` the others of its kind has."""
    made = slugify(name)[:LONGEST].strip("-_")
    if made:
        return made
    taken = set(among.filter(slug__startswith=otherwise).values_list("slug", flat=True))
    numbered = (f"{otherwise}-{number}" for number in range(2, len(taken) + 3))
    return otherwise if otherwise not in taken else next(each for each in numbered if each not in taken)


def short_name(given: str, *, before: str, name: str, otherwise: str, among: Slugged) -> str:
    """The short name of something: as given, else the one that it has, else :func:`made_of` its name.

    :raises Refused: it has other letters than small ones, digits and dashes, or is longer than 64.
    """
    slug = given.strip() or before or made_of(name, otherwise=otherwise, among=among)
    if slug != slugify(slug) or len(slug) > LONGEST:
        raise Refused(
            "That short name is not accepted.",
            field="slug",
            value=slug,
            fix="Use lower-case letters, digits and dashes.",
        )
    return slug
