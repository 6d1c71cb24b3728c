"""The process: published, withdrawn, read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.roles import Action
from ...kernel.db import locked
from ...kernel.errors import Conflict, NotAllowed, NotFound, Refused
from ..models import ProcessVersion, Reading, Turn
from ..process_facts import process_facts
from ..queries.process import current
from ..rules.process import LONGEST, PLACES, SECTIONS, Words, plain


def publish_process(
    by: Actor,
    words: Words,
    *,
    note: str = "",
    asks_anew: bool = False,
    expected: int | None = None,
) -> ProcessVersion:
    """Publish the process with these words of one's own, and what is configured now. The first version, and whichever
    ``asks_anew``, everybody is asked to read; of any other whoever has read the one before is only shown what changed.
    ``expected``: the number of the version on which it is based (0: none), so that two authors don't overwrite each other unseen.

    :raises Refused: an unknown section or place, or too long.
    :raises Conflict: somebody has published meanwhile.
    """
    said, note = checked(words), " ".join(note.split())
    if len(note) > 300:
        raise Refused("That is too long.", field="note", value=note[:40], fix="Say in 300 characters what is new.")
    with change(by, "process.published", needs=Action.ADMINISTER) as made:
        row = _next(by, made.at, expected)
        before = row.asks_from
        row.words, row.note = said, note
        row.facts = {key: [fact.line for fact in facts] for key, facts in process_facts().items()}
        row.asks_anew = asks_anew
        row.asks_from = row.number if asks_anew or not before else before
        row.save()
        made.subject = row
        made.note(number=row.number, asks_anew=row.asked_everybody, note=note)
        Turn.objects.update_or_create(what=Turn.What.PROCESS, defaults={"due_at": made.at})
        made.touch("process")
        made.due()
    return row


def withdraw_process(by: Actor) -> None:
    """Ask nobody any more. The page goes on saying what is configured, without words of one's own; the versions stay.

    :raises NotFound: nothing is published.
    """
    with change(by, "process.withdrawn", needs=Action.ADMINISTER) as made:
        if current() is None:
            raise NotFound("Nothing is published.", fix="Nothing needs to be done.")
        row = _next(by, made.at, None)
        row.asks_anew, row.withdrawn = False, True
        row.save()
        made.subject = row
        made.touch("process")


def acknowledge(by: Actor, number: int | None = None) -> Reading:
    """Say that one has read the process: the version ``number`` that one saw (None: the newest). Twice changes nothing.

    :raises NotAllowed: only a person can.
    :raises NotFound: nothing is published.
    :raises Conflict: there is a newer version by now.
    """
    if by.person is None:
        raise NotAllowed("Only a person can say so.", fix="Use a person's token.")
    row = current()
    if row is None:
        raise NotFound("Nothing is published that one could have read.", fix="An administrator publishes the process.")
    if number not in (None, row.number):
        raise Conflict(
            f"There is version {row.number} by now.", field="version", value=number, fix="Look at what has changed."
        )
    found = Reading.objects.filter(person=by.person, version=row).first()
    if found is not None:
        return found
    with change(by, "process.read", row, needs=Action.SEE) as made:
        found, _ = Reading.objects.get_or_create(person=by.person, version=row, defaults={"at": made.at})
        made.touch(f"person:{by.person.pk}")
    return found


def checked(words: Words) -> dict[str, dict[str, str]]:
    """``words`` as they are kept.

    :raises Refused: an unknown section or place, or too long.
    """
    for section, said in words.items():
        if section not in SECTIONS:
            raise Refused(
                "The process has no such section.", field="sections", value=section, fix=f"Use {', '.join(SECTIONS)}."
            )
        _check(section, said)
    return plain(words)


def _check(section: str, said: Mapping[str, str]) -> None:
    for place, text in said.items():
        if place not in PLACES:
            raise Refused(
                "Words stand before or after what is configured.",
                field=f"sections.{section}",
                value=place,
                fix=f"Use {' or '.join(PLACES)}.",
            )
        if len(text) > LONGEST:
            raise Refused(
                "That is more than anybody reads.",
                field=f"sections.{section}.{place}",
                value=f"{len(text)} characters",
                fix=f"Use {LONGEST} at most, and link to the rest.",
            )


def _next(by: Actor, at: datetime, expected: int | None) -> ProcessVersion:
    """The row after the newest one, which stays locked meanwhile."""
    rows = ProcessVersion.objects.order_by("-number")
    locked(rows).first()
    newest = rows.first()  # after the wait for somebody else's, it is theirs
    there = newest.number if newest is not None else 0
    if expected is not None and expected != there:
        raise Conflict(
            f"Somebody has published version {there} meanwhile.",
            field="expected",
            value=expected,
            fix="Look at what they changed, and put yours to it.",
        )
    return ProcessVersion(
        number=there + 1,
        asks_anew=False,
        asks_from=newest.asks_from if newest is not None and not newest.is_demo else 0,
        published_at=at,
        published_by=by.person,
    )
