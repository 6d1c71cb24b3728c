"""What is lacking and put off, in the configuration file. A file names people by address and routes by name, where a key of
readiness has their numbers; what is no configuration (a defect, an overdue action) is in no file."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet

from ...accounts.actors import Actor
from ...accounts.models import Person, Team
from ...intake.models import Route
from ...kernel import clock
from ...kernel.errors import NotFound, Refused
from ...readiness import commands
from ...readiness.commands.looking import found_of
from ...readiness.models import Lack
from ..difference import State
from ..schema.before import PASSING, PutOff
from ._kind import Fields, Find, Kind

_KIND = "put_offs"
_NAMED: dict[str, tuple[Any, str]] = {
    "person": (Person, "email"),
    "process": (Person, "email"),
    "route": (Route, "name"),
}


def _open() -> QuerySet[Lack]:
    passing = Q()
    for check in PASSING:
        passing |= Q(key__startswith=f"{check}:")
    rows = Lack.objects.filter(gone_at__isnull=True, put_off_until__gt=clock.now().date()).exclude(passing)
    return rows.select_related("team").order_by("team__slug", "level", "rank", "id")


def _put_off() -> dict[str, Fields]:
    """What is put off now, by key; three questions at most, however many."""
    rows = list(_open())
    names = _names(row.key for row in rows)
    found = [
        PutOff(
            team=row.team.slug if row.team else None,
            lack=names.get(row.key, row.key),
            until=row.put_off_until or clock.now().date(),
            reason=row.put_off_reason,
        )
        for row in rows
    ]
    return {each.key: each.model_dump() for each in found}


def _names(keys: Iterable[str]) -> dict[str, str]:
    """The keys that hold a number, as a file says them."""
    found: dict[str, str] = {}
    split = [(key, *key.partition(":")[::2]) for key in keys]
    for check, (model, field) in _NAMED.items():
        numbers = {int(about): key for key, of, about in split if of == check and about.isdecimal()}
        rows = model.objects.filter(pk__in=numbers).values_list("pk", field) if numbers else ()
        found |= {numbers[pk]: f"{check}:{name}" for pk, name in rows}
    return found


def _key(lack: str) -> str:
    """The key in readiness of what a file says. :raises Refused: there is no such person or route."""
    check, _, about = lack.partition(":")
    if check not in _NAMED:
        return lack
    model, field = _NAMED[check]
    found = model.objects.filter(**{f"{field}__iexact" if field == "email" else field: about}).first()
    if found is None:
        what = "route of this name" if check == "route" else "person with this address"
        raise Refused(f"There is no {what}.", field="lack", value=about, fix="Add it to the file, or correct it.")
    return f"{check}:{found.pk}"


def _complete(wanted: State, current: State) -> None:
    """What was lacking and is mended is left alone, and so is what has come back because its day is there."""
    there, today = current.get(_KIND, {}), clock.now().date().isoformat()
    said = {key: each for key, each in wanted.get(_KIND, {}).items() if key in there or str(each["until"]) > today}
    slugs = {each["team"] for key, each in said.items() if key not in there}
    if slugs:
        teams: list[Team | None] = list(Team.objects.filter(slug__in=slugs - {None}))
        found = found_of([*teams, *([None] if None in slugs else [])], clock.now())
        lacking = {(pk, each.key[:120]) for pk, those in found.items() for each in those.lacks}
        ours = {team.slug: team.pk for team in teams if team is not None} | {None: None}
        said = {key: each for key, each in said.items() if key in there or not _is_left_alone(each, ours, lacking)}
    if _KIND in wanted:
        wanted[_KIND] = said


def _is_left_alone(said: Fields, teams: dict[Any, Any], lacking: set[tuple[int | None, str]]) -> bool:
    """Whether it is not lacking here: it has been mended, or was put off elsewhere."""
    if said["team"] not in teams:
        return False  # the same file makes the team
    try:
        key = _key(said["lack"])[:120]
    except Refused:  # the same file makes the person or route, or it is refused when it is put off
        return False
    return (teams[said["team"]], key) not in lacking


def _find(key: str) -> Lack | None:
    """The lack that is put off under this key."""
    lack, _, team = key.rpartition(" of ")
    rows = _open().filter(team=None) if team == "the installation" else _open().filter(team__slug=team)
    return rows.filter(key=_key(lack)[:120]).first()


def _save(by: Actor, row: Lack | None, fields: Fields, find: Find) -> None:
    """As a file says; what is not lacking here (a file may say what was put off elsewhere) is left alone."""
    key, team = _key(fields["lack"])[:120], find("teams", fields["team"])
    with contextlib.suppress(NotFound):
        commands.put_off(by, team, key, until=date.fromisoformat(str(fields["until"])), reason=fields["reason"])


def _take_up(by: Actor, row: Lack) -> None:
    commands.take_up(by, row.team, row.key)


KINDS = (Kind(_KIND, _put_off, _find, _save, _take_up, complete=_complete),)
