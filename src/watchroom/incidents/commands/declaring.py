"""Declare an incident, link alert groups to it, say better what it is about."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ...accounts.actors import Actor
from ...accounts.changes import Change, change
from ...accounts.models import Person, Team
from ...accounts.roles import Action
from ...catalog.models import Service
from ...intake.models import AlertGroup, Route
from ...kernel.again import retried
from ...kernel.db import locked
from ...kernel.errors import Conflict, Refused
from .. import hooks, queries, rules
from ..models import Incident, IncidentType, Phase, RoleName, Triage
from ..states import first_in
from ._shared import acting_in, checked_severity, checked_text, follow, record_times, write_system
from .assembling import ask_missing
from .following import follow_by_rule
from .roles import give
from .types import answers, must_say
from .waiting import begin_triage, waits


@dataclass(frozen=True)
class Reason:
    """Why something is done by itself: in words, and by the rule of which route."""

    text: str
    route: Route

    @property
    def data(self) -> dict[str, str]:
        """What a line of the log says beside its text: where the rule is."""
        return {"path": f"/routes/{self.route.pk}"}


def declare(
    by: Actor,
    *,
    title: str = "",
    severity: int | None = None,
    team: Team | None = None,
    services: Iterable[Service] = (),
    alert_groups: Sequence[AlertGroup] = (),
    impact: str = "",
    summary: str = "",
    commander: Person | None = None,
    communications: Person | None = None,
    private: bool = False,
    drill: bool = False,
    test: bool = False,
    triage: bool = False,
    origins: Collection[str] = (),
    type: IncidentType | None = None,
    fields: Mapping[str, object] | None = None,
    reason: Reason | None = None,
) -> Incident:
    """Say that something is wrong; the room is open from here on.

    From alert groups come title, severity, services and team where they are not given. Who is on call for
    a role that the severity needs is asked (see :mod:`..assembly`); where nobody is, whoever declares is the commander.
    Everybody who is asked is paged, in the same transaction.

    ``test``: somebody tries Watchroom out; it is a drill that asks nobody by itself. ``triage``: whoever declares is not
    sure; it waits until a responder confirms it, as does what the rules of triage say (``origins``: how it came, beside who
    declares). Nobody is asked for a role before that, unless they are named.

    ``fields`` are the answers to what its ``type`` asks, by key. ``reason``: the rule that declares it, where no person does.

    :raises Refused: no title, a type that is no longer offered, or an answer that is missing or does not fit.
    :raises Conflict: an alert group already belongs to an open incident.
    """
    groups = list(alert_groups)
    about = [*services, *(group.service for group in groups if group.service)]
    title = title or rules.proposed_title([group.title for group in groups])
    title = checked_text(title, field="title", what="The title", most=200)
    if severity is None:
        severity = rules.proposed_severity([group.severity for group in groups])
    level = checked_severity(severity)
    owned: list[AlertGroup | Service] = [*groups, *about]
    team = team or next((each.team for each in owned if each.team), None)
    if type is not None and not type.offered:
        raise Refused(f"{type} is no longer offered.", field="type", value=type.slug, fix="Choose another type.")
    said = answers(type, {}, fields or {}).values
    must_say(type, said, "declared")
    with change(by, "incident.declared", needs=Action.DECLARE, team=team) as made:
        _free(by, groups)
        incident = Incident.objects.create(
            title=title,
            severity=level,
            team=team,
            impact=impact.strip(),
            summary=summary.strip(),
            private=private or (type is not None and type.private),
            type=type,
            custom=said,
            drill=drill or test or (bool(groups) and all(group.drill for group in groups)),
            test=test,
            declared_at=made.at,
            declared_by=by.person,
            route=reason.route if reason else None,
        )
        incident.state = first_in(incident, Phase.ACTIVE)
        if incident.state is not None:
            incident.save(update_fields=["state"])
        incident.services.set(about)
        incident.alert_groups.set(groups)
        made.subject = incident
        made.note(severity=level, type=type.slug if type else None, alert_groups=[group.pk for group in groups])
        if triage or waits(by, team, origins):
            incident.triage, incident.guide_at = Triage.WAITING, None
            incident.save(update_fields=["triage", "guide_at"])
        else:
            follow_by_rule(incident, made.at)
        source = f" from {groups[0].title}" if groups and groups[0].title != title else ""
        why = f" ({reason.text})" if reason else ""
        write_system(
            incident,
            "incident.declared",
            f"{by.name} declared SEV{level}: {title}{source}{why}",
            {"severity": level, "alert_groups": [group.pk for group in groups], **(reason.data if reason else {})},
            made.at,
            by=by,
        )
        if incident.triage:
            begin_triage(by, incident, made.at)
        _assemble(made, incident, commander, communications)
        record_times(incident)
        made.touch("incidents", f"incident:{incident.pk}", *(f"group:{group.pk}" for group in groups))
    return incident


def _assemble(made: Change, incident: Incident, commander: Person | None, communications: Person | None) -> None:
    """Give the roles to whoever is named; for the others ask who is on call. Where nobody is, whoever declares leads."""
    by, at = made.by, made.at
    if commander is None and not incident.triage and not ask_missing(by, incident, at, only={RoleName.COMMANDER}):
        commander = by.person
    for role, person in ((RoleName.COMMANDER, commander), (RoleName.COMMUNICATIONS, communications)):
        if person is not None:
            give(by, incident, role, person, at)
    if not incident.triage:
        ask_missing(by, incident, at)


def _free(by: Actor, groups: Sequence[AlertGroup], incident: Incident | None = None) -> None:
    """Lock ``groups``. Raises :class:`Conflict` when one belongs to another open incident."""
    list(locked(AlertGroup.objects.filter(pk__in=[group.pk for group in groups]).order_by("pk")))
    taken = Incident.objects.exclude(status=Incident.Status.RESOLVED).filter(alert_groups__in=groups)
    other = (taken.exclude(pk=incident.pk) if incident else taken).first()
    if other is not None:
        seen = queries.visible_to(by).filter(pk=other.pk).exists()
        name = f"incident {other}" if seen else "another incident"
        raise Conflict(
            f"This alert group already belongs to {name}.",
            field="alert_groups",
            value=other.pk if seen else None,
            fix=f"Go on in /incidents/{other.pk}." if seen else "Ask a manager of the team.",
        )


@retried
def link_groups(by: Actor, incident: Incident, groups: Iterable[AlertGroup], *, reason: Reason | None = None) -> None:
    """Link alert groups; their services and times count for the incident from here on. ``reason``: the rule that does it.

    :raises Conflict: one belongs to another open incident.
    """
    groups = list(groups)
    with acting_in(by, "incident.alerts_linked", incident) as (made, row):
        _free(by, groups, row)
        new = [group for group in groups if not row.alert_groups.filter(pk=group.pk).exists()]
        if not new:
            return
        row.alert_groups.add(*new)
        row.services.add(*(group.service for group in new if group.service))
        why = f" ({reason.text})" if reason else ""
        write_system(
            row,
            "alerts.linked",
            f"Linked alerts: {'; '.join(group.title for group in new)}{why}",
            {"alert_groups": [group.pk for group in new], **(reason.data if reason else {})},
            made.at,
            by=by,
        )
        record_times(row)
        made.touch(*(f"group:{group.pk}" for group in new))


@retried
def unlink_group(by: Actor, incident: Incident, group: AlertGroup) -> None:
    """It turned out to be something else."""
    with acting_in(by, "incident.alerts_unlinked", incident) as (made, row):
        if row.alert_groups.filter(pk=group.pk).exists():
            row.alert_groups.remove(group)
            write_system(
                row, "alerts.unlinked", f"Unlinked alert: {group.title}", {"alert_groups": [group.pk]}, made.at, by=by
            )
            record_times(row)
            made.touch(f"group:{group.pk}")


def edit(
    by: Actor,
    incident: Incident,
    *,
    title: str | None = None,
    impact: str | None = None,
    summary: str | None = None,
    team: Team | None = None,
    services: Iterable[Service] | None = None,
    private: bool | None = None,
) -> Incident:
    """Say better what it is about; what is None stays. What changed is written to the log.

    :raises NotAllowed: making an incident of another team's one's own needs the right to respond there, too.
    """
    if team is not None and team != incident.team:
        by.require(Action.DECLARE, team)
    with acting_in(by, "incident.changed", incident) as (made, row):
        changed: list[str] = []
        new = {
            "title": None if title is None else checked_text(title, field="title", what="The title", most=200),
            "impact": None if impact is None else impact.strip(),
            "summary": None if summary is None else summary.strip(),
            "team": team,
            "private": private,
        }
        for field, value in new.items():
            if value is not None and value != getattr(row, field):
                setattr(row, field, value)
                changed.append(field)
        row.save(update_fields=["title", "impact", "summary", "team", "private"])
        if services is not None:
            wanted = list(services)
            if {each.pk for each in wanted} != set(row.services.values_list("pk", flat=True)):
                row.services.set(wanted)
                changed.append("services")
        if changed:
            said = [
                f"{field}: {getattr(row, field)}" if field in {"title", "impact", "summary"} else field
                for field in changed
            ]
            write_system(
                row, "incident.changed", f"{by.name} changed " + "; ".join(said), {"changed": changed}, made.at, by=by
            )
            made.note(changed=changed)
        if "private" in changed:
            hooks.privacy_changed(made, row)
        follow(incident, row, "title", "impact", "summary", "team", "private")
    return row
