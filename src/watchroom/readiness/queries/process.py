"""Reads about the process: what it says, who has read it, and who is to be reminded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q, QuerySet

from ...accounts.actors import Actor
from ...accounts.models import Membership, Person
from ...accounts.roles import Action
from ...incidents.models import Incident, RoleAssignment
from ...incidents.severities import all_severities
from ...kernel.finding import one
from ...oncall.models import Absence
from ...paging.models import Escalation
from ..models import ProcessReminder, ProcessVersion, Reading
from ..process_facts import Fact, process_facts
from ..rules.process import PLACES, SECTIONS, Changed, facts_changed, is_time_to_remind, minutes


def current() -> ProcessVersion | None:
    """The version that counts; None: nothing is published, and nobody is asked."""
    row = ProcessVersion.objects.select_related("published_by").order_by("-number").first()
    return None if row is None or row.withdrawn else row


def last_big_change(version: ProcessVersion) -> str:
    """What was said of the change since which everybody is asked."""
    if version.asks_from == version.number:
        return version.note
    return ProcessVersion.objects.filter(number=version.asks_from).values_list("note", flat=True).first() or ""


def as_said() -> dict[str, dict[str, Any]]:
    """What of it a configuration file says."""
    row = current()
    if row is None:
        return {}
    words = {key: {place: said.get(place, "") for place in PLACES} for key, said in row.words.items()}
    return {"everybody": {"of": "everybody", "sections": words, "big_change": last_big_change(row)}}


def version_by(actor: Actor, number: int) -> ProcessVersion:
    """One version. :raises NotFound: there is none."""
    actor.require(Action.SEE)
    return one(ProcessVersion.objects.select_related("published_by"), "version", number=number)


def readings_from(version: ProcessVersion) -> QuerySet[Reading]:
    """The readings that count for ``version``."""
    return Reading.objects.filter(version__number__gte=version.asks_from)


def has_read(person: Person, version: ProcessVersion) -> bool:
    """Whether somebody has read what they are asked to."""
    return readings_from(version).filter(person=person).exists()


def is_asked(actor: Actor) -> bool:
    """Whether whoever acts is asked to read the process and has not. One query."""
    if actor.person is None:
        return False
    row = current()
    return row is not None and not has_read(actor.person, row)


@dataclass(frozen=True)
class Part:
    """A section as it is shown."""

    key: str
    title: str
    before: str
    facts: list[Fact]
    after: str


@dataclass(frozen=True)
class Process:
    """The page: its sections, its version (None: none is published), how long it takes to read, whether the reader has (and
    which version last), and what is configured otherwise than when it was published."""

    parts: list[Part]
    version: ProcessVersion | None
    minutes: int
    read: Reading | None
    asked: bool
    drifted: list[Changed]


def process_for(actor: Actor) -> Process:
    """The process, as ``actor`` sees it."""
    actor.require(Action.SEE)
    version, facts = current(), process_facts()
    words = version.words if version is not None else {}
    parts = [
        Part(key, title, words.get(key, {}).get("before", ""), facts[key], words.get(key, {}).get("after", ""))
        for key, title in SECTIONS.items()
    ]
    texts = [text for part in parts for text in (part.title, part.before, *(f.line for f in part.facts), part.after)]
    read = None
    if actor.person is not None:
        rows = Reading.objects.filter(person=actor.person).select_related("version")
        read = rows.order_by("-version__number").first()
    now = {key: [fact.line for fact in said] for key, said in facts.items()}
    return Process(
        parts=parts,
        version=version,
        minutes=minutes(texts),
        read=read,
        asked=version is not None
        and actor.person is not None
        and (read is None or read.version.number < version.asks_from),
        drifted=facts_changed(version.facts, now) if version is not None else [],
    )


def asked_people(actor: Actor) -> QuerySet[Person]:
    """The people of whom ``actor`` may know whether they have read it: administrators everybody, managers those of their
    teams, everybody themselves."""
    people = Person.objects.filter(is_active=True)
    if actor.may(Action.ADMINISTER):
        return people
    own = Q(pk=actor.person.pk) if actor.person else Q(pk__in=[])
    teams = Membership.objects.filter(team__in=actor.teams_where(Action.MANAGE))
    return people.filter(own | Q(pk__in=teams.values("person")))


def unread(people: QuerySet[Person], version: ProcessVersion) -> QuerySet[Person]:
    """Those of ``people`` who have not read what they are asked to."""
    return people.filter(~Exists(readings_from(version).filter(person=OuterRef("pk"))))


@dataclass(frozen=True)
class Reader:
    """Somebody, and when they read which version (None: not yet)."""

    person: Person
    number: int | None
    at: datetime | None


def readers(people: Iterable[Person], version: ProcessVersion) -> list[Reader]:
    """Of each of these people what they have read that counts. One query."""
    people = list(people)
    rows = readings_from(version).filter(person__in=people).order_by("version__number")
    found = {person: (number, at) for person, number, at in rows.values_list("person", "version__number", "at")}
    return [Reader(each, *found.get(each.pk, (None, None))) for each in people]


def to_remind(now: datetime) -> list[Person]:
    """Who is reminded now: has not read it, has a working day now, is not away, and is in the middle of nothing. While
    something goes on for which people are woken, nobody is."""
    version = current()
    if version is None or version.is_demo or _is_burning():
        return []
    asked = ProcessVersion.objects.filter(number=version.asks_from).values_list("published_at", flat=True).first()
    asked = asked or version.published_at
    people = unread(Person.objects.filter(is_active=True, is_demo=False), version)
    busy = (
        Q(Exists(RoleAssignment.objects.filter(
            person=OuterRef("pk"), ended_at__isnull=True, incident__drill=False,
            incident__status__in=(Incident.Status.ACTIVE, Incident.Status.MITIGATED),
        )))
        | Q(Exists(Escalation.objects.filter(ended_at__isnull=True, notifications__person=OuterRef("pk"))))
        | Q(Exists(Absence.objects.filter(person=OuterRef("pk"), starts_at__lte=now, ends_at__gt=now)))
    )  # fmt: skip
    people = people.exclude(busy).order_by("pk")
    last = dict(ProcessReminder.objects.values_list("person", "at"))
    return [
        each
        for each in people
        if is_time_to_remind(now, ZoneInfo(each.timezone), asked_at=max(asked, each.joined_at), last=last.get(each.pk))
    ]


def _is_burning() -> bool:
    woken = [level for level, each in all_severities().items() if each.urgent]
    return Incident.objects.filter(
        status=Incident.Status.ACTIVE, severity__in=woken, drill=False, triage="", is_demo=False
    ).exists()
