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


def next_steps(now: Snapshot, at: datetime) -> list[Step]:
    """What to do, the most important first; empty when there is nothing left."""
    if now.triage:
        text = "Until somebody confirms it, nobody is asked in and it counts nowhere."
        return [Step("triage", "Is it an incident?", text, "warning")]
    steps = _after(now) if now.status == "resolved" else _during(now, at)
    return list(steps)


def _after(now: Snapshot) -> list[Step]:
    if now.postmortem is False:
        return [
            Step("postmortem", "Start the postmortem", "While everyone remembers. The draft is made from this log.")
        ]
    return []


def _during(now: Snapshot, at: datetime) -> list[Step]:
    steps: list[Step] = []
    overdue = now.next_update_at is not None and now.next_update_at <= at
    if not now.commander:
        steps.append(
            Step(
                "command",
                "Take command",
                "Nobody leads yet. The commander decides and delegates, and does not fix.",
                "warning",
            )
        )
    if overdue:
        steps.append(
            Step(
                "update",
                "Publish the promised update",
                "People were told to expect news by now. “No change, we are still on it” is news.",
                "warning",
            )
        )
    if now.status == "active":
        if now.worked and not now.running:
            steps.append(
                Step(
                    "mitigated",
                    "It worked: mark it as mitigated?",
                    "When nobody is hurt any more, say so. Finding the cause can wait.",
                )
            )
        elif now.waiting:
            steps.append(
                Step(
                    "approve",
                    "A mitigation waits for a second person",
                    "Read what will be done, then approve or decline it.",
                    "warning",
                )
            )
        elif now.carrying:
            steps.append(Step("outcome", "A mitigation is being carried out", "When it is through: did it work?"))
        elif now.running:
            steps.append(Step("outcome", "Did it work?", "A mitigation is running. Look, then record what came of it."))
        elif now.alerts and not now.firing:
            steps.append(
                Step(
                    "resolve",
                    "All alerts have ended. Is it over?",
                    "Look at it as a customer would before you resolve it.",
                )
            )
        elif not now.tried:
            steps.append(
                Step(
                    "mitigate",
                    "What can stop the bleeding?",
                    "Roll back, switch off, fail over. The cause comes later.",
                    "warning",
                )
            )
        else:
            steps.append(Step("mitigate", "What else can stop the bleeding?", "What was tried has not been enough."))
    elif now.status == "mitigated":
        if now.firing:
            steps.append(
                Step(
                    "watch",
                    "Mitigated, but alerts still fire",
                    "Is it really over for customers? If not, reopen it.",
                    "warning",
                )
            )
        else:
            steps.append(
                Step(
                    "resolve",
                    "Resolve it when it stays quiet",
                    "Mitigated means that nobody is hurt. Resolved means that it will not come back by itself.",
                )
            )
    if now.commander and not now.commander_accepted:
        steps.append(
            Step(
                "waiting",
                "The commander has not answered yet",
                "They are being paged. Take over if they can’t be reached.",
                "warning",
            )
        )
    if not now.communications:
        steps.append(
            Step(
                "communications",
                "Name a communications lead",
                "One voice to stakeholders, so that the others can work.",
            )
        )
    if not now.updates and not overdue:
        steps.append(
            Step("update", "Tell people that you are on it", "A first update within minutes saves a hundred questions.")
        )
    elif now.next_update_at is None and now.status == "active":
        steps.append(
            Step("promise", "Promise the next update", "Say when the next news will come, also when there is none.")
        )
    if not now.symptoms and now.status == "active":
        steps.append(Step("symptom", "Write down what you see", "Symptoms first: what fails, for whom, since when."))
    return steps
