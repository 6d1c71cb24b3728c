"""The user group of a chat that holds whoever is on call: named, looked at, put right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Q

from ...accounts.actors import Actor
from ...accounts.changes import Change, change
from ...accounts.models import Person, Team
from ...accounts.roles import Action
from ...kernel import wake
from ...kernel.db import announce, locked
from ...kernel.errors import Conflict, NotFound, Refused
from ...workspaces.models import Workspace
from ...workspaces.queries import with_groups
from ..models import ChatGroup, Schedule, Temporary
from ..queries import schedules_of
from ..rules import group_name

Said = tuple[Workspace, str]  # where, and how it is called there


def checked_group(given: Mapping[str, Any], schedule: Schedule | None, team: Team) -> Said | None:
    """``{"chat": slug, "group": handle or id}`` as what is kept; nothing where no group is said. ``chat`` may be left out: then it is
    the one of before, or the only one that has user groups.

    :raises Refused: no such chat, one without user groups, one of another team, or no name of a group.
    """
    chat, text = (str(given.get(name) or "").strip() for name in ("chat", "group"))
    if not text:
        return None
    group = group_name(text)
    if group is None:
        raise Refused(
            "That is no user group.",
            field="chat_group.group",
            value=text[:100],
            fix="Use its handle, such as @payments-oncall, or its id.",
        )
    before = ChatGroup.objects.filter(schedule=schedule).first() if schedule is not None and not chat else None
    workspace = before.workspace if before is not None else _workspace(chat)
    if workspace.team_id not in (None, team.pk):
        raise Refused(
            f"{workspace} belongs to another team.",
            field="chat_group.chat",
            value=workspace.slug,
            fix="Use one of this team's, or of everybody.",
        )
    return workspace, group


def _workspace(chat: str) -> Workspace:
    rows = list(with_groups()[:10])
    found = list(with_groups().filter(slug=chat)) if chat else rows
    if len(found) == 1:
        return found[0]
    names = ", ".join(row.slug for row in rows)
    raise Refused(
        "There is no such chat workspace with user groups."
        if chat
        else "It is not said in which chat the user group is.",
        field="chat_group.chat",
        value=chat[:64],
        fix=f"Name one of: {names}."
        if names
        else "Ask an administrator to connect a Slack on the page Chat workspaces.",
    )


def name_group(made: Change, schedule: Schedule, said: Said | None) -> None:
    """From now on the user group of ``schedule`` is this one, or none: what was in it before stays as it is. Inside the caller's
    change.

    :raises Conflict: it is another schedule's already.
    """
    before = ChatGroup.objects.filter(schedule=schedule).first()
    if said is None:
        if before is not None:
            before.delete()
            made.note(chat_group=None)
        return
    workspace, group = said
    if before is not None and (before.workspace_id, before.group) == (workspace.pk, group):
        return
    taken = ChatGroup.objects.filter(workspace=workspace, group=group).select_related("schedule").first()
    if taken is not None and taken.schedule_id != schedule.pk:
        raise Conflict(
            f"@{group} follows the schedule {taken.schedule} already.",
            field="chat_group.group",
            value=group,
            fix="Take it out there, or name another one.",
        )
    if before is not None:
        before.delete()
    ChatGroup.objects.create(schedule=schedule, workspace=workspace, group=group, due_at=made.at)
    made.note(chat_group={"chat": workspace.slug, "group": group})
    made.due()


def look_at_groups(at: datetime, schedules: Iterable[int]) -> None:
    """Who is on call in these schedules may have changed, also in those in which one of them stands in: have the engine look
    who belongs in their user groups. Inside the caller's transaction."""
    numbers = list(schedules)
    stood_in = Temporary.objects.filter(other__in=numbers, ends_at__gt=at).values("schedule")
    rows = ChatGroup.objects.filter(Q(schedule__in=numbers) | Q(schedule__in=stood_in), due_at__gt=at)
    if rows.update(due_at=at):
        announce({wake.DUE})


def look_at_groups_in(at: datetime, workspace: int, person: Person | None = None) -> None:
    """Accounts in a chat have come, gone, or were confirmed: this person's, or anybody's. Inside the caller's transaction."""
    rows = ChatGroup.objects.filter(workspace=workspace, due_at__gt=at)
    if person is not None:
        rows = rows.filter(schedule__in=schedules_of(person).order_by().values("pk"))
    if rows.update(due_at=at):
        announce({wake.DUE})


def put_group_right(by: Actor, schedule: Schedule) -> ChatGroup:
    """Tell the chat anew who belongs in the user group, whatever was told before: it may have been changed there, or what kept
    us from it is mended. For responders of the team.

    :raises NotFound: the schedule names none.
    """
    with change(by, "schedule.chat_group_put_right", schedule, needs=Action.RESPOND, team=schedule.team_id) as made:
        row = locked(ChatGroup.objects.filter(schedule=schedule)).first()
        if row is None:
            raise NotFound(
                "This schedule has no user group.",
                field="chat_group",
                value=schedule.slug,
                fix="Edit it, and name one.",
            )
        row.group_id, row.members, row.error, row.fix, row.tries = "", None, "", "", 0
        row.due_at, row.send_at = made.at, made.at if row.wanted else None
        row.save()
        made.touch(f"schedule:{schedule.pk}")
        made.due()
    return row
