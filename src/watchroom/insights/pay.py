"""What on-call earned in a month: read from what was worked and from pages, counted by the rules that the team had."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Exists, Min, OuterRef

from ..accounts.actors import Actor
from ..accounts.models import Person, Team
from ..accounts.roles import Action
from ..kernel import clock
from ..kernel.errors import Refused
from ..oncall.outlook import holidays_of
from ..oncall.rules import check_zone, to_utc
from ..oncall.worked import Worked, in_words, of_team
from ..paging.models import Notification
from .pay_rules import book_of
from .rules.pay import Line, Note, Paged, Served, Total, lines, totals, without
from .rules.pay_book import PayRules
from .worth import REACHED

Span = tuple[datetime, datetime]
_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")


@dataclass(frozen=True)
class Pay:
    """A month of a team: everything that was counted, and the sums by person."""

    month: str
    rules: tuple[PayRules, ...]  # that held in it, in order
    lines: tuple[Line, ...]
    totals: tuple[Total, ...]
    people: dict[int, Person]
    all: bool  # of everybody; else only of whoever asks

    @property
    def unit(self) -> str:
        """In which all of the month's sums are."""
        return self.rules[-1].unit

    @property
    def empty(self) -> bool:
        """Whether nothing earned anything."""
        return all(each.empty for each in self.rules)


def last_month() -> str:
    """The month that is over, as 2026-03."""
    now = clock.now()
    return f"{now.year - (now.month == 1)}-{(now.month - 2) % 12 + 1:02d}"


def pay_of(actor: Actor, team: Team, month: str) -> Pay:
    """What on-call earned in ``month`` (2026-03), by each schedule's own clock, up to now. Managers of the team see everybody,
    others themselves. What was worked counts, whatever the schedules say since; a constant number of queries.

    :raises Refused: that is not a month.
    """
    actor.require(Action.SEE, team)
    everybody = actor.may(Action.MANAGE, team)
    only = None if everybody else {actor.person.pk} if actor.person else set()
    book = book_of(team)
    shifts = _worked(team, month, only)
    start, end = _around(month)
    pages = _pages(team, start, end, only)
    people = Person.objects.in_bulk({each.person for each in shifts} | {pk for pk, _, _ in pages})
    holidays = holidays_of(people, start, end)
    served = [
        Served(person, name, zone, spans, holidays.get(person, {}), notes)
        for (person, name, zone), (spans, notes) in _by_place(shifts).items()
        if person in people
    ]
    paged = []
    for pk, at, title in pages:
        if pk not in people:
            continue
        # The clock of the schedule in which they were on call then; else their own.
        own = (each.zone for each in served if each.person == pk and any(a <= at < b for a, b in each.spans))
        zone = next(own, check_zone(people[pk].timezone))
        a, b = month_of(month, zone)
        if a <= at < b:
            paged.append(Paged(pk, at, title, zone, holidays.get(pk, {}).keys()))
    found = lines(served, paged, book)
    found.sort(key=lambda line: (str(people[line.person]), line.person, line.starts_at, line.what))
    days = [at.date() for at in month_of(month, ZoneInfo("UTC"))]
    rules = tuple(book.between(days[0], days[1] - timedelta(days=1)))
    return Pay(month, rules, tuple(found), tuple(totals(found)), people, everybody)


def _around(month: str) -> Span:
    """The month by whichever clock: from when the first place on earth has it until the last one has had it."""
    start, end = month_of(month, ZoneInfo("UTC"))
    return start - timedelta(hours=15), end + timedelta(hours=15)


def _worked(team: Team, month: str, only: set[int] | None) -> list[Worked]:
    """What was worked in a month, by the clock that each schedule had; shadows left out, corrections and what they took out
    not."""
    found = []
    for each in of_team(team, *_around(month), taken_out=True):
        if each.shadow or (only is not None and each.person not in only):
            continue
        start, end = month_of(month, check_zone(each.zone))
        a, b = max(each.starts_at, start), min(each.ends_at, end)
        if a < b:
            found.append(replace(each, starts_at=a, ends_at=b))
    return found


def _by_place(found: Iterable[Worked]) -> dict[tuple[int, str, ZoneInfo], tuple[list[Span], list[Note]]]:
    """The spans and corrections of each person in each schedule. Who is on call in two at once counts once, in the first by
    its name."""
    spans: dict[tuple[int, str, ZoneInfo], tuple[list[Span], list[Note]]] = {}
    taken: dict[int, list[Span]] = {}
    for each in sorted(found, key=lambda row: (row.name, row.schedule or 0, row.zone)):
        own, notes = spans.setdefault((each.person, each.name, check_zone(each.zone)), ([], []))
        span = each.starts_at, each.ends_at
        if each.taken_out is not None:
            notes.append(Note(*span, in_words(each.taken_out), counts=False))
            continue
        if each.correction is not None:
            notes.append(Note(*span, in_words(each.correction), counts=True))
        fresh = without([span], taken.setdefault(each.person, []))
        own.extend(fresh)
        taken[each.person].extend(fresh)
    return spans


def month_of(month: str, zone: ZoneInfo) -> Span:
    """When a month begins and ends by the clock of ``zone``.

    :raises Refused: that is not a month.
    """
    if not (match := _MONTH.fullmatch(month)):
        raise Refused("That is not a month.", field="month", value=month, fix="Write it like 2026-03.")
    year, number = int(match[1]), int(match[2])
    following = (year + 1, 1) if number == 12 else (year, number + 1)
    return to_utc(datetime(year, number, 1), zone), to_utc(datetime(*following, 1), zone)  # noqa: DTZ001 - local


def _pages(team: Team, start: datetime, end: datetime, only: set[int] | None) -> list[tuple[int, datetime, str]]:
    """Who was paged when, and for what: each person once for each escalation, when they were first paged for it."""
    told = Notification.objects.filter(purpose=Notification.Purpose.PAGE, drill=False, state__in=REACHED)
    before = told.filter(escalation=OuterRef("escalation"), person=OuterRef("person"), created_at__lt=start)
    rows = told.filter(~Exists(before), escalation__team=team, created_at__gte=start, created_at__lt=end)
    rows = rows if only is None else rows.filter(person__in=only)
    found = rows.order_by().values_list("person_id", "escalation_id", "escalation__title")
    return [(pk, first, title) for pk, _, title, first in found.annotate(first=Min("created_at"))]
