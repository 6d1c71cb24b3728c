"""Short names, by which commands, files and addresses know things, and names of which there is only one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Manager, QuerySet
from django.utils.text import slugify

from .errors import Conflict, Refused

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


def short_name(given: str | None, *, before: str, name: str, otherwise: str, among: Slugged) -> str:
    """The short name of something: as given, else the one that it has, else :func:`made_of` its name.

    :raises Refused: a new one has other letters than small ones, digits and dashes, or is longer than 64.
    """
    slug = (given or "").strip() or before or made_of(name, otherwise=otherwise, among=among)
    if slug != before and (slug != slugify(slug) or len(slug) > LONGEST):
        raise Refused(
            "That short name is not accepted.",
            field="slug",
            value=slug[:80],
            fix="Use lower-case letters, digits and dashes.",
        )
    return slug


@contextmanager
def only_one(what: str, **named: str) -> Iterator[None]:
    """What is saved within has this name (``slug="…"``, ``name="…"``) alone, as a constraint of the database says.

    :raises Conflict: another ``what`` has it already.
    """
    [(field, value)] = named.items()
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if not _is_double(error):
            raise
        article = "an" if what[0] in "aeiou" else "a"
        raise Conflict(
            f"There is already {article} {what} {value!r}.", field=field, value=value, fix="Choose another name."
        ) from None


def _is_double(error: IntegrityError) -> bool:
    """Whether it was a constraint of which there may be one only: a row that refers to nothing is another matter."""
    cause = error.__cause__
    return getattr(cause, "sqlstate", "") == "23505" or "UNIQUE" in getattr(cause, "sqlite_errorname", "")
