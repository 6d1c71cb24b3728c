"""The API of the library of runbooks."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Status

from ...accounts.actors import Actor
from ...accounts.queries import person_by, team_by
from ...accounts.roles import Action
from ...api.auth import actor_of
from ...api.lists import Page
from ...api.pages import Cursor, Limit, page
from ...catalog.queries import service_by
from ...intake.views.alerts import group_for
from .. import commands, queries, rules
from ..models import Runbook
from ..rules.markdown import read, written
from ..schemas import (
    FittingOut,
    ListedOut,
    MarkdownIn,
    MarkdownOut,
    NewRunbookIn,
    ReadOut,
    RunbookIn,
    RunbookOut,
    RunbookPatch,
    RunbookStepIn,
    RunbookVersionOut,
    VersionsOut,
)
from ..views.library import narrowed

router = Router(tags=["Runbooks"])


def _fields(by: Actor, said: dict[str, Any]) -> dict[str, Any]:
    """What the command takes: things instead of their names."""
    found = dict(said)
    if "team" in said:
        found["team"] = team_by(said["team"])
    if "services" in said:
        found["services"] = [service_by(by, slug) for slug in said["services"]]
    if "owner" in said:
        found["owner"] = person_by(said["owner"]) if said["owner"] else None
    return found


def _out(row: Runbook) -> RunbookOut:
    return RunbookOut.of(row, queries.steps_in(row), queries.lacks(row))


@router.get("/runbooks", response=Page[ListedOut], summary="The library")
def list_runbooks(
    request: HttpRequest,
    team: str = Query("", description="Slug."),
    service: str = Query("", description="Slug."),
    q: str = Query("", description="Words of its name or of when to use it."),
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ListedOut]:
    """By name, each with what it lacks."""
    rows = narrowed(actor_of(request), q=q, team=team, service=service)
    items, following = page(rows, cursor=cursor, limit=limit, key="name")
    lacks = queries.lacks_of(items)
    return Page[ListedOut](items=[ListedOut.of(row, lacks[row.pk]) for row in items], next_cursor=following)


@router.post("/runbooks", response={201: RunbookOut}, summary="Write a runbook")
def create_runbook(request: HttpRequest, body: NewRunbookIn) -> Status[RunbookOut]:
    """Needs a manager of the team."""
    by = actor_of(request)
    return Status(201, _out(commands.save_runbook(by, None, **_fields(by, body.model_dump()))))


@router.post("/runbooks/markdown", response=ReadOut, summary="Paste a runbook as Markdown")
def paste_runbook(request: HttpRequest, body: MarkdownIn) -> ReadOut:
    """Makes a new runbook, or replaces the steps of one. With ``dry_run`` it only says how it is read."""
    by = actor_of(request)
    by.require_change()
    row = queries.runbook_by(by, body.runbook) if body.runbook else None
    team = row.team if row else team_by(body.team) if body.team else None
    if team is not None or not by.may_somewhere(Action.MANAGE):  # before anything is read: that takes its time
        by.require(Action.MANAGE, team)
    found = read(body.markdown)
    steps = rules.checked(found.steps)
    saved = None
    if not body.dry_run:
        saved = commands.paste_runbook(by, row, found, team=team, name=body.name)
    return ReadOut(
        slug=saved.slug if saved else None,
        name=saved.name if saved else body.name or found.name,
        summary=found.summary,
        steps=[RunbookStepIn.of(step) for step in steps],
        notes=list(found.notes),
    )


@router.get("/runbooks/{slug}", response=RunbookOut, summary="One runbook")
def get_runbook(request: HttpRequest, slug: str) -> RunbookOut:
    """With its steps, and what it lacks."""
    return _out(queries.runbook_by(actor_of(request), slug))


@router.put("/runbooks/{slug}", response=RunbookOut, summary="Change a runbook")
def change_runbook(request: HttpRequest, slug: str, body: RunbookIn) -> RunbookOut:
    """As a whole. Needs a manager of the team."""
    by = actor_of(request)
    row = queries.runbook_by(by, slug)
    return _out(commands.save_runbook(by, row, slug=row.slug, **_fields(by, body.model_dump())))


@router.patch("/runbooks/{slug}", response=RunbookOut, summary="Change some of a runbook")
def patch_runbook(request: HttpRequest, slug: str, body: RunbookPatch) -> RunbookOut:
    """What is left out, or null, stays. Needs a manager of the team."""
    by = actor_of(request)
    row = queries.runbook_by(by, slug)
    said = {name: value for name, value in body.model_dump(exclude_unset=True).items() if value is not None}
    if "review_days" in said:
        said["review_days"] = said["review_days"] or None
    return _out(commands.save_runbook(by, row, **{**queries.said_of(row), **_fields(by, said)}))


@router.delete("/runbooks/{slug}", response={204: None}, summary="Delete a runbook")
def delete_runbook(request: HttpRequest, slug: str) -> Status[None]:
    """With its versions. Needs a manager of the team."""
    by = actor_of(request)
    commands.delete_runbook(by, queries.runbook_by(by, slug))
    return Status(204, None)


@router.get("/runbooks/{slug}/versions", response=VersionsOut, summary="Versions of a runbook")
def list_runbook_versions(request: HttpRequest, slug: str) -> VersionsOut:
    """The newest first, fifty at most, each with what it changed."""
    row = queries.runbook_by(actor_of(request), slug)
    return VersionsOut(items=[RunbookVersionOut.of(each, changed) for each, changed in queries.versions_of(row)])


@router.get("/runbooks/{slug}/versions/{int:version}", response=list[RunbookStepIn], summary="The steps of a version")
def get_runbook_version(request: HttpRequest, slug: str, version: int) -> list[RunbookStepIn]:
    """As they were then."""
    row = queries.runbook_by(actor_of(request), slug)
    return [RunbookStepIn.of(step) for step in rules.steps_of(queries.version_of(row, version).steps)]


@router.post("/runbooks/{slug}/versions/{int:version}/take-back", response=RunbookOut, summary="Take a version back")
def take_back_runbook(request: HttpRequest, slug: str, version: int) -> RunbookOut:
    """Its steps become those of a new version. Needs a manager of the team."""
    by = actor_of(request)
    return _out(commands.go_back(by, queries.runbook_by(by, slug), version))


@router.get("/runbooks/{slug}/markdown", response=MarkdownOut, summary="A runbook as Markdown")
def export_runbook(request: HttpRequest, slug: str) -> MarkdownOut:
    """Read again, it gives the same steps."""
    row = queries.runbook_by(actor_of(request), slug)
    return MarkdownOut(markdown=written(row.name, row.summary, queries.steps_in(row)))


@router.post("/runbooks/{slug}/review", response=RunbookOut, summary="It is still right")
def review_runbook(request: HttpRequest, slug: str) -> RunbookOut:
    """For a responder of the team, or its owner, who has read it."""
    by = actor_of(request)
    return _out(commands.review(by, queries.runbook_by(by, slug)))


@router.post("/runbooks/{slug}/links", response=RunbookOut, summary="Check the links of a runbook")
def check_runbook_links(request: HttpRequest, slug: str) -> RunbookOut:
    """Asks each http(s) link of it, and keeps what came of it. For a responder of the team."""
    by = actor_of(request)
    return _out(commands.check_links(by, queries.runbook_by(by, slug)))


@router.get("/alert-groups/{int:id}/runbooks", response=list[FittingOut], summary="Runbooks for an alert group")
def list_fitting_runbooks(request: HttpRequest, id: int) -> list[FittingOut]:
    """The best fitting first."""
    by = actor_of(request)
    return [
        FittingOut(slug=row.slug, name=row.name, summary=row.summary, reason=row.reason)  # type: ignore[attr-defined]
        for row in queries.fitting_group(by, group_for(by, id))
    ]
