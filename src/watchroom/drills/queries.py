"""Reads about scenarios and drills."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from random import Random

from django.db.models import Count, Max, Min, OuterRef, Q, QuerySet, Subquery

from ..accounts.actors import Actor
from ..accounts.models import Membership, Person, Team
from ..accounts.roles import Action, Role
from ..incidents import queries as incidents
from ..incidents.histories import history_of
from ..incidents.models import Incident, LogEntry, RoleAssignment, RoleHandoff, RoleName
from ..intake.models import Alert, AlertGroup, Practises
from ..kernel import clock
from ..kernel.errors import NotFound
from ..paging.models import Escalation, Notification
from . import rules
from .models import Drill, DrillInject, Scenario

ON = (Drill.State.RUNNING, Drill.State.PAUSED)
_AHEAD = (Drill.State.PLANNED, *ON)


# --- Scenarios -------------------------------------------------------------------------------------------------------


def scenarios_visible_to(actor: Actor) -> QuerySet[Scenario]:
    """Scenarios; everybody who is signed in may know that there are any. What is in one: :func:`reads_inside`."""
    rows = Scenario.objects.select_related("team")
    return rows if actor.may(Action.SEE) else rows.none()


def scenario_by(actor: Actor, slug: str) -> Scenario:
    """One scenario. :raises NotFound: there is none."""
    found = scenarios_visible_to(actor).filter(slug=slug).first()
    if found is None:
        raise NotFound(f"There is no scenario {slug!r}.", field="scenario", value=slug, fix="See /drills/scenarios.")
    return found


def reads_inside(actor: Actor, scenario: Scenario) -> bool:
    """Whether ``actor`` may read the story: whoever responds for its team, except who is about to practise it."""
    return scenario.pk in read_inside_by(actor, [scenario])


def read_inside_by(actor: Actor, scenarios: Iterable[Scenario]) -> set[int]:
    """Of which of ``scenarios`` ``actor`` may read the story (:func:`reads_inside`), by number. One statement."""
    may = {each.pk for each in scenarios if actor.may(Action.RESPOND, each.team_id)}
    if actor.person is None or not may:
        return may
    return may - set(_to_practise(actor.person).filter(scenario__in=may).values_list("scenario", flat=True))


def _to_practise(person: Person) -> QuerySet[Drill]:
    """What somebody is about to practise."""
    return Drill.objects.filter(state__in=_AHEAD, participants=person).exclude(facilitator=person).order_by()


def why_hidden(actor: Actor, scenario: Scenario) -> str:
    """Why ``actor`` does not read what is in a scenario. A surprise is not given away: until it has begun whoever will
    practise it is told what everybody is told who does not respond for the team."""
    if actor.person is not None and actor.may(Action.RESPOND, scenario.team):
        told = _to_practise(actor.person).filter(scenario=scenario)
        if told.exclude(surprise=True, state=Drill.State.PLANNED).exists():
            return "You are about to practise this: what happens in it you will see then."
    return f"What happens in it is read by whoever prepares the practice of {scenario.team}."


def practices_shown(actor: Actor, scenario: Scenario, most: int = 30) -> list[Drill]:
    """The drills that its page names, the newest first: what has ended, and what ``actor`` runs. Any other would say what
    those who take part are about to practise."""
    rows = visible_to(actor).filter(scenario=scenario).exclude(state=Drill.State.CALLED_OFF).order_by("-id")
    if not actor.is_system:
        rows = rows.filter(Q(state=Drill.State.ENDED) | Q(pk__in=_run_by(actor)))
    return list(rows[:most])


def _run_by(actor: Actor) -> QuerySet[Drill]:
    """:func:`runs`, as a query."""
    if actor.person is None:
        return Drill.objects.none()
    own = Q(facilitator=actor.person) if actor.may(Action.DECLARE) else Q(pk__in=())
    practised = Drill.objects.filter(participants=actor.person).order_by().values("pk")
    return Drill.objects.filter(own | (Q(team__in=actor.teams_where(Action.MANAGE)) & ~Q(pk__in=practised))).order_by()


# --- Drills ----------------------------------------------------------------------------------------------------------


def visible_to(actor: Actor) -> QuerySet[Drill]:
    """Drills. A surprise that is planned is known only to whoever facilitates or planned it, and to the team's managers."""
    rows = Drill.objects.select_related("team", "scenario__team", "facilitator", "incident")
    if not actor.may(Action.SEE):
        return rows.none()
    if actor.is_system or actor.may(Action.MANAGE):
        return rows
    told = ~Q(state__in=(Drill.State.PLANNED, Drill.State.CALLED_OFF)) | Q(surprise=False)
    if actor.person is not None:
        told |= Q(facilitator=actor.person) | Q(planned_by=actor.person)
    return rows.filter(told | Q(team__in=actor.teams_where(Action.MANAGE)))


def drill_for(actor: Actor, pk: int) -> Drill:
    """One drill. :raises NotFound: there is none that ``actor`` may know of."""
    found = visible_to(actor).filter(pk=pk).first()
    if found is None:
        raise NotFound(
            f"There is no drill {pk}, or you may not know of it.", field="drill", value=pk, fix="See /drills."
        )
    return found


def inject_for(actor: Actor, pk: int) -> DrillInject:
    """One inject of a drill that ``actor`` runs. :raises NotFound: there is none."""
    found = DrillInject.objects.select_related("drill__team").filter(pk=pk).first()
    if found is None or not runs(actor, drill_for(actor, found.drill_id)):
        raise NotFound(f"There is no inject {pk}, or you may not know of it.", field="inject", value=pk)
    return found


def takes_part(actor: Actor, drill: Drill) -> bool:
    """Whether ``actor`` is one of those who practise."""
    return actor.person is not None and drill.participants.filter(pk=actor.person.pk).exists()


def runs(actor: Actor, drill: Drill) -> bool:
    """Whether ``actor`` sees what comes and decides it: whoever facilitates, and the team's managers who do not take part."""
    if actor.is_system:
        return True
    if actor.person is None:
        return False
    if drill.facilitator_id == actor.person.pk:
        return actor.may(Action.DECLARE)
    return actor.may(Action.MANAGE, drill.team) and not takes_part(actor, drill)


def may_stop(actor: Actor, drill: Drill) -> bool:
    """Anybody who has to do with it: a drill that goes wrong waits for nobody."""
    return runs(actor, drill) or takes_part(actor, drill) or actor.may(Action.RESPOND, drill.team)


def reads_all(actor: Actor, drill: Drill) -> bool:
    """Whether ``actor`` reads what the drill is about: whoever runs it, and everybody once it has ended."""
    return drill.is_over or runs(actor, drill)


def name_for(actor: Actor, drill: Drill) -> str:
    """What a drill is called for ``actor``: its scenario's name gives away what happens."""
    return drill.scenario.name if reads_all(actor, drill) else f"Drill of {drill.team}"


def running_for(actor: Actor) -> list[Drill]:
    """Drills that are on and that ``actor`` may know of."""
    return list(visible_to(actor).filter(state__in=ON).order_by("id"))


def groups_of(drill: Drill) -> QuerySet[AlertGroup]:
    """The alert groups of a drill: what its team's integration for scenarios sent while it was on."""
    if drill.started_at is None:
        return AlertGroup.objects.none()
    alerts = Alert.objects.filter(
        integration__team=drill.team_id,
        integration__practises=Practises.SCENARIOS,
        first_seen_at__gte=drill.started_at,
    )
    if drill.ended_at is not None:
        alerts = alerts.filter(first_seen_at__lte=drill.ended_at)
    return AlertGroup.objects.filter(drill=True, pk__in=alerts.values("group"))


def incident_of(drill: Drill) -> Incident | None:
    """Its incident: the first drill of its team, or of its alerts, that was declared while it was on."""
    if drill.incident_id is not None or drill.started_at is None or not drill.is_on:
        return drill.incident
    rows = Incident.objects.filter(drill=True, test=False, declared_at__gte=drill.started_at)
    groups = list(groups_of(drill).values_list("pk", flat=True))
    return rows.filter(Q(team=drill.team_id) | Q(alert_groups__in=groups)).order_by("id").first()


def incidents_of(drill: Drill) -> QuerySet[Incident]:
    """Every incident that was practised while it was on: of its team, of its alerts, or of those who take part; not one of
    another team's drill that is on as well."""
    if drill.started_at is None:
        return Incident.objects.none()
    others = Drill.objects.filter(state__in=ON).exclude(pk=drill.pk)
    people = [*drill.participants.values_list("pk", flat=True), drill.facilitator_id]
    ours = Q(team=drill.team_id) | Q(alert_groups__in=list(groups_of(drill).values_list("pk", flat=True)))
    theirs = Q(declared_by__in=people) | Q(roles__person__in=people)
    theirs &= ~Q(pk__in=others.values("incident")) & (Q(team=None) | ~Q(team__in=others.values("team")))
    rows = Incident.objects.filter(drill=True, test=False, declared_at__gte=drill.started_at)
    found = rows.filter(ours | theirs).order_by().values_list("pk", flat=True)
    return Incident.objects.filter(pk__in=set(found) | ({drill.incident_id} - {None})).order_by("pk")


def pages_of(drill: Drill) -> QuerySet[Escalation]:
    """What pages for a drill now: for its alerts, for roles of its incidents, and directly about those."""
    return _pages_about(drill).filter(ended_at__isnull=True)


def held_pages_of(drill: Drill, since: datetime) -> QuerySet[Escalation]:
    """What its pause, which began then, holds back; not what somebody has taken or put off meanwhile."""
    latest = Escalation.objects.filter(kind=OuterRef("kind"), subject_id=OuterRef("subject_id")).order_by("-id")
    taken = groups_of(drill).exclude(acknowledged_at=None).values("pk")
    done = RoleAssignment.objects.filter(Q(accepted_at__isnull=False) | Q(ended_at__isnull=False)).values("pk")
    rows = _pages_about(drill).filter(end=Escalation.End.SNOOZED, ended_at__gte=since)
    rows = rows.filter(pk=Subquery(latest.values("pk")[:1]))
    return rows.exclude(kind="alert_group", subject_id__in=taken).exclude(kind="role", subject_id__in=done)


def _pages_about(drill: Drill) -> QuerySet[Escalation]:
    incidents = list(incidents_of(drill).values_list("pk", flat=True))
    roles = list(RoleAssignment.objects.filter(incident__in=incidents).values_list("pk", flat=True))
    groups = list(groups_of(drill).filter(resolved_at__isnull=True).values_list("pk", flat=True))
    kinds = Escalation.Kind
    paths = [*(f"/incidents/{pk}" for pk in incidents), *(f"/alerts/{pk}" for pk in groups)]
    return Escalation.objects.filter(
        Q(kind=kinds.ALERT_GROUP, subject_id__in=groups)
        | Q(kind=kinds.ROLE, subject_id__in=roles)
        | Q(kind=kinds.DIRECT, drill=True, path__in=paths)
    )


def facts_of(drill: Drill, now: datetime | None = None) -> rules.Facts | None:
    """What happened in it, for the score; None: no signal has come yet. Some fifteen statements."""
    if drill.began_at is None:
        return None
    until = drill.ended_at or now or clock.now()
    pauses = [(datetime.fromisoformat(start), datetime.fromisoformat(end)) for start, end in drill.pauses]
    if drill.paused_at is not None:
        pauses.append((drill.paused_at, until))
    incident = incident_of(drill)
    acknowledged = groups_of(drill).aggregate(first=Min("acknowledged_at"))["first"]
    handed = RoleHandoff.objects.filter(assignment__incident=incident, accepted=True) if incident else None
    history = history_of(incident) if incident else None
    if history is not None and drill.ended_at is not None and (history.resolved_at or until) >= drill.ended_at:
        history = replace(history, resolved_at=None)  # its end resolved it, and nobody else
    return rules.Facts(
        began_at=drill.began_at,
        until=until,
        over=drill.is_over,
        acknowledged_at=acknowledged,
        history=history,
        handed_over=[at for at in handed.values_list("ended_at", flat=True) if at] if handed is not None else (),
        pauses=pauses,
    )


def score_of(drill: Drill) -> rules.Score | None:
    """How it went, or goes so far; None: no signal has come."""
    facts = facts_of(drill)
    return rules.score(rules.expectations_of(drill.plan.get("expectations", ())), facts) if facts else None


def real_work(drill: Drill) -> str:
    """Why it has to end for real work; empty: there is none. Whoever its alerts have paged counts like those who take part.
    Three statements."""
    started = drill.started_at or clock.now()
    worst = Incident.objects.exclude(status=Incident.Status.RESOLVED).filter(
        team=drill.team_id, drill=False, severity__lte=2, triage=""
    )
    found = worst.order_by("severity", "id").first()
    if found is not None:
        return f"A real SEV{found.severity} of {drill.team} is open: #{found.pk}"
    people = {*drill.participants.values_list("pk", flat=True), *_paged_by(drill)}
    paged = paged_for_real(people, started)
    return f"{paged} was paged for something real" if paged else ""


def _paged_by(drill: Drill) -> QuerySet[Notification, int]:
    """Whom its alerts have paged."""
    pages = Notification.objects.filter(
        escalation__kind="alert_group",
        escalation__subject_id__in=groups_of(drill).values("pk"),
        created_at__gte=drill.started_at or clock.now(),
        purpose="page",
    )
    return pages.order_by().values_list("person", flat=True).distinct()


def paged_for_real(people: Iterable[int], since: datetime) -> str:
    """The name of one of ``people`` who was paged for something real since then."""
    rows = Notification.objects.filter(
        person__in=list(people), created_at__gte=since, drill=False, urgency="high", purpose__in=("page", "role")
    )
    found = rows.select_related("person").order_by("id").first()
    return str(found.person) if found else ""


# --- The debrief -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Moment:
    """A line of the debrief: ``came``: the drill did it; otherwise somebody did. ``kind``: inject, page, log, system."""

    at: datetime
    came: bool
    kind: str
    text: str
    who: str = ""


_TOLD = {"incident.declared", "incident.severity_changed", "role.accepted", "role.handed_over", "update.published",
         "mitigation.started", "mitigation.finished", "incident.mitigated", "incident.resolved"}  # fmt: skip
LINES = 300


def timeline(drill: Drill, by: Actor) -> list[Moment]:
    """What came, beside what was done, in order; of the room only for who sees it. A constant number of statements."""
    found = []
    for row in drill.injects.exclude(at=None):
        if row.state == DrillInject.State.SKIPPED and row.by_id is None:
            continue  # left out by the end
        inject = rules.injects_of([row.content])[0] if row.content.get("kind") != "alert_ends" else None
        said = inject.said if inject else f"The alert “{row.content.get('alert')}” ends"
        text = f"{said}: {inject.text}" if inject and inject.text else said
        assert row.at is not None
        found.append(Moment(row.at, True, "inject", f"Left out: {said}" if row.state == "skipped" else text))
    for group in groups_of(drill).select_related("acknowledged_by"):
        if group.acknowledged_at is not None:
            found.append(
                Moment(
                    group.acknowledged_at,
                    False,
                    "page",
                    f"Acknowledged: {group.title}",
                    str(group.acknowledged_by or ""),
                )
            )
    if drill.incident is not None and sees(by, drill.incident):
        lines = LogEntry.objects.filter(incident=drill.incident_id).select_related("author").order_by("at", "id")
        for line in lines[:LINES]:
            ended = line.type == "incident.resolved" and line.author_id is None
            if line.kind == LogEntry.Kind.SYSTEM and (line.type not in _TOLD or ended):
                continue
            if not line.client_key.startswith("drill-inject-"):
                kind = "system" if line.kind == LogEntry.Kind.SYSTEM else str(line.get_kind_display())
                found.append(Moment(line.at, False, kind, line.text, str(line.author or "")))
    return sorted(found, key=lambda each: each.at)


def before(drill: Drill) -> Drill | None:
    """The practice of the same scenario before this one."""
    rows = Drill.objects.filter(scenario=drill.scenario_id, state=Drill.State.ENDED, pk__lt=drill.pk)
    return rows.exclude(percent=None).order_by("-id").first()


# --- Who has practised -----------------------------------------------------------------------------------------------


def last_practised(team: Team) -> datetime | None:
    """When a team's last drill ended; None: it has never practised."""
    found = Drill.objects.filter(team=team, state=Drill.State.ENDED).aggregate(last=Max("ended_at"))
    at: datetime | None = found["last"]
    return at


def last_practised_by_team() -> dict[int, datetime]:
    """When each team's last drill ended, by its number."""
    rows = Drill.objects.filter(state=Drill.State.ENDED).order_by().values("team").annotate(last=Max("ended_at"))
    return dict(rows.values_list("team", "last"))


@dataclass
class Practised:
    """What somebody has practised: when last, how often, and which roles they have ever held (in a drill or for real)."""

    person: Person
    last: datetime | None = None
    times: int = 0
    roles: set[str] = field(default_factory=set)

    @property
    def never(self) -> list[str]:
        """The roles that matter most and that they have never held."""
        return [str(RoleName(role).label) for role in ("commander", "communications") if role not in self.roles]


def practised_in(team: Team) -> list[Practised]:
    """Everybody who responds for a team, by name, with what they have practised. Three statements."""
    members = Membership.objects.filter(team=team, role__gte=Role.RESPONDER, person__is_active=True)
    found = {
        each.person_id: Practised(each.person) for each in members.select_related("person").order_by("person__name")
    }
    ended = Drill.objects.filter(state=Drill.State.ENDED, participants__in=found).order_by()
    for pk, at, times in ended.values_list("participants").annotate(Max("ended_at"), Count("pk")):
        if pk in found:
            found[pk].last, found[pk].times = at, times
    held = RoleAssignment.objects.filter(person__in=found, accepted_at__isnull=False)
    for pk, role in held.order_by().values_list("person", "role").distinct():
        found[pk].roles.add(role)
    return list(found.values())


def by_chance(scenarios: QuerySet[Scenario], chance: Random) -> Scenario | None:
    """The wheel of misfortune: one of those that were practised least recently, by chance; never the last one again where
    there is another."""
    last = Max("drills__ended_at", filter=Q(drills__state=Drill.State.ENDED))
    rows = list(scenarios.annotate(last=last).order_by("id")[:500])
    never = [row for row in rows if row.last is None]
    if not never:
        newest = max((row.last for row in rows), default=None)
        never = [row for row in rows if row.last != newest] or rows
    return chance.choice(never) if never else None


def sees(actor: Actor, incident: Incident) -> bool:
    """Whether ``actor`` sees an incident."""
    return incidents.visible_to(actor).filter(pk=incident.pk).exists()
