"""Speaking up in an incident before people fall into a trap, and taking their answer."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import OperationalError, transaction

from ...accounts.actors import Actor
from ...accounts.models import Person
from ...kernel import clock
from ...kernel.db import claimable, locked
from ...kernel.errors import Refused
from ...paging.commands import notify
from ..guidance import Said, Situation, due
from ..histories import given_in, history_of
from ..models import Incident, Nudge, RoleAssignment, RoleName
from ._shared import acting_in, write_system

LOOK_EVERY = timedelta(minutes=1)
LOOK_AFTER_END = timedelta(minutes=45)
LOOK_AGAIN_AFTER_ERROR = timedelta(minutes=10)
SNOOZE = timedelta(minutes=60)
log = logging.getLogger(__name__)


def look_at_one() -> bool:
    """Look at the incident whose turn it is, and say what is to be said. False when it is no incident's turn."""
    now = clock.now()
    with transaction.atomic():
        incident = claimable(Incident.objects.filter(guide_at__lte=now).order_by("guide_at", "id")).first()
        if incident is None:
            return False
        try:
            with transaction.atomic():
                history = history_of(incident)
                for said in due(Situation(history, now), given_in(incident)):
                    _say(incident, said)
        except OperationalError:
            raise  # the database is busy or away: it is this incident's turn again soon
        except Exception:
            log.exception("The guards can't look at incident %s.", incident.pk)  # and must not keep the others waiting
            incident.guide_at = now + LOOK_AGAIN_AFTER_ERROR
        else:
            over = history.resolved_at is not None and now - history.resolved_at > LOOK_AFTER_END
            incident.guide_at = None if over else now + LOOK_EVERY
        incident.save(update_fields=["guide_at"])
    return True


def _say(incident: Incident, said: Said) -> None:
    person = _listener(incident, said.to)
    nudge = Nudge.objects.create(
        incident=incident, rule=said.rule, at=said.at, reason=said.reason[:300], advice=said.advice,
        way_out=said.way_out, told=person,
    )  # fmt: skip
    write_system(
        incident, "nudge.given", f"{said.reason} {said.advice}", {"nudge": nudge.pk, "rule": said.rule}, said.at
    )
    if person is not None:
        notify(
            person,
            purpose="reminder",
            subject=f"{incident}: {said.reason}",
            body=said.advice,
            path=f"/incidents/{incident.pk}#nudges",
            reason=f"nudge:{nudge.pk}",
            drill=incident.drill,
        )


def _listener(incident: Incident, to: str) -> Person | None:
    """Who is told: who holds that role, else who leads, else who declared it."""
    holders = RoleAssignment.objects.filter(incident=incident, ended_at__isnull=True, accepted_at__isnull=False)
    by_role = {each.role: each.person for each in holders.select_related("person") if each.person.is_active}
    return by_role.get(to) or by_role.get(RoleName.COMMANDER) or incident.declared_by


def answer_nudge(by: Actor, nudge: Nudge, answer: str) -> Nudge:
    """Say what became of it: done, not now (an hour of peace from this rule), or not in this incident.

    :raises Refused: there is no such answer.
    """
    if answer not in Nudge.Answer.values:
        raise Refused(
            "There is no such answer.",
            field="answer",
            value=answer,
            fix=f"Use one of {', '.join(Nudge.Answer.values)}.",
        )
    with acting_in(by, "nudge.answered", nudge.incident) as (made, incident):
        row = locked(Nudge.objects.filter(pk=nudge.pk)).get()
        if row.answer != answer:
            row.answer, row.answered_by, row.answered_at = answer, by.person, made.at
            row.until = made.at + SNOOZE if answer == Nudge.Answer.SNOOZED else None
            row.save(update_fields=["answer", "answered_by", "answered_at", "until"])
            word = Nudge.Answer(answer).label.lower()
            write_system(
                incident, "nudge.answered", f"{by.name}: {word}: {row.reason}", {"nudge": row.pk, "answer": answer},
                made.at, by=by,
            )  # fmt: skip
    return row
