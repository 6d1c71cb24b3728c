"""What teams lack, looked at and written down."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from ...accounts.listeners import Happened
from ...accounts.models import Team
from ...kernel import clock, wake
from ...kernel.db import announce, insert_all, locked, update_each
from ..gathering import facts_of, facts_of_all, thresholds
from ..models import Lack, ReadinessDay, Standing, Turn
from ..rules import checks
from ..rules.checks import Found

_KEPT = ("level", "rank", "text", "path", "service_id")


def found_of(teams: Sequence[Team | None], now: datetime) -> dict[int | None, Found]:
    """What each of these (None: the installation) lacks at this moment, by its number."""
    limits = thresholds()
    real = [team for team in teams if team is not None]
    found: dict[int | None, Found] = {
        pk: checks.lacks_of(facts, limits, now) for pk, facts in (facts_of(real, now) if real else {}).items()
    }
    if len(real) < len(teams):
        found[None] = checks.lacks_of_all(facts_of_all(), limits)
    return found


def look_at(teams: Sequence[Team | None]) -> None:
    """Write down what these lack: what is new, what is gone, and the share of the day. As many statements for many as for
    one."""
    now = clock.now()
    found = found_of(teams, now)
    with transaction.atomic():
        standings = {row.team_id: row for row in locked(_standings(teams).order_by("pk"))}
        rows: dict[int | None, list[Lack]] = {pk: [] for pk in found}
        for row in Lack.objects.filter(_of(teams), gone_at__isnull=True):
            rows[row.team_id].append(row)
        new: list[Lack] = []
        changed: list[Lack] = []
        gone: list[Lack] = []
        for pk, each in found.items():
            compared = _compared(pk, each, rows[pk], now)
            for kept, some in zip((new, changed, gone), compared, strict=True):
                kept += some
        insert_all(new)
        update_each(changed, ["level", "rank", "text", "path", "service"])
        update_each(gone, ["gone_at"])
        for pk, each in found.items():
            standings[pk].looked_at, standings[pk].looked, standings[pk].fine = now, each.looked, each.fine
        count(list(standings.values()), now)
        _keep_the_day(list(standings.values()), now)


def _of(teams: Sequence[Team | None]) -> Q:
    """What belongs to one of these."""
    real = Q(team__in=[team.pk for team in teams if team is not None])
    return real | Q(team__isnull=True) if None in teams else real


def _standings(teams: Sequence[Team | None]) -> QuerySet[Standing]:
    have = set(Standing.objects.filter(_of(teams)).values_list("team_id", flat=True))
    missing = [team.pk if team is not None else None for team in teams]
    Standing.objects.bulk_create([Standing(team_id=pk) for pk in missing if pk not in have], ignore_conflicts=True)
    return Standing.objects.filter(_of(teams))


def _compared(
    team: int | None, found: Found, rows: list[Lack], now: datetime
) -> tuple[list[Lack], list[Lack], list[Lack]]:
    """What of it is new, what has changed, and what is gone."""
    there = {row.key: row for row in rows}
    new, changed = [], []
    for rank, lack in enumerate(found.lacks):
        row = there.pop(lack.key[:120], None)
        before = None if row is None else tuple(getattr(row, name) for name in _KEPT)
        row = row or Lack(team_id=team, key=lack.key[:120], first_at=now)
        said = (int(lack.level), rank, lack.text[:600], lack.path[:200], lack.service)
        for name, value in zip(_KEPT, said, strict=True):
            setattr(row, name, value)
        if before is None:
            new.append(row)
        elif before != said:
            changed.append(row)
    for row in there.values():
        row.gone_at = now
    return new, changed, list(there.values())


def look_at_new_teams(happened: Sequence[Happened]) -> None:
    """Have the engine look at a team as soon as it is made: those that were never looked at come first."""
    if any(each.type == "team.created" for each in happened):
        now = clock.now()
        if Turn.objects.filter(what=Turn.What.LOOK, due_at__gt=now).update(due_at=now):
            announce({wake.DUE})


def count(standings: Sequence[Standing], now: datetime) -> None:
    """Count what of each is not put off, and say what is to be mended next."""
    ids = [row.team_id for row in standings if row.team_id is not None]
    ours = Q(team__in=ids) | Q(team__isnull=True) if len(ids) < len(standings) else Q(team__in=ids)
    left: dict[int | None, list[tuple[int, int]]] = {row.team_id: [] for row in standings}
    waiting = dict.fromkeys(left, 0)
    rows = Lack.objects.filter(ours, gone_at__isnull=True).order_by("level", "rank", "pk")
    for pk, team, level, until in rows.values_list("pk", "team_id", "level", "put_off_until"):
        if until is not None and until > now.date():
            waiting[team] += 1
        else:
            left[team].append((level, pk))
    for row in standings:
        mine = left[row.team_id]
        row.hurts, row.mends, row.nices = (sum(level == wanted for level, _ in mine) for wanted in (1, 2, 3))
        row.put_off, row.next_id = waiting[row.team_id], mine[0][1] if mine else None
    update_each(standings, ["looked_at", "looked", "fine", "hurts", "mends", "nices", "put_off", "next"])


def _keep_the_day(standings: Sequence[Standing], now: datetime) -> None:
    """The share of today, of each; a team has one row a day."""
    days = [
        ReadinessDay(team_id=row.team_id, day=now.date(), looked=row.looked, fine=row.fine, hurts=row.hurts)
        for row in standings
    ]
    if any(day.team_id is None for day in days):  # to a database, no team is never the same as no team
        ReadinessDay.objects.filter(team__isnull=True, day=now.date()).delete()
    ReadinessDay.objects.bulk_create(
        days, update_conflicts=True, unique_fields=["team", "day"], update_fields=["looked", "fine", "hurts"]
    )
