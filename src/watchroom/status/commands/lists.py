"""Lists of stakeholders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.models import Team
from ...accounts.roles import Action
from ...kernel import signing
from ...kernel.checks import chosen, within
from ...kernel.errors import Refused, WatchroomError
from ...kernel.names import only_one, short_name
from ...kernel.plugins import all_of
from ..models import Audience, Recipient, StakeholderList
from ..rooms import RoomChannel
from ._shared import checked_text

_PERSONAL = {"browser", "push"}  # an open tab, an installed app: they belong to a person, not to a list


def channels() -> dict[str, Any]:
    """The channels that a list can use, by name: those of people that are not personal, and rooms of chats."""
    found = {name: each for name, each in all_of("watchroom.channels").items() if name not in _PERSONAL}
    return found | {RoomChannel.name: RoomChannel()}


def save_list(
    by: Actor,
    row: StakeholderList | None,
    *,
    team: Team,
    name: str,
    slug: str | None = None,
    audience: str = Audience.INTERNAL,
    least_severity: int = 3,
    every_team: bool = False,
    recipients: Sequence[Mapping[str, Any]] | None = None,
) -> StakeholderList:
    """Make a list or change it. ``recipients`` are ``{"channel": …, "settings": {…}}`` or ``{"id": …}`` for one that is
    there and stays; those that are not named go. None: all stay.

    :raises Refused: a field is not accepted.
    :raises Conflict: another list has this slug.
    """
    name = checked_text(name, field="name", most=100, fix="Say who is on it.")
    before = row.slug if row else ""
    slug = short_name(slug, before=before, name=name, otherwise="list", among=StakeholderList.objects)
    chosen(audience, Audience.values, "audience", field="audience")
    within(least_severity, 1, 5, "severity", field="least_severity")
    fresh = None if recipients is None else [_recipient(number, each) for number, each in enumerate(recipients)]
    if row is not None:
        by.require(Action.MANAGE, row.team)
    action = "stakeholder_list.changed" if row else "stakeholder_list.created"
    with change(by, action, row, needs=Action.MANAGE, team=team) as made:
        row = row or StakeholderList()
        made.subject = row
        row.team, row.name, row.slug, row.audience = team, name, slug, audience
        row.least_severity, row.every_team = least_severity, every_team
        with only_one("list", slug=slug):
            row.save()
        if fresh is not None:
            _replace(row, fresh)
        made.note(audience=audience, recipients=row.recipients.count())
        made.touch("stakeholder-lists")
    return row


def _recipient(number: int, given: Mapping[str, Any]) -> Recipient | int:
    where = f"recipients[{number}]"
    if given.get("id"):
        return int(given["id"])
    name = str(given.get("channel") or "")
    channel = channels().get(name)
    if channel is None:
        raise Refused(
            "A list can't use that channel.",
            field=f"{where}.channel",
            value=name,
            fix=f"Use one of {', '.join(channels())}.",
        )
    try:
        settings = channel.check(dict(given.get("settings") or {}))
    except WatchroomError as error:
        error.field = f"{where}.settings.{error.field}".rstrip(".")
        raise
    return Recipient(
        channel=name,
        settings=settings,
        fingerprint=signing.fingerprint(msgspec.json.encode(settings, order="sorted").decode()),
        description=channel.describe(settings)[:200],
    )


def _replace(row: StakeholderList, fresh: Sequence[Recipient | int]) -> None:
    there = {each.pk: each for each in row.recipients.all()}
    known = {(each.channel, each.fingerprint): each.pk for each in there.values()}
    kept: set[int] = set()
    for each in fresh:
        if isinstance(each, int):
            if each not in there:
                raise Refused(
                    "There is no such recipient on this list.", field="recipients", value=each, fix="Read it again."
                )
            kept.add(each)
        elif (pk := known.get((each.channel, each.fingerprint))) is not None:
            kept.add(pk)
        else:
            each.list = row
            each.save()
            kept.add(each.pk)
            known[each.channel, each.fingerprint] = each.pk
    row.recipients.exclude(pk__in=kept).delete()


def delete_list(by: Actor, row: StakeholderList) -> None:
    """Delete a list; what it was told stays in the log of its incidents."""
    with change(by, "stakeholder_list.deleted", None, needs=Action.MANAGE, team=row.team) as made:
        made.note(name=row.name, slug=row.slug)
        made.touch("stakeholder-lists")
        row.delete()
