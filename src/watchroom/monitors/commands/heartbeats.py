"""Heartbeats: set up, pinged, found late."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.models import Team
from ...accounts.roles import Action
from ...catalog.models import Service
from ...kernel import clock
from ...kernel.checks import chosen
from ...kernel.db import announce, claimable, locked
from ...kernel.errors import NotFound, Refused
from ...kernel.names import only_one
from ...kernel.signing import fingerprint, new_key
from ...kernel.wake import DUE
from .. import rules
from ..models import Heartbeat, MonitorDay, Ping
from .common import bounded, fields_of, set_common
from .signals import tell

BODY_LIMIT = 10_000
PINGS_KEPT = 200
RUNS_KEPT = 50
_YEAR = 366 * 86_400


def save_heartbeat(
    by: Actor,
    heartbeat: Heartbeat | None,
    *,
    team: Team,
    name: str,
    service: Service | None = None,
    slug: str = "",
    kind: str = "period",
    period_seconds: int = 86_400,
    expression: str = "",
    timezone: str = "UTC",
    grace_seconds: int = 3600,
    severity: str = "critical",
    drill: bool = False,
    description: str = "",
    alert_title: str = "",
    labels: Mapping[str, str] | None = None,
) -> Heartbeat:
    """Create a heartbeat, or change it. A changed schedule counts from the last success.

    :raises Refused: no name, or a schedule that can't be read.
    :raises Conflict: another has this slug.
    """
    chosen(kind, Heartbeat.Kind.values, "kind of heartbeat", field="kind")
    bounded("period_seconds", period_seconds, 20, _YEAR)
    bounded("grace_seconds", grace_seconds, 10, _YEAR)
    expression = expression.strip()
    try:
        rules.next_run(kind, period_seconds, expression, timezone, clock.now())
    except ValueError as error:
        raise Refused(
            f"That schedule can't be read: {error}.",
            field="timezone" if "time zone" in str(error) else "expression",
            value=expression,
            fix="For example 0 3 * * * (cron) or Mon..Fri 03:00 (OnCalendar), and a zone such as Europe/Berlin.",
        ) from None
    created = heartbeat is None
    if heartbeat is None:
        key = new_key("wrh")
        heartbeat = Heartbeat(key=key, key_hash=fingerprint(key), key_hint=key[:8])
    with change(
        by, f"heartbeat.{'created' if created else 'changed'}", heartbeat, needs=Action.MANAGE, team=team
    ) as made:
        if not created:
            heartbeat = locked(Heartbeat.objects.select_related("team")).get(pk=heartbeat.pk)
            made.subject = heartbeat
        if heartbeat.state == "down" and (heartbeat.team, heartbeat.service, heartbeat.drill) != (team, service, drill):
            tell(heartbeat, down=False, text="it was moved", at=made.at)  # its alert lies where it was
            heartbeat.state, heartbeat.changed_at = "new", made.at
        set_common(
            by,
            heartbeat,
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
        heartbeat.kind, heartbeat.period_seconds, heartbeat.expression = kind, period_seconds, expression
        heartbeat.timezone, heartbeat.grace_seconds = timezone, grace_seconds
        _set_due(heartbeat)
        with only_one("heartbeat", slug=heartbeat.slug):
            heartbeat.save()
        made.note(**fields_of(heartbeat), kind=kind)
        made.touch("monitors", f"heartbeat:{heartbeat.pk}")
        made.due()
    return heartbeat


def _set_due(heartbeat: Heartbeat) -> None:
    if heartbeat.paused or heartbeat.state == "down":
        heartbeat.due_at = None
        return
    expected = None
    if heartbeat.state == "up" and heartbeat.last_success_at:
        expected = rules.next_run(
            heartbeat.kind,
            heartbeat.period_seconds,
            heartbeat.expression,
            heartbeat.timezone,
            heartbeat.last_success_at,
        )
    starts = [datetime.fromisoformat(at) for at in heartbeat.running.values()]
    heartbeat.due_at = rules.heartbeat_due(expected, timedelta(seconds=heartbeat.grace_seconds), starts)
    if heartbeat.due_at is None and heartbeat.state == "up":
        heartbeat.state = "new"  # its schedule has come to its end


def pause_heartbeat(by: Actor, heartbeat: Heartbeat, paused: bool) -> Heartbeat:
    """Stop waiting for it, or wait again from its next ping. What fires because of it ends."""
    verb = "paused" if paused else "resumed"
    with change(by, f"heartbeat.{verb}", heartbeat, needs=Action.MANAGE, team=heartbeat.team) as made:
        row = _locked(heartbeat.pk)
        if row.paused != paused:
            if row.state == "down":
                tell(row, down=False, text="it was paused", at=made.at)
            row.paused, row.state, row.running, row.due_at, row.changed_at = paused, "new", {}, None, made.at
            row.save()
        made.touch("monitors", f"heartbeat:{row.pk}")
    return row


def rotate_heartbeat_key(by: Actor, heartbeat: Heartbeat) -> str:
    """Give it a new address; the old one stops working at once."""
    key = new_key("wrh")
    with change(by, "heartbeat.key_rotated", heartbeat, needs=Action.MANAGE, team=heartbeat.team) as made:
        heartbeat.key, heartbeat.key_hash, heartbeat.key_hint = key, fingerprint(key), key[:8]
        heartbeat.save(update_fields=["key", "key_hash", "key_hint"])
        made.touch(f"heartbeat:{heartbeat.pk}")
    return key


def delete_heartbeat(by: Actor, heartbeat: Heartbeat) -> None:
    """Delete it with its history. What fires because of it ends."""
    with change(by, "heartbeat.deleted", None, needs=Action.MANAGE, team=heartbeat.team) as made:
        row = _locked(heartbeat.pk)
        if row.state == "down":
            tell(row, down=False, text="it was deleted", at=made.at)
        made.note(name=row.name, slug=row.slug)
        made.touch("monitors")
        row.delete()


def _locked(pk: int) -> Heartbeat:
    return locked(Heartbeat.objects.select_related("team", "service")).get(pk=pk)


@dataclass(frozen=True)
class Said:
    """What a job said with one request."""

    kind: str  # success, start, fail, log
    exit_code: int | None = None
    run: str = ""
    method: str = "GET"
    remote: str = ""
    body: str = ""


def ping(key: str, said: Said) -> Heartbeat:
    """Take one ping, in one transaction. No audit record: it is machine traffic, and its own history.

    :raises NotFound: nothing has this key.
    """
    return _ping(Q(key_hash=fingerprint(key)), said)


def ping_row(pk: int, said: Said) -> Heartbeat:
    """The same, for a sender that has shown in another way that it may ping this heartbeat.

    :raises NotFound: it has been deleted.
    """
    return _ping(Q(pk=pk), said)


def _ping(which: Q, said: Said) -> Heartbeat:
    now = clock.now()
    with transaction.atomic():
        row = locked(Heartbeat.objects.select_related("team", "service")).filter(which).first()
        if row is None:
            raise NotFound("There is no heartbeat with this address.", fix="Copy it again from the heartbeat's page.")
        duration = None
        if said.kind == "start":
            row.running = dict(list({**row.running, said.run: now.isoformat()}.items())[-RUNS_KEPT:])
        elif said.kind in {"success", "fail"}:
            row.running, duration = rules.finish_run(row.running, said.run, now)
        row.pings_count += 1
        row.last_ping_at = now
        if said.kind == "success":
            row.last_success_at = now
        before = row.state
        if not row.paused:
            if said.kind == "success":
                _succeed(row, now)
            elif said.kind == "fail":
                code = f" with exit code {said.exit_code}" if said.exit_code is not None else ""
                _fail(row, f"it failed{code}", now)
            if said.kind != "log":
                _set_due(row)
        row.save()
        Ping.objects.create(
            heartbeat=row,
            number=row.pings_count,
            at=now,
            kind=said.kind,
            exit_code=said.exit_code,
            run=said.run,
            duration_ms=duration,
            method=said.method,
            remote=said.remote[:64],
            body=said.body[:BODY_LIMIT],
        )
        if said.kind in {"success", "fail"}:
            _count(row, now, good=said.kind == "success", milliseconds=duration or 0)
        if row.pings_count % 20 == 0:
            Ping.objects.filter(heartbeat=row, number__lte=row.pings_count - PINGS_KEPT).delete()
        topics = {f"heartbeat:{row.pk}", DUE}
        announce(topics | {"monitors"} if row.state != before else topics)
    return row


def _succeed(row: Heartbeat, now: datetime) -> None:
    if row.state == "down":
        tell(row, down=False, text="it has reported again", at=now)
    if row.state != "up":
        row.state, row.changed_at, row.reason = "up", now, ""


def _fail(row: Heartbeat, reason: str, now: datetime) -> None:
    if row.state != "down":
        tell(row, down=True, text=reason, at=now)
        row.state, row.changed_at = "down", now
    row.reason, row.due_at = reason[:200], None


def _count(row: Heartbeat, now: datetime, *, good: bool, milliseconds: int = 0) -> None:
    day, _ = MonitorDay.objects.get_or_create(heartbeat=row, day=now.date())
    MonitorDay.objects.filter(pk=day.pk).update(
        good=F("good") + int(good),
        bad=F("bad") + int(not good),
        latency_ms=F("latency_ms") + (milliseconds if good else 0),
    )


def find_late(most: int) -> int:
    """Make an alert of every heartbeat that is due and has not come. Run by the engine."""
    now = clock.now()
    with transaction.atomic():
        rows = list(
            claimable(Heartbeat.objects.select_related("team", "service").filter(due_at__lte=now).order_by("due_at"))[
                :most
            ]
        )
        for row in rows:
            stuck = [
                at
                for at in row.running.values()
                if datetime.fromisoformat(at) + timedelta(seconds=row.grace_seconds) <= now
            ]
            row.running = {run: at for run, at in row.running.items() if at not in stuck}
            _fail(row, "a run has begun and not ended in time" if stuck else "it is late", now)
            row.save()
            _count(row, now, good=False)
        if rows:
            announce({"monitors", DUE, *(f"heartbeat:{row.pk}" for row in rows)})
    return len(rows)
