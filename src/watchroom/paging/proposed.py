"""What a chat shows of what a policy has proposed: what it does, where, at what risk, who may decide, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable

from ..kernel import settings as conf
from ..kernel.errors import Refused
from ..kernel.numbers import whole
from ..workspaces.base import Button, Part
from .hooks import Proposal, proposed_by, runs
from .models import Approval, Escalation
from .wording import clock_of

_KEY = "approval-"
MOST_TEXT = 700  # so that several fit into one message


def approval_words(title: str) -> str:
    """How a page says that something is proposed; a message that shows it with its buttons leaves this out."""
    return f"Proposed: {title}. Approve it or decline it there."


def buttons(title: str, risk: str, where: str, *, at_once: bool) -> tuple[Button, ...]:
    """To approve and to decline. What could make things worse is asked once more, where the product can. ``at_once``: it is
    carried out as soon as it is approved."""
    risky = risk in ("medium", "high")
    ask = f"{title[:120]}. {where[:120]} Risk: {risk}.{' It starts at once.' if at_once else ''}" if risky else ""
    return Button("approve", "Approve", "danger" if risk == "high" else "primary", ask), Button("decline", "Decline")


def parts_of(escalation: Escalation, zone: str) -> tuple[Part, ...]:
    """All that was proposed in an escalation, and what is carried out in the incidents of its alert group besides; moments in
    ``zone``."""
    rows = list(escalation.approvals.select_related("decided_by", "escalation__team"))
    parts = [part_of(row, zone) for row in rows]
    if escalation.kind == Escalation.Kind.ALERT_GROUP and escalation.subject_id:
        parts += runs().about(escalation.subject_id, [key_of(row) for row in rows], zone)
    return tuple(parts)


def open_parts_of(escalation: int) -> tuple[Part, ...]:
    """What waits for a decision in an escalation, for a message that is about to be posted."""
    found = Escalation.objects.filter(pk=escalation).first()
    return tuple(each for each in parts_of(found, "UTC") if each.buttons) if found else ()


def part_of(row: Approval, zone: str) -> Part:
    """One proposal."""
    about, title = f"p{row.pk}", f"{'[Drill] ' if row.escalation.drill else ''}Proposed: {row.title}"
    url = f"{conf.current().url}{row.escalation.path}"
    if row.state != Approval.State.OPEN:
        who = f" by {row.decided_by}" if row.decided_by else ""
        when = f" at {clock_of(row.decided_at, zone)}" if row.decided_at else ""
        state = f"{row.get_state_display()}{who}{when}."
        approved = row.state == Approval.State.APPROVED
        begun = runs().started_by(key_of(row), row.escalation, zone) if approved else None
        if begun is not None:
            return Part(title, begun.text, f"{state} {begun.state}", begun.tone, begun.buttons, begun.about, begun.url)
        return Part(title, "", f"{state} {outcome_of(row)}".strip(), "done" if approved else "info", (), about, url)
    now = proposed_by(row.target)
    if now is None or now.mark != row.mark:
        state = "It has changed since it was proposed. Look at it in Watchroom."
        return Part(title, row.text[:MOST_TEXT], state, "warning", (Button("decline", "Decline"),), about, url)
    asked = buttons(row.title, now.risk, now.where, at_once=now.at_once)
    return Part(title, said(now, row.text), may(row, now), "warning", asked, about, url)


def outcome_of(row: Approval) -> str:
    """What came of it, in words for everybody who reads the chat: nothing, unless all may see where it was done."""
    return row.outcome if row.outcome and runs().all_may_see(row.escalation) else ""


def as_they_are(rows: Iterable[Approval]) -> list[Approval]:
    """For a page: each with ``where`` it would be done and ``may``, who may approve; one that has changed since, or is decided,
    without."""
    found = list(rows)
    for row in found:
        now = proposed_by(row.target) if row.state == Approval.State.OPEN else None
        same = now is not None and now.mark == row.mark
        row.where, row.may = (now.where, may(row, now)) if now and same else ("", "")  # type: ignore[attr-defined]
    return found


def key_of(row: Approval) -> str:
    """The client key under which what is approved is started once."""
    return f"{_KEY}{row.pk}"


def proposal_of(key: str) -> int | None:
    """The number of the proposal whose approval has started what has this client key."""
    return whole(key.removeprefix(_KEY)) if key.startswith(_KEY) else None


def of_ones_own(key: str) -> str:
    """A client key that somebody has chosen.

    :raises Refused: it is one of those under which what is approved is started.
    """
    if key.startswith(_KEY):
        raise Refused(
            f"Keys that begin with {_KEY} are Watchroom's own.",
            field="client_key",
            value=key[:64],
            fix="Make up another one, such as a UUID.",
        )
    return key


def said(what: Proposal, text: str) -> str:
    """Where it happens and what is done."""
    text = text if len(text) <= MOST_TEXT else f"{text[: MOST_TEXT - 1]}…"
    return "\n".join(part for part in (what.where, text) if part)


def may(row: Approval, what: Proposal) -> str:
    """Who may approve."""
    team = row.escalation.team
    own = f"a responder of {team}" if team else "a responder"
    more = f" who is {what.who}" if what.who and what.who != own else ""
    return f"Nothing is done before somebody approves it. Who may: {own}{more}."
