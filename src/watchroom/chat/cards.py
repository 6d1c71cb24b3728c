"""A message that stands in a chat, as it should look now."""

from __future__ import annotations

from dataclasses import replace

from ..channels.chat import buttons_for, plain_card, with_parts
from ..intake.models import AlertGroup
from ..kernel import settings as conf
from ..paging.duties import said_to_its_person
from ..paging.hooks import runs
from ..paging.models import Approval, Escalation, Notification
from ..paging.proposed import part_of, parts_of
from ..paging.rooms import by_its_clock
from ..paging.wording import clock_of
from ..web.answers import group_of, settled
from ..workspaces.base import Card, Part
from ..workspaces.models import Post, Workspace


def card_for(post: Post) -> Card | None:
    """The card of a post now; None when what it is about is gone."""
    number = int(post.about[1:])
    if post.about.startswith("n"):
        row = Notification.objects.select_related("person", "escalation").filter(pk=number).first()
        return _of_notification(row) if row else None
    if post.about.startswith(("p", "m")):
        part = part_now(post.about, post.workspace.timezone)
        return card_of_part(part) if part else None
    escalation = Escalation.objects.filter(pk=number).first()
    return room_card(escalation, post.workspace) if escalation else None


def part_now(about: str, zone: str) -> Part | None:
    """A proposal (p) or a run of a mitigation (m) as it stands; None: it is gone."""
    if about.startswith("m"):
        return runs().part(int(about[1:]), zone)
    row = Approval.objects.select_related("decided_by", "escalation__team").filter(pk=int(about[1:])).first()
    return part_of(row, zone) if row else None


def card_of_part(part: Part) -> Card:
    """A message of its own about something that is decided."""
    return Card(part.title, part.text, part.state, part.tone, part.url, buttons=part.buttons, about=part.about)


def room_card(escalation: Escalation, workspace: Workspace) -> Card:
    """What is said in a room about an escalation."""
    card = plain_card(
        escalation.title,
        escalation.body,
        f"{conf.current().url}{escalation.path}",
        urgent=escalation.urgency == "high",
        drill=escalation.drill,
        about=f"e{escalation.pk}",
    )
    purpose = "role" if escalation.kind == Escalation.Kind.ROLE else "page"
    card = by_its_clock(with_parts(card, parts_of(escalation, workspace.timezone)), workspace)
    return _now(card, escalation, purpose, workspace.timezone)


def _of_notification(row: Notification) -> Card:
    subject, body = said_to_its_person(row)
    card = plain_card(
        subject,
        body,
        f"{conf.current().url}{row.path}",
        urgent=row.urgency == "high",
        drill=row.drill,
        about=f"n{row.pk}",
    )
    if row.escalation is not None:
        if row.purpose == Notification.Purpose.PAGE:
            card = with_parts(card, parts_of(row.escalation, row.person.timezone))
        return _now(card, row.escalation, row.purpose, row.person.timezone)
    seen = row.seen_at is not None
    return replace(
        card,
        tone="done" if seen else "info",
        state="It reaches you." if seen else "",
        buttons=buttons_for("", row.purpose, taken=seen),
    )


def _now(card: Card, escalation: Escalation, purpose: str, zone: str) -> Card:
    group = group_of(escalation)
    if group is not None:
        return _of_group(card, group, zone, running=escalation.ended_at is None)
    done = settled(escalation)
    if done is None:
        return replace(card, buttons=buttons_for(escalation.kind, purpose))
    return replace(card, tone="done", state=done.text)


def _of_group(card: Card, group: AlertGroup, zone: str, *, running: bool) -> Card:
    """``running``: others are paged although somebody has it, because several are needed or one has asked for help."""
    if group.resolved_at:
        who = f" by {group.resolved_by}" if group.resolved_by else ""
        return replace(card, tone="done", state=f"Resolved{who} at {clock_of(group.resolved_at, zone)}.")
    if group.acknowledged_at is None:
        return replace(card, buttons=buttons_for("alert_group"))
    who = f" by {group.acknowledged_by}" if group.acknowledged_by else ""
    until = f" until {clock_of(group.returns_at, zone)}" if group.returns_at else ""
    if group.snoozed:
        state = f"Snoozed{who}{until}; then paging goes on if it still fires."
    else:
        state = f"Acknowledged{who} at {clock_of(group.acknowledged_at, zone)}{', theirs' + until if until else ''}."
    if running:
        return replace(card, state=f"{state} More are being paged.", buttons=buttons_for("alert_group"))
    return replace(card, tone="taken", state=state, buttons=buttons_for("alert_group", taken=True))
