"""Defects of paging: written down where they happen, told to those who own it, and resolved."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.models import Person, Team
from ...accounts.roles import Action, Role
from ...kernel import clock
from ...kernel.db import announce, locked
from ..models import EscalationPolicy, Notification, PagingDefect
from .notifications import notify

ACCEPTED_FOR = timedelta(days=28)  # so long a warning that somebody has resolved as known is not raised again


def owners(team: Team | None) -> list[Person]:
    """Who is told: the team's managers; where there are none, the administrators."""
    managers = (
        Person.objects.filter(memberships__team=team, memberships__role__gte=Role.MANAGER, is_active=True)
        if team
        else Person.objects.none()
    )
    return list(managers.order_by("pk")) or list(
        Person.objects.filter(role=Role.ADMINISTRATOR, is_active=True).order_by("pk")
    )


def record_defect(
    kind: str,
    key: str,
    *,
    text: str,
    fix: str = "",
    path: str = "",
    team: Team | None = None,
    policy: EscalationPolicy | None = None,
    starts_at: datetime | None = None,
    tell: bool = False,
) -> PagingDefect:
    """Write a defect down, or count it where its cause is written down already. ``tell``: its owners are told once,
    without hurry. Inside the caller's transaction."""
    now = clock.now()
    open_ones = PagingDefect.objects.filter(key=key, resolved_at__isnull=True)
    newest = {"text": text[:500], "fix": fix[:300], "path": path, "starts_at": starts_at, "last_at": now}
    if not open_ones.update(**newest, count=F("count") + 1):
        try:
            with transaction.atomic():
                row = PagingDefect.objects.create(kind=kind, key=key, team=team, policy=policy, first_at=now, **newest)
        except IntegrityError:  # another engine was first
            open_ones.update(**newest, count=F("count") + 1)
        else:
            for person in owners(team) if tell else ():
                notify(
                    person,
                    purpose=Notification.Purpose.REMINDER,
                    subject=row.text,
                    body=row.fix,
                    path=row.path or "/paging-defects",
                    reason=f"defect:{row.pk}",
                )
    announce({"paging-defects"})
    return open_ones.get()


def clear_defects(keys: list[str], why: str) -> int:
    """Resolve what turned out to be mended. Inside the caller's transaction."""
    cleared = PagingDefect.objects.filter(key__in=keys, resolved_at__isnull=True).update(
        resolved_at=clock.now(), note=why[:300]
    )
    if cleared:
        announce({"paging-defects"})
    return cleared


def resolve_defect(by: Actor, defect: PagingDefect, *, note: str = "") -> PagingDefect:
    """Say that it is mended, or that it is known and accepted. Twice is once."""
    needs = Action.MANAGE if defect.team_id else Action.ADMINISTER
    with change(by, "paging_defect.resolved", defect, needs=needs, team=defect.team) as made:
        row = locked(PagingDefect.objects.filter(pk=defect.pk)).get()
        if row.resolved_at is None:
            row.resolved_at, row.resolved_by, row.note = made.at, by.person, note.strip()
            row.save(update_fields=["resolved_at", "resolved_by", "note"])
            made.note(text=row.text, note=row.note)
            made.touch("paging-defects")
    return row
