"""What the API of drills takes and gives."""

from __future__ import annotations

from datetime import date
from typing import Any

from ninja import Field, Schema

from ..accounts.actors import Actor
from ..accounts.models import Person
from ..incidents.models import Incident
from ..kernel.times import Instant
from . import queries, rules
from .models import Drill, DrillInject, DrillNote, PracticePlan, Scenario
from .writing import words_of


class StoryOut(Schema):
    """A scenario of the library."""

    key: str
    name: str
    practises: str
    severity: int
    minutes: int
    level: int = Field(description="1: also for the first time, 3: hard.")


class ScenarioIn(Schema):
    """A story with what happens in it and what should."""

    name: str
    team: str = Field(description="Slug.")
    slug: str = Field("", description="Left out, it is made of the name.")
    story: str = Field("", description="Markdown, for whoever facilitates.")
    services: list[str] = Field([], description="Slugs; in labels and texts {service} is the first one by name.")
    severity: int = 2
    minutes: int = 45
    injects: list[dict[str, Any]] = Field([], description="kind (alert, alert_ends, message, fact, role_leaves), minutes, title, text, labels, …")  # fmt: skip
    expectations: list[dict[str, Any]] = Field([], description="kind (acknowledged, declared, role, severity, update, …), minutes, role, severity.")  # fmt: skip


class ScenarioOut(Schema):
    """What is in it is null for whoever is about to practise it, and for those who do not respond for its team."""

    name: str
    team: str
    slug: str
    services: list[str]
    minutes: int
    made_of: str = Field(description="The key of the library's scenario that it was made of.")
    severity: int | None
    story: str | None
    injects: list[dict[str, Any]] | None
    expectations: list[dict[str, Any]] | None

    @staticmethod
    def of(row: Scenario, by: Actor) -> ScenarioOut:
        return ScenarioOut.told(row, inside=queries.reads_inside(by, row))

    @staticmethod
    def told(row: Scenario, *, inside: bool) -> ScenarioOut:
        return ScenarioOut(
            name=row.name,
            team=row.team.slug,
            slug=row.slug,
            services=[each.slug for each in row.services.all()],
            minutes=row.minutes,
            made_of=row.made_of,
            severity=row.severity if inside else None,
            story=row.story if inside else None,
            injects=row.injects if inside else None,
            expectations=row.expectations if inside else None,
        )


class FromLibraryIn(Schema):
    """A scenario of the library, for a team's services."""

    key: str
    team: str = Field(description="Slug.")
    services: list[str] = Field([], description="Slugs; the first is the one that breaks.")


class DrillPlanIn(Schema):
    """A practice of a scenario."""

    scenario: str = Field(
        "", description="Slug. Left out, one of the team's by chance, of those not practised for long."
    )
    team: str = Field("", description="Slug; only where no scenario is named.")
    planned_for: Instant | None = Field(None, description="Left out: now.")
    facilitator: str | None = Field(None, description="E-mail address; left out: you.")
    participants: list[str] = Field([], description="E-mail addresses.")
    pages: str = Field("participants", description="Whom its alerts page: participants, or policy.")
    surprise: bool = Field(False, description="Nobody who takes part is told ahead; takes a manager of the team.")


class PlanPatch(Schema):
    """What is given is changed."""

    planned_for: Instant | None = None
    facilitator: str | None = Field(None, description="E-mail address.")
    participants: list[str] | None = Field(None, description="E-mail addresses.")
    pages: str | None = None
    surprise: bool | None = None


class DrillOut(Schema):
    """One practice. ``scenario`` is null for whoever is not to know it yet."""

    id: int
    name: str
    scenario: str | None
    team: str
    state: str
    facilitator: str
    participants: list[str]
    pages: str
    surprise: bool
    planned_for: Instant
    started_at: Instant | None
    ended_at: Instant | None
    ended_why: str
    incident: int | None
    percent: int | None

    @staticmethod
    def of(row: Drill, by: Actor) -> DrillOut:
        incident: Incident | None = queries.incident_of(row)
        return DrillOut(
            id=row.pk,
            name=queries.name_for(by, row),
            scenario=row.scenario.slug if queries.reads_all(by, row) else None,
            team=row.team.slug,
            state=row.state,
            facilitator=row.facilitator.email,
            participants=[each.email for each in row.participants.all()],
            pages=row.pages,
            surprise=row.surprise,
            planned_for=row.planned_for,
            started_at=row.started_at,
            ended_at=row.ended_at,
            ended_why=row.ended_why,
            incident=incident.pk if incident and queries.sees(by, incident) else None,
            percent=row.percent,
        )


class InjectOut(Schema):
    """Something that happens in a drill."""

    id: int
    number: int
    kind: str
    said: str
    state: str
    due_at: Instant | None = Field(description="Null while it waits for a press.")
    at: Instant | None
    outcome: str

    @staticmethod
    def of(row: DrillInject) -> InjectOut:
        inject = rules.kept(row.content)
        return InjectOut(
            id=row.pk,
            number=row.number,
            kind=inject.kind,
            said=inject.said,
            state=row.state,
            due_at=row.due_at,
            at=row.at,
            outcome=row.outcome,
        )


class DelayIn(Schema):
    minutes: int = 5


class HintIn(Schema):
    text: str


class ExpectationResultOut(Schema):
    """How one expectation went: kept, late, missed or not_reached."""

    kind: str
    expected: str
    outcome: str
    took_seconds: int | None
    late_seconds: int | None
    words: str


class ScorePartOut(Schema):
    key: str
    name: str
    percent: int | None
    kept: int
    counted: int


class DrillScoreOut(Schema):
    """In percent; null: nothing was put to the test. ``before``: of the last practice of the same scenario."""

    percent: int | None
    before: int | None
    parts: list[ScorePartOut]
    results: list[ExpectationResultOut]

    @staticmethod
    def of(row: Drill) -> DrillScoreOut:
        found, earlier = queries.score_of(row), queries.before(row)
        results = []
        for each in found.results if found else ():
            words = words_of(each)
            results.append(
                ExpectationResultOut(
                    kind=each.expectation.kind,
                    expected=each.expectation.said,
                    outcome=each.outcome,
                    took_seconds=int(each.took.total_seconds()) if each.took is not None else None,
                    late_seconds=int(each.late_by.total_seconds()) if each.late_by is not None else None,
                    words=", ".join(filter(None, (words["word"], words["detail"]))),
                )
            )
        return DrillScoreOut(
            percent=found.percent if found else None,
            before=earlier.percent if earlier else None,
            parts=[ScorePartOut(key=p.key, name=p.name, percent=p.percent, kept=p.kept, counted=p.counted) for p in found.parts] if found else [],
            results=results,
        )  # fmt: skip


class MomentOut(Schema):
    at: Instant
    came: bool = Field(description="The drill did it; otherwise somebody did.")
    kind: str
    who: str
    text: str


class DrillNoteIn(Schema):
    kind: str = Field(description="well or mend.")
    text: str


class DrillNoteOut(Schema):
    id: int
    kind: str
    text: str
    by: str
    action: int | None

    @staticmethod
    def of(row: DrillNote) -> DrillNoteOut:
        return DrillNoteOut(id=row.pk, kind=row.kind, text=row.text, by=str(row.by or ""), action=row.action_id)


class ActionIn(Schema):
    """An action item of a note: left out, its title is the note's text, and its owner is you."""

    title: str = ""
    owner: str | None = Field(None, description="E-mail address.")
    due_on: date


class DebriefOut(Schema):
    score: DrillScoreOut
    notes: list[DrillNoteOut]
    timeline: list[MomentOut]
    shared_at: Instant | None


class PracticeIn(Schema):
    """Practice that comes again: each drill is planned six days before, and the facilitators take turns."""

    weeks: int
    next_at: Instant
    facilitators: list[str] = Field(description="E-mail addresses, in the order in which they take turns.")
    scenario: str | None = Field(None, description="Slug; null: one by chance, of those not practised for long.")
    pages: str = "participants"
    timezone: str = Field("UTC", description="By whose clocks it comes again.")


class PracticeOut(PracticeIn):
    problem: str = Field(description="Why the last one could not be planned.")

    @staticmethod
    def of(row: PracticePlan) -> PracticeOut:
        emails = dict(Person.objects.filter(pk__in=row.facilitators).values_list("pk", "email"))
        return PracticeOut(
            weeks=row.weeks,
            next_at=row.next_at,
            facilitators=[emails[pk] for pk in row.facilitators if pk in emails],
            scenario=row.scenario.slug if row.scenario else None,
            pages=row.pages,
            timezone=row.timezone,
            problem=row.problem,
        )


class PractisedOut(Schema):
    """What somebody of a team has practised."""

    person: str
    name: str
    last: Instant | None
    drills: int
    roles: list[str] = Field(description="Ever held, in a drill or for real.")
