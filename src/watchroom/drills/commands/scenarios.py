"""Scenarios: saved, made of the library's, deleted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models import ProtectedError

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.models import Team
from ...accounts.roles import Action
from ...catalog.models import Service
from ...incidents.models import IncidentSeverity
from ...kernel.checks import chosen, within, written
from ...kernel.errors import Conflict, NotFound, Refused
from ...kernel.names import only_one, short_name
from .. import library, queries, rules
from ..models import Drill, Scenario


def save_scenario(
    by: Actor,
    scenario: Scenario | None,
    *,
    team: Team,
    name: str,
    slug: str = "",
    story: str = "",
    services: Iterable[Service] = (),
    severity: int = 2,
    minutes: int = 45,
    injects: Sequence[Any] = (),
    expectations: Sequence[Any] = (),
    made_of: str = "",
) -> Scenario:
    """Write a scenario down, or change it. A drill that has begun keeps to what it began with.

    :raises Refused: no name, or a part that makes no sense; names it.
    :raises Conflict: another scenario has this slug.
    :raises NotAllowed: by somebody who is about to practise it.
    """
    row, name = scenario or Scenario(), " ".join(name.split())
    if row.pk is not None:
        by.require(Action.RESPOND, row.team)
        if not queries.reads_inside(by, row):
            raise NotFound(queries.why_hidden(by, row), field="scenario", value=row.slug)
    by.require(Action.RESPOND, team)
    name = written(name, "A scenario needs a name", 120, field="name", fix="Such as “The database is slow”.")
    if len(story) > 20_000:
        raise Refused("The story is too long.", field="story", value=len(story), fix="Use at most 20000 letters.")
    chosen(severity, IncidentSeverity.values, "severity", field="severity", fix="Use 1 (worst) to 5.")
    within(minutes, 5, 480, "length", field="minutes", unit="minutes")
    try:
        came, wanted = rules.injects_of(injects), rules.expectations_of(expectations)
    except rules.Wrong as wrong:
        raise Refused(wrong.message, field=wrong.field, value=wrong.value, fix=wrong.fix) from None
    slug = short_name(slug, before=row.slug, name=name, otherwise="scenario", among=Scenario.objects)
    verb = "changed" if row.pk else "created"
    with change(by, f"scenario.{verb}", row, needs=Action.RESPOND, team=team) as made:
        row.team, row.name, row.slug, row.severity, row.minutes = team, name, slug, severity, minutes
        row.story, row.made_of = story.replace("\r\n", "\n").strip(), row.made_of or made_of
        row.injects, row.expectations = [each.as_json() for each in came], [each.as_json() for each in wanted]
        with only_one("scenario", slug=slug):
            row.save()
        row.services.set(services)
        made.note(slug=slug)
        made.touch("scenarios", f"scenario:{row.pk}")
    return row


def from_library(by: Actor, key: str, *, team: Team, services: Sequence[Service] = ()) -> Scenario:
    """Make a scenario of one of the library's, for a team's services (the first is the one that breaks).

    :raises NotFound: the library has no such scenario.
    """
    story = library.story_by(key)
    words = library.words(team, services)
    fields: Mapping[str, Any] = story.told(words)
    taken, slug = set(Scenario.objects.values_list("slug", flat=True)), f"{team.slug}-{key}"[:58]
    free = next(each for each in (slug, *(f"{slug}-{n}" for n in range(2, len(taken) + 3))) if each not in taken)
    return save_scenario(by, None, team=team, services=services, slug=free, made_of=key, **fields)


def delete_scenario(by: Actor, scenario: Scenario) -> None:
    """:raises Conflict: it has been practised, or is about to be; its debriefs stay."""
    with change(by, "scenario.deleted", scenario, needs=Action.RESPOND, team=scenario.team) as made:
        made.note(name=scenario.name, slug=scenario.slug)
        made.subject = None
        made.touch("scenarios")
        Drill.objects.filter(scenario=scenario, state=Drill.State.CALLED_OFF).delete()
        try:
            scenario.delete()
        except ProtectedError:
            raise Conflict(
                "It has been practised, or is about to be.",
                field="scenario",
                value=scenario.slug,
                fix="Call off what is planned. An administrator may delete what was practised, in its debrief.",
            ) from None
