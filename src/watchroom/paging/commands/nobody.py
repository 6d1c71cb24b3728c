"""What is written into an escalation's trace, and the defect that it is when a step pages nobody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ...accounts.models import Team
from ..models import Escalation, EscalationEvent, EscalationPolicy, PagingDefect
from ..rules import Plan, Position, next_turn
from .defects import record_defect

Kind = EscalationEvent.Kind


def event_of(escalation: Escalation, kind: str, at: Position, now: datetime, text: str) -> EscalationEvent:
    """One line of an escalation's trace, not saved yet."""
    return EscalationEvent(escalation=escalation, at=now, kind=kind, step=at.step, round=at.round, text=text[:300])


def named(escalation: Escalation) -> str:
    """What it is about, for everybody to read: what is not an alert may be about a private incident."""
    if escalation.kind == Escalation.Kind.ALERT_GROUP:
        return f"“{escalation.title[:200]}”"
    return "somebody's role" if escalation.kind == Escalation.Kind.ROLE else "a page to somebody"


@dataclass(frozen=True)
class Defect:
    """A step that pages nobody is a defect of the rota, to be mended before the next time."""

    key: str
    what: str
    path: str
    subject: str
    team: Team | None
    policy: EscalationPolicy | None

    def record_unreached(self, names: str) -> None:
        """All that was sent has failed for good."""
        whom = f"every message to {names} failed" if names else "what it does failed"
        record_defect(
            PagingDefect.Kind.UNREACHED,
            f"unreached {self.key}",
            text=f"{self.what} reached nobody: {whom[:200]}. It was about {self.subject}.",
            fix="See in the delivery log why, and give them another way to be reached.",
            path=self.path,
            team=self.team,
            policy=self.policy,
        )

    def record(self, why: str) -> None:
        record_defect(
            PagingDefect.Kind.NOBODY,
            self.key,
            text=f"{self.what} had nobody to page: {why}. It was about {self.subject}.",
            fix="Put somebody into it who has a contact method.",
            path=self.path,
            team=self.team,
            policy=self.policy,
        )


def defect_of(escalation: Escalation, plan: Plan, event: EscalationEvent, at: Position) -> Defect | None:
    """What is wrong where nobody was paged. A drill's is none, and nobody misses a role before there is an incident."""
    step = next_turn(plan, at).step if event.kind != Kind.LAST_RESORT else None
    if (step is not None and step.roles) or event.kind == Kind.GIVEN:
        return None
    return failed_at(escalation, plan, event, at)


def failed_at(escalation: Escalation, plan: Plan, event: EscalationEvent, at: Position) -> Defect | None:
    """Whose defect it is that nobody was reached by what ``event`` did. A drill's is none."""
    if escalation.drill:
        return None
    policy = escalation.policy
    asks = event.kind not in (Kind.LAST_RESORT, Kind.GIVEN)
    step = next_turn(plan, at).step if asks else None
    if step is not None and policy is not None:
        what, path = f"Step {at.step + 1} of {policy}", f"/policies/{policy.slug}"
    elif step is not None:
        what, path = "A direct page", escalation.path
    elif event.kind == Kind.GIVEN:
        what, path = "What was given to somebody", f"/escalations/{escalation.pk}"
    else:
        what, path = "The last resort", "/people"
    return Defect(
        f"nobody:{policy.pk}:{at.step}" if step is not None and policy is not None else f"nobody:{what}",
        what,
        path,
        named(escalation),
        escalation.team if policy is None else policy.team,
        policy if step is not None else None,
    )
