"""Escalation policies, and what they would do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ...accounts.actors import Actor
from ...accounts.models import Person, Team
from ...accounts.queries import team_by
from ...accounts.roles import Action
from ...kernel import clock
from ...kernel.errors import Conflict, NotFound, Refused
from ...oncall.models import Schedule
from ...web.middleware import actor_of
from .. import commands
from ..models import EscalationPolicy, StepTarget
from ..queries import dry_run, policies_visible_to

MOST_STEPS = 50
SPARE_STEPS = 2  # empty rows in the form, so that steps can be added without a script


def policy_for(actor: Actor, slug: str) -> EscalationPolicy:
    """One policy. Raises ``NotFound`` when there is none that ``actor`` may see."""
    found = policies_visible_to(actor).filter(slug=slug).first()
    if found is None:
        raise NotFound(f"There is no policy {slug!r}.", field="policy", value=slug, fix="See the list of policies.")
    return found


def index(request: HttpRequest) -> HttpResponse:
    """All policies."""
    actor = actor_of(request)
    policies = policies_visible_to(actor).prefetch_related(
        "steps__targets__person", "steps__targets__schedule", "steps__targets__team"
    )
    context = {"policies": policies, "manages": actor.teams_where(Action.MANAGE).exists()}
    return render(request, "paging/policies.html", context)


def detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One policy: its steps, and a dry run by the engine's own functions."""
    actor = actor_of(request)
    policy = policy_for(actor, slug)
    hours = request.GET.get("in", "0")
    if not hours.isdecimal() or int(hours) > 24 * 366:
        raise Refused("That is not a number of hours.", field="in", value=hours, fix="Use a whole number up to 8784.")
    at = clock.now() + timedelta(hours=int(hours))
    context = {
        "policy": policy,
        "steps": policy.steps.prefetch_related("targets__person", "targets__schedule", "targets__team"),
        "lines": [line | {"after": line["at"] - at} for line in dry_run(policy, at)],
        "at": at,
        "hours": hours,
        "services": policy.services.select_related("team"),
        "manages": actor.may(Action.MANAGE, policy.team),
    }
    return render(request, "paging/policy.html", context)


def edit(request: HttpRequest, slug: str | None = None) -> HttpResponse:
    """Make a policy, or change one."""
    actor = actor_of(request)
    policy = policy_for(actor, slug) if slug else None
    error, given = None, request.POST
    if request.method == "POST" and "more" not in given:
        try:
            saved = commands.save_policy(
                actor,
                policy,
                team=team_by(given.get("team", "")),
                name=given.get("name", ""),
                description=given.get("description", ""),
                repeats=_number(given.get("repeats", "2"), "repeats"),
                steps=_steps(given),
            )
        except (Refused, Conflict, NotFound) as refused:
            error = refused
        else:
            return redirect("policy", saved.slug)
    if request.method == "POST":
        values: Any = given
        rows = [
            {"minutes": given.get(f"minutes-{number}", "5"), "chosen": set(given.getlist(f"targets-{number}"))}
            for number in range(min(_number(given.get("rows", "0"), "rows"), MOST_STEPS))
        ]
        spare = SPARE_STEPS if "more" in given else 0
    else:
        values = _values_of(policy)
        rows, spare = _rows_of(policy), SPARE_STEPS
    context = {
        "policy": policy,
        "values": values,
        "error": error,
        "steps": [*rows, *({"minutes": "5", "chosen": set()} for _ in range(spare))],
        "teams": actor.teams_where(Action.MANAGE),
        "targets": [
            ("On call in", [(f"schedule:{each.pk}", each) for each in Schedule.objects.all()]),
            ("People", [(f"person:{each.pk}", each) for each in Person.objects.filter(is_active=True)]),
            ("Everybody in", [(f"team:{each.pk}", each) for each in Team.objects.all()]),
        ],
    }
    return render(request, "paging/policy_form.html", context, status=422 if error else 200)


def _values_of(policy: EscalationPolicy | None) -> dict[str, Any]:
    if policy is None:
        return {"repeats": 2}
    return {
        "name": policy.name,
        "team": policy.team.slug,
        "description": policy.description,
        "repeats": policy.repeats,
    }


def _rows_of(policy: EscalationPolicy | None) -> list[dict[str, Any]]:
    if policy is None:
        return []
    return [
        {"minutes": f"{step.wait_seconds / 60:g}", "chosen": {_choice(target) for target in step.targets.all()}}
        for step in policy.steps.prefetch_related("targets")
    ]


def _choice(target: StepTarget) -> str:
    if target.person_id:
        return f"person:{target.person_id}"
    return f"schedule:{target.schedule_id}" if target.schedule_id else f"team:{target.team_id}"


def _number(text: str, field: str) -> int:
    if not text.isdecimal():
        raise Refused("That is not a number.", field=field, value=text, fix="Use a whole number.")
    return int(text)


def _steps(given: QueryDict) -> list[dict[str, Any]]:
    """The form's rows; an empty row is not a step."""
    steps = []
    for number in range(min(_number(given.get("rows", "0"), "rows"), MOST_STEPS)):
        targets = [each.partition(":") for each in given.getlist(f"targets-{number}") if each]
        if targets:
            try:
                wait = round(float(given.get(f"minutes-{number}", "5")) * 60)
            except ValueError:
                raise Refused(
                    "That is not a number of minutes.",
                    field=f"steps[{number}].wait_seconds",
                    value=given.get(f"minutes-{number}"),
                    fix="Use a number, such as 5.",
                ) from None
            steps.append({"wait_seconds": wait, "targets": [{kind: int(pk)} for kind, _, pk in targets]})
    return steps


@require_POST
def delete(request: HttpRequest, slug: str) -> HttpResponse:
    """Delete a policy that nothing uses."""
    actor = actor_of(request)
    commands.delete_policy(actor, policy_for(actor, slug))
    return redirect("policies")
