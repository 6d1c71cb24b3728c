"""The API of postmortems."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from ..api.auth import actor_of
from ..api.lists import Page
from ..api.pages import Cursor, Limit, page
from ..incidents.queries import incident_for
from ..incidents.wording import people_named_in
from . import commands, queries, rules
from .models import Postmortem

router = Router(tags=["Postmortems"])


class PostmortemOut(Schema):
    id: int
    incident: int
    title: str = Field(description="The incident's title.")
    state: str = Field(description="draft, in_review or published.")
    version: int = Field(description="Rises with each edit; send it with yours.")
    created_at: datetime
    submitted_at: datetime | None
    published_at: datetime | None
    url: str = Field(description="Its page, relative to Watchroom's address.")

    @staticmethod
    def of(row: Postmortem) -> PostmortemOut:
        return PostmortemOut(
            id=row.pk,
            incident=row.incident_id,
            title=row.incident.title,
            state=row.state,
            version=row.version,
            created_at=row.created_at,
            submitted_at=row.submitted_at,
            published_at=row.published_at,
            url=f"/postmortems/{row.pk}",
        )


class FindingOut(Schema):
    section: str
    phrase: str = Field(description="Words that blame.")
    why: str
    better: str
    instead: str = Field(description="How it could read instead.")


class MissingOut(Schema):
    field: str
    text: str
    fix: str


class ReviewOut(Schema):
    person: str
    version: int
    verdict: str = Field(description="approved or changes.")
    comment: str
    at: datetime


class PostmortemDetailOut(PostmortemOut):
    sections: dict[str, str] = Field(description="Markdown by the section's name.")
    reviews: list[ReviewOut]
    findings: list[FindingOut]
    missing: list[MissingOut] = Field(description="What keeps it from being published.")


class DocumentOut(Schema):
    name: str = Field(description="Of a file.")
    markdown: str


class PostmortemPatch(Schema):
    version: int = Field(description="The version from which you began; if it is no longer that, 409.")
    summary: str | None = None
    impact: str | None = None
    timeline: str | None = None
    detection: str | None = None
    guidance: str | None = Field(None, description="What the guards said, and what people answered.")
    root_cause: str | None = None
    factors: str | None = None
    went_well: str | None = None
    went_badly: str | None = None
    lucky: str | None = None
    lessons: str | None = None
    no_actions: str | None = Field(None, description="Why there is no action item, if there is none.")


class ReviewIn(Schema):
    verdict: str = Field(description="approved or changes.")
    comment: str = Field("", max_length=5000, description="Needed with changes.")


def _detail(request: HttpRequest, pk: int) -> PostmortemDetailOut:
    row = queries.postmortem_for(actor_of(request), pk)
    sections = queries.sections_of(row)
    people = people_named_in(sections.values())
    published = row.state == Postmortem.State.PUBLISHED
    return PostmortemDetailOut(
        **PostmortemOut.of(row).model_dump(),
        sections=sections,
        reviews=[
            ReviewOut(
                person=str(each.person), version=each.version, verdict=each.verdict, comment=each.comment, at=each.at
            )
            for each in queries.reviews_of(row)
        ],
        findings=[
            FindingOut(section=name, phrase=found.phrase, why=found.why, better=found.better, instead=found.instead)
            for name, text in sections.items()
            for found in rules.findings(text, people)
        ],
        missing=[
            MissingOut(field=each.field, text=each.text, fix=each.fix)
            for each in ([] if published else queries.missing_for(row))
        ],
    )


@router.get("/postmortems", response=Page[PostmortemOut], summary="List postmortems")
def list_postmortems(
    request: HttpRequest,
    state: str = Query("", description="draft, in_review or published."),
    team: str = Query("", description="Slug."),
    q: str = Query("", description="Words of the title, the summary or the cause."),
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[PostmortemOut]:
    """Newest first; those of incidents that you may see."""
    rows = queries.filtered(queries.visible_to(actor_of(request)), {"state": state, "team": team, "q": q})
    items, following = page(rows, cursor=cursor, limit=limit)
    return Page[PostmortemOut](items=[PostmortemOut.of(row) for row in items], next_cursor=following)


@router.post("/incidents/{int:id}/postmortem", response=PostmortemDetailOut, summary="Begin a postmortem")
def draft_postmortem(request: HttpRequest, id: int) -> PostmortemDetailOut:
    """Drafted from what happened. If there is one already, that one is answered, unchanged."""
    by = actor_of(request)
    return _detail(request, commands.draft(by, incident_for(by, id)).pk)


@router.get("/postmortems/{int:id}", response=PostmortemDetailOut, summary="Read a postmortem")
def get_postmortem(request: HttpRequest, id: int) -> PostmortemDetailOut:
    """With its sections, reviews, and what keeps it from being published."""
    return _detail(request, id)


@router.get("/postmortems/{int:id}/document", response=DocumentOut, summary="Export a postmortem")
def export_postmortem(request: HttpRequest, id: int) -> DocumentOut:
    """All of it as one document in Markdown."""
    row = queries.postmortem_for(actor_of(request), id)
    return DocumentOut(name=queries.file_name_of(row), markdown=queries.document_of(row))


@router.patch("/postmortems/{int:id}", response=PostmortemDetailOut, summary="Edit a postmortem")
def change_postmortem(request: HttpRequest, id: int, body: PostmortemPatch) -> PostmortemDetailOut:
    """Only the sections that you send. What they said before is kept."""
    by = actor_of(request)
    sections = body.model_dump(exclude={"version"}, exclude_none=True)
    commands.edit(by, queries.postmortem_for(by, id), version=body.version, **sections)
    return _detail(request, id)


@router.post("/postmortems/{int:id}/submit", response=PostmortemDetailOut, summary="Ask for reviews")
def submit_postmortem(request: HttpRequest, id: int) -> PostmortemDetailOut:
    """A draft goes into review."""
    by = actor_of(request)
    commands.submit(by, queries.postmortem_for(by, id))
    return _detail(request, id)


@router.post("/postmortems/{int:id}/review", response=PostmortemDetailOut, summary="Review a postmortem")
def review_postmortem(request: HttpRequest, id: int, body: ReviewIn) -> PostmortemDetailOut:
    """Not by whoever wrote it. Changes that are asked for make it a draft again."""
    by = actor_of(request)
    commands.review(by, queries.postmortem_for(by, id), body.verdict, body.comment)
    return _detail(request, id)


@router.post("/postmortems/{int:id}/publish", response=PostmortemDetailOut, summary="Publish a postmortem")
def publish_postmortem(request: HttpRequest, id: int) -> PostmortemDetailOut:
    """Needs an approval of this version, no gaps in summary, impact and cause, and an action item or a reason why not."""
    by = actor_of(request)
    commands.publish(by, queries.postmortem_for(by, id))
    return _detail(request, id)
