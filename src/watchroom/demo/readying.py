"""How ready the made-up company is: its process and who has read it, how its teams came on, and what they have put off."""

from __future__ import annotations

from datetime import timedelta

from ..readiness.models import Lack, ProcessVersion, ReadinessDay, Reading
from ..readiness.process_facts import process_facts
from .standing import Company

_WORDS = {
    "declare": {
        "before": "If trains or payments stand still for anybody, **declare first**, then look. Nobody has ever been told off for it."
    },
    "severity": {"after": "Fernweh counts a journey that can’t be paid as money at risk: that is SEV1."},
    "told": {"after": "The press is told by Corporate Communications alone."},
    "meet": {"after": "In the room, or by phone: the number stands on the back of your badge."},
}


def process(c: Company) -> None:
    """The process page as published five weeks ago, read by two in three. Where a real one is published, it stays."""
    if ProcessVersion.objects.exists():
        return
    at = c.now - timedelta(days=35)
    row = ProcessVersion.objects.create(
        number=1,
        words=_WORDS,
        facts={key: [fact.line for fact in facts] for key, facts in process_facts().items()},
        note="",
        asks_anew=False,
        asks_from=1,
        published_at=at,
        is_demo=True,
    )
    people = [person for team in c.people.values() for person in team]
    seen = {person.pk: person for person in people}
    for number, person in enumerate(seen.values()):
        if number % 3:
            Reading.objects.create(version=row, person=person, at=at + timedelta(hours=2 + 5 * number))


def readiness(c: Company) -> None:
    """Six weeks in which each team came on a little, and one thing that each has put off."""
    today = c.now.date()
    for place, team in enumerate(c.teams.values()):
        ReadinessDay.objects.bulk_create(
            ReadinessDay(
                team=team,
                day=today - timedelta(days=back),
                looked=40,
                fine=20 - back // (4 + place % 3),
                hurts=7 + back // 20,
            )
            for back in range(1, 42)
        )
        service = next(each for each in c.services if each.team_id == team.pk)
        Lack.objects.create(
            team=team,
            service=service,
            key=f"service.indicator:{service.slug}",
            level=3,
            text=f"Nobody sees on one page how {service.name} is: it has no indicator.",
            path=f"/services/{service.slug}/indicators/new",
            first_at=c.now - timedelta(days=40),
            put_off_until=today + timedelta(days=25),
            put_off_at=c.now - timedelta(days=6),
            put_off_by=c.people[team.name][0],
            put_off_reason="Its metrics move to the new Prometheus until then.",
        )
