"""Practice that comes again, in the configuration file."""

from __future__ import annotations

from datetime import datetime, timedelta

from ...accounts.actors import Actor
from ...accounts.models import Person
from ...drills import commands, rules
from ...drills.models import PracticePlan
from ...kernel import clock
from ..difference import State
from ..parts import plain_time
from ._kind import Fields, Find, Kind

_KIND = "practice"


def _practice() -> dict[str, Fields]:
    """Every team's, by its slug; two questions, however many."""
    rows = list(PracticePlan.objects.select_related("team", "scenario").order_by("team__slug"))
    numbers = {pk for row in rows for pk in row.facilitators}
    emails = dict(Person.objects.filter(pk__in=numbers, is_active=True).values_list("pk", "email")) if numbers else {}
    return {
        row.team.slug: {
            "team": row.team.slug,
            "weeks": row.weeks,
            "next_at": plain_time(row.next_at),
            "timezone": row.timezone,
            "facilitators": [emails[pk] for pk in row.facilitators if pk in emails],
            "scenario": row.scenario.slug if row.scenario else None,
            "pages": row.pages,
        }
        for row in rows
    }


def _complete(wanted: State, current: State) -> None:
    """``next_at`` goes on by itself: a time of the same rhythm means the next one, and one that has passed the first after
    now."""
    for team, said in wanted.get(_KIND, {}).items():
        if "next_at" not in said:
            continue
        there = current.get(_KIND, {}).get(team, {})
        weeks = int(said.get("weeks") or there.get("weeks") or 1)
        zone = str(said.get("timezone") or there.get("timezone") or "UTC")
        at = datetime.fromisoformat(str(said["next_at"]))
        if there and at <= (following := datetime.fromisoformat(there["next_at"])):
            if at == following or rules.after(at, weeks, zone, following - timedelta(microseconds=1)) == following:
                said["next_at"] = there["next_at"]
                continue
        if at <= clock.now():
            said["next_at"] = plain_time(rules.after(at, weeks, zone, clock.now()))


def _find(team: str) -> PracticePlan | None:
    return PracticePlan.objects.select_related("team").filter(team__slug=team).first()


def _save(by: Actor, row: PracticePlan | None, fields: Fields, find: Find) -> None:
    commands.save_practice(
        by,
        find("teams", fields["team"]),
        weeks=fields["weeks"],
        next_at=datetime.fromisoformat(str(fields["next_at"])),
        facilitators=[find("people", email) for email in fields["facilitators"]],
        scenario=find("scenarios", fields["scenario"]),
        pages=fields["pages"],
        timezone=fields["timezone"],
    )


def _end(by: Actor, row: PracticePlan) -> None:
    commands.end_practice_plan(by, row.team)


KINDS = (Kind(_KIND, _practice, _find, _save, _end, complete=_complete),)
