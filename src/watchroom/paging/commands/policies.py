"""Escalation policies. Each edit raises the version; running escalations keep the steps they started with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from django.db.models import ProtectedError, QuerySet

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.models import Team
from ...accounts.roles import Action
from ...kernel.checks import within
from ...kernel.errors import Conflict, Refused
from ...kernel.http import origin
from ...kernel.names import only_one, short_name
from ...kernel.prepared import prepared
from ...kernel.signing import new_key
from ..conditions import Conditions
from ..models import EscalationPolicy, EscalationStep, PolicyVersion, StepTarget, in_a_while
from ..rules import Plan, Step, Target
from .rooms import check_rooms
from .steps import checked_steps


def save_policy(
    by: Actor,
    policy: EscalationPolicy | None,
    *,
    team: Team,
    name: str,
    slug: str | None = None,
    description: str = "",
    repeats: int = 2,
    answers: int = 1,
    steps: Sequence[Mapping[str, Any]],
    proposed_follow: bool = False,
) -> EscalationPolicy:
    """Create a policy or change it. A step is ``{"wait_seconds": 300, "targets": [{"person": 7}, {"schedule": 3}]}``,
    and may have ``urgency``, ``round_robin`` and ``conditions``; with ``"pause": True`` it only waits. Targets are
    ``{"person": id}``, ``{"schedule": id, "who": "current"|"next"|"all"}``, ``{"team": id}``, ``{"role": name}``,
    ``{"webhook": url}``, ``{"incident": severity}``, ``{"mitigation": slug}``, ``{"runbook": slug, "runbook_step": key}`` and
    ``{"chat": workspace's id or slug, "room": "#alerts"}``.

    ``proposed_follow``: what is proposed is about to be made, so that it may still be missing.

    :raises Refused: no steps, a step without a target, a wait under 1 s or over a day, a target that does not exist, or
        a condition that cannot be read; names the field.
    """
    if not name.strip():
        raise Refused("A policy needs a name.", field="name", value=name, fix="Give it a name.")
    within(answers, 1, 20, "number of answers", field="answers")
    within(repeats, 0, 100, "number of repeats", field="repeats")
    checked = checked_steps(steps, proposed_follow=proposed_follow)
    check_rooms(by, team, checked)
    policy = policy or EscalationPolicy(version=0)
    created = policy.pk is None
    if not created:
        by.require(Action.MANAGE, policy.team)
    slug = short_name(slug, before=policy.slug, name=name, otherwise="policy", among=EscalationPolicy.objects)
    with change(by, "policy.created" if created else "policy.changed", policy, needs=Action.MANAGE, team=team) as made:
        policy.team, policy.name, policy.description, policy.repeats = team, name.strip(), description, repeats
        policy.answers, policy.look_at = answers, in_a_while()
        if policy.webhook_key is None and any(t.kind == "webhook" for step in checked for t in step.targets):
            policy.webhook_key = new_key("whs")
        policy.slug = slug
        if not created:
            _keep(policy, "")  # one from before versions were kept
        policy.version += 1
        with only_one("policy", slug=slug):
            policy.save()
        policy.steps.all().delete()
        for position, each in enumerate(checked):
            step = EscalationStep.objects.create(
                policy=policy,
                position=position,
                wait_seconds=each.wait_seconds,
                urgency=each.urgency,
                round_robin=each.round_robin,
                conditions=each.conditions.as_json(),
                pause=each.pause,
            )
            StepTarget.objects.bulk_create([StepTarget(step=step, **_columns(target)) for target in each.targets])
        _keep(policy, by.name, Plan(tuple(checked), repeats, answers))
        made.note(version=policy.version, steps=[_as_told(step) for step in checked])
        made.touch("policies", f"policy:{policy.pk}")
    return policy


def _as_told(step: Step) -> dict[str, Any]:
    """A step as the audit trail has it, and programs outside are told of it: what follows a webhook's host is often a secret."""
    said = step.as_json()
    for target in said["targets"]:
        if target["kind"] == "webhook":
            target["detail"] = f"{origin(target['detail'])}/…"
    return said


def _keep(policy: EscalationPolicy, by: str, plan: Plan | None = None) -> None:
    """Keep what this version of the policy says; once."""
    if plan is not None or not policy.versions.filter(version=policy.version).exists():
        PolicyVersion.objects.get_or_create(
            policy=policy,
            version=policy.version,
            defaults={"plan": (plan or plan_of(policy)).as_json(), "saved_by": by[:150]},
        )


def _columns(target: Target) -> dict[str, Any]:
    if target.kind in ("webhook", "role", "mitigation"):
        return {target.kind: target.detail}
    if target.kind == "runbook":
        return {"runbook": target.slug, "runbook_step": target.step}
    if target.kind == "incident":
        return {"incident_severity": target.id}
    if target.kind == "chat":
        return {"workspace_id": target.id, "room": target.detail}
    return {f"{target.kind}_id": target.id} | ({"who": target.detail} if target.kind == "schedule" else {})


def plan_of(policy: EscalationPolicy) -> Plan:
    """The policy's steps at this moment, as the engine will carry them out."""
    return Plan(
        tuple(
            Step(
                tuple(_target(row) for row in step.targets.all()),
                step.wait_seconds,
                step.urgency,
                step.round_robin,
                Conditions.of(step.conditions),
                step.pause,
            )
            for step in _steps_of(policy)
        ),
        policy.repeats,
        policy.answers,
    )


def _steps_of(policy: EscalationPolicy) -> Iterable[EscalationStep]:
    """Its steps; those that a list has fetched already are not fetched again."""
    fetched = "steps" in getattr(policy, "_prefetched_objects_cache", {})
    return policy.steps.all() if fetched else policy.steps.prefetch_related("targets")


def plans_of(policies: Iterable[EscalationPolicy]) -> dict[int, Plan]:
    """The same of many policies, by number; two statements, and no model for each of their rows."""
    found = {policy.pk: policy for policy in policies}
    targets: dict[int, list[Target]] = defaultdict(list)
    for row in _targets(found):
        targets[row.step_id].append(_target(row))
    steps: dict[int, list[Step]] = defaultdict(list)
    for pk, policy, wait, urgency, turns, conditions, pause in _steps(found):
        steps[policy].append(Step(tuple(targets[pk]), wait, urgency, turns, Conditions.of(conditions), pause))
    return {pk: Plan(tuple(steps[pk]), policy.repeats, policy.answers) for pk, policy in found.items()}


_STEP = ("pk", "policy_id", "wait_seconds", "urgency", "round_robin", "conditions", "pause")
_TARGET = ("step_id", "webhook", "incident_severity", "role", "mitigation", "runbook", "runbook_step", "workspace_id", "room",
           "schedule_id", "who", "person_id", "team_id")  # fmt: skip


@prepared
def _targets(policies: Collection[int]) -> QuerySet[StepTarget, Any]:
    return StepTarget.objects.filter(step__policy__in=policies).order_by("id").values_list(*_TARGET, named=True)


@prepared
def _steps(policies: Collection[int]) -> QuerySet[EscalationStep, Any]:
    return EscalationStep.objects.filter(policy__in=policies).order_by("position").values_list(*_STEP)


def _target(row: StepTarget | Any) -> Target:
    if row.webhook:
        return Target("webhook", 0, row.webhook)
    if row.incident_severity is not None:
        return Target("incident", row.incident_severity)
    if row.role or row.mitigation:
        return Target("role", 0, row.role) if row.role else Target("mitigation", 0, row.mitigation)
    if row.runbook:
        return Target("runbook", 0, f"{row.runbook}/{row.runbook_step}" if row.runbook_step else row.runbook)
    if row.workspace_id:
        return Target("chat", row.workspace_id, row.room)
    if row.schedule_id:
        return Target("schedule", row.schedule_id, row.who)
    return Target("person", row.person_id) if row.person_id else Target("team", row.team_id or 0)


def webhook_key(by: Actor, policy: EscalationPolicy, *, renew: bool = False) -> str:
    """The secret with which receivers check what this policy's steps send to webhooks; ``renew`` replaces it.

    :raises Refused: no step calls a webhook.
    """
    by.require(Action.MANAGE, policy.team)
    if policy.webhook_key is None:
        raise Refused("No step of this policy calls a webhook.", fix="Add a step with a webhook first.")
    if renew:
        with change(by, "policy.webhook_key_renewed", policy, needs=Action.MANAGE, team=policy.team):
            policy.webhook_key = new_key("whs")
            policy.save(update_fields=["webhook_key"])
    return str(policy.webhook_key)


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
