"""What the responders should do next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Snapshot:
    """All that decides what the responders should do next."""

    status: str = "active"
    triage: bool = False  # nobody has said yet whether it is an incident
    commander: bool = False
    commander_accepted: bool = False
    communications: bool = False
    symptoms: int = 0
    tried: int = 0
    running: int = 0
    waiting: int = 0  # of those running: for a second person's approval
    carrying: int = 0  # of those running: by Watchroom, and not ended yet
    worked: int = 0
    alerts: int = 0
    firing: int = 0
    updates: int = 0
    next_update_at: datetime | None = None
    postmortem: bool | None = None


@dataclass(frozen=True)
class Step:
    """One thing to do. ``key`` names it for the page, which offers the button that belongs to it."""

    key: str
    title: str
    text: str
    tone: str = "info"


_TRIAGE = Step(
    "triage",
    "Is it an incident?",
    "Until somebody confirms it, nobody is asked in and it counts nowhere.",
    "warning",
)
_COMMAND = Step(
    "command",
    "Take command",
    "Nobody leads yet. The commander decides and delegates, and does not fix.",
    "warning",
)
_NOT_ANSWERED = Step(
    "waiting",
    "The commander has not answered yet",
    "They are being paged. Take over if they can’t be reached.",
    "warning",
)
_COMMUNICATIONS = Step(
    "communications",
    "Name a communications lead",
    "One voice to stakeholders, so that the others can work.",
)
_OVERDUE = Step(
    "update",
    "Publish the promised update",
    "People were told to expect news by now. “No change, we are still on it” is news.",
    "warning",
)
_FIRST_UPDATE = Step(
    "update",
    "Tell people that you are on it",
    "A first update within minutes saves a hundred questions.",
)
_PROMISE = Step(
    "promise",
    "Promise the next update",
    "Say when the next news will come, also when there is none.",
)
_SYMPTOM = Step("symptom", "Write down what you see", "Symptoms first: what fails, for whom, since when.")
_WORKED = Step(
    "mitigated",
    "It worked: mark it as mitigated?",
    "When nobody is hurt any more, say so. Finding the cause can wait.",
)
_APPROVE = Step(
    "approve",
    "A mitigation waits for a second person",
    "Read what will be done, then approve or decline it.",
    "warning",
)
_CARRIED_OUT = Step("outcome", "A mitigation is being carried out", "When it is through: did it work?")
_OUTCOME = Step("outcome", "Did it work?", "A mitigation is running. Look, then record what came of it.")
_ENDED = Step(
    "resolve",
    "All alerts have ended. Is it over?",
    "Look at it as a customer would before you resolve it.",
)
_FIRST_TRY = Step(
    "mitigate",
    "What can stop the bleeding?",
    "Roll back, switch off, fail over. The cause comes later.",
    "warning",
)
_NEXT_TRY = Step("mitigate", "What else can stop the bleeding?", "What was tried has not been enough.")
_STILL_FIRING = Step(
    "watch",
    "Mitigated, but alerts still fire",
    "Is it really over for customers? If not, reopen it.",
    "warning",
)
_QUIET = Step(
    "resolve",
    "Resolve it when it stays quiet",
    "Mitigated means that nobody is hurt. Resolved means that it will not come back by itself.",
)
_POSTMORTEM = Step(
    "postmortem",
    "Start the postmortem",
    "While everyone remembers. The draft is made from this log.",
)


def next_steps(now: Snapshot, at: datetime) -> list[Step]:
    """What to do, the most important first; empty when there is nothing left."""
    if now.triage:
        return [_TRIAGE]
    if now.status == "resolved":
        return [_POSTMORTEM] if now.postmortem is False else []
    overdue = now.next_update_at is not None and now.next_update_at <= at
    steps = (
        None if now.commander else _COMMAND,
        _OVERDUE if overdue else None,
        _to_end_it(now),
        _NOT_ANSWERED if now.commander and not now.commander_accepted else None,
        None if now.communications else _COMMUNICATIONS,
        None if overdue else _to_tell(now),
        _SYMPTOM if now.status == "active" and not now.symptoms else None,
    )
    return [step for step in steps if step is not None]


def _to_end_it(now: Snapshot) -> Step | None:
    """What stops the bleeding, or says that it has stopped."""
    if now.status == "mitigated":
        return _STILL_FIRING if now.firing else _QUIET
    if now.status != "active":
        return None
    if now.worked and not now.running:
        return _WORKED
    if now.waiting:
        return _APPROVE
    if now.carrying:
        return _CARRIED_OUT
    if now.running:
        return _OUTCOME
    if now.alerts and not now.firing:
        return _ENDED
    return _NEXT_TRY if now.tried else _FIRST_TRY


def _to_tell(now: Snapshot) -> Step | None:
    """What those outside wait for."""
    if not now.updates:
        return _FIRST_UPDATE
    return _PROMISE if now.next_update_at is None and now.status == "active" else None
