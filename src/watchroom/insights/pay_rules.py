"""By which rules a team pays for on-call: kept with the day from which they hold, so that a month that is over stays as it was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Literal

from django.db import transaction

from ..accounts.actors import Actor
from ..accounts.changes import change
from ..accounts.models import Team
from ..accounts.roles import Action
from ..kernel import clock
from ..kernel.db import locked
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


def _held(team: Team) -> Book:
    """The same, which nobody else changes before the transaction ends: two changes that fit alone might not fit together."""
    locked(Team.objects.filter(pk=team.pk), no_key=True).get()
    return book_of(team)


@transaction.atomic
def set_pay(
    by: Actor, team: Team, given: Mapping[str, Any] | None, *, valid_from: date | None = None, reason: str = ""
) -> PayRules:
    """By which rules a team pays from a day on (:func:`usual_day` where none is given); what is left out keeps the value that
    it has then. ``None``: hours are counted, and nothing is paid. What holds from later days stays.

    :raises Refused: no such rule, not a value that it can have, another unit within a month; or months that are over would
        change, and no ``reason`` is given.
    """
    by.require(Action.MANAGE, team)
    book = _held(team)
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
    :raises Refused: what stays would begin another unit within a month.
    """
    with change(by, "pay.withdrawn", team, needs=Action.MANAGE, team=team) as made:
        book = _held(team)
        if valid_from <= today() or valid_from not in {each.valid_from for each in book.versions}:
            raise NotFound(
                "No rules are planned for that day.",
                field="valid_from",
                value=valid_from.isoformat(),
                fix="See the pay rules.",
            )
        try:
            Book(each for each in book.versions if each.valid_from != valid_from).check()
        except PayError as error:
            raise Refused(
                f"Without these rules, those from {error.value} on would begin another unit within a month.",
                field="valid_from",
                value=valid_from.isoformat(),
                fix=f"Take back those from {error.value} on first.",
            ) from None
        team.pay.filter(valid_from=valid_from).delete()
        made.note(valid_from=valid_from.isoformat())


@transaction.atomic
def plan_pay(
    by: Actor, team: Team, present: Mapping[str, Any] | None, later: Mapping[date, Mapping[str, Any] | None]
) -> None:
    """Make today's rules and those that are planned into these, of which each is complete.

    :raises Refused: as :func:`set_pay`.
    """
    by.require(Action.MANAGE, team)
    planned = {each.valid_from: each.rules for each in _held(team).versions if each.valid_from > today()}
    other = [
        day for day, rules in planned.items() if day not in later or (rules.data() if rules else None) != later[day]
    ]
    # From the last one back to the first that is another, and then on again: what stands in between is never a mixture.
    for day in sorted(planned, reverse=True):
        if other and day >= min(other):
            withdraw_pay(by, team, day)
    set_pay(by, team, present)
    for day, rules in sorted(later.items()):
        set_pay(by, team, rules, valid_from=day)


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
