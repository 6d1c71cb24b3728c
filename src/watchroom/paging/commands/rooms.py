"""A room of a chat as the target of a step: chosen in a policy, posted in by the engine."""

from __future__ import annotations

from collections.abc import Sequence

from ...accounts.actors import Actor
from ...accounts.models import Team
from ...accounts.roles import Action
from ...channels.base import DeliveryFailed
from ...channels.chat import buttons_for, plain_card, with_parts
from ...kernel import settings as conf
from ...kernel.errors import Refused
from ...workspaces.models import Workspace
from ...workspaces.posts import keep
from ...workspaces.queries import client_of, product_of
from ..models import Escalation, StepAction
from ..proposed import parts_of
from ..rooms import by_its_clock
from ..rules import Step, Target


def checked_room(where: str, workspace: object, room: object) -> Target:
    """A room as a target. ``workspace``: its number or its slug.

    :raises Refused: there is no such workspace, or the room is no line of text.
    """
    rows = Workspace.objects.all()
    if isinstance(workspace, int) and not isinstance(workspace, bool):
        found = rows.filter(pk=workspace).first()
    else:
        found = rows.filter(slug=workspace).first() if isinstance(workspace, str) else None
    if found is None:
        raise Refused(
            "There is no such chat workspace.", field=f"{where}.chat", value=workspace, fix="See Chat workspaces."
        )
    text = room.strip() if isinstance(room, str) else ""
    asks = found.kind != "teams"  # a workflow of Teams has its room
    if (asks and not text) or len(text) > 250 or not text.isprintable():
        raise Refused(
            "A room of the chat is missing.",
            field=f"{where}.room",
            value=text[:100],
            fix=f"Give {product_of(found).room_help}.",
        )
    return Target("chat", found.pk, text)


def check_rooms(by: Actor, team: Team, steps: Sequence[Step]) -> None:
    """:raises Refused: a workspace is another team's, whose manager ``by`` is not."""
    chosen = {target.id for step in steps for target in step.targets if target.kind == "chat"}
    for workspace in Workspace.objects.filter(pk__in=chosen).select_related("team") if chosen else ():
        if workspace.team is not None and workspace.team != team and not by.may(Action.MANAGE, workspace.team):
            raise Refused(
                f"The workspace {workspace} belongs to {workspace.team}.",
                field="steps",
                value=workspace.slug,
                fix="Use one that is everybody's, or ask a manager of that team.",
            )


def post_in_room(action: StepAction) -> str:
    """Post what is escalated, with buttons. Says in words where.

    :raises DeliveryFailed: it could not be posted.
    """
    escalation, room = action.escalation, str(action.settings["room"])
    workspace = Workspace.objects.filter(pk=action.settings["workspace"]).first()
    if workspace is None:
        raise DeliveryFailed("The workspace is no longer connected.", permanent=True)
    shown = parts_of(escalation, workspace.timezone)
    card = plain_card(
        escalation.title,
        escalation.body,
        f"{conf.current().url}{escalation.path}",
        urgent=escalation.urgency == "high",
        drill=escalation.drill,
        about=f"e{escalation.pk}",
        buttons=buttons_for(escalation.kind, "role" if escalation.kind == Escalation.Kind.ROLE else "page"),
    )
    card = by_its_clock(with_parts(card, shown), workspace)
    posted = client_of(workspace).post(room, card, key=f"watchroom-action-{action.pk}")
    keep(workspace, posted, card, kind=escalation.kind, subject_id=escalation.subject_id)
    return f"posted in {room} of {workspace}" if room else f"posted in {workspace}"
