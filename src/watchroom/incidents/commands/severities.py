"""What this installation means by its severities."""

from __future__ import annotations

from collections.abc import Sequence

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.roles import Action
from ...kernel.errors import NotFound
from ..models import RoleName, SeverityDefinition
from ..rules.severities import DEFAULTS, Severity, changed
from ..severities import of_row


def save_severity(
    by: Actor,
    level: int,
    *,
    name: str | None = None,
    definition: str | None = None,
    update_minutes: int | None = None,
    roles: Sequence[str] | None = None,
    customers: bool | None = None,
    urgent: bool | None = None,
) -> Severity:
    """Say what a severity is called and means, how often an update is due, which roles somebody has to have, whether
    customers notice it and whether people are woken for it; what is None stays. It counts from now on, also for incidents that are open.

    :raises NotFound: there is no such level.
    :raises Refused: something is empty, too long, or unknown.
    """
    _known(level)
    with change(by, "severity.changed", needs=Action.ADMINISTER) as made:
        row = SeverityDefinition.objects.filter(pk=level).first()
        before = of_row(row) if row is not None else DEFAULTS[level]
        after = changed(
            before,
            known_roles=tuple(RoleName.values),
            name=name,
            definition=definition,
            update_minutes=update_minutes,
            roles=None if roles is None else list(roles),
            customers=customers,
            urgent=urgent,
        )
        row = row or SeverityDefinition(level=level)
        row.name, row.definition, row.roles = after.name, after.definition, list(after.roles)
        row.customers, row.urgent = after.customers, after.urgent
        row.update_minutes, row.changed_at = after.update_minutes, made.at
        row.save()
        made.subject = row
        said = ("name", "definition", "update_minutes", "roles", "customers", "urgent")
        made.note(
            severity=after.code,
            changed={each: getattr(after, each) for each in said if getattr(before, each) != getattr(after, each)},
        )
        made.touch("severities")
    return after


def reset_severity(by: Actor, level: int) -> Severity:
    """Let a severity be again what it is where nobody says anything.

    :raises NotFound: there is no such level.
    """
    _known(level)
    with change(by, "severity.reset", needs=Action.ADMINISTER) as made:
        SeverityDefinition.objects.filter(pk=level).delete()
        made.note(severity=f"SEV{level}")
        made.touch("severities")
    return DEFAULTS[level]


def _known(level: int) -> None:
    if level not in DEFAULTS:
        raise NotFound("There is no such severity.", field="level", value=level, fix="Use 1 (worst) to 5.")
