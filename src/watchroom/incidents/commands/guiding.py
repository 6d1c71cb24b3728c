"""Speaking up in an incident before people fall into a trap, and taking their answer."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta

from django.db import OperationalError, transaction

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.models import Person
from ...accounts.roles import Action
from ...kernel import clock
from ...kernel.again import retried
from ...kernel.checks import chosen, within
from ...kernel.db import announce, claimable, locked
from ...kernel.errors import Conflict, NotFound, Refused
from ...paging.commands import notify
from ..guidance import Rule, Said, Situation, all_rules, due, heard_since
from ..histories import given_in, history_of, rules_in_force
from ..models import GuidanceSetting, Incident, Nudge, RoleAssignment, RoleName
from ..relief import help_for
from ..severities import all_severities
from ._shared import acting_in, write_system
from .asking_in import ask_in
from .progress import reopen
from .roles import assign_role

LOOK_EVERY = timedelta(minutes=1)
LOOK_AFTER_END = timedelta(minutes=45)
LOOK_AGAIN_AFTER_ERROR = timedelta(minutes=10)
SNOOZE_MINUTES = 60
_ANSWERS = [each.value for each in Nudge.Answer if each != Nudge.Answer.GONE]
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
                meanings = all_severities()
                watching = rules_in_force(meanings)
                history = history_of(incident, meanings, since=heard_since(watching, now))
                situation = Situation(history, now)
                _take_back(incident, situation, watching)
                for said in due(situation, given_in(incident), watching):
                    _say(incident, said, urgent=said.urgent and meanings[incident.severity].urgent)
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


def _take_back(incident: Incident, now: Situation, rules: Sequence[Rule]) -> None:
    """What was said and is no longer so asks nobody for an answer any more."""
    open_ones = list(incident.nudges.filter(answer=""))
    if not open_ones:
        return
    reasons = {rule.name: rule.reason(now) for rule in rules}
    gone = [each.pk for each in open_ones if not reasons.get(each.rule)]
    if gone:
        Nudge.objects.filter(pk__in=gone, answer="").update(answer=Nudge.Answer.GONE, answered_at=now.now)
        announce({f"incident:{incident.pk}"})


def _say(incident: Incident, said: Said, *, urgent: bool) -> None:
    person = _listener(incident, said.to)
    helpers = help_for(incident, said.at) if said.asks_for_help else []
    nudge = Nudge.objects.create(
        incident=incident, rule=said.rule, at=said.at, reason=said.reason[:300], advice=said.advice,
        way_out=said.way_out, told=person,
        help=[{"id": each.person, "name": each.name, "why": each.why} for each in helpers],
    )  # fmt: skip
    whom = f" Whom to call: {'; '.join(f'{each.name} ({each.why})' for each in helpers)}." if helpers else ""
    write_system(
        incident, "nudge.given", f"{said.reason} {said.advice}{whom}", {"nudge": nudge.pk, "rule": said.rule}, said.at
    )
    # Everybody who sits in the room sees it there. Only what can't wait goes to a person's own devices.
    if person is not None and said.urgent:
        notify(
            person,
            purpose="reminder",
            urgency="high" if urgent else "low",
            subject=f"{incident}: {said.reason}",
            body=f"{said.advice}{whom}",
            path=f"/incidents/{incident.pk}#nudges",
            reason=f"nudge:{nudge.pk}",
            drill=incident.drill,
        )


def _listener(incident: Incident, to: str) -> Person | None:
    """Who is told: who holds that role, else who leads, else who declared it."""
    holders = RoleAssignment.objects.filter(incident=incident, ended_at__isnull=True, accepted_at__isnull=False)
    by_role = {each.role: each.person for each in holders.select_related("person") if each.person.is_active}
    return by_role.get(to) or by_role.get(RoleName.COMMANDER) or incident.declared_by


@retried
def answer_nudge(
    by: Actor,
    nudge: Nudge,
    answer: str,
    *,
    minutes: int = SNOOZE_MINUTES,
    call: Person | None = None,
    does: bool = False,
) -> Nudge:
    """Say what became of it: done, not now (``minutes`` of peace from this rule), or not in this incident. ``call``: one of
    those whom it proposed, who is paged to come and help. ``does``: and do what its button says.

    :raises Refused: there is no such answer, a snooze that is no time, or somebody whom it did not propose.
    :raises Conflict: it was to be done, and somebody was faster, or it is no longer so.
    """
    chosen(answer, _ANSWERS, "answer", field="answer")
    within(minutes, 1, 1440, "time", field="minutes", unit="minutes")
    if call is not None and call.pk not in {each["id"] for each in nudge.help}:
        raise Refused(
            f"{call} was not proposed here.", field="call", value=call.pk, fix="Page somebody else with /page @name."
        )
    with acting_in(by, "nudge.answered", nudge.incident) as (made, incident):
        row = locked(Nudge.objects.filter(pk=nudge.pk)).get()
        if does:
            _do(by, incident, row)
        if row.answer != answer:
            row.answer, row.answered_by, row.answered_at = answer, by.person, made.at
            row.until = made.at + timedelta(minutes=minutes) if answer == Nudge.Answer.SNOOZED else None
            row.save(update_fields=["answer", "answered_by", "answered_at", "until"])
            # What the same rule had said before is answered with it, and does not come up again in its place.
            Nudge.objects.filter(incident=incident, rule=row.rule, answer="").update(
                answer=row.answer, answered_by=by.person, answered_at=made.at, until=row.until
            )
            word = Nudge.Answer(answer).label.lower()
            write_system(
                incident, "nudge.answered", f"{by.name}: {word}: {row.reason}", {"nudge": row.pk, "answer": answer},
                made.at, by=by,
            )  # fmt: skip
            if call is not None:
                ask_in(by, incident, [call], row.reason)
    return row


def _do(by: Actor, incident: Incident, row: Nudge) -> None:
    """Take its role, or open the incident again. Inside the caller's transaction, with incident and nudge locked: of several
    who press at the same moment only the first is heard, and the others relieve nobody."""
    accepted = RoleAssignment.objects.filter(incident=incident, ended_at__isnull=True, accepted_at__isnull=False)
    holder = accepted.filter(role=row.takes).exclude(person=by.person).select_related("person").first()
    if holder is not None:
        raise Conflict(
            f"{holder.person} is the {holder.get_role_display().lower()} already; nothing was changed.",
            field="do",
            value=row.takes,
            fix="Take over at the roles, if that is what you mean.",
        )
    if row.answer and (by.person is None or row.answered_by_id != by.person.pk):
        why = "It is no longer so" if row.answer == Nudge.Answer.GONE else "It has been answered already"
        raise Conflict(f"{why}; nothing was changed.", field="do", value=row.way_out, fix="Look at the incident.")
    if row.takes and by.person is not None:
        assign_role(by, incident, row.takes, by.person)
    elif row.way_out == "reopen":
        reopen(by, incident)


def set_guidance(
    by: Actor, rule: str, *, enabled: bool = True, after_minutes: Mapping[int, int] | None = None
) -> GuidanceSetting:
    """Switch a rule off or on, for the whole installation, and say after how many minutes it speaks by severity (None: as
    it comes; a severity that is left out is not watched).

    :raises NotFound: there is no such rule.
    :raises Refused: thresholds that are none.
    """
    _known(rule)
    for severity, minutes in (after_minutes or {}).items():
        if severity not in range(1, 6) or not 0 <= minutes <= 10_080:
            raise Refused(
                "That is no threshold.",
                field="after_minutes",
                value=f"{severity}: {minutes}",
                fix="Use severities 1 to 5, each with 0 to 10080 minutes.",
            )
    with change(by, "guidance.changed", None, needs=Action.ADMINISTER) as made:
        kept = None if after_minutes is None else {str(each): after_minutes[each] for each in sorted(after_minutes)}
        made.note(rule=rule, enabled=enabled, after_minutes=kept)
        made.touch("guidance")
        row, _ = GuidanceSetting.objects.update_or_create(
            rule=rule, defaults={"enabled": enabled, "after_minutes": kept}
        )
    return row


def reset_guidance(by: Actor, rule: str) -> None:
    """Let a rule be as it comes.

    :raises NotFound: there is no such rule.
    """
    _known(rule)
    with change(by, "guidance.reset", None, needs=Action.ADMINISTER) as made:
        made.note(rule=rule)
        made.touch("guidance")
        GuidanceSetting.objects.filter(rule=rule).delete()


def _known(rule: str) -> None:
    known = sorted(each.name for each in all_rules())
    # One that an older version knew may still be set: it can be taken away.
    if rule not in known and not GuidanceSetting.objects.filter(rule=rule).exists():
        raise NotFound(
            f"There is no rule {rule[:40]!r}.", field="rule", value=rule[:40], fix=f"Use one of {', '.join(known)}."
        )
