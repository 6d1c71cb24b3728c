"""The API of the configuration."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from django.http import HttpRequest, StreamingHttpResponse
from ninja import Router, Schema
from ninja.responses import NinjaJSONEncoder

from ..accounts.queries import team_by
from ..accounts.roles import Action
from ..api.auth import actor_of
from .carry_out import apply, left_alone, rehearse
from .current import read_each
from .difference import Step
from .importing import from_alertmanager
from .schema import Document
from .text import parse

router = Router(tags=["Configuration"])


class ConfigBody(Schema):
    """A document. With ``prune``, what its source has said and says no more is taken back; without a ``source``, whatever it does
    not name goes, of the kinds that it has. What another source says stays."""

    document: dict[str, Any]
    prune: bool = False


class ConfigStepOut(Schema):
    """One thing that is, or would be, done."""

    verb: str
    kind: str
    key: str
    changes: dict[str, Any]
    text: str

    @classmethod
    def of(cls, step: Step) -> ConfigStepOut:
        changes = {name: {"before": before, "after": after} for name, (before, after) in step.changes.items()}
        return cls(verb=step.verb, kind=step.kind, key=step.key, changes=changes, text=str(step))


class AppliedOut(Schema):
    """What was done, and the keys of new integrations by slug: they can't be shown again. ``left``: what the document's source said
    before and says no more; it stays as it is without ``prune``."""

    steps: list[ConfigStepOut]
    keys: dict[str, str] = {}
    left: list[str] = []


@router.post("/config/plan", response=AppliedOut, operation_id="plan_config")
def plan_config(request: HttpRequest, body: ConfigBody) -> Any:
    """What applying a document would do; what it would refuse is refused."""
    actor = actor_of(request)
    actor.require(Action.ADMINISTER)
    document = parse(body.document, "document")
    left = [] if body.prune else left_alone(document)
    return {"steps": [ConfigStepOut.of(step) for step in rehearse(actor, document, prune=body.prune)], "left": left}


@router.post("/config/apply", response=AppliedOut, operation_id="apply_config")
def apply_config(request: HttpRequest, body: ConfigBody) -> Any:
    """Apply a document: all of it, or nothing."""
    actor = actor_of(request)
    actor.require(Action.ADMINISTER)
    document = parse(body.document, "document")
    left = [] if body.prune else left_alone(document)
    steps, keys = apply(actor, document, prune=body.prune)
    return {"steps": [ConfigStepOut.of(step) for step in steps], "keys": keys, "left": left}


class AlertmanagerBody(Schema):
    """An alertmanager.yml, and the team that gets the policies made of its receivers."""

    text: str
    team: str


class ConfigNoteOut(Schema):
    """What is not, or not quite, as it was: where it stands in the file, what became of it, and what to do."""

    line: int
    path: str
    text: str
    fix: str


class ConfigImportedOut(Schema):
    """A document to be applied, what applying it would do, and what is to be known about it."""

    document: dict[str, Any]
    steps: list[ConfigStepOut]
    notes: list[ConfigNoteOut]


@router.post("/config/import/alertmanager", response=ConfigImportedOut, operation_id="import_alertmanager")
def import_alertmanager(request: HttpRequest, body: AlertmanagerBody) -> Any:
    """Translate an alertmanager.yml. Changes nothing: apply the document that comes back."""
    actor_of(request).require(Action.ADMINISTER)
    made = from_alertmanager(body.text, team_by(body.team).slug)
    steps = [ConfigStepOut.of(step) for step in made.steps]
    return {"document": made.document, "steps": steps, "notes": [asdict(note) for note in made.notes]}


@router.get("/config/export", response=dict[str, Any], operation_id="export_config")
def export_config(request: HttpRequest) -> Any:
    """The whole configuration as a document, without secrets. It comes as it is read, kind by kind."""
    actor_of(request).require(Action.ADMINISTER)
    return StreamingHttpResponse(_document(), content_type="application/json; charset=utf-8")


def _document() -> Iterator[str]:
    """The document in pieces: of ten thousands of things no more is in memory than those of one kind."""
    yield '{"version": 1'
    for kind, things in read_each():
        yield f', "{kind}": ['
        for number, thing in enumerate(things.values()):
            yield f"{', ' if number else ''}{json.dumps(thing, cls=NinjaJSONEncoder)}"
        yield "]"
    yield "}"


@router.get("/config/schema", response=dict[str, Any], operation_id="get_config_schema")
def get_config_schema(request: HttpRequest) -> Any:
    """The JSON Schema of a document."""
    return Document.model_json_schema()
