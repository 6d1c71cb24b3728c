"""Schedules and their rotations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db.models import ProtectedError

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.models import Person, Team
from ...accounts.roles import Action
from ...accounts.rules import checked_name, checked_slug, checked_timezone
from ...kernel.db import locked
from ...kernel.errors import Conflict, Refused
from ...kernel.times import within_reach
from ..models import Rotation, RotationMember, Schedule
from ..rules import Layer, RuleError, local_from, restriction_to, restrictions_from
from .groups import checked_group, name_group
from .handoffs import look_again
from .worked import settle

MOST_AHEAD = 168  # hours, for a reminder
Fields = dict[str, Any]
Checked = tuple[Fields, list[list[int]], list[list[int]]]  # fields, members, shadows
_PLACE = ("turn", "person_id", "is_shadow")
_OWN = ("team", "name", "slug", "timezone", "description", "remind_hours")
_FIELDS = {"id", "name", "precedence", "unit", "length", "starts_at", "until", "restrictions", "members", "shadows"}


def save_schedule(
    by: Actor,
    schedule: Schedule | None,
    *,
    team: Team,
    name: str,
    slug: str | None = None,
    timezone: str = "UTC",
    description: str = "",
    remind_hours: int | None = None,
    rotations: Sequence[Mapping[str, Any]] | None = None,
    chat_group: Mapping[str, Any] | None = None,
) -> Schedule:
    """Create a schedule or change it. ``rotations`` replaces all of them; ``None`` leaves them as they are, and
    ``remind_hours`` too: how long before a shift whoever comes is reminded of it, 0 for not at all. ``chat_group`` is the user
    group of a chat whose members are whoever is on call, ``{"chat": slug, "group": "@payments-oncall"}``; ``{}``: none.

    A rotation is ``{"id" (of the one that goes on; without it, that of the same name), "name", "precedence", "unit", "length", "starts_at": "2026-03-02T09:00" (local), "until",
    "restrictions", "members": [[person id, …], …], "shadows": [[person id, …], …]}``; each of the members is one turn, and the
    shadows at the same place learn beside it: they are shown, but never paged.

    :raises Refused: names the rotation's field, such as ``rotations[1].length``.
    :raises Conflict: another schedule has this slug, or this user group.
    """
    row = schedule or Schedule()
    name = checked_name(name)
    slug = checked_slug(slug, name, row.slug)
    timezone = checked_timezone(timezone)
    remind = _whole(row.remind_hours if remind_hours is None else remind_hours, "remind_hours", 0, MOST_AHEAD)
    checked = None if rotations is None else [_checked(number, each) for number, each in enumerate(rotations)]
    if schedule is not None:
        by.require(Action.MANAGE, schedule.team)
    group = None if chat_group is None else checked_group(chat_group, schedule, team)
    with change(
        by, "schedule.changed" if schedule else "schedule.created", row, needs=Action.MANAGE, team=team
    ) as made:
        if schedule is not None:
            settle(made.at, [row.pk])  # locks it, with those in which it stands in, in the order of their numbers
            row.refresh_from_db()
        if Schedule.objects.filter(slug=slug).exclude(pk=row.pk).exists():
            raise Conflict(
                f"There is already a schedule {slug!r}.", field="slug", value=slug, fix="Choose another name."
            )
        row.team, row.name, row.slug, row.timezone, row.description = team, name, slug, timezone, description.strip()
        row.remind_hours = remind
        # Of one that is there nothing else is written: the engine's own columns may have moved on.
        row.save(update_fields=_OWN if schedule else None)
        if checked is not None:
            _replace(row, checked, [each.get("id") for each in rotations or ()])
            made.note(
                rotations=[
                    {"name": fields["name"], "members": members, **({"shadows": shadows} if any(shadows) else {})}
                    for fields, members, shadows in checked
                ]
            )
        if chat_group is not None:
            name_group(made, row, group)
        made.note(name=name, slug=slug, timezone=timezone, remind_hours=remind)
        made.touch("schedules", f"schedule:{row.pk}")
        look_again(made, row.pk)
    return row


def draft_layers(timezone: str, rotations: Sequence[Mapping[str, Any]]) -> tuple[Layer, ...]:
    """Rotations as :func:`save_schedule` would save them, for a preview; nothing is saved. Their keys are their places.

    :raises Refused: as there.
    """
    zone = checked_timezone(timezone)
    found = []
    for number, given in enumerate(rotations):
        fields, members, shadows = _checked(number, given)
        found.append(
            Layer(
                key=number + 1,
                name=fields["name"],
                precedence=fields["precedence"],
                unit=fields["unit"],
                length=fields["length"],
                starts_at=local_from(fields["starts_at"]),
                zone=zone,
                members=tuple(map(tuple, members)),
                restrictions=restrictions_from(fields["restrictions"]),
                until=fields["until"],
                shadows=tuple(map(tuple, shadows)) if any(shadows) else (),
            )
        )
    return tuple(found)


def _replace(schedule: Schedule, checked: list[Checked], numbers: list[Any]) -> None:
    wanted = {person for _, *both in checked for turns in both for turn in turns for person in turn}
    known = set(Person.objects.filter(pk__in=wanted).values_list("pk", flat=True))
    for number, (_, members, shadows) in enumerate(checked):
        for turn in members + shadows:
            for person in turn:
                if person not in known:
                    raise Refused(
                        "There is nobody with this number.",
                        field=f"rotations[{number}].members",
                        value=person,
                        fix="Choose existing people.",
                    )
    kept = _same(schedule.rotations.all(), [fields for fields, *_ in checked], numbers)
    schedule.rotations.exclude(pk__in=[row.pk for row in kept.values()]).delete()
    for number, (fields, members, shadows) in enumerate(checked):
        row = kept.get(number, Rotation(schedule=schedule))
        row.position = number
        for name, value in fields.items():
            setattr(row, name, value)
        row.save()
        places = [
            (turn, person, is_shadow)
            for is_shadow, turns in ((False, members), (True, shadows))
            for turn, people in enumerate(turns)
            for person in people
        ]
        if number in kept:
            if places == list(row.members.order_by("is_shadow", "turn", "id").values_list(*_PLACE)):
                continue
            row.members.all().delete()
        RotationMember.objects.bulk_create(
            RotationMember(rotation=row, **dict(zip(_PLACE, place, strict=True))) for place in places
        )


def _same(there: Iterable[Rotation], wanted: Sequence[Fields], numbers: Sequence[Any]) -> dict[int, Rotation]:
    """Which of the rotations that are there goes on in which place: that of the number which is given, else of the name, else one
    that is the same but for its name. What calendars outside know of its shifts, and what was planned for it, stays theirs."""
    left = {row.pk: row for row in there}
    found: dict[int, Rotation] = {}

    def alike(row: Rotation, fields: Fields) -> bool:
        return all(getattr(row, name) == value for name, value in fields.items() if name != "name")

    ways: tuple[Callable[[Rotation, Fields, Any], bool], ...] = (
        lambda row, fields, pk: row.pk == pk,
        lambda row, fields, pk: row.name == fields["name"] and alike(row, fields),
        lambda row, fields, pk: row.name == fields["name"],
        lambda row, fields, pk: alike(row, fields),
    )
    for same in ways:
        for number, fields in enumerate(wanted):
            if number not in found:
                row = next((row for row in left.values() if same(row, fields, numbers[number])), None)
                if row is not None:
                    found[number] = left.pop(row.pk)
    return found


def _checked(number: int, given: Mapping[str, Any]) -> Checked:
    where = f"rotations[{number}]"
    for field in given:
        if field not in _FIELDS:
            raise Refused(
                "A rotation has no such field.",
                field=f"{where}.{field}",
                value=given[field],
                fix=f"Use {', '.join(sorted(_FIELDS - {'id'}))}.",
            )
    unit = str(given.get("unit", "weeks"))
    if unit not in Rotation.Unit.values:
        raise Refused(
            "There is no such unit.",
            field=f"{where}.unit",
            value=unit,
            fix=f"Use one of {', '.join(Rotation.Unit.values)}.",
        )
    length = _whole(given.get("length", 1), f"{where}.length", 1, 1000)
    precedence = _whole(given.get("precedence", 0), f"{where}.precedence", 0, 1000)
    try:
        starts = local_from(str(given.get("starts_at", "")), f"{where}.starts_at")
        windows = [
            restriction_to(each) for each in restrictions_from(given.get("restrictions") or [], f"{where}.restrictions")
        ]
    except RuleError as error:
        raise Refused(error.message, field=error.field, value=error.value, fix=error.fix) from None
    fields = {
        "name": checked_name(str(given.get("name") or f"Rotation {number + 1}")),
        "precedence": precedence,
        "unit": unit,
        "length": length,
        "starts_at": f"{starts:%Y-%m-%dT%H:%M}",
        "until": _until(given.get("until"), f"{where}.until"),
        "restrictions": windows,
    }
    members = _members(given.get("members") or [], f"{where}.members")
    return fields, members, _shadows(given.get("shadows") or [], members, f"{where}.shadows")


def _shadows(turns: Any, members: list[list[int]], field: str) -> list[list[int]]:
    """Shadows turn by turn; whoever is on call in that turn anyway is not also a shadow."""
    found = _numbers(turns, field)
    if len(found) > len(members):
        raise Refused(
            "There are shadows for turns that do not exist.",
            field=field,
            value=turns,
            fix=f"Give at most {len(members)} lists, one per turn; an empty one for a turn without a shadow.",
        )
    return [[person for person in turn if person not in members[number]] for number, turn in enumerate(found)]


def _whole(value: Any, field: str, least: int, most: int) -> int:
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = least - 1
    if not least <= number <= most:
        raise Refused(
            "That number is not accepted.", field=field, value=value, fix=f"Use a whole number from {least} to {most}."
        )
    return number


def _until(value: Any, field: str) -> datetime | None:
    if not value:
        return None
    try:
        until = within_reach(value if isinstance(value, datetime) else datetime.fromisoformat(str(value)))
    except ValueError:
        until = None
    if until is None or until.tzinfo is None:
        raise Refused(
            "That is not an instant.",
            field=field,
            value=value,
            fix="Write it with its offset, such as 2026-12-31T18:00:00Z.",
        )
    return until.astimezone(UTC)


def _numbers(turns: Any, field: str) -> list[list[int]]:
    try:
        return [
            list(dict.fromkeys(int(person) for person in (turn if isinstance(turn, list | tuple) else [turn])))
            for turn in turns
        ]
    except (TypeError, ValueError):
        raise Refused(
            "People are a list of turns; each is a list of people's numbers.",
            field=field,
            value=turns,
            fix="Write [[1], [2, 3]].",
        ) from None


def _members(turns: Any, field: str) -> list[list[int]]:
    members = [turn for turn in _numbers(turns, field) if turn]
    if not members:
        raise Refused(
            "A rotation without people puts nobody on call.", field=field, value=[], fix="Add at least one person."
        )
    return members


def delete_schedule(by: Actor, schedule: Schedule) -> None:
    """Delete a schedule that no escalation policy uses.

    :raises Conflict: a policy still pages whoever is on call in it.
    """
    with change(by, "schedule.deleted", None, needs=Action.MANAGE, team=schedule.team) as made:
        made.note(name=schedule.name, slug=schedule.slug)
        made.touch("schedules", f"schedule:{schedule.pk}")
        if used := schedule.stands_in.filter(ends_at__gt=made.at).select_related("schedule").first():
            raise Conflict(f"This schedule stands in for {used.schedule}: {used.name}.", fix="End that first.")
        list(locked(schedule.calendars.order_by("pk")))  # before the schedule, as whoever reads them does
        settle(made.at, [schedule.pk])
        try:
            schedule.delete()
        except ProtectedError as error:
            users = sorted(
                {str(getattr(getattr(each, "step", None), "policy", each)) for each in error.protected_objects}
            )
            raise Conflict(
                f"This schedule is still used by {', '.join(users[:5])}.",
                fix="Take it out of these escalation policies first.",
            ) from None
