"""Schedules, with their rotations, temporary schedules and calendars."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from django.db.models import Prefetch

from ...accounts.actors import Actor
from ...kernel import clock
from ...oncall import commands as oncall
from ...oncall.models import Calendar, ChatGroup, RotationMember, Schedule, Temporary
from ...oncall.rules import group_name
from ..difference import State
from ..parts import Hidden, plain_time
from ._kind import Fields, Find, Kind, by_column, slug_of


def _schedules() -> dict[str, Fields]:
    rows = Schedule.objects.select_related("team", "chat_group__workspace").prefetch_related(
        "rotations",
        "temporaries__people",
        "temporaries__other",
        Prefetch("calendars", Calendar.objects.only("schedule", "name", "precedence")),
    )
    # Of ten thousand schedules a hundred thousand places: as rows, not as models.
    places = RotationMember.objects.order_by("turn", "id").values_list("rotation", "turn", "is_shadow", "person__email")
    members: dict[int, list[_Place]] = defaultdict(list)
    for rotation, turn, is_shadow, email in places.iterator():
        members[rotation].append(_Place(turn, is_shadow, email))
    return {row.slug: _schedule(row, members) for row in rows}


class _Place(NamedTuple):
    turn: int
    is_shadow: bool
    email: str


def _schedule(schedule: Schedule, members: Mapping[int, list[_Place]]) -> Fields:
    rotations = []
    group: ChatGroup | None = getattr(schedule, "chat_group", None)
    emails = {each.pk: each.email for row in schedule.temporaries.all() for each in row.people.all()}
    for rotation in schedule.rotations.all():
        turns: dict[int, list[str]] = {}
        shadows: dict[int, list[str]] = {}
        for place in members.get(rotation.pk, ()):
            turns.setdefault(place.turn, [])
            (shadows if place.is_shadow else turns).setdefault(place.turn, []).append(place.email)
        rotations.append(
            {
                "name": rotation.name,
                "precedence": rotation.precedence,
                "unit": rotation.unit,
                "length": rotation.length,
                "starts_at": rotation.starts_at,
                "until": plain_time(rotation.until) if rotation.until else None,
                "restrictions": rotation.restrictions,
                "members": [turns[turn] for turn in sorted(turns)],
                "shadows": [shadows.get(turn, []) for turn in sorted(turns)] if shadows else [],
            }
        )
    return {
        "slug": schedule.slug,
        "name": schedule.name,
        "team": schedule.team.slug,
        "timezone": schedule.timezone,
        "description": schedule.description,
        "remind_hours": schedule.remind_hours,
        "chat_group": {"chat": group.workspace.slug, "group": group.group} if group is not None else None,
        "rotations": rotations,
        "temporary": [
            {
                "name": row.name,
                "starts_at": plain_time(row.starts_at),
                "ends_at": plain_time(row.ends_at),
                "other": slug_of(row.other),
                "unit": row.unit,
                "length": row.length,
                "restrictions": row.restrictions,
                "members": [[emails[pk] for pk in turn if pk in emails] for turn in row.members],
            }
            for row in schedule.temporaries.all()
            if row.ends_at > clock.now()
        ],
        "calendars": [
            {"name": row.name, "url": None, "precedence": row.precedence} for row in schedule.calendars.all()
        ],
    }


def _save(by: Actor, schedule: Schedule | None, fields: Fields, find: Find) -> None:
    rotations = [
        {
            **rotation,
            "members": [[find("people", email).pk for email in turn] for turn in rotation["members"]],
            "shadows": [[find("people", email).pk for email in turn] for turn in rotation["shadows"]],
        }
        for rotation in fields["rotations"]
    ]
    own = {name: value for name, value in fields.items() if name not in ("temporary", "calendars")}
    own |= {"team": find("teams", own["team"]), "rotations": rotations, "chat_group": own["chat_group"] or {}}
    saved = oncall.save_schedule(by, schedule, **own)
    _save_calendars(by, saved, {each["name"]: each for each in fields["calendars"]})


def _save_calendars(by: Actor, schedule: Schedule, wanted: dict[str, Fields]) -> None:
    """Make the calendars of a schedule into those that are wanted. An address that is not said stays as it is."""
    there: dict[str, Calendar] = {}
    for row in schedule.calendars.select_related("schedule__team").order_by("id"):
        if row.name in wanted and row.name not in there:
            there[row.name] = row
        else:
            oncall.remove_calendar(by, row)
    for name, fields in wanted.items():
        before = there.get(name)
        if before is None or fields["url"] or before.precedence != fields["precedence"]:
            oncall.save_calendar(by, before, schedule=schedule, **fields)


def _replace_temporaries(by: Actor, schedule: Schedule, fields: Fields, there: Fields, find: Find) -> None:
    """Once all schedules are there, because one may stand in for another. What stays as it is is left alone."""
    wanted, known = fields["temporary"], there.get("temporary", [])
    if wanted == known:
        return
    for row in schedule.temporaries.filter(ends_at__gt=clock.now()).select_related("schedule__team"):
        said = next((each for each in known if (each["name"], each["starts_at"]) == _key(row)), None)
        if said not in wanted:
            oncall.end_temporary(by, row)
    for each in wanted:
        if each not in known:
            members = [[find("people", email) for email in turn] for turn in each["members"]]
            starts_at, ends_at = (datetime.fromisoformat(each[name]) for name in ("starts_at", "ends_at"))
            found = {"members": members, "starts_at": starts_at, "ends_at": ends_at}
            oncall.add_temporary(by, schedule, **{**each, **found, "other": find("schedules", each["other"])})


def _key(row: Temporary) -> tuple[str, str]:
    return row.name, plain_time(row.starts_at)


def _complete(wanted: State, current: State) -> None:
    for slug, schedule in wanted.get("schedules", {}).items():
        if group := schedule.get("chat_group"):
            group["group"] = group_name(group["group"]) or group["group"]
        if "temporary" in schedule:  # what is over is history
            open_ones = [each for each in schedule["temporary"] if each["ends_at"] > plain_time(clock.now())]
            schedule["temporary"] = sorted(open_ones, key=lambda each: str(each["starts_at"]))
        if "calendars" in schedule:
            schedule["calendars"] = sorted(schedule["calendars"], key=lambda each: str(each["name"]))
            _hide_addresses(slug, schedule["calendars"])


def _hide_addresses(slug: str, calendars: list[Fields]) -> None:
    """Addresses of calendars are secrets, which what is there does not show: one that is known already is no change, and what
    is new is not printed."""
    said = [each for each in calendars if each["url"]]
    known = dict(Calendar.objects.filter(schedule__slug=slug).values_list("name", "url")) if said else {}
    for each in said:
        each["url"] = None if oncall.address_of(each["url"]) == known.get(each["name"]) else Hidden(each["url"])


KINDS = (
    Kind(
        "schedules", _schedules, by_column(Schedule), _save, oncall.delete_schedule,
        complete=_complete, link=_replace_temporaries,
    ),
)  # fmt: skip
