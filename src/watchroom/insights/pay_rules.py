"""By which rules a team pays for on-call: kept with the day from which they hold, so that a month that is over stays as it was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Literal

from ..accounts.actors import Actor
from ..accounts.changes import change
from ..accounts.models import Team
from ..accounts.roles import Action
from ..kernel import clock
from ..kernel.errors import NotFound, Refused
from .models import TeamPay
from .rules.pay_book import Book, PayError, PayRules, Version, rules_from

EVER = TeamPay.EVER
State = Literal["planned", "in force", "over", "replaced"]


def _book(rows: Iterable[TeamPay]) -> Book:
    newest = {row.valid_from: row for row in sorted(rows, key=lambda row: row.pk)}
    return Book(Version(row.valid_from, rules_from(row.rules) if row.rules else None) for row in newest.values())


def book_of(team: Team) -> Book:
    """By which rules a team pays on each day."""
    return _book(team.pay.all())


def today() -> date:
    """The day by which it is decided what lies ahead."""
    return clock.now().date()


def in_force(book: Book, day: date) -> Version | None:
    """What holds on a day; None before the first rules."""
    begun = [each for each in book.versions if each.valid_from <= day]
    return begun[-1] if begun else None


def rules_of(team: Team) -> tuple[PayRules, bool]:
    """The rules of a team today, and whether it has its own."""
    book = book_of(team)
    found = in_force(book, today())
    return book.at(today()), bool(found and found.rules)


def usual_day(book: Book) -> date:
    """From when a change holds where nobody says it: a team's first rules always, others from the first of this month, or from
    the day on which the present ones began, if that is later."""
    now = in_force(book, today())
    return max(today().replace(day=1), now.valid_from) if now else EVER if not book.versions else today()


def set_pay(
    by: Actor, team: Team, given: Mapping[str, Any] | None, *, valid_from: date | None = None, reason: str = ""
) -> PayRules:
    """By which rules a team pays from a day on (:func:`usual_day` where none is given); what is left out keeps the value that
    it has then. ``None``: hours are counted, and nothing is paid. What holds from later days stays.

    :raises Refused: no such rule, not a value that it can have, another unit within a month; or months that are over would
        change, and no ``reason`` is given.
    """
    by.require(Action.MANAGE, team)
    book = book_of(team)
    day = usual_day(book) if valid_from is None else max(valid_from, EVER)
    here = next((each for each in book.versions if each.valid_from == day), None)
    before = in_force(book, day) if valid_from is None else here
    try:
        wanted = None if given is None else rules_from({**book.at(day).data(), **given})
        if (before or valid_from is None) and wanted == (before.rules if before else None):
            return wanted or book.at(day)
        Book([*(each for each in book.versions if each.valid_from != day), Version(day, wanted)]).check()
    except PayError as error:
        raise Refused("That rule is not accepted.", field=error.field, value=error.value, fix=error.fix) from None
    reason = " ".join(reason.split())[:200]
    if book.versions and day < today().replace(day=1) and not reason:
        raise Refused(
            "Months that are over have been counted by the rules that held then.",
            field="reason",
            value=reason,
            fix=f"Let the new ones hold from {today().replace(day=1)} or later, or say why those months have to change.",
        )
    with change(by, "pay.set" if wanted else "pay.removed", team, needs=Action.MANAGE, team=team) as made:
        data = wanted.data() if wanted else None
        TeamPay.objects.create(
            team=team, valid_from=day, rules=data, reason=reason, made_by=by.person, made_at=clock.now()
        )
        made.note(valid_from=day.isoformat(), reason=reason, **(data or {}))
    return wanted or PayRules()


def withdraw_pay(by: Actor, team: Team, valid_from: date) -> None:
    """Take back rules that have not begun.

    :raises NotFound: none are planned for that day.
    """
    with change(by, "pay.withdrawn", team, needs=Action.MANAGE, team=team) as made:
        rows = team.pay.filter(valid_from=valid_from, valid_from__gt=today())
        if not rows.delete()[0]:
            raise NotFound(
                "No rules are planned for that day.",
                field="valid_from",
                value=valid_from.isoformat(),
                fix="See the pay rules.",
            )
        made.note(valid_from=valid_from.isoformat())


def history_of(team: Team) -> list[tuple[TeamPay, PayRules | None, State]]:
    """All that was ever set, the latest day first: its rules, and what it is now: ``planned``, ``in force``, ``over``,
    ``replaced``."""
    rows = list(team.pay.select_related("made_by"))
    now = in_force(_book(rows), today())
    newest = {row.valid_from: row.pk for row in sorted(rows, key=lambda row: row.pk)}
    found = []
    for row in sorted(rows, key=lambda row: (row.valid_from, row.pk), reverse=True):
        state: State = "over"
        if newest[row.valid_from] != row.pk:
            state = "replaced"
        elif row.valid_from > today():
            state = "planned"
        elif now and row.valid_from == now.valid_from:
            state = "in force"
        found.append((row, rules_from(row.rules) if row.rules else None, state))
    return found
