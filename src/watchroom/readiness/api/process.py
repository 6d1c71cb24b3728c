"""The process, by API."""

from __future__ import annotations

from typing import Literal

from django.http import HttpRequest
from ninja import Query, Router, Status

from ...accounts.queries import team_by
from ...accounts.roles import Action
from ...api.auth import actor_of
from ...api.lists import Page
from ...api.pages import Cursor, Limit, page
from .. import commands
from ..models import ProcessVersion
from ..queries import process as queries
from ..rules.process import facts_changed, words_changed
from ..schemas import (
    ProcessChangedOut,
    ProcessIn,
    ProcessOut,
    ProcessVersionOut,
    ReaderOut,
    ReadIn,
    WholeVersionOut,
    WordsIO,
)

router = Router(tags=["Readiness"])


@router.get("/process", response=ProcessOut, operation_id="get_process", summary="How people here respond")
def get_process(request: HttpRequest) -> ProcessOut:
    """Made of what is configured, with the installation's own words."""
    return ProcessOut.of(queries.process_for(actor_of(request)))


@router.put("/process", response=ProcessOut, operation_id="publish_process", summary="Publish the process")
def publish(request: HttpRequest, body: ProcessIn) -> ProcessOut:
    """With these words of one's own, all of them; for administrators. What it said before is kept."""
    by = actor_of(request)
    words = {section: said.model_dump() for section, said in body.sections.items()}
    commands.publish_process(by, words, note=body.note, asks_anew=body.asks_anew, expected=body.expected)
    return ProcessOut.of(queries.process_for(by))


@router.delete("/process", response={204: None}, operation_id="withdraw_process", summary="Ask nobody any more")
def withdraw(request: HttpRequest) -> Status[None]:
    """The page then says only what is configured; for administrators. Its versions are kept."""
    commands.withdraw_process(actor_of(request))
    return Status(204, None)


@router.post("/process/read", response=ReaderOut, operation_id="read_process", summary="I have read it")
def read(request: HttpRequest, body: ReadIn) -> ReaderOut:
    """Say so, for yourself."""
    row = commands.acknowledge(actor_of(request), body.version)
    return ReaderOut.of(queries.Reader(row.person, row.version.number, row.at))


@router.get(
    "/process/versions", response=Page[ProcessVersionOut], operation_id="list_process_versions", summary="Its versions"
)
def versions(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Page[ProcessVersionOut]:
    """The newest first."""
    actor_of(request).require(Action.SEE)
    rows = ProcessVersion.objects.select_related("published_by")
    found, more = page(rows, cursor=cursor, limit=limit, key="-number")
    return Page(items=[ProcessVersionOut.of(row) for row in found], next_cursor=more)


@router.get("/process/versions/{int:number}", response=WholeVersionOut, operation_id="get_process_version")
def version(request: HttpRequest, number: int) -> WholeVersionOut:
    """One version, and what was new in it."""
    row = queries.version_by(actor_of(request), number)
    before = ProcessVersion.objects.filter(number=number - 1).first()
    return WholeVersionOut(
        **ProcessVersionOut.of(row).model_dump(),
        sections={section: WordsIO(**said) for section, said in row.words.items()},
        facts=row.facts,
        words_changed=[ProcessChangedOut.of(each) for each in words_changed(before.words if before else {}, row.words)],
        facts_changed=[ProcessChangedOut.of(each) for each in facts_changed(before.facts if before else {}, row.facts)],
    )


@router.get(
    "/process/readers", response=Page[ReaderOut], operation_id="list_process_readers", summary="Who has read it"
)
def readers(
    request: HttpRequest,
    state: Literal["unread", "all"] = Query("unread", description="Those who have not, or everybody."),
    team: str = Query("", description="Slug; empty: every team."),
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ReaderOut]:
    """Of whom you may know it: administrators of everybody, managers of their teams, everybody of themselves. Empty while
    nothing is published."""
    by = actor_of(request)
    by.require(Action.SEE)
    people = queries.asked_people(by)
    people = people.filter(memberships__team=team_by(team)) if team else people
    row = queries.current()
    if row is None:
        return Page(items=[], next_cursor=None)
    rows = people if state == "all" else queries.unread(people, row)
    found, more = page(rows, cursor=cursor, limit=limit, key="name")
    return Page(items=[ReaderOut.of(each) for each in queries.readers(found, row)], next_cursor=more)
