"""Reads about followers, and telling them. No command is needed for the telling: it belongs to whatever happened."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Q, QuerySet

from ..accounts.actors import Actor, acting
from ..accounts.models import Membership
from ..accounts.roles import Action
from ..kernel import clock
from ..kernel.finding import one
from ..paging.commands.notifications import Notice, write_all
from ..paging.people import Roster
from . import queries
from .models import Follower, FollowRule, Incident, LogEntry

Level = Follower.Level

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


def level_of(actor: Actor, incident: Incident) -> str:
    """How much ``actor`` is told of it; empty: they do not follow it."""
    if actor.person is None:
        return ""
    row = Follower.objects.filter(incident=incident, person=actor.person, left=False).first()
    return row.level if row else ""


def meant_by_rules(incident: Incident) -> dict[int, str]:
    """Who follows an incident by rule, by number, and how much they are told: where several rules mean somebody, as much
    as the one that tells most. Of a drill nobody does."""
    if incident.drill:
        return {}
    services = incident.services.values_list("pk", flat=True)
    rules = FollowRule.objects.filter(
        Q(team__isnull=True) | Q(team=incident.team_id),
        Q(service__isnull=True) | Q(service__in=services),
        Q(type__isnull=True) | Q(type=incident.type_id),
        least_severity__gte=incident.severity,
    )
    said = [(pk, level) for pk, level in rules.filter(person__is_active=True).values_list("person_id", "level") if pk]
    groups: dict[int, list[str]] = {}
    for group, level in rules.filter(group__isnull=False).values_list("group_id", "level"):
        groups.setdefault(group or 0, []).append(level)
    members = Membership.objects.filter(team__in=groups, person__is_active=True)
    said += [(pk, level) for pk, team in members.values_list("person_id", "team_id") for level in groups[team]]
    found: dict[int, str] = {}
    for pk, level in said:
        found[pk] = max(found.get(pk, level), level, key=Level.values.index)
    return found


def tell(entry: LogEntry, by: Actor | None, levels: Collection[str] = Level.values) -> None:
    """Tell those followers who want to hear as much (``levels``) what happened, without whoever did it, whoever is
    mentioned in it, and who may not see it. A constant number of statements, but for a private incident. Inside the
    caller's transaction."""
    incident, mentioned = entry.incident, entry.data.get("mentions", [])
    people = [
        row.person
        for row in followers_of(incident)
        if row.level in levels and row.person_id not in mentioned and (by is None or row.person != by.person)
    ]
    if incident.private:
        people = [each for each in people if queries.visible_to(acting(each)).filter(pk=incident.pk).exists()]
    if not people:
        return
    own = entry.kind != LogEntry.Kind.SYSTEM
    what = entry.get_kind_display().lower() if own else entry.type.partition(".")[2].replace("_", " ")
    notice = Notice(
        people=people,
        purpose="update",
        urgency="low",
        subject=f"SEV{incident.severity} {incident}: {what}"[:300],
        body=entry.text[:2000],
        path=f"/incidents/{incident.pk}" + (f"#entry-{entry.pk}" if own else ""),
        reason=f"follow:{entry.pk}",
        drill=incident.drill,
    )
    write_all([notice], Roster(clock.now()))


def tell_of_line(entry: LogEntry, by: Actor) -> None:
    """Somebody wrote a line."""
    important = entry.kind == LogEntry.Kind.DECISION
    tell(entry, by, [Level.IMPORTANT, Level.EVERYTHING] if important else [Level.EVERYTHING])


def tell_of_pin(entry: LogEntry, by: Actor) -> None:
    """Somebody pinned a line: those are told who did not hear of it when it was written."""
    if entry.kind not in {LogEntry.Kind.DECISION, LogEntry.Kind.SYSTEM}:
        tell(entry, by, [Level.IMPORTANT])


def rules_visible_to(actor: Actor) -> QuerySet[FollowRule]:
    """Rules of following: everybody who is signed in sees who follows what."""
    rows = FollowRule.objects.select_related("person", "group", "team", "service", "type")
    return rows if actor.may(Action.SEE) else rows.none()


def rule_by(actor: Actor, slug: str) -> FollowRule:
    """:raises NotFound: there is no such rule."""
    return one(rules_visible_to(actor), "follow rule", slug=slug)
