"""Reads about webhooks and what they were told."""

from __future__ import annotations

from django.db.models import F, Q, QuerySet

from ..accounts.actors import Actor
from ..accounts.roles import Action
from ..incidents.queries import visible_to as incidents_visible_to
from ..kernel.finding import one
from .models import Dispatch, Webhook


def needed_for(webhook: Webhook) -> Action:
    """What is needed to change it: a team's is its managers' business, everybody's is the administrators'."""
    return Action.MANAGE if webhook.team_id else Action.ADMINISTER


def visible_to(actor: Actor) -> QuerySet[Webhook]:
    """Webhooks that ``actor`` may change; others do not hear of them, for addresses and payloads are confidential."""
    rows = Webhook.objects.select_related("team", "owner")
    if actor.is_system or actor.may(Action.ADMINISTER):
        return rows
    return rows.filter(team__in=actor.teams_where(Action.MANAGE))


def webhook_by(actor: Actor, slug: str) -> Webhook:
    """One webhook.

    :raises NotFound: there is none, or ``actor`` may not change it.
    """
    return one(visible_to(actor), "webhook", slug=slug)


def dispatches_visible_to(actor: Actor) -> QuerySet[Dispatch]:
    """What webhooks were told, as far as ``actor`` may see the webhook and the incident that it is about."""
    rows = Dispatch.objects.filter(webhook__in=visible_to(actor)).select_related(
        "event__team", "webhook__team", "webhook__owner"
    )
    # What a webhook was told while it was somebody else's stays theirs.
    rows = rows.filter(Q(webhook__team__isnull=True) | Q(event__team=F("webhook__team")))
    if actor.is_system or actor.may(Action.ADMINISTER):
        return rows
    seen = Q(event__incident_id__isnull=True) | Q(event__incident_id__in=incidents_visible_to(actor).values("pk"))
    return rows.filter(seen)


def dispatch_for(actor: Actor, pk: int) -> Dispatch:
    """One dispatch. :raises NotFound: there is none that ``actor`` may see."""
    return one(dispatches_visible_to(actor).prefetch_related("attempts"), "delivery", pk=pk)
