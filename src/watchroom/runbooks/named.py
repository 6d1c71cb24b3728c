"""What the steps of runbooks name, looked up together: mitigations, indicators, and whom to call."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q

from ..accounts.models import Person, Team
from ..evidence.models import Indicator
from ..mitigations.models import Mitigation
from ..oncall.models import Schedule
from ..oncall.queries import on_call_now
from ..paging.models import EscalationPolicy
from . import rules


@dataclass(frozen=True)
class Called:
    """Whom a step calls: in words, who that is just now, where they are shown, and what the page on which one is paged is to be
    told."""

    name: str
    page: str
    now: tuple[Person, ...] = ()
    asked: str = ""


@dataclass(frozen=True)
class Named:
    """By slug, by ``service/name`` and by target. What is not there is gone."""

    mitigations: dict[str, Mitigation] = field(default_factory=dict)
    indicators: dict[str, Indicator] = field(default_factory=dict)
    called: dict[str, Called] = field(default_factory=dict)

    def gone(self, steps: Iterable[rules.Step]) -> list[tuple[str, str]]:
        """The keys of steps that name what is no longer there, and what."""
        found = []
        for step in steps:
            if step.mitigation and step.mitigation not in self.mitigations:
                found.append((step.key, f"“{step.title}” names the mitigation {step.mitigation}, which is gone."))
            if step.indicator and step.indicator not in self.indicators:
                found.append((step.key, f"“{step.title}” names the indicator {step.indicator}, which is gone."))
            if step.target and step.target not in self.called:
                found.append((step.key, f"“{step.title}” calls {step.target}: they are no longer here."))
        return found


def named_in(steps: Sequence[rules.Step], at: datetime | None = None) -> Named:
    """All that these steps name; six questions at most, however many steps. With ``at`` also who is on call then."""
    slugs = {step.mitigation for step in steps if step.mitigation}
    mitigations = Mitigation.objects.select_related("runner", "team").filter(slug__in=slugs) if slugs else ()
    wanted = [tuple(step.indicator.split("/", 1)) for step in steps if "/" in step.indicator]
    indicators: dict[str, Indicator] = {}
    if wanted:
        either = Q()
        for service, name in wanted:
            either |= Q(service__slug=service, name=name)
        rows = Indicator.objects.select_related("service").filter(either)
        indicators = {f"{row.service.slug}/{row.name}": row for row in rows}
    return Named({row.slug: row for row in mitigations}, indicators, _called({step.target for step in steps}, at))


def _called(targets: set[str], at: datetime | None) -> dict[str, Called]:
    by_kind: dict[str, set[str]] = {}
    for target in targets:
        kind, _, key = target.partition(":")
        by_kind.setdefault(kind, set()).add(key)
    found: dict[str, Called] = {}
    if emails := by_kind.get("person"):
        known = {
            row.email.lower(): row
            for row in Person.objects.filter(email__in=emails | {e.lower() for e in emails}, is_active=True)
        }
        for email in emails:
            if row := known.get(email.lower()):
                found[f"person:{email}"] = Called(str(row), f"/people/{row.pk}", asked=f"people={row.pk}")
    for team in Team.objects.filter(slug__in=by_kind["team"]) if "team" in by_kind else ():
        found[f"team:{team.slug}"] = Called(f"everybody in {team}", f"/teams/{team.slug}", asked=f"teams={team.pk}")
    if "schedule" in by_kind:
        schedules = list(Schedule.objects.filter(slug__in=by_kind["schedule"]))
        now = on_call_now(at, schedules) if at and schedules else {}
        for each in schedules:
            people = tuple(now.get(each, ()))
            asked = "&".join(f"people={person.pk}" for person in people)
            found[f"schedule:{each.slug}"] = Called(
                f"whoever is on call: {each}", f"/schedules/{each.slug}", people, asked
            )
    for policy in EscalationPolicy.objects.filter(slug__in=by_kind["policy"]) if "policy" in by_kind else ():
        page = f"/policies/{policy.slug}"
        found[f"policy:{policy.slug}"] = Called(f"by the policy {policy}", page, asked=f"policy={policy.slug}")
    return found
