"""What somebody presses in a chat, and who they are to Watchroom.

A user of a workspace is whoever has confirmed that user as a way to be reached; a button in one's own direct message
is itself the proof. Unknown users are told what to do, and nothing else happens.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from ..accounts.actors import Actor
from ..accounts.models import Person
from ..channels.chat import SNOOZE_MINUTES, handle_of
from ..intake.commands import acknowledge, escalate_now, resolve, snooze
from ..intake.models import AlertGroup
from ..kernel import clock
from ..kernel import settings as conf
from ..kernel.errors import Conflict, WatchroomError
from ..kernel.numbers import whole
from ..paging.commands import mark_seen
from ..paging.models import ContactMethod, Escalation, Notification
from ..web.answers import answer, group_of, settled
from ..workspaces.base import Heard
from ..workspaces.models import Post, Workspace
from ..workspaces.posts import redraw
from ..workspaces.queries import product_of
from . import deciding, rooms, words
from .saying import Said


def whose(workspace: Workspace, user: str) -> Person | None:
    """The person who has confirmed this user of the workspace as theirs; the latest, should there be several."""
    method = (
        ContactMethod.objects.filter(
            handle=handle_of(workspace.kind, workspace.pk, user), verified_at__isnull=False, person__is_active=True
        )
        .select_related("person")
        .order_by("-verified_at")
        .first()
    )
    return method.person if method else None


def acting_for(person: Person, workspace: Workspace) -> Actor:
    """``person``, acting from a chat."""
    return Actor(kind="link", name=f"{person} by {product_of(workspace).label}", person=person)


def stranger() -> Said:
    """What somebody is told whom Watchroom does not know."""
    return Said(
        f"Watchroom does not know who you are here. Add this account at {conf.current().url}/me/contact, or confirm it "
        "there, with the code that you get; then press again.",
        ok=False,
    )


def respond(workspace: Workspace, heard: Heard) -> Said:
    """Do what somebody has pressed or written."""
    try:
        if heard.kind == "button":
            return _pressed(workspace, heard)
        if heard.kind != "text":
            rooms.note(workspace, heard)
            return Said("")
        if words.is_greeting(heard.text):
            return Said(words.greeting(heard.user))
        person = whose(workspace, heard.user)
        if person is None:
            return stranger()
        by = acting_for(person, workspace)
        of_room = rooms.say(by, workspace, heard)
        return Said(words.say(by, heard.text) if of_room is None else of_room)
    except WatchroomError as error:
        return Said(str(error), ok=False)


def _pressed(workspace: Workspace, heard: Heard) -> Said:
    about, as_shown = heard.about, False
    if not about and heard.message is not None:
        post = Post.objects.filter(
            workspace=workspace, place=heard.message.place, message=heard.message.message
        ).first()
        if post is None:
            return Said("")  # somebody has reacted to something that is not ours
        about, as_shown = post.about, post.due_at is None and not post.error
    kind, number = about[:1], whole(about[1:])
    if kind not in ("n", "e", "p", "m") or number is None:
        return Said("Watchroom does not know this button.", ok=False)
    if heard.key in deciding.KEYS or kind in ("p", "m"):
        person = whose(workspace, heard.user)
        if person is None:
            return stranger()
        return deciding.decide(acting_for(person, workspace), about, heard.key, as_shown=as_shown)
    if kind == "n":
        return _of_notification(workspace, heard, number)
    escalation = Escalation.objects.filter(pk=number).first()
    person = whose(workspace, heard.user)
    if person is None:
        return stranger()
    return _do(acting_for(person, workspace), heard.key, escalation) if escalation else _gone()


def _of_notification(workspace: Workspace, heard: Heard, number: int) -> Said:
    row = Notification.objects.select_related("person", "escalation", "contact_method").filter(pk=number).first()
    if row is None:
        return _gone()
    method = row.contact_method
    own = (
        method is not None
        and not method.taken_back  # else it takes a code: a press is only as good as the workspace that tells of it
        and method.handle == handle_of(workspace.kind, workspace.pk, heard.user)
    )
    person = row.person if own and row.person.is_active else whose(workspace, heard.user)
    if person is None:
        return stranger()
    by = acting_for(person, workspace)
    if own:
        mark_seen(by, row)
    if row.escalation is None:
        redraw("notification", [row.pk])
        return Said("Thank you. This is how a page reaches you.")
    return _do(by, heard.key, row.escalation)


def _gone() -> Said:
    return Said("What this was about has been deleted.", ok=False)


def _do(by: Actor, key: str, escalation: Escalation) -> Said:
    group = group_of(escalation)
    if key == "ack":
        if (done := settled(escalation)) is not None:
            # Whoever has it presses again in vain; for anybody else it is worth to know who has it.
            return Said(done.text, ok=group is not None and by.person == group.acknowledged_by)
        if group is not None:
            acknowledge(by, group)
        else:
            answer(by, escalation)
        return Said("It is yours.")
    deed = _DEEDS.get(key)
    if deed is None:
        return Said("Watchroom does not know this button.", ok=False)
    if group is None:
        raise Conflict("Only an alert can be escalated, snoozed or resolved.", fix="Open it in Watchroom.")
    return Said(deed(by, group))


def _escalate(by: Actor, group: AlertGroup) -> str:
    escalate_now(by, group)
    return "The next people are being paged now."


def _snooze(by: Actor, group: AlertGroup) -> str:
    snooze(by, group, clock.now() + timedelta(minutes=SNOOZE_MINUTES))
    return "Snoozed for an hour; then paging goes on if it still fires."


def _resolve(by: Actor, group: AlertGroup) -> str:
    resolve(by, group)
    return "Resolved."


_DEEDS: dict[str, Callable[[Actor, AlertGroup], str]] = {"escalate": _escalate, "snooze": _snooze, "resolve": _resolve}
