"""What the API of runbooks takes and answers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from ninja import Field, Schema

from .models import Runbook, RunbookVersion
from .rules import Changed, Lack, Step
from .rules.markdown import MOST_LETTERS
from .rules.reviews import due


class AnswerIn(Schema):
    text: str = Field(description="Such as Yes.")
    go_to: str = Field("", description="The key of a step, `end`, or nothing: the next step.")


class RunbookStepIn(Schema):
    """One step of a runbook."""

    key: str = Field(
        "", description="Its name within the runbook, to which answers lead; left out, it is made of the title."
    )
    part: str = Field(description="confirm, diagnose, mitigate, resolve or call.")
    kind: str = Field("do", description="do, look, run, ask or call.")
    title: str = Field(description="What is done, in one line.")
    text: str = Field("", description="How, as Markdown.")
    expect: str = Field("", description="What one should see.")
    minutes: int | None = Field(None, ge=1, le=1440, description="What it takes somebody who has never done it.")
    indicator: str = Field("", description="look: `service/name` of an indicator.")
    url: str = Field("", description="look: the address of a page.")
    mitigation: str = Field("", description="run: the slug of a mitigation of the catalog.")
    answers: list[AnswerIn] = Field([], description="ask: the answers, and where each leads.")
    target: str = Field(
        "", description="call: `person:ada@example.org`, `team:shop`, `schedule:primary` or `policy:shop`."
    )

    @staticmethod
    def of(step: Step) -> RunbookStepIn:
        return RunbookStepIn.model_validate(step.as_json())


class RunbookIn(Schema):
    name: str = Field(max_length=120, description="What is seen: “Checkout is slow”.")
    team: str = Field(description="Slug of the team that owns it.")
    summary: str = Field("", description="When to use it, as Markdown.")
    services: list[str] = Field([], description="Slugs of the services that it is for.")
    matchers: list[str] = Field(
        [], description='Alerts that all of these match are what it is for: `alertname="Slow"`.'
    )
    owner: str | None = Field(None, description="E-mail address of who keeps it right; null: the team's managers.")
    review_days: int | None = Field(None, ge=1, le=1000, description="After how many days it is looked at again.")
    steps: list[RunbookStepIn] = Field([], description="In the order in which they are followed.")


class NewRunbookIn(RunbookIn):
    slug: str = Field("", max_length=64, pattern=r"^[-a-z0-9_]*$", description="Without it, made of the name.")


class RunbookPatch(Schema):
    """What is left out stays as it is."""

    name: str | None = Field(None, max_length=120)
    team: str | None = None
    summary: str | None = None
    services: list[str] | None = None
    matchers: list[str] | None = None
    owner: str | None = Field(None, description="An empty text: the team's managers.")
    review_days: int | None = Field(None, ge=0, le=1000, description="0: it is not looked at again.")
    steps: list[RunbookStepIn] | None = None


class RunbookLackOut(Schema):
    """Something that it lacks to be of use at night."""

    code: str
    text: str
    fix: str
    step: str = Field(description="The key of the step that it is about, or empty.")

    @staticmethod
    def of(lack: Lack) -> RunbookLackOut:
        return RunbookLackOut(code=lack.code, text=lack.text, fix=lack.fix, step=lack.step)


class RunbookLinkOut(Schema):
    url: str
    ok: bool | None = Field(description="Null: Watchroom may not ask it.")
    text: str


class ListedOut(Schema):
    """A runbook in a list: all but its steps."""

    slug: str
    name: str
    team: str
    summary: str
    services: list[str]
    matchers: list[str]
    owner: str | None
    review_days: int | None
    version: int = Field(description="0: it has no steps yet.")
    reviewed_at: datetime | None
    reviewed_by: str | None
    review_due_at: datetime | None
    lacks: list[str] = Field(description="Codes of what it lacks; what matters most at night comes first.")

    @staticmethod
    def of(row: Runbook, lacks: Iterable[Lack]) -> ListedOut:
        return ListedOut(**_said(row), lacks=[each.code for each in lacks])


class RunbookOut(RunbookIn):
    slug: str
    version: int
    reviewed_at: datetime | None
    reviewed_by: str | None
    review_due_at: datetime | None
    lacks: list[RunbookLackOut]
    links: list[RunbookLinkOut] = Field(description="What came of asking them, once somebody had.")
    links_asked_at: datetime | None

    @staticmethod
    def of(row: Runbook, steps: Iterable[Step], lacks: Iterable[Lack]) -> RunbookOut:
        return RunbookOut(
            **_said(row),
            steps=[RunbookStepIn.of(step) for step in steps],
            lacks=[RunbookLackOut.of(each) for each in lacks],
            links=[RunbookLinkOut(**each) for each in row.links or ()],
            links_asked_at=row.links_at,
        )


def _said(row: Runbook) -> dict[str, Any]:
    return {
        "slug": row.slug,
        "name": row.name,
        "team": row.team.slug,
        "summary": row.summary,
        "services": sorted(service.slug for service in row.services.all()),
        "matchers": row.matchers,
        "owner": row.owner.email if row.owner else None,
        "review_days": row.review_days,
        "version": row.version,
        "reviewed_at": row.reviewed_at,
        "reviewed_by": str(row.reviewed_by) if row.reviewed_by else None,
        "review_due_at": due(row.reviewed_at or row.created_at, row.review_days),
    }


class RunbookChangedOut(Schema):
    """A step that differs from the version before."""

    verb: str = Field(description="added, removed, changed or moved.")
    key: str
    title: str
    fields: list[str]

    @staticmethod
    def of(changed: Changed) -> RunbookChangedOut:
        fields = [name for name, _, _ in changed.what]
        return RunbookChangedOut(verb=changed.verb, key=changed.key, title=changed.title, fields=fields)


class RunbookVersionOut(Schema):
    version: int
    saved_at: datetime
    saved_by: str
    changed: list[RunbookChangedOut]

    @staticmethod
    def of(row: RunbookVersion, changed: Iterable[Changed]) -> RunbookVersionOut:
        return RunbookVersionOut(
            version=row.version,
            saved_at=row.saved_at,
            saved_by=row.saved_by,
            changed=[RunbookChangedOut.of(each) for each in changed],
        )


class VersionsOut(Schema):
    items: list[RunbookVersionOut]


class MarkdownOut(Schema):
    markdown: str


class MarkdownIn(Schema):
    markdown: str = Field(
        max_length=MOST_LETTERS, description="Headings become parts, lists become steps, code stays code."
    )
    team: str = Field("", description="Slug; of a new one.")
    runbook: str = Field("", description="Slug: its steps are replaced. Left out, a new one is made.")
    name: str = Field("", max_length=120, description="Of a new one; left out, as its first heading says.")
    dry_run: bool = Field(False, description="Only say how it would be read.")


class ReadOut(Schema):
    """How it was read."""

    slug: str | None = Field(description="Of the runbook; null: nothing was saved.")
    name: str
    summary: str
    steps: list[RunbookStepIn]
    notes: list[str] = Field(description="What could not be kept as it stood.")


class FittingOut(Schema):
    slug: str
    name: str
    summary: str
    reason: str
