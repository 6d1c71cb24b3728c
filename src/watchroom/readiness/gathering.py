"""What is known of teams, for the rules that say what they lack: a fixed number of queries, however many teams."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, time, timedelta

from django.db.models import Count, Exists, F, Max, OuterRef, QuerySet, Subquery

from ..accounts.models import Membership, Person, Team
from ..accounts.roles import Role
from ..actions.models import ActionItem
from ..catalog.models import Dependency, Service, ServiceLink
from ..channels.base import missing_for, wakes
from ..drills import queries as drills
from ..evidence.models import Indicator
from ..incidents.models import Incident
from ..incidents.severities import all_severities
from ..insights.models import Crossing
from ..intake.models import AlertGroup, Integration, Route, Signal
from ..kernel import clock
from ..kernel import settings as conf
from ..kernel.plugins import all_of
from ..mitigations.models import Mitigation, MitigationRun
from ..monitors.models import Check, Heartbeat
from ..oncall.models import Calendar, Override, RotationMember
from ..paging.models import ContactMethod, EscalationPolicy, PagingDefect, StepTarget
from ..paging.people import Roster
from ..paging.rules import messages_for
from ..runbooks import queries as runbooks
from ..runbooks.models import Runbook
from ..status.models import StatusPage
from .models import ProcessVersion, ReadinessThresholds
from .queries.process import current, readings_from
from .rules import facts
from .rules.facts import InstallationFacts, TeamFacts, Thresholds

BACK = timedelta(days=180)  # incidents without a postmortem that are older are history
LOAD = timedelta(days=28)
By = dict[int, list]  # type: ignore[type-arg]  # team to what it has


def thresholds() -> Thresholds:
    """From when on something counts as lacking here."""
    row = ReadinessThresholds.objects.filter(pk=1).first()
    return row.said if row is not None else Thresholds()


def facts_of(teams: Sequence[Team], now: datetime) -> dict[int, TeamFacts]:
    """What is known of each of these teams, by its number."""
    ids = [team.pk for team in teams]
    members = list(
        Membership.objects.filter(team__in=ids, person__is_active=True).values_list(
            "team_id", "person_id", "person__name", "role", "person__joined_at"
        )
    )
    responders: By = defaultdict(list)
    for team, person, _, role, _ in members:
        if role >= Role.RESPONDER:
            responders[team].append(person)
    policies, named = _policies(ids, responders)
    on_call = _on_call(ids, named)
    monitors, practised = _monitors(ids), _practised(ids)
    parts: dict[str, By] = {
        "on_call": on_call,
        "policies": policies,
        "defects": _defects(ids),
        "services": _services(ids),
        "integrations": _integrations(ids),
        "monitors": monitors,
        "routes": _routes(Route.objects.filter(team__in=ids)),
        "mitigations": _mitigations(ids),
        "runbooks": _runbooks(ids),
        "unread": _unread(members),
        "overdue": _overdue(ids, now),
        "postmortems": _postmortems(ids, now),
        "load": _load(ids, now),
        "pages": _pages(ids),
    }
    return {
        pk: TeamFacts(
            managers=sum(team == pk and role >= Role.MANAGER for team, _, _, role, _ in members),
            practised_at=practised.get(pk),
            **{name: tuple(found[pk]) for name, found in parts.items()},
        )
        for pk in ids
    }


def facts_of_all() -> InstallationFacts:
    """What concerns everybody."""
    settings, mail = conf.current(), all_of("watchroom.channels").get("email")
    people = Person.objects.filter(is_active=True, is_demo=False)
    return InstallationFacts(
        administrators=people.filter(role=Role.ADMINISTRATOR).count(),
        published=current() is not None,
        dead_man=bool(settings.dead_man_url),
        alarm=bool(settings.alarm_to),
        mail=missing_for(mail) if mail is not None else "there is no such channel.",
        # The root takes what no other takes, and need never have caught anything.
        routes=tuple(_routes(Route.objects.filter(team=None, parent__isnull=False))[0]),
        teamless=people.filter(memberships__isnull=True).count(),
    )


def _policies(ids: Collection[int], responders: By) -> tuple[By, dict[int, set[int]]]:
    """The policies of teams, and whom each team's name by name. Whom a schedule of calendars means, nobody can say."""
    rows = EscalationPolicy.objects.filter(team__in=ids).annotate(
        used=Exists(Service.objects.filter(policy=OuterRef("pk"))) | Exists(Route.objects.filter(policy=OuterRef("pk")))
    )
    policies = list(rows.values_list("pk", "team_id", "slug", "name", "used"))
    targets = list(
        StepTarget.objects.filter(step__policy__team__in=ids).values_list(
            "step__policy_id",
            "step__policy__team_id",
            "person_id",
            "person__is_active",
            "schedule_id",
            "team_id",
            "role",
        )
    )
    schedules = {each[4] for each in targets if each[4]}
    mean: dict[int, set[int]] = defaultdict(set)
    for schedule, person in RotationMember.objects.filter(
        rotation__schedule__in=schedules, is_shadow=False, person__is_active=True
    ).values_list("rotation__schedule_id", "person_id"):
        mean[schedule].add(person)
    unknown = set(Calendar.objects.filter(schedule__in=schedules).values_list("schedule_id", flat=True))
    others = {each[5] for each in targets if each[5]} - set(ids)
    for team, person in Membership.objects.filter(
        team__in=others, person__is_active=True, role__gte=Role.RESPONDER
    ).values_list("team_id", "person_id"):
        responders[team].append(person)
    people: dict[int, set[int] | None] = {pk: set() for pk, *_ in policies}
    named: dict[int, set[int]] = defaultdict(set)
    for policy, owner, person, active, schedule, team, role in targets:
        so_far = people[policy]
        if so_far is None or schedule in unknown or role:
            people[policy] = None
        elif schedule:
            so_far |= mean[schedule]
        elif team:
            so_far |= set(responders[team])
        elif person and active:
            so_far.add(person)
        if person and active:
            named[owner].add(person)
    found: By = defaultdict(list)
    for pk, team, slug, name, used in policies:
        who = people[pk]
        found[team].append(facts.Policy(slug, name, None if who is None else frozenset(who), used))
    return found, named


def _on_call(ids: Collection[int], named: dict[int, set[int]]) -> By:
    """Who may be paged for each team: in the rotations of its schedules, by an override that is not over, or by name."""
    who: dict[int, set[int]] = defaultdict(set)
    for team, people in named.items():
        who[team] |= people
    rows = RotationMember.objects.filter(rotation__schedule__team__in=ids, is_shadow=False, person__is_active=True)
    for team, person in rows.values_list("rotation__schedule__team_id", "person_id"):
        who[team].add(person)
    now = clock.now()
    covers = Override.objects.filter(schedule__team__in=ids, ends_at__gt=now, person__is_active=True)
    for team, person in covers.values_list("schedule__team_id", "person_id"):
        who[team].add(person)
    everybody = {person for people in who.values() for person in people}
    known = _reached(everybody, now)
    return defaultdict(
        list,
        {
            team: sorted((known[each] for each in people), key=lambda each: (each.name, each.pk))
            for team, people in who.items()
        },
    )


def _reached(people: Collection[int], now: datetime) -> dict[int, facts.OnCall]:
    names = dict(Person.objects.filter(pk__in=people).values_list("pk", "name"))
    ways: dict[int, dict[int, tuple[str, bool]]] = defaultdict(dict)
    rows = ContactMethod.objects.filter(person__in=people, enabled=True).order_by("id")
    for person, pk, channel, verified in rows.values_list("person_id", "pk", "channel", "verified_at"):
        ways[person][pk] = (channel, verified is not None)
    roster = Roster(now)
    roster.know_rules(people, "high")
    loud = {
        name for name, channel in all_of("watchroom.channels").items() if wakes(channel) and not missing_for(channel)
    }
    found = {}
    for person in people:
        own = ways[person]
        used = [
            own[rule.method][0] for rule in messages_for(roster.rules(person, "high"), list(own)) if rule.method in own
        ]
        found[person] = facts.OnCall(
            person,
            names[person],
            len(own),
            sum(verified for _, verified in own.values()),
            any(each in loud for each in used),
        )
    return found


def _defects(ids: Collection[int]) -> By:
    found: By = defaultdict(list)
    rows = PagingDefect.objects.filter(team__in=ids, resolved_at__isnull=True).order_by("kind", "first_at", "id")
    for team, pk, text, path, kind in rows.values_list("team_id", "pk", "text", "path", "kind"):
        found[team].append(facts.Defect(pk, text, path, kind == PagingDefect.Kind.AHEAD))
    return found


def _services(ids: Collection[int]) -> By:
    here = OuterRef("pk")
    rows = Service.objects.filter(team__in=ids).annotate(
        runbook=Exists(ServiceLink.objects.filter(service=here, kind=ServiceLink.Kind.RUNBOOK))
        | Exists(Runbook.objects.filter(services=here)),
        indicator=Exists(Indicator.objects.filter(service=here)),
        connected=Exists(Dependency.objects.filter(service=here)) | Exists(Dependency.objects.filter(needs=here)),
    )
    found: By = defaultdict(list)
    for team, pk, slug, name, tier, policy, runbook, indicator, needs in rows.values_list(
        "team_id", "pk", "slug", "name", "tier", "policy_id", "runbook", "indicator", "connected"
    ):
        found[team].append(facts.Service(pk, slug, name, tier, policy is not None, runbook, indicator, needs))
    return found


def _integrations(ids: Collection[int]) -> By:
    rows = list(
        Integration.objects.filter(team__in=ids, paused=False, drill=False).values_list(
            "team_id", "pk", "slug", "name", "last_signal_at", "created_at", "service_id"
        )
    )
    # The journal may be a database of its own, so by number.
    refused = Signal.objects.filter(integration__in=[row[1] for row in rows], refused=True, replayed_at__isnull=True)
    trays = dict(refused.order_by().values_list("integration_id").annotate(Count("pk")))
    found: By = defaultdict(list)
    for team, pk, slug, name, last, created, service in rows:
        found[team].append(facts.Integration(slug, name, last, created, trays.get(pk, 0), service))
    return found


def _monitors(ids: Collection[int]) -> By:
    found: By = defaultdict(list)
    for kind, model in (("heartbeats", Heartbeat), ("checks", Check)):
        rows = model.objects.filter(team__in=ids, paused=False, drill=False)
        for team, slug, name, created, state, service in rows.values_list(
            "team_id", "slug", "name", "created_at", "state", "service_id"
        ):
            found[team].append(facts.Monitor(kind, slug, name, created, state != "new", service))
    return found


def _routes(routes: QuerySet[Route]) -> By:
    found: By = defaultdict(list)
    rows = routes.annotate(caught=Exists(AlertGroup.objects.filter(route=OuterRef("pk"))))
    for team, pk, name, caught in rows.values_list("team_id", "pk", "name", "caught"):
        found[team or 0].append(facts.Route(pk, name, caught))
    return found


def _mitigations(ids: Collection[int]) -> By:
    last = MitigationRun.objects.filter(mitigation=OuterRef("pk"), ended_at__isnull=False).order_by("-id")
    rows = Mitigation.objects.filter(team__in=ids).annotate(
        outcome=Subquery(last.values("outcome")[:1]), last_at=Subquery(last.values("ended_at")[:1])
    )
    found: By = defaultdict(list)
    for team, slug, name, outcome, at, service in rows.values_list(
        "team_id", "slug", "name", "outcome", "last_at", "service_id"
    ):
        found[team].append(facts.Mitigation(slug, name, outcome or "", at, service))
    return found


def _runbooks(ids: Collection[int]) -> By:
    rows = list(Runbook.objects.filter(team__in=ids))
    lacks = runbooks.lacks_of(rows) if rows else {}
    found: By = defaultdict(list)
    for row in rows:
        found[row.team_id].append(
            facts.Runbook(row.slug, row.name, tuple((each.code, each.text) for each in lacks[row.pk]))
        )
    return found


def _practised(ids: Collection[int]) -> dict[int, datetime]:
    """When each team last practised: a drill that has ended, or an incident that was declared as one; trying Watchroom out is no
    practice."""
    rows = Incident.objects.filter(team__in=ids, drill=True, test=False).order_by().values_list("team_id")
    found = dict(rows.annotate(Max("declared_at")))
    for team, at in drills.last_practised_by_team().items():
        found[team] = max(at, found.get(team, at))
    return found


def _unread(members: Iterable[tuple[int, int, str, int, datetime]]) -> By:
    """Who has not read the process, and since when they have been asked."""
    found: By = defaultdict(list)
    version = current()
    if version is None:
        return found
    asked = ProcessVersion.objects.filter(number=version.asks_from).values_list("published_at", flat=True).first()
    members = list(members)
    read = set(
        readings_from(version).filter(person__in={each[1] for each in members}).values_list("person_id", flat=True)
    )
    for team, person, name, _, joined in members:
        if person not in read:
            found[team].append(facts.Item(person, name, max(asked or version.published_at, joined)))
    return found


def _overdue(ids: Collection[int], now: datetime) -> By:
    found: By = defaultdict(list)
    rows = ActionItem.objects.filter(
        team__in=ids, remind_at__isnull=False, due_on__lt=now.date(), incident__private=False
    )
    for team, pk, title, due in rows.order_by("due_on").values_list("team_id", "pk", "title", "due_on"):
        found[team].append(facts.Item(pk, title, datetime.combine(due, time(), UTC)))
    return found


def _postmortems(ids: Collection[int], now: datetime) -> By:
    """Incidents that customers noticed or for which people were woken, whose postmortem is not published."""
    grave = [level for level, each in all_severities().items() if each.customers or each.urgent]
    rows = Incident.objects.filter(
        team__in=ids, severity__in=grave, status=Incident.Status.RESOLVED, drill=False, triage="", private=False,
        declared_at__gt=now - BACK,
    ).exclude(postmortem__state="published")  # fmt: skip
    found: By = defaultdict(list)
    for team, pk, title, at in rows.order_by("pk").values_list("team_id", "pk", "title", "declared_at"):
        found[team].append(facts.Item(pk, title, at))
    return found


def _load(ids: Collection[int], now: datetime) -> By:
    found: By = defaultdict(list)
    rows = Crossing.objects.filter(team__in=ids, closed_at__isnull=True, noticed_at__gt=now - LOAD)
    for team, pk, name, text, at in rows.values_list("team_id", "pk", "person__name", "text", "noticed_at"):
        found[team].append(facts.Item(pk, f"{name}: {text}", at))
    return found


def _pages(ids: Collection[int]) -> By:
    found: By = defaultdict(list)
    rows = StatusPage.objects.filter(team__in=ids).annotate(parts=Count(F("components")))
    for team, slug, name, parts in rows.values_list("team_id", "slug", "name", "parts"):
        found[team].append(facts.Page(slug, name, parts))
    return found
