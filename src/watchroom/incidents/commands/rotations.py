"""Role rotations: who is asked for a role by itself."""

from __future__ import annotations

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.models import Person, Team
from ...accounts.roles import Action
from ...catalog.models import Service
from ...kernel.checks import within
from ...kernel.errors import Conflict, Refused
from ...kernel.names import short_name
from ...oncall.models import Schedule
from ..models import RoleName, RoleRotation
from .roles import checked_role


def save_rotation(
    by: Actor,
    row: RoleRotation | None,
    *,
    role: str,
    team: Team | None = None,
    service: Service | None = None,
    schedule: Schedule | None = None,
    person: Person | None = None,
    least_severity: int = 5,
    answer_minutes: int = 5,
    slug: str | None = None,
) -> RoleRotation:
    """Say who is asked for a role in incidents about ``service``, of ``team``, or (neither) in all: whoever is on call in
    ``schedule``, or ``person``.

    :raises Refused: no such role or severity, both or neither of what is one, or a person who has left.
    :raises Conflict: a rotation for this role, team or service is there already.
    """
    checked = checked_role(role)
    if team is not None and service is not None:
        raise Refused(
            "It is for a team or for a service, not for both.",
            field="service",
            value=service.slug,
            fix="Leave one of them out; a service has a team already.",
        )
    if (schedule is None) == (person is None):
        raise Refused(
            "Say who is asked: a schedule or a person.", field="schedule", value=None, fix="Choose exactly one of them."
        )
    if person is not None and not person.is_active:
        raise Refused(f"{person} has left.", field="person", value=person.email, fix="Choose somebody else.")
    within(least_severity, 1, 5, "severity", field="least_severity")
    within(answer_minutes, 1, 120, "wait", field="answer_minutes", unit="minutes")
    words = [str(each) for each in (service or team, checked, schedule.slug if schedule else person) if each]
    before = row.slug if row else ""
    slug = short_name(slug, before=before, name="-".join(words), otherwise="rotation", among=RoleRotation.objects)
    if row is not None:
        by.require(_needs(row.owner), row.owner)
    owner = service.team if service else team
    action = "role_rotation.changed" if row else "role_rotation.created"
    with change(by, action, row, needs=_needs(owner), team=owner) as made:
        others = RoleRotation.objects.exclude(pk=row.pk if row else 0)
        same = others.filter(role=checked, team=team, service=service)
        if others.filter(slug=slug).exists() or (checked != RoleName.EXPERT and same.exists()):
            raise Conflict(
                f"There is already a rotation for this: {checked.label}, {service or team or 'all incidents'}.",
                field="role",
                value=str(checked),
                fix="Change the one that is there.",
            )
        row = row or RoleRotation()
        row.slug, row.role, row.team, row.service = slug, checked, team, service
        row.schedule, row.person = schedule, person
        row.least_severity, row.answer_minutes = least_severity, answer_minutes
        row.save()
        made.subject = row
        made.note(role=str(checked), slug=slug)
        made.touch("role-rotations")
    return row


def delete_rotation(by: Actor, row: RoleRotation) -> None:
    """Nobody is asked by it any more; who has the role keeps it."""
    with change(by, "role_rotation.deleted", None, needs=_needs(row.owner), team=row.owner) as made:
        made.note(role=row.role, slug=row.slug)
        made.touch("role-rotations")
        row.delete()


def _needs(owner: Team | None) -> Action:
    return Action.MANAGE if owner is not None else Action.ADMINISTER
