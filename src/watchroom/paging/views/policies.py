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
from ...kernel.errors import NotFound, Refused
from ...oncall.models import Schedule
from ...web.middleware import actor_of
from .. import commands
from ..models import EscalationPolicy
from ..queries import dry_run, policies_visible_to

SPARE_STEPS = 2  # empty rows in the form, so that steps can be added without a script


def policy_for(actor: Actor, slug: str) -> EscalationPolicy:
    """One policy. Raises ``NotFound`` when there is none that ``actor`` may see."""
    found = policies_visible_to(actor).filter(slug=slug).first()
    if found is None:
        raise NotFound(f"There is no policy {slug!r}.", field="policy", value=slug, fix="See the list of policies.")
    return found


def index(request: HttpRequest) -> HttpResponse:
    """All policies."""
    policies = policies_visible_to(actor_of(request)).prefetch_related(
        "steps__targets__person", "steps__targets__schedule", "steps__targets__team"
    )
    return render(request, "paging/policies.html", {"policies": policies})


def detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One policy: its steps, and a dry run by the engine's own functions."""
    actor = actor_of(request)
    policy = policy_for(actor, slug)
    hours = request.GET.get("in", "0")
    if not hours.isdigit():
        raise Refused("That is not a number of hours.", field="in", value=hours, fix="Use a whole number.")
    at = clock.now() + timedelta(hours=int(hours))
    context = {
        "policy": policy,
        "steps": policy.steps.prefetch_related("targets__person", "targets__schedule", "targets__team"),
        "lines": dry_run(policy, at),
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
    if request.method == "POST":
        given = request.POST
        saved = commands.save_policy(
            actor,
            policy,
            team=team_by(given.get("team", "")),
            name=given.get("name", ""),
            description=given.get("description", ""),
            repeats=_number(given.get("repeats", "2"), "repeats"),
            steps=_steps(given),
        )
        return redirect("policy", saved.slug)
    steps: list[dict[str, Any]] = []
    if policy:
        steps = [
            {
                "minutes": step.wait_seconds / 60,
                "chosen": {
                    f"{'person' if t.person_id else 'schedule' if t.schedule_id else 'team'}:{t.person_id or t.schedule_id or t.team_id}"
                    for t in step.targets.all()
                },
            }
            for step in policy.steps.prefetch_related("targets")
        ]
    context = {
        "policy": policy,
        "steps": [*steps, *({"minutes": 5, "chosen": set()} for _ in range(SPARE_STEPS))],
        "teams": actor.teams_where(Action.MANAGE),
        "targets": [
            ("On call in", [(f"schedule:{each.pk}", each) for each in Schedule.objects.all()]),
            ("People", [(f"person:{each.pk}", each) for each in Person.objects.filter(is_active=True)]),
            ("Everybody in", [(f"team:{each.pk}", each) for each in Team.objects.all()]),
        ],
    }
    return render(request, "paging/policy_form.html", context)


def _number(text: str, field: str) -> int:
    if not text.isdigit():
        raise Refused("That is not a number.", field=field, value=text, fix="Use a whole number.")
    return int(text)


def _steps(given: QueryDict) -> list[dict[str, Any]]:
    """The form's rows; an empty row is not a step."""
    steps = []
    for number in range(_number(given.get("rows", "0"), "rows")):
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
