"""Escalation policies. Each edit raises the version; running escalations keep the steps they started with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from django.db import IntegrityError
from django.db.models import ProtectedError, QuerySet

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.models import Person, Team
from ...accounts.roles import Action
from ...kernel.errors import Conflict, Refused
from ...kernel.http import check_url, origin
from ...kernel.names import made_of
from ...kernel.prepared import prepared
from ...kernel.signing import new_key
from ...oncall.models import Schedule
from ..conditions import Conditions
from ..hooks import proposed_by
from ..models import EscalationPolicy, EscalationStep, PolicyVersion, StepTarget, Urgency, in_a_while
from ..rules import Plan, Step, Target
from ._conditions import checked_conditions
from .rooms import check_rooms, checked_room

KINDS = ("person", "schedule", "team", "role", "webhook", "incident", "mitigation", "runbook", "chat")
MOST_STEPS = 50
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
    if not steps:
        raise Refused("A policy without steps pages nobody.", field="steps", value=[], fix="Add at least one step.")
    if not 1 <= answers <= 20:
        raise Refused("That number of answers is not accepted.", field="answers", value=answers, fix="Use 1 to 20.")
    if not 0 <= repeats <= 100:
        raise Refused("That number of repeats is not accepted.", field="repeats", value=repeats, fix="Use 0 to 100.")
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
    check_rooms(by, team, checked)
    policy = policy or EscalationPolicy(version=0)
    created = policy.pk is None
    if not created:
        by.require(Action.MANAGE, policy.team)
    with change(by, "policy.created" if created else "policy.changed", policy, needs=Action.MANAGE, team=team) as made:
        policy.team, policy.name, policy.description, policy.repeats = team, name.strip(), description, repeats
        policy.answers, policy.look_at = answers, in_a_while()
        if policy.webhook_key is None and any(t.kind == "webhook" for step in checked for t in step.targets):
            policy.webhook_key = new_key("whs")
        policy.slug = slug or policy.slug or made_of(name, otherwise="policy", among=EscalationPolicy.objects)
        if not created:
            _keep(policy, "")  # one from before versions were kept
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


def _checked(number: int, step: Mapping[str, Any]) -> Step:
    where = f"steps[{number}]"
    wait = int(step.get("wait_seconds", 300))
    if not 1 <= wait <= 86_400:
        raise Refused(
            "That wait is not accepted.", field=f"{where}.wait_seconds", value=wait, fix="Use 1 second to 1 day."
        )
    urgency = step.get("urgency") or ""
    if urgency and urgency not in Urgency.values:
        raise Refused(
            "There is no such urgency.",
            field=f"{where}.urgency",
            value=urgency,
            fix="Use high or low, or nothing for the urgency of what happened.",
        )
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
        if value not in range(6):
            raise Refused(
                "There is no such severity.",
                field=f"{where}.incident",
                value=value,
                fix="Use 1 to 5, or 0 to take the severity of the alerts.",
            )
        return Target(kind, int(value))
    if kind == "role":
        name = str(value).strip()
        if not 0 < len(name) <= 40:
            raise Refused(
                "That is not a role.", field=f"{where}.role", value=value, fix="For example commander or operations."
            )
        return Target(kind, 0, name)
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
