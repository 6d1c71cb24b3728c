"""Escalation policies, and what they would do."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import available_timezones

from django.contrib import messages
from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from ...accounts.actors import Actor
from ...accounts.queries import team_by
from ...accounts.roles import Action
from ...api.pages import page
from ...kernel import clock
from ...kernel.checks import chosen, within
from ...kernel.errors import Conflict, NotFound, Refused
from ...kernel.finding import one
from ...kernel.found import fitting
from ...kernel.numbers import whole
from ...runbooks import choosing
from ...web.middleware import actor_of
from ...workspaces.queries import visible_to as visible_workspaces
from .. import commands
from ..commands.steps import MOST_STEPS
from ..conditions import DAYS, Conditions, Facts
from ..models import EscalationPolicy, Urgency
from ..outlook import warnings_of
from ..queries import defects_visible_to, dry_run, policies_visible_to, versions_of
from .steps import arranged, empty_row, form_row, labels_from, row_of, step_from
from .targets import everything, name_proposed, named

SEVERITIES = ("critical", "error", "warning", "info")
_FAR = timedelta(days=366)  # for which a dry run may be asked
SPARE_STEPS = 2  # empty rows in the form, so that steps can be added without a script


def policy_for(actor: Actor, slug: str) -> EscalationPolicy:
    """One policy. Raises ``NotFound`` when there is none that ``actor`` may see."""
    return one(policies_visible_to(actor), "policy", slug=slug)


def index(request: HttpRequest) -> HttpResponse:
    """``/policies``: by name, a page at a time."""
    actor = actor_of(request)
    rows = policies_visible_to(actor).prefetch_related(
        "steps__targets__person", "steps__targets__schedule", "steps__targets__team", "steps__targets__workspace"
    )
    rows = fitting(rows, request.GET.get("q", ""), "name", "slug", "team__name")
    policies, following = page(rows, cursor=request.GET.get("after"), key="name")
    name_proposed(step for policy in policies for step in policy.steps.all())
    context = {
        "policies": policies,
        "following": following,
        "manages": actor.teams_where(Action.MANAGE).exists(),
        "defects": defects_visible_to(actor).filter(resolved_at__isnull=True).count(),
    }
    return render(request, "paging/policies.html", context)


def detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One policy: its steps, and a dry run by the engine's own functions."""
    actor = actor_of(request)
    policy = policy_for(actor, slug)
    at = _moment(request.GET.get("at", ""))
    given = {name: request.GET.get(name, "") for name in ("urgency", "severity", "labels", "alerts")}
    facts = facts_from(
        at, given["urgency"] or "high", given["severity"], given["labels"], _number(given["alerts"] or "1", "alerts")
    )
    manages = actor.may(Action.MANAGE, policy.team)
    whom = ("person", "schedule", "team", "workspace")
    prefetch_related_objects([policy], *(f"steps__targets__{each}" for each in whom))
    name_proposed(policy.steps.all())
    context = {
        "policy": policy,
        "given": given,
        "severities": SEVERITIES,
        "steps": [(step, Conditions.of(step.conditions)) for step in policy.steps.all()],
        "lines": [line | {"after": line["at"] - at} for line in dry_run(policy, at, facts=facts)],
        "at": at,
        "services": policy.services.select_related("team"),
        "manages": manages,
        "versions": versions_of(policy),
        "warnings": warnings_of([policy], clock.now())[policy.pk],
        "webhook_key": policy.webhook_key if manages else None,
    }
    return render(request, "paging/policy.html", context)


def edit(request: HttpRequest, slug: str | None = None) -> HttpResponse:
    """Make a policy, or change one."""
    actor = actor_of(request)
    policy = policy_for(actor, slug) if slug else None
    error, given = None, request.POST
    arranging = "more" in given or "row" in given
    if request.method == "POST" and not arranging:
        try:
            saved = commands.save_policy(
                actor,
                policy,
                team=team_by(given.get("team", "")),
                name=given.get("name", ""),
                description=given.get("description", ""),
                repeats=_number(given.get("repeats", "2"), "repeats"),
                answers=_number(given.get("answers", "1"), "answers"),
                steps=_steps(given),
            )
        except (Refused, Conflict, NotFound) as refused:
            error = refused
        else:
            return redirect("policy", saved.slug)
    if request.method == "POST":
        values: Any = given
        rows = [form_row(given, number) for number in range(min(_number(given.get("rows", "0"), "rows"), MOST_STEPS))]
        rows = arranged(rows, given.get("row", ""))[:MOST_STEPS]
        spare = SPARE_STEPS if "more" in given else 0
    else:
        values = _values_of(policy)
        rows = [row_of(step) for step in policy.steps.prefetch_related("targets__workspace")] if policy else []
        spare = SPARE_STEPS
    rows += [empty_row() for _ in range(spare)]
    whole_lists = request.GET.get("choices") == "all"
    offered = dict(everything() if whole_lists else named({each for row in rows for each in row["chosen"]}))
    for row in rows:  # first what is chosen, in its order: turns are taken in it
        row["chosen"] = [(each, offered[each]) for each in row["chosen"] if each in offered]
        row["others"] = [each for each in offered.items() if each not in row["chosen"]] if whole_lists else []
    context = {
        "policy": policy,
        "values": values,
        "error": error,
        "steps": rows,
        "severities": SEVERITIES,
        "incident_severities": [("0", "as the alerts say"), *((str(n), f"SEV{n}") for n in range(1, 6))],
        "workspaces": visible_workspaces(actor),
        "days": DAYS,
        "zones": sorted(available_timezones()),
        "teams": actor.teams_where(Action.MANAGE),
        "all_choices": whole_lists,
        "mitigations": choosing.MITIGATIONS.chosen((row["mitigation"] for row in rows), whole=whole_lists),
        "runbooks": choosing.PROPOSABLE.chosen((row["runbook"] for row in rows), whole=whole_lists),
    }
    return render(request, "paging/policy_form.html", context, status=422 if error else 200)


def _values_of(policy: EscalationPolicy | None) -> dict[str, Any]:
    if policy is None:
        return {"repeats": 2, "answers": 1}
    return {
        "name": policy.name,
        "team": policy.team.slug,
        "description": policy.description,
        "repeats": policy.repeats,
        "answers": policy.answers,
    }


def _moment(text: str) -> datetime:
    """A time by the reader's clock, as their browser gives it; none: now."""
    if not text:
        return clock.now()
    try:
        at = datetime.fromisoformat(text).replace(tzinfo=timezone.get_current_timezone())
        if abs(at - clock.now()) <= _FAR:
            return at
    except (ValueError, OverflowError):
        pass
    raise Refused(
        "That is not a time within a year.", field="at", value=text[:40], fix="Use a time such as 2026-03-02T03:00."
    )


def _number(text: str, field: str) -> int:
    if (number := whole(text, 9)) is None:
        raise Refused("That is not a number.", field=field, value=text[:40], fix="Use a whole number.")
    return number


def _steps(given: QueryDict) -> list[dict[str, Any]]:
    """The form's rows; an empty row is not a step."""
    rows = (step_from(given, number) for number in range(min(_number(given.get("rows", "0"), "rows"), MOST_STEPS)))
    return [step for step in rows if step is not None]


def facts_from(at: datetime, urgency: str, severity: str, labels: str, alerts: int) -> Facts:
    """What a dry run assumes has fired. Raises ``Refused`` for what can't be read."""
    chosen(urgency, Urgency.values, "urgency", field="urgency")
    within(alerts, 0, 200, "number of alerts", field="alerts")
    return Facts(urgency, severity, (labels_from(labels, "labels"),), (at,) * alerts)


@require_POST
def delete(request: HttpRequest, slug: str) -> HttpResponse:
    """Delete a policy that nothing uses."""
    actor = actor_of(request)
    commands.delete_policy(actor, policy_for(actor, slug))
    return redirect("policies")


@require_POST
def renew_webhook_key(request: HttpRequest, slug: str) -> HttpResponse:
    """Replace the secret that signs what the steps send to webhooks."""
    actor = actor_of(request)
    commands.webhook_key(actor, policy_for(actor, slug), renew=True)
    messages.success(request, "New secret. The old one signs nothing any more.")
    return redirect("policy", slug)
