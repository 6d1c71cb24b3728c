"""A proposal, or what waits for a second person, approved or declined in a chat: who may is asked where the pages ask it."""

from __future__ import annotations

from ..accounts.actors import Actor
from ..kernel.errors import Conflict, NotFound
from ..paging.commands import decide_approval
from ..paging.hooks import runs
from ..paging.models import Approval, Escalation, Notification
from ..paging.proposed import outcome_of, parts_of
from ..paging.queries import approvals_visible_to
from ..paging.wording import clock_of
from ..workspaces.base import Part
from .cards import part_now
from .saying import Said

KEYS = ("approve", "decline")


def decide(by: Actor, about: str, key: str, *, as_shown: bool = False) -> Said:
    """Approve or decline what a button was about; where the product does not say which button it was, the one thing that
    the message shows to be decided. ``as_shown``: there, the message says how things stand now. Else whoever has pressed
    may not know what was decided before, and must not decide what has come of it.

    :raises WatchroomError: it can't be, or ``by`` may not; with words for who has pressed.
    """
    if key not in KEYS:
        return Said("This is approved or declined. Nothing was done.", ok=False)
    if about[:1] in ("n", "e"):
        about = _shown_by(about, key, as_shown)
    elif as_shown and (part := part_now(about, "UTC")) is not None and any(each.key == key for each in part.buttons):
        about = part.about  # approved, it may have become something that waits for a second person
    number = int(about[1:])
    if about.startswith("m"):
        return Said(*runs().decide(by, number, approve=key == "approve"))
    return _proposal(by, number, approve=key == "approve")


def _shown_by(about: str, key: str, as_shown: bool) -> str:
    """What a message about an alert shows to be decided, where the product does not say which button it was."""
    escalation = Escalation.objects.filter(pk=int(about[1:])).first()
    if about.startswith("n"):
        row = Notification.objects.select_related("escalation").filter(pk=int(about[1:])).first()
        escalation = row.escalation if row else None
    parts: tuple[Part, ...] = parts_of(escalation, "UTC") if escalation else ()
    open_ones = [part.about for part in parts if any(each.key == key for each in part.buttons)]
    before = [part.state for part in parts if part.about not in open_ones or part.about.startswith("m")]
    if before and not as_shown:
        raise Conflict(before[-1], fix="Look at it again, then press.")
    if len(open_ones) == 1:
        return open_ones[0]
    if open_ones:
        raise Conflict("Several things wait to be decided here.", fix="Open Watchroom and choose one.")
    decided = [part.state for part in parts if part.state]
    raise Conflict(decided[-1] if decided else "Nothing waits to be decided here.")


def _proposal(by: Actor, number: int, *, approve: bool) -> Said:
    row = approvals_visible_to(by).filter(pk=number).first()
    if row is None:
        raise NotFound(f"There is no proposal {number}.", fix="It may concern other people.")
    if row.state != Approval.State.OPEN:
        return _earlier(by, row, approve)
    row = decide_approval(by, row, approve=approve)
    if row.decided_by != by.person:
        return _earlier(by, row, approve)  # somebody was faster by a moment
    return Said(f"Approved. {outcome_of(row)}".strip() if approve else "Declined: nothing is done.")


def _earlier(by: Actor, row: Approval, approve: bool) -> Said:
    """Who was first. Whoever presses again what they have done need not be told."""
    same = row.decided_by == by.person and (row.state == Approval.State.APPROVED) == approve
    zone = by.person.timezone if by.person else "UTC"
    who = f" by {row.decided_by}" if row.decided_by else ""
    when = f" at {clock_of(row.decided_at, zone)}" if row.decided_at else ""
    return Said(f"{row.get_state_display()} already{who}{when}. {outcome_of(row)}".strip(), ok=same)
