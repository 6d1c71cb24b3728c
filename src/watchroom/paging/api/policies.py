"""Escalation policies over the API."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Status

from ...accounts.queries import team_by
from ...api.auth import actor_of
from ...api.lists import Page
from ...api.pages import Cursor, Limit, page
from ...kernel import clock
from ...kernel.errors import Refused
from ...kernel.times import Instant
from .. import commands
from ..outlook import warnings_of
from ..queries import dry_run, policies_visible_to, versions_of
from ..schemas.policies import DryRunLine, PolicyBody, PolicyOut, PolicyVersionOut, WarningOut, WebhookKeyOut
from ..views.policies import facts_from, policy_for

router = Router(tags=["Paging"])


@router.get("/policies", response=Page[PolicyOut], operation_id="list_policies")
def list_policies(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Any:
    """Escalation policies."""
    rows, following = page(
        policies_visible_to(actor_of(request)).prefetch_related("steps__targets"), cursor=cursor, limit=limit
    )
    return {"items": [PolicyOut.of(row) for row in rows], "next_cursor": following}


@router.post("/policies", response={201: PolicyOut}, operation_id="create_policy")
def create_policy(request: HttpRequest, body: PolicyBody) -> Any:
    """Make a policy."""
    return Status(201, PolicyOut.of(_save(request, None, body)))


@router.get("/policies/{slug}", response=PolicyOut, operation_id="get_policy")
def get_policy(request: HttpRequest, slug: str) -> Any:
    """One policy."""
    return PolicyOut.of(policy_for(actor_of(request), slug))


@router.put("/policies/{slug}", response=PolicyOut, operation_id="change_policy")
def change_policy(request: HttpRequest, slug: str, body: PolicyBody) -> Any:
    """Change a policy; running escalations keep the version with which they started."""
    return PolicyOut.of(_save(request, slug, body))


def _save(request: HttpRequest, slug: str | None, body: PolicyBody) -> Any:
    actor = actor_of(request)
    return commands.save_policy(
        actor,
        policy_for(actor, slug) if slug else None,
        team=team_by(body.team),
        name=body.name,
        description=body.description,
        repeats=body.repeats,
        answers=body.answers,
        steps=[step.dict() for step in body.steps],
    )


@router.delete("/policies/{slug}", response={204: None}, operation_id="delete_policy")
def delete_policy(request: HttpRequest, slug: str) -> Any:
    """Delete a policy that nothing uses."""
    actor = actor_of(request)
    commands.delete_policy(actor, policy_for(actor, slug))
    return Status(204, None)


@router.get("/policies/{slug}/dry-run", response=list[DryRunLine], operation_id="dry_run_policy")
def dry_run_policy(
    request: HttpRequest,
    slug: str,
    at: Instant | None = None,
    urgency: str = "high",
    severity: str = "",
    labels: str = "",
    alerts: int = 1,
) -> Any:
    """What the policy would do if something fired at ``at`` (now by default), by the engine's own functions. ``labels``
    are name=value, separated by commas; ``alerts``: how many have fired at that moment."""
    at = at or clock.now()
    if abs((at - clock.now()).days) > 366:
        raise Refused("That is too far away.", field="at", value=at, fix="Use a time within a year of now.")
    return dry_run(policy_for(actor_of(request), slug), at, facts=facts_from(at, urgency, severity, labels, alerts))


@router.get("/policies/{slug}/versions", response=list[PolicyVersionOut], operation_id="list_policy_versions")
def list_policy_versions(request: HttpRequest, slug: str) -> Any:
    """What the policy said before, and how many escalations that are running still follow each version."""
    return versions_of(policy_for(actor_of(request), slug), 100)


@router.get("/policies/{slug}/webhook-key", response=WebhookKeyOut, operation_id="get_policy_webhook_key")
def get_webhook_key(request: HttpRequest, slug: str) -> Any:
    """The secret that signs what the policy's steps send to webhooks; for those who may change the policy."""
    actor = actor_of(request)
    return {"key": commands.webhook_key(actor, policy_for(actor, slug))}


@router.post("/policies/{slug}/webhook-key", response=WebhookKeyOut, operation_id="renew_policy_webhook_key")
def renew_webhook_key(request: HttpRequest, slug: str) -> Any:
    """Replace it by a new one; the old one signs nothing from here on."""
    actor = actor_of(request)
    return {"key": commands.webhook_key(actor, policy_for(actor, slug), renew=True)}


@router.get("/policies/{slug}/warnings", response=list[WarningOut], operation_id="list_policy_warnings")
def list_policy_warnings(request: HttpRequest, slug: str) -> Any:
    """Its steps that will have nobody to page within four weeks, found out now."""
    policy = policy_for(actor_of(request), slug)
    return [
        WarningOut(
            step=each.step + 1,
            text=each.text,
            fix=each.fix,
            starts_at=each.starts_at,
            nobody_at_all=each.nobody_at_all,
        )
        for each in warnings_of([policy], clock.now())[policy.pk]
    ]
