"""Reads about followers, and telling them. No command is needed for the telling: it belongs to whatever happened."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from ..accounts.actors import Actor, acting
from ..accounts.models import Membership
from ..accounts.roles import Action
from ..kernel.errors import NotFound
from ..paging.commands.notifications import Notice, write_all
from ..paging.people import Roster
from . import queries
from .models import Follower, FollowRule, Incident, LogEntry

# Of which lines of the log followers are told.
TOLD = frozenset(
    {
        "incident.declared", "incident.confirmed", "incident.declined", "incident.severity_changed",
        "incident.mitigated", "incident.resolved", "incident.reopened", "incident.state_changed", "update.published",
    }
)  # fmt: skip


def followers_of(incident: Incident) -> list[Follower]:
    """Who follows it, as they came."""
    rows = Follower.objects.filter(incident=incident, left=False, person__is_active=True)
    return list(rows.select_related("person"))


def follows(actor: Actor, incident: Incident) -> bool:
    """Whether ``actor`` follows it."""
    if actor.person is None:
        return False
    return Follower.objects.filter(incident=incident, person=actor.person, left=False).exists()


def meant_by_rules(incident: Incident) -> set[int]:
    """Who follows an incident by rule, by number: of a drill nobody does."""
    if incident.drill:
        return set()
    services = incident.services.values_list("pk", flat=True)
    rules = FollowRule.objects.filter(
        Q(team__isnull=True) | Q(team=incident.team_id),
        Q(service__isnull=True) | Q(service__in=services),
        Q(type__isnull=True) | Q(type=incident.type_id),
        least_severity__gte=incident.severity,
    )
    found = set(rules.filter(person__is_active=True).values_list("person_id", flat=True))
    groups = rules.filter(group__isnull=False).values("group_id")
    members = Membership.objects.filter(team__in=groups, person__is_active=True)
    return {pk for pk in found | set(members.values_list("person_id", flat=True)) if pk is not None}


def tell(entry: LogEntry, by: Actor | None) -> None:
    """Tell the followers what happened, without whoever did it and who may not see it. A constant number of statements,
    but for a private incident. Inside the caller's transaction."""
    incident = entry.incident
    people = [row.person for row in followers_of(incident) if by is None or row.person != by.person]
    if incident.private:
        people = [each for each in people if queries.visible_to(acting(each)).filter(pk=incident.pk).exists()]
    if not people:
        return
    notice = Notice(
        people=people,
        purpose="update",
        urgency="low",
        subject=f"SEV{incident.severity} {incident}: {entry.type.partition('.')[2].replace('_', ' ')}"[:300],
        body=entry.text[:2000],
        path=f"/incidents/{incident.pk}",
        reason=f"follow:{entry.pk}",
        drill=incident.drill,
    )
    write_all([notice], Roster(entry.written_at))


def rules_visible_to(actor: Actor) -> QuerySet[FollowRule]:
    """Rules of following: everybody who is signed in sees who follows what."""
    rows = FollowRule.objects.select_related("person", "group", "team", "service", "type")
    return rows if actor.may(Action.SEE) else rows.none()


def rule_by(actor: Actor, slug: str) -> FollowRule:
    """:raises NotFound: there is no such rule."""
    found = rules_visible_to(actor).filter(slug=slug).first()
    if found is None:
        raise NotFound("There is no such rule of following.", field="slug", value=slug, fix="See the list of them.")
    return found
