"""What the API of incidents accepts and answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ninja import Field, Schema

from ...accounts.models import Person
from ...kernel.times import Instant
from .. import rules, wording
from ..models import Incident, LogEntry, RoleAssignment, Update


class NamedPersonOut(Schema):
    id: int
    name: str

    @staticmethod
    def of(person: Person | None) -> NamedPersonOut | None:
        return NamedPersonOut(id=person.pk, name=str(person)) if person else None


class RoleOut(Schema):
    id: int
    role: str = Field(description="commander, operations, communications, scribe or expert.")
    person: NamedPersonOut
    why: str = Field(description="Why just they, such as: on call in Commanders.")
    assigned_at: datetime
    accepted_at: datetime | None = Field(description="When they said yes; null while they are being paged.")
    pass_at: datetime | None = Field(description="When the next one is asked, if they have not answered.")

    @staticmethod
    def of(row: RoleAssignment) -> RoleOut:
        return RoleOut(
            id=row.pk,
            role=row.role,
            person=NamedPersonOut(id=row.person_id, name=str(row.person)),
            why=row.why,
            assigned_at=row.assigned_at,
            accepted_at=row.accepted_at,
            pass_at=row.pass_at,
        )


class StateNameOut(Schema):
    slug: str
    name: str

    @staticmethod
    def of(incident: Incident) -> StateNameOut | None:
        return StateNameOut(slug=incident.state.slug, name=incident.state.name) if incident.state else None


class IncidentOut(Schema):
    id: int
    title: str
    severity: int = Field(description="1 (worst) to 5.")
    status: str = Field(description="active, mitigated or resolved; what Watchroom decides by.")
    phase: str = Field(description="active, mitigated, resolved or closed (resolved, and nothing is left to do).")
    state: StateNameOut | None = Field(description="What people call where it stands; null: as its status.")
    team: str | None = Field(description="Slug of the team.")
    type: str | None = Field(description="Slug of its type.")
    fields: dict[str, str | int | float] = Field(description="What it answers to the fields of its type, by key.")
    people: dict[str, NamedPersonOut] = Field(description="Of the fields that are a person: who that is, by key.")
    services: list[str] = Field(description="Slugs of the services.")
    impact: str
    summary: str
    private: bool
    drill: bool
    test: bool
    triage: str = Field(description="waiting, declined or merged; empty: it is an incident.")
    declared_at: datetime
    declared_by: NamedPersonOut | None
    next_update_at: datetime | None
    roles: list[RoleOut] = Field(description="Who has which role now.")
    url: str = Field(description="The incident's page, relative to Watchroom's address.")

    @staticmethod
    def of(incident: Incident, people: Mapping[str, Person]) -> IncidentOut:
        """Of an incident that comes from ``queries.listed_for``, with its own of ``queries.people_answered``."""
        return IncidentOut(
            id=incident.pk,
            title=incident.title,
            severity=incident.severity,
            status=incident.status,
            phase=incident.phase,
            state=StateNameOut.of(incident),
            team=incident.team.slug if incident.team else None,
            type=incident.type.slug if incident.type else None,
            fields=incident.custom,
            people={key: NamedPersonOut(id=person.pk, name=str(person)) for key, person in people.items()},
            services=[service.slug for service in incident.services.all()],
            impact=incident.impact,
            summary=incident.summary,
            private=incident.private,
            drill=incident.drill,
            test=incident.test,
            triage=incident.triage,
            declared_at=incident.declared_at,
            declared_by=NamedPersonOut.of(incident.declared_by),
            next_update_at=incident.next_update_at,
            roles=[RoleOut.of(row) for row in incident.holders],  # type: ignore[attr-defined]
            url=f"/incidents/{incident.pk}",
        )


class NextStepOut(Schema):
    key: str
    title: str
    text: str


class AlertGroupOut(Schema):
    id: int
    title: str
    state: str
    severity: str


class TimeOut(Schema):
    moment: str = Field(
        description="started, detected, acknowledged, declared, assembled, tried, mitigated, resolved or closed."
    )
    at: datetime
    provenance: str = Field(description="What it was computed from, or who corrected it.")
    reason: str = Field(description="Why it was corrected; empty when it was not.")
    corrected_by: str

    @staticmethod
    def all_of(times: Mapping[str, rules.Row]) -> list[TimeOut]:
        return [
            TimeOut(
                moment=row.moment,
                at=row.at,
                provenance=row.provenance,
                reason=row.reason,
                corrected_by=row.corrected_by,
            )
            for row in times.values()
        ]


class IncidentDetailOut(IncidentOut):
    next_steps: list[NextStepOut] = Field(description="What to do, the most important first.")
    alert_groups: list[AlertGroupOut]
    times: list[TimeOut]


class DeclareIn(Schema):
    title: str = Field("", max_length=200, description="What is wrong; may be empty with alert groups.")
    severity: int | None = Field(None, ge=1, le=5, description="1 (worst) to 5; without it, from the alerts, else 3.")
    team: str | None = Field(None, description="Slug; without it, from the alerts or services.")
    services: list[str] = Field([], description="Slugs.")
    alert_groups: list[int] = Field([], description="Alert groups that it is about.")
    impact: str = Field("", description="Who notices what.")
    summary: str = Field("", description="What we know and believe.")
    commander: int | str | None = Field(
        None, description="Id or e-mail address; without it, whoever is on call for it, else whoever declares."
    )
    communications: int | str | None = Field(None, description="Id or e-mail address of the communications lead.")
    private: bool = Field(
        False, description="Only role holders, the declarer, the team's managers and administrators see it."
    )
    drill: bool = False
    test: bool = Field(False, description="Trying Watchroom out: a drill that asks nobody by itself and never counts.")
    triage: bool = Field(False, description="You are not sure: a responder confirms it first.")
    type: str | None = Field(None, description="Slug of an incident type.")
    fields: dict[str, str | int | float | None] = Field({}, description="Answers to the fields of its type, by key.")


class IncidentPatch(Schema):
    title: str | None = Field(None, max_length=200)
    severity: int | None = Field(None, ge=1, le=5)
    severity_reason: str = Field("", description="Why the severity changes; goes into the log.")
    impact: str | None = None
    summary: str | None = None
    team: str | None = None
    services: list[str] | None = None
    private: bool | None = None
    type: str | None = Field(None, description="Slug of an incident type; null: none.")
    fields: dict[str, str | int | float | None] = Field(
        {}, description="Answers that change, by key; null clears one. A person is an id or an e-mail address."
    )
    add_alert_groups: list[int] = []
    remove_alert_groups: list[int] = []


class RoleIn(Schema):
    role: str = Field(description="commander, operations, communications, scribe or expert.")
    person: int | str | None = Field(
        None, description="Id or e-mail address; without it, yourself. Anyone else is paged."
    )


class EntryIn(Schema):
    kind: str = Field("note", description="symptom, hypothesis, action, result, decision, note or question.")
    text: str
    at: Instant | None = Field(None, description="When it happened; without it, now.")
    parent: int | None = Field(None, description="The entry that it hangs under, for example a hypothesis.")
    attachments: list[int] = Field([], description="Files that you have sent for it.")
    client_key: str = Field("", max_length=64, description="Made by you; sent again, the entry is written once.")


class EntryPatch(Schema):
    text: str | None = None
    at: Instant | None = None
    pinned: bool | None = Field(None, description="Goes to the postmortem.")
    standing: str | None = Field(
        None,
        description="Of a hypothesis: open, testing, confirmed or ruled_out; of a question: open, answered or closed.",
    )
    why: str = Field("", description="Why it stands so; is written under it.")


class FileOut(Schema):
    id: int
    name: str
    type: str
    size: int


class EntryOut(Schema):
    id: int
    kind: str
    type: str = Field(description="Of entries that Watchroom wrote: what happened.")
    text: str
    data: dict[str, Any]
    author: NamedPersonOut | None
    at: datetime
    written_at: datetime
    parent: int | None
    standing: str
    pinned: bool
    edited_at: datetime | None
    changed_at: datetime = Field(description="When it last became another one.")
    attachments: list[FileOut]

    @staticmethod
    def of(row: LogEntry) -> EntryOut:
        return EntryOut(
            id=row.pk,
            kind=row.kind,
            type=row.type,
            text=row.text,
            data=row.data,
            author=NamedPersonOut.of(row.author),
            at=row.at,
            written_at=row.written_at,
            parent=row.parent_id,
            standing=row.standing,
            pinned=row.pinned,
            edited_at=row.edited_at,
            changed_at=row.changed_at,
            attachments=[
                FileOut(id=each.pk, name=each.name, type=each.type, size=each.size) for each in row.attachments.all()
            ],
        )


class WordingOut(Schema):
    """Words that ask who, not what; only whoever wrote them is told."""

    phrase: str
    why: str
    better: str
    instead: str = Field(description="How it could read instead.")

    @staticmethod
    def of(*texts: str) -> list[WordingOut]:
        return [
            WordingOut(phrase=each.phrase, why=each.why, better=each.better, instead=each.instead)
            for each in wording.findings_in(texts)
        ]


class WordingIn(Schema):
    text: str = Field(max_length=100_000)


class WrittenOut(EntryOut):
    """An entry that you have just written."""

    wording: list[WordingOut] = Field([], description="Words of yours that blame; edit it to put it better.")


class UpdateIn(Schema):
    stage: str = Field("investigating", description="investigating, identified, monitoring or resolved.")
    happening: str = Field(description="What is happening.")
    impact: str = Field("", description="Who notices what.")
    doing: str = Field("", description="What we are doing.")
    next_update_at: Instant | None = Field(None, description="When the next one is promised.")
    next_update_in_minutes: int | None = Field(None, ge=1, le=10_080, description="The same, from now.")
    pages: list[str] = Field([], description="Slugs of the status pages that show it.")
    title: str = Field("", max_length=200, description="What strangers read above it.")
    impacts: dict[int, str] | None = Field(None, description="States by component id, for the pages.")
    wordings: dict[str, dict[str, str]] = Field(
        {}, description="Other words for internal, customers or executives: happening, impact, doing."
    )
    lists: list[str] | None = Field(
        None, description="Slugs of lists of stakeholders; without it every list that hears of this incident."
    )
    corrects: int | None = Field(None, description="The update that this one corrects.")
    draft_version: int | None = Field(None, description="It comes from this version of the draft, which is then done.")


class UpdateOut(Schema):
    id: int
    wordings: dict[str, dict[str, str]]
    corrects: int | None
    stage: str
    happening: str
    impact: str
    doing: str
    next_update_at: datetime | None
    published_at: datetime
    published_by: NamedPersonOut | None

    @staticmethod
    def of(row: Update) -> UpdateOut:
        return UpdateOut(
            id=row.pk,
            wordings=row.wordings,
            corrects=row.corrects_id,
            stage=row.stage,
            happening=row.happening,
            impact=row.impact,
            doing=row.doing,
            next_update_at=row.next_update_at,
            published_at=row.published_at,
            published_by=NamedPersonOut.of(row.published_by),
        )


class PublishedOut(UpdateOut):
    """An update that you have just published."""

    wording: list[WordingOut] = Field(
        [], description="Words of yours that blame; publish a correction to put it better."
    )


class UpdatesOut(Schema):
    items: list[UpdateOut]


class TimesOut(Schema):
    items: list[TimeOut]


class TimeIn(Schema):
    at: Instant = Field(description="When it really happened.")
    reason: str = Field(max_length=300, description="How you know.")
