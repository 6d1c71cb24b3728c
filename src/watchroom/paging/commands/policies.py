"""Escalation policies. Each edit raises the version; running escalations keep the steps they started with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import IntegrityError
from django.db.models import ProtectedError
from django.utils.text import slugify

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.models import Person, Team
from ...accounts.roles import Action
from ...kernel.errors import Conflict, Refused
from ...oncall.models import Schedule
from ..models import EscalationPolicy, EscalationStep, StepTarget

_MODELS: dict[str, Any] = {"person": Person, "schedule": Schedule, "team": Team}


def save_policy(
    by: Actor,
    policy: EscalationPolicy | None,
    *,
    team: Team,
    name: str,
    slug: str | None = None,
    description: str = "",
    repeats: int = 2,
    steps: Sequence[Mapping[str, Any]],
) -> EscalationPolicy:
    """Create a policy or change it. A step is ``{"wait_seconds": 300, "targets": [{"person": 7}, {"schedule": 3}]}``.

    :raises Refused: no steps, a step without a target, a wait under 1 s or over a day, or a target that does not exist.
    """
    if not name.strip():
        raise Refused("A policy needs a name.", field="name", value=name, fix="Give it a name.")
    if not steps:
        raise Refused("A policy without steps pages nobody.", field="steps", value=[], fix="Add at least one step.")
    checked = [_checked(number, step) for number, step in enumerate(steps)]
    policy = policy or EscalationPolicy(version=0)
    created = policy.pk is None
    if not created:
        by.require(Action.MANAGE, policy.team)
    with change(by, "policy.created" if created else "policy.changed", policy, needs=Action.MANAGE, team=team) as made:
        policy.team, policy.name, policy.description, policy.repeats = team, name.strip(), description, repeats
        policy.slug = slug or policy.slug or slugify(name)[:64]
        policy.version += 1
        try:
            policy.save()
        except IntegrityError:
            raise Conflict(
                f"There is already a policy {policy.slug!r}.",
                field="slug",
                value=policy.slug,
                fix="Choose another name.",
            ) from None
        policy.steps.all().delete()
        for position, (wait, targets) in enumerate(checked):
            step = EscalationStep.objects.create(policy=policy, position=position, wait_seconds=wait)
            StepTarget.objects.bulk_create([StepTarget(step=step, **{f"{kind}_id": pk}) for kind, pk in targets])
        made.note(
            version=policy.version, steps=[{"wait_seconds": wait, "targets": targets} for wait, targets in checked]
        )
        made.touch("policies", f"policy:{policy.pk}")
    return policy


def _checked(number: int, step: Mapping[str, Any]) -> tuple[int, list[tuple[str, int]]]:
    where = f"steps[{number}]"
    wait = int(step.get("wait_seconds", 300))
    if not 1 <= wait <= 86_400:
        raise Refused(
            "That wait is not accepted.", field=f"{where}.wait_seconds", value=wait, fix="Use 1 second to 1 day."
        )
    targets: list[tuple[str, int]] = []
    for target in step.get("targets", ()):
        kind, pk = next(iter(target.items()))
        if kind not in _MODELS or not _MODELS[kind].objects.filter(pk=pk).exists():
            raise Refused(
                f"There is no {kind} {pk}.",
                field=f"{where}.targets",
                value=dict(target),
                fix="Name an existing person, schedule or team.",
            )
        targets.append((kind, int(pk)))
    if not targets:
        raise Refused(
            "This step pages nobody.", field=f"{where}.targets", value=[], fix="Add a person, a schedule or a team."
        )
    return wait, targets


def delete_policy(by: Actor, policy: EscalationPolicy) -> None:
    """Delete a policy that nothing uses.

    :raises Conflict: a service or route still uses it.
    """
    with change(by, "policy.deleted", policy, needs=Action.MANAGE, team=policy.team) as made:
        made.subject = None
        made.note(name=policy.name, slug=policy.slug)
        made.touch("policies")
        try:
            policy.delete()
        except ProtectedError as error:
            users = ", ".join(sorted(str(each) for each in error.protected_objects)[:5])
            raise Conflict(f"This policy is still used by {users}.", fix="Give them another policy first.") from None
