"""What happens in a drill: injects are delivered when they are due or when somebody presses, left out, put off; and whoever
facilitates gives a hint."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import timedelta

from django.db import OperationalError, transaction

from ...accounts.actors import SYSTEM, Actor
from ...accounts.models import Person
from ...incidents.commands import Source, end_role, log, write_system
from ...incidents.models import RoleAssignment
from ...intake.commands import send_practised
from ...kernel import clock
from ...kernel.again import retried
from ...kernel.checks import within
from ...kernel.db import announce, claimable, locked
from ...kernel.errors import Conflict, NotFound, Refused, WatchroomError
from .. import library, queries, rules
from ..models import Drill, DrillInject
from ._shared import labels_of, must_be, running, tell
from .running import end, hold_pages

State = Drill.State
Wait = DrillInject.State
logger = logging.getLogger(__name__)
LOOK_EVERY = timedelta(seconds=5)  # whether real work has begun
OVER_AFTER = timedelta(minutes=60)  # beyond its length: a drill that nobody ends
REST_AT_MOST = timedelta(minutes=60)  # a pause that nobody ends
IN_A_DRILL = "the drill"


# --- What whoever facilitates does -----------------------------------------------------------------------------------


def _waiting(row: Drill, inject: DrillInject) -> DrillInject:
    must_be(row, State.RUNNING, State.PAUSED)
    found = locked(DrillInject.objects.filter(drill=row, pk=inject.pk)).first()
    if found is None:
        raise NotFound("There is no such inject.", field="inject", value=inject.pk)
    if found.state != Wait.WAITING:
        raise Conflict("It has happened already, or was left out.", field="state", value=found.state, fix="Reload the page.")  # fmt: skip
    return found


@retried
def deliver_now(by: Actor, inject: DrillInject) -> DrillInject:
    """Have it happen now.

    :raises Conflict: it has happened already, or the drill is not on.
    """
    with running(by, "drill.injected", inject.drill) as (made, row):
        found = _waiting(row, inject)
        _deliver(row, found, by)
        made.note(inject=found.number)
        made.due()
    return found


@retried
def skip(by: Actor, inject: DrillInject) -> DrillInject:
    """Leave it out. :raises Conflict: it has happened already, or the drill is not on."""
    with running(by, "drill.inject_skipped", inject.drill) as (made, row):
        found = _waiting(row, inject)
        found.state, found.due_at, found.at, found.by, found.leaver = Wait.SKIPPED, None, made.at, by.person, None
        found.save()
        made.note(inject=found.number)
    return found


@retried
def delay(by: Actor, inject: DrillInject, minutes: int) -> DrillInject:
    """Have it come that much later; one without a time, that long from now.

    :raises Refused: not 1 to 120 minutes.
    :raises Conflict: it has happened already, or the drill is not on.
    """
    within(minutes, 1, 120, "delay", field="minutes", unit="minutes")
    with running(by, "drill.inject_delayed", inject.drill) as (made, row):
        found = _waiting(row, inject)
        found.due_at = max(found.due_at or made.at, row.paused_at or made.at) + timedelta(minutes=minutes)
        found.save(update_fields=["due_at"])
        made.note(inject=found.number, minutes=minutes)
        made.due()
    return found


@retried
def hint(by: Actor, drill: Drill, text: str) -> None:
    """Help on: it stands in the room, or goes to those who take part while there is none.

    :raises Refused: it says nothing.
    :raises Conflict: the drill is not on.
    """
    text = text.strip()
    if not text or len(text) > 500:
        raise Refused("A hint says something, in at most 500 letters.", field="text", value=text[:40], fix="Write what helps them on.")  # fmt: skip
    with running(by, "drill.hint_given", drill) as (made, row):
        must_be(row, State.RUNNING, State.PAUSED)
        row.incident = queries.incident_of(row)
        made.note(text=text)
        if row.incident is not None and row.incident.is_open:
            log(SYSTEM, row.incident, "note", f"Hint: {text}", source=Source(by.person, by.name, IN_A_DRILL))
        else:
            tell(row, row.participants.all(), "A hint for the drill", text, once=f"hint:{made.at.isoformat()}")


# --- What the engine does --------------------------------------------------------------------------------------------


@retried
def carry_on() -> bool:
    """Deliver what is due of one drill, and say whether there was one. Each inject is delivered in the transaction that writes
    it down, so that it happens once; an alert that is sent again after a crash is known by its labels."""
    with transaction.atomic():
        now = clock.now()
        due = DrillInject.objects.filter(due_at__lte=now, drill__state=State.RUNNING).values("drill")
        rows = Drill.objects.select_related("team", "scenario__team", "facilitator", "incident__team")
        row = claimable(rows.filter(pk__in=due).order_by("pk"), no_key=True).first()
        if row is None:
            return False
        waiting = row.injects.filter(due_at__lte=now, state=Wait.WAITING).order_by("due_at", "number")
        for each in locked(waiting):
            _deliver(row, each, SYSTEM)
        announce({f"drill:{row.pk}", "drills"})
    return True


@retried
def look_after() -> bool:
    """Look after one drill that is on: its room is found, what was said before there was one is written into it; and it ends
    when real work begins, or when nobody has ended it for long. Says whether there was one."""
    with transaction.atomic():
        now = clock.now()
        rows = Drill.objects.select_related("team", "scenario__team", "facilitator", "incident__team")
        row = claimable(rows.filter(look_at__lte=now).order_by("look_at", "pk"), no_key=True).first()
        if row is None:
            return False
        row.look_at = now + LOOK_EVERY
        row.save(update_fields=["look_at"])
        why = queries.real_work(row)
        if not why and row.started_at is not None:
            length = timedelta(minutes=int(row.plan.get("minutes", 0))) + OVER_AFTER
            why = "Nobody ended it for an hour" if now - row.started_at - _rested(row) > length else ""
        if not why and row.paused_at is not None and now - row.paused_at >= REST_AT_MOST:
            why = "It was paused for an hour"
        if why:
            end(SYSTEM, row, why=why)
        elif row.paused_at is not None:
            hold_pages(SYSTEM, row)
        elif row.incident_id is None and (found := queries.incident_of(row)) is not None:
            row.incident = found
            row.save(update_fields=["incident"])
            for each in locked(row.injects.filter(state=Wait.DELIVERED, in_room=False)).order_by("number"):
                _write(
                    row,
                    each,
                    rules.kept(each.content) if each.content["kind"] in ("message", "fact") else None,
                )
            announce({f"drill:{row.pk}", "drills"})
    return True


def _rested(row: Drill) -> timedelta:
    from datetime import datetime

    spans = [(datetime.fromisoformat(start), datetime.fromisoformat(end)) for start, end in row.pauses]
    if row.paused_at is not None:
        spans.append((row.paused_at, clock.now()))
    return sum((end - start for start, end in spans), timedelta())


# --- How each kind happens -------------------------------------------------------------------------------------------


def _deliver(row: Drill, each: DrillInject, by: Actor) -> None:
    """It happens, and is written down. One that can't be done stops no other: it says why."""
    now = clock.now()
    content = {**each.content}
    try:
        with transaction.atomic():
            done = _DO[content["kind"]](row, each)
    except WatchroomError as error:
        each.outcome, done = f"Could not be done: {error}"[:300], True
    except OperationalError:
        raise  # the database is busy or away: all of it is done again
    except Exception:
        logger.exception("Inject %s of drill %s could not be delivered", each.number, row.pk)
        each.outcome, done = "Could not be done: an error in Watchroom", True
    if done:
        each.state, each.due_at, each.at, each.by, each.leaver = Wait.DELIVERED, None, now, by.person, None
    each.save()
    if done and row.began_at is None and content["kind"] in ("alert", "message"):
        row.began_at = now
        row.save(update_fields=["began_at"])


def _words(row: Drill) -> dict[str, str]:
    return library.words(row.team, list(row.scenario.services.all()))


def _send(row: Drill, inject: rules.Inject, *, ends: bool) -> None:
    words = _words(row)
    labels = labels_of(inject, words)
    notes = {name: rules.filled(value, words) for name, value in inject.annotations.items()}
    notes.setdefault("summary", rules.filled(inject.title, words))
    if inject.text:
        notes.setdefault("description", rules.filled(inject.text, words))
    now = clock.now()
    lasts = timedelta(minutes=int(row.plan.get("minutes", 0))) + OVER_AFTER
    until = now - timedelta(seconds=1) if ends else (row.started_at or now) + lasts + _rested(row)
    send_practised(row.team, labels, notes, until, f"drill {row.pk}")


def _alert(row: Drill, each: DrillInject) -> bool:
    _send(row, rules.kept(each.content), ends=False)
    each.outcome = "Sent through the routes"
    return True


def _alert_ends(row: Drill, each: DrillInject) -> bool:
    wanted = each.content["alert"]
    others = (rules.kept(other.content) for other in row.injects.all())
    _send(row, next(i for i in others if i.kind == "alert" and i.key == wanted), ends=True)
    return True


def _room(row: Drill) -> None:
    if row.incident_id is None and (found := queries.incident_of(row)) is not None:
        row.incident = found
        row.save(update_fields=["incident"])


def _write(row: Drill, each: DrillInject, inject: rules.Inject | None) -> None:
    if inject is None or row.incident is None or not row.incident.is_open:
        return
    words = _words(row)
    text, title = rules.filled(inject.text, words), rules.filled(inject.title, words)
    kind = "note" if inject.kind == "message" else "result"
    said = text if inject.kind == "message" else f"{title}: {text}"
    source = Source(None, title if inject.kind == "message" else "What you find", IN_A_DRILL)
    log(SYSTEM, row.incident, kind, said, source=source, client_key=f"drill-inject-{each.pk}")
    each.in_room = True
    each.save(update_fields=["in_room"])


def _said(row: Drill, each: DrillInject) -> bool:
    """Into the room; while there is none, those who take part are written to, and it follows them into the room."""
    inject = rules.kept(each.content)
    _room(row)
    if row.incident is not None:
        _write(row, each, inject)
        each.outcome = "Written in the room" if each.in_room else "The incident was resolved already"
        return True
    words = _words(row)
    title, text = rules.filled(inject.title, words), rules.filled(inject.text, words)
    people: Iterable[Person] = row.participants.all()
    subject = f"{title} writes" if inject.kind == "message" else title
    tell(row, people, subject, text, once=f"inject:{each.number}")
    each.outcome = "There is no room yet: those who take part were written to"
    return True


def _role_leaves(row: Drill, each: DrillInject) -> bool:
    """First they are told to hand over, some minutes later they are gone."""
    role = each.content["role"]
    _room(row)
    holders = RoleAssignment.objects.filter(incident=row.incident_id, role=role, ended_at__isnull=True)
    held = (
        holders.exclude(accepted_at=None).select_related("person", "incident__team").first() if row.incident else None
    )
    if row.incident is None or not row.incident.is_open or held is None:
        each.outcome = each.outcome or "Nobody had the role"
        return True
    if each.leaver_id is None:
        name = rules.ROLES[role].lower()
        text = (
            f"{held.person}, {name}, is called away and gone in {rules.story.LEAVES_AFTER} min. Hand over in writing."
        )
        write_system(row.incident, "drill.role_leaves", text, {"role": role})
        tell(row, [held.person], "You are called away: hand over", text, once=f"leaves:{each.number}", path=f"/incidents/{row.incident.pk}")  # fmt: skip
        each.leaver, each.outcome = held.person, f"{held.person} was told"
        each.due_at = clock.now() + timedelta(minutes=rules.story.LEAVES_AFTER)
        return False
    if held.person_id == each.leaver_id:
        end_role(SYSTEM, held)
        each.outcome = f"{held.person} is gone; nobody had taken over"
    else:
        each.outcome = f"{held.person} has taken over"
    return True


_DO = {
    "alert": _alert,
    "alert_ends": _alert_ends,
    "message": _said,
    "fact": _said,
    "role_leaves": _role_leaves,
}
