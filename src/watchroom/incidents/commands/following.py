"""Following an incident, by oneself or by rule."""

from __future__ import annotations

from datetime import datetime

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.models import Person, Team
from ...accounts.roles import Action
from ...catalog.models import Service
from ...kernel.checks import chosen, within
from ...kernel.errors import Refused
from ...kernel.names import only_one, short_name
from .. import following, queries
from ..models import Follower, FollowRule, Incident, IncidentType


def follow_incident(by: Actor, incident: Incident, *, yes: bool = True, level: str = "") -> None:
    """Follow an incident, or no longer. Whoever leaves does not come back by a rule. Saying it twice is saying it once.
    ``level``: how much one is told (empty: as before, at first updates and states).

    :raises Refused: ``by`` is no person, or there is no such level.
    :raises NotFound: ``by`` may not see it.
    """
    if by.person is None:
        raise Refused("Only a person can follow.", field="by", value=by.name, fix="Use a person's token.")
    _check_level(level or Follower.Level.UPDATES)
    queries.incident_for(by, incident.pk)
    said = {"left": not yes} | ({"level": level} if level else {})
    action = "incident.followed" if yes else "incident.unfollowed"
    with change(by, action, incident, needs=Action.SEE, team=incident.team) as made:
        Follower.objects.update_or_create(
            incident=incident,
            person=by.person,
            defaults=said,
            create_defaults={**said, "at": made.at},
        )
        made.touch(f"incident:{incident.pk}")


def follow_by_rule(incident: Incident, at: datetime) -> None:
    """Let those follow whom the rules mean, and who have not left; who follows already is told as much as they have
    said. Inside the caller's transaction."""
    meant = following.meant_by_rules(incident)
    if meant:
        rows = [
            Follower(incident=incident, person_id=pk, at=at, by_rule=True, level=level)
            for pk, level in sorted(meant.items())
        ]
        Follower.objects.bulk_create(rows, ignore_conflicts=True)


def save_follow_rule(
    by: Actor,
    row: FollowRule | None,
    *,
    person: Person | None = None,
    group: Team | None = None,
    least_severity: int = 2,
    team: Team | None = None,
    service: Service | None = None,
    type: IncidentType | None = None,
    level: str | None = None,
    slug: str | None = None,
) -> FollowRule:
    """Say that ``person``, or everybody in ``group``, follows incidents of these severities, of ``team``, about ``service``,
    of ``type``. For oneself anybody may say so; for others a manager of that team, or an administrator. ``level``: how
    much they are told until they say otherwise in an incident (None: as before, at first updates and states).

    :raises Refused: nobody or two are named, no such severity or level, or a slug that is none.
    :raises Conflict: another rule has this slug.
    """
    if (person is None) == (group is None):
        raise Refused("Say who follows.", field="person", value=None, fix="Choose a person or a team: exactly one.")
    within(least_severity, 1, 5, "severity", field="least_severity")
    level = level or (row.level if row else Follower.Level.UPDATES)
    _check_level(level)
    words = [str(person or group), f"sev{least_severity}", *(each.slug for each in (team, service, type) if each)]
    before = row.slug if row else ""
    slug = short_name(slug, before=before, name="-".join(words), otherwise="rule", among=FollowRule.objects)
    if row is not None:
        _require(by, row.person, row.group)
    _require(by, person, group)
    with change(by, "follow_rule.changed" if row else "follow_rule.created", row, needs=Action.SEE) as made:
        row = row or FollowRule()
        row.slug, row.person, row.group, row.least_severity = slug, person, group, least_severity
        row.team, row.service, row.type, row.level = team, service, type, level
        with only_one("rule", slug=slug):
            row.save()
        made.subject = row
        made.note(slug=slug, who=str(person or group))
    return row


def delete_follow_rule(by: Actor, row: FollowRule) -> None:
    """Nobody follows by it any more; who follows an incident by now goes on.

    :raises NotAllowed: it is for others, and ``by`` is no manager of them.
    """
    _require(by, row.person, row.group)
    with change(by, "follow_rule.deleted", None, needs=Action.SEE) as made:
        made.note(slug=row.slug)
        row.delete()


def _check_level(level: str) -> None:
    chosen(level, Follower.Level.values, "level", field="level")


def _require(by: Actor, person: Person | None, group: Team | None) -> None:
    if person is not None and by.person is not None and person.pk == by.person.pk:
        return
    by.require(Action.MANAGE if group is not None else Action.ADMINISTER, group)
