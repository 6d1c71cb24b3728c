"""What the steps of a policy may say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...accounts.models import Person, Team
from ...kernel.checks import chosen, within, written
from ...kernel.errors import Refused
from ...kernel.http import check_url
from ...oncall.models import Schedule
from ..hooks import proposed_by
from ..models import StepTarget, Urgency
from ..rules import Step, Target
from ._conditions import checked_conditions
from .rooms import checked_room

KINDS = ("person", "schedule", "team", "role", "webhook", "incident", "mitigation", "runbook", "chat")
MOST_STEPS = 50
_MODELS: dict[str, Any] = {"person": Person, "schedule": Schedule, "team": Team}


def checked_steps(steps: Sequence[Mapping[str, Any]], *, proposed_follow: bool) -> list[Step]:
    """The steps of a policy, as they were written. ``proposed_follow``: what they propose may still be missing.

    :raises Refused: there are none, or one of them makes no sense; names the field.
    """
    if not steps:
        raise Refused("A policy without steps pages nobody.", field="steps", value=[], fix="Add at least one step.")
    if len(steps) > MOST_STEPS:
        raise Refused(
            "Those are too many steps.",
            field="steps",
            value=len(steps),
            fix=f"Use at most {MOST_STEPS}; it can repeat.",
        )
    checked = [_checked(number, step) for number, step in enumerate(steps)]
    for number, each in enumerate(checked):
        for target in each.targets if not proposed_follow else ():
            _must_be_known(target, f"steps[{number}].targets")
    if all(step.pause for step in checked):
        raise Refused(
            "A policy that only waits pages nobody.", field="steps", value=[], fix="Add a step that pages somebody."
        )
    return checked


def _checked(number: int, step: Mapping[str, Any]) -> Step:
    where = f"steps[{number}]"
    wait = int(step.get("wait_seconds", 300))
    within(wait, 1, 86_400, "wait", field=f"{where}.wait_seconds", fix="Use 1 second to 1 day.")
    urgency = step.get("urgency") or ""
    if urgency:
        hint = "Use high or low, or nothing for the urgency of what happened."
        chosen(urgency, Urgency.values, "urgency", field=f"{where}.urgency", fix=hint)
    targets = tuple(
        _checked_target(f"{where}.targets[{place}]", target) for place, target in enumerate(step.get("targets", ()))
    )
    pause = bool(step.get("pause", False))
    if pause and targets:
        raise Refused(
            "A step that only waits does nothing else.",
            field=f"{where}.pause",
            value=True,
            fix="Take its targets away, or let it do them and then wait.",
        )
    if not targets and not pause:
        raise Refused(
            "This step pages nobody.", field=f"{where}.targets", value=[], fix="Add a person, a schedule or a team."
        )
    proposed = next((target.kind for target in targets if target.is_proposed), "")
    if proposed and not any(target.is_person for target in targets):
        raise Refused(
            f"Somebody has to approve a {proposed}.",
            field=f"{where}.targets",
            value=proposed,
            fix="Let the same step page a person, a schedule or a team.",
        )
    conditions = checked_conditions(step.get("conditions") or {}, f"{where}.conditions")
    return Step(tuple(dict.fromkeys(targets)), wait, urgency, bool(step.get("round_robin", False)), conditions, pause)


def _checked_target(where: str, given: Mapping[str, Any]) -> Target:
    kinds = [kind for kind in KINDS if given.get(kind) is not None]
    if len(kinds) != 1:
        raise Refused(
            "A target is exactly one thing.", field=where, value=dict(given), fix=f"Give one of {', '.join(KINDS)}."
        )
    kind, value = kinds[0], given[kinds[0]]
    if kind == "webhook":
        return Target(kind, 0, check_url(value, field=f"{where}.webhook"))
    if kind == "incident":
        hint = "Use 1 to 5, or 0 to take the severity of the alerts."
        return Target(kind, int(chosen(value, range(6), "severity", field=f"{where}.incident", fix=hint)))
    if kind == "role":
        hint = "For example commander or operations."
        return Target(kind, 0, written(str(value), "A role needs a name", 40, field=f"{where}.role", fix=hint))
    if kind == "mitigation":
        return Target(kind, 0, str(value)[:64])
    if kind == "runbook":
        return _checked_runbook(where, value, given.get("runbook_step") or "")
    if kind == "chat":
        return checked_room(where, value, given.get("room"))
    if not _MODELS[kind].objects.filter(pk=value).exists():
        raise Refused(
            f"There is no {kind} {value}.",
            field=where,
            value=dict(given),
            fix="Name an existing person, schedule or team.",
        )
    who = given.get("who") or "current"
    if who not in StepTarget.Who.values:
        raise Refused(
            "A schedule has nobody like that.", field=f"{where}.who", value=who, fix="Use current, next or all."
        )
    return Target(kind, int(value), who if kind == "schedule" else "")


def _checked_runbook(where: str, slug: object, step: object) -> Target:
    """Its slug, and the key of a step of it."""
    for name, text in (("runbook", slug), ("runbook_step", step)):
        if not (isinstance(text, str) and len(text) <= 64 and "/" not in text) or (name == "runbook" and not text):
            raise Refused(
                "That names no runbook." if name == "runbook" else "That names no step of a runbook.",
                field=f"{where}.{name}",
                value=str(text)[:80],
                fix="Use its slug." if name == "runbook" else "Use the key of one of its steps.",
            )
    return Target("runbook", 0, f"{slug}/{step}" if step else str(slug))


def _must_be_known(target: Target, where: str) -> None:
    if target.is_proposed and proposed_by(target) is None:
        fix = "Use the slug of one in the catalog of mitigations."
        if target.kind == "runbook":
            fix = "Use the slug of a runbook that has steps, and the key of one whose mitigation is in the catalog."
        raise Refused(
            f"There is no {target.kind} {target.detail!r}.",
            field=f"{where}.{target.kind}",
            value=target.detail,
            fix=fix,
        )
