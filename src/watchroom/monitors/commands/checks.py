"""Checks: set up, claimed by an engine, and what their results make of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.models import Team
from ...accounts.roles import Action
from ...catalog.models import Service
from ...kernel import clock
from ...kernel.db import announce, claimable, locked
from ...kernel.errors import Refused
from ...kernel.names import only_one
from ...kernel.plugins import one_of
from ...kernel.wake import DUE
from .. import rules
from ..kinds.base import Kind, clean
from ..models import Check, CheckResult, MonitorDay
from ..probing import Probe, Tried
from .common import bounded, fields_of, set_common
from .signals import tell


def save_check(
    by: Actor,
    check: Check | None,
    *,
    team: Team,
    name: str,
    kind: str,
    settings: Mapping[str, Any],
    service: Service | None = None,
    slug: str = "",
    interval_seconds: int = 60,
    timeout_seconds: int = 10,
    for_seconds: int = 0,
    severity: str = "critical",
    drill: bool = False,
    description: str = "",
    alert_title: str = "",
    labels: Mapping[str, str] | None = None,
) -> Check:
    """Create a check, or change it; it is tried at once.

    :raises Refused: a setting is not accepted.
    :raises Conflict: another has this slug.
    """
    plugin: Kind = one_of("watchroom.monitor_kinds", kind)
    bounded("interval_seconds", interval_seconds, 10, 86_400)
    bounded("timeout_seconds", timeout_seconds, 1, 60)
    bounded("for_seconds", for_seconds, 0, 7 * 86_400)
    cleaned = clean(plugin, settings)
    created = check is None
    check = check or Check()
    with change(by, f"check.{'created' if created else 'changed'}", check, needs=Action.MANAGE, team=team) as made:
        if not created:
            check = _locked(check.pk)
            made.subject = check
        if check.state == "down" and (
            (check.team, check.service, check.drill) != (team, service, drill) or check.kind != kind
        ):
            tell(check, down=False, text="it was changed", at=made.at)
            check.state, check.failing_since, check.changed_at = "new", None, made.at
        set_common(
            by,
            check,
            team=team,
            service=service,
            name=name,
            slug=slug,
            severity=severity,
            drill=drill,
            description=description,
            alert_title=alert_title,
            labels=labels,
        )
        check.kind, check.settings, check.interval_seconds = kind, cleaned, interval_seconds
        check.timeout_seconds, check.for_seconds = timeout_seconds, for_seconds
        check.revision += 1
        check.due_at = None if check.paused else made.at
        with only_one("check", slug=check.slug):
            check.save()
        made.note(**fields_of(check), kind=kind)
        made.touch("monitors", f"check:{check.pk}")
        made.due()
    return check


def _locked(pk: int) -> Check:
    return locked(Check.objects.select_related("team", "service")).get(pk=pk)


def pause_check(by: Actor, check: Check, paused: bool) -> Check:
    """Stop trying it, or begin again. What fires because of it ends."""
    with change(by, f"check.{'paused' if paused else 'resumed'}", check, needs=Action.MANAGE, team=check.team) as made:
        row = _locked(check.pk)
        if row.paused != paused:
            if row.state == "down":
                tell(row, down=False, text="it was paused", at=made.at)
            row.paused, row.state, row.failing_since, row.changed_at = paused, "new", None, made.at
            row.due_at = None if paused else made.at
            row.revision += 1
            row.save()
        made.touch("monitors", f"check:{row.pk}")
        made.due()
    return row


def check_now(by: Actor, check: Check) -> Check:
    """Have it tried as soon as an engine is free.

    :raises Refused: it is paused.
    """
    with change(by, "check.requested", check, needs=Action.RESPOND, team=check.team) as made:
        row = _locked(check.pk)
        if row.paused:
            raise Refused("It is paused.", field="check", value=row.slug, fix="Resume it first.")
        row.due_at = made.at
        row.save(update_fields=["due_at"])
        made.touch(f"check:{row.pk}")
        made.due()
    return row


def delete_check(by: Actor, check: Check) -> None:
    """Delete it with its history. What fires because of it ends."""
    with change(by, "check.deleted", None, needs=Action.MANAGE, team=check.team) as made:
        row = _locked(check.pk)
        if row.state == "down":
            tell(row, down=False, text="it was deleted", at=made.at)
        made.note(name=row.name, slug=row.slug)
        made.touch("monitors")
        row.delete()


def claim(most: int) -> list[Probe]:
    """Take checks that are due, and set when they are due next: what an engine forgets by dying is tried then."""
    now = clock.now()
    with transaction.atomic():
        rows = list(claimable(Check.objects.filter(due_at__lte=now).order_by("due_at"))[:most])
        for row in rows:
            wait = max(row.interval_seconds, row.timeout_seconds + 5)
            row.due_at = now + timedelta(seconds=wait + rules.jitter(row.pk, int(now.timestamp()), wait))
        Check.objects.bulk_update(rows, ["due_at"])
    return [Probe(row.pk, row.revision, row.kind, row.settings or {}, row.timeout_seconds) for row in rows]


def record(results: Sequence[Tried]) -> int:
    """Write what was found, the change of state and the signal of each in one transaction."""
    count = 0
    with transaction.atomic():
        rows = {
            row.pk: row
            for row in locked(
                Check.objects.select_related("team", "service").filter(pk__in={each.check for each in results})
            ).order_by("pk")
        }
        topics = {DUE}
        for each in results:
            row = rows.get(each.check)
            if row is None or row.paused or row.revision != each.revision:
                continue
            _take(row, each)
            topics |= {f"check:{row.pk}", "monitors"}
            count += 1
        announce(topics)
    return count


def _take(row: Check, tried: Tried) -> None:
    step = rules.check_step(
        row.state,  # type: ignore[arg-type]
        row.failing_since,
        ok=tried.ok,
        now=tried.at,
        interval=row.interval_seconds,
        for_seconds=row.for_seconds,
    )
    if step.alert is not None:
        tell(row, down=step.alert, text=tried.message if step.alert else "it works again", at=tried.at)
    if step.state != row.state:
        row.changed_at = tried.at
    row.state, row.failing_since, row.checked_at = step.state, step.failing_since, tried.at
    row.message, row.latency_ms = tried.message[:300], tried.latency_ms
    row.due_at = tried.at + timedelta(
        seconds=step.wait_seconds + rules.jitter(row.pk, int(tried.at.timestamp()), step.wait_seconds)
    )
    row.save()
    CheckResult.objects.create(
        monitor=row, at=tried.at, ok=tried.ok, latency_ms=tried.latency_ms, message=tried.message[:300]
    )
    day, _ = MonitorDay.objects.get_or_create(monitor=row, day=tried.at.date())
    MonitorDay.objects.filter(pk=day.pk).update(
        good=F("good") + int(tried.ok),
        bad=F("bad") + int(not tried.ok),
        latency_ms=F("latency_ms") + (tried.latency_ms or 0 if tried.ok else 0),
    )
