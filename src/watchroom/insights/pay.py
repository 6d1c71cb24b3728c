"""What on-call earned in a month: read from schedules and pages, counted by the rules of the team."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Exists, Min, OuterRef

from ..accounts.actors import Actor
from ..accounts.changes import change
from ..accounts.models import Person, Team
from ..accounts.roles import Action
from ..kernel import clock
from ..kernel.errors import Refused
from ..oncall.models import Schedule
from ..oncall.outlook import holidays_of
from ..oncall.queries import plans_of
from ..oncall.rules import check_zone, final_shifts, to_utc
from ..paging.models import Notification
from .models import TeamPay
from .queries import REACHED
from .rules.pay import Line, Paged, PayError, PayRules, Served, Total, lines, rules_from, totals, without

Span = tuple[datetime, datetime]
_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")


def rules_of(team: Team) -> tuple[PayRules, bool]:
    """The rules of a team, and whether it has its own."""
    row = TeamPay.objects.filter(team=team).first()
    return (rules_from(row.rules), True) if row else (PayRules(), False)


def set_pay(by: Actor, team: Team, given: Mapping[str, Any] | None) -> PayRules:
    """By which rules a team pays; what is left out keeps its value. ``None``: hours are counted, and nothing is paid.

    :raises Refused: no such rule, or not a value that it can have.
    """
    with change(by, "pay.set" if given is not None else "pay.removed", team, needs=Action.MANAGE, team=team) as made:
        if given is None:
            TeamPay.objects.filter(team=team).delete()
            return PayRules()
        try:
            wanted = rules_from({**rules_of(team)[0].data(), **given})
        except PayError as error:
            raise Refused("That rule is not accepted.", field=error.field, value=error.value, fix=error.fix) from None
        TeamPay.objects.update_or_create(team=team, defaults={"rules": wanted.data()})
        made.note(**wanted.data())
    return wanted


@dataclass(frozen=True)
class Pay:
    """A month of a team: everything that was counted, and the sums by person."""

    month: str
    rules: PayRules
    lines: tuple[Line, ...]
    totals: tuple[Total, ...]
    people: dict[int, Person]
    all: bool  # of everybody; else only of whoever asks


def last_month() -> str:
    """The month that is over, as 2026-03."""
    now = clock.now()
    return f"{now.year - (now.month == 1)}-{(now.month - 2) % 12 + 1:02d}"


def pay_of(actor: Actor, team: Team, month: str) -> Pay:
    """What on-call earned in ``month`` (2026-03), by each schedule's own clock, up to now. Managers of the team see everybody,
    others themselves. Computed from the schedules as they stand; a constant number of queries.

    :raises Refused: that is not a month.
    """
    actor.require(Action.SEE, team)
    everybody = actor.may(Action.MANAGE, team)
    only = None if everybody else {actor.person.pk} if actor.person else set()
    rules, _ = rules_of(team)
    schedules = list(Schedule.objects.filter(team=team).order_by("name", "id"))
    spans = {each.pk: month_of(month, check_zone(each.timezone)) for each in schedules}
    start, end = month_of(month, ZoneInfo("UTC"))
    start, end = min([start, *(a for a, _ in spans.values())]), max([end, *(b for _, b in spans.values())])
    plans = plans_of(schedules, start, end)
    now = clock.now()
    on_call: dict[int, dict[int, list[Span]]] = {}
    taken: dict[int, list[Span]] = {}
    for schedule in schedules:
        a, b = spans[schedule.pk]
        a, b = max(a, schedule.created_at), min(b, now)
        own: dict[int, list[Span]] = {}
        for shift in final_shifts(plans[schedule.pk], a, b) if a < b else ():
            if only is None or shift.person in only:
                own.setdefault(shift.person, []).append((shift.starts_at, shift.ends_at))
        on_call[schedule.pk] = {pk: without(each, taken.get(pk, [])) for pk, each in own.items()}
        for pk, each in on_call[schedule.pk].items():
            taken.setdefault(pk, []).extend(each)
    pages = _pages(team, start, end, only)
    people = Person.objects.in_bulk({pk for own in on_call.values() for pk in own} | {pk for pk, _, _ in pages})
    holidays = holidays_of(people, start, end)
    served = [
        Served(pk, schedule.name, check_zone(schedule.timezone), each, holidays.get(pk, {}))
        for schedule in schedules
        for pk, each in on_call[schedule.pk].items()
        if pk in people
    ]
    paged = []
    for pk, at, title in pages:
        if pk not in people:
            continue
        # The clock of the schedule in which they were on call then; else their own.
        zone = next(
            (
                check_zone(schedule.timezone)
                for schedule in schedules
                if any(a <= at < b for a, b in on_call[schedule.pk].get(pk, ()))
            ),
            check_zone(people[pk].timezone),
        )
        a, b = month_of(month, zone)
        if a <= at < b:
            paged.append(Paged(pk, at, title, zone, holidays.get(pk, {}).keys()))
    found = lines(served, paged, rules)
    found.sort(key=lambda line: (str(people[line.person]), line.person, line.starts_at, line.what))
    return Pay(month, rules, tuple(found), tuple(totals(found)), people, everybody)


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
