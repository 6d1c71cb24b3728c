"""From a request to Opsgenie's Alert API to a draft. Pure: the same bytes give the same draft."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs

import msgspec
from msgspec.structs import replace

from ..base import Act, Draft, Inbound, Parsed, Problem, Severity
from .naming import id_from, id_of, request_id

CREATE = "/v2/alerts"
ONE = re.compile(r"/v2/alerts/(?P<identifier>.+)", re.DOTALL)
ACTION = re.compile(r"/v2/alerts/(?P<identifier>.+)/(?P<action>close|acknowledge|notes)", re.DOTALL)
HEARTBEATS = "/v2/heartbeats"
HEARTBEAT = re.compile(r"/v2/heartbeats/(?P<name>.+?)(?:/(?P<act>ping|enable|disable))?", re.DOTALL)
PATH_LIMIT = 200  # as much of a path as is kept with a signal
_ALIAS_LIMIT, _NOTE_LIMIT = 512, 1_000
_LABEL_LIMIT, _ANNOTATION_LIMIT, _SHOWN_LIMIT = 200, 15_000, 120
_ACTS: dict[str, Act] = {"close": "end", "acknowledge": "acknowledge", "notes": "note"}
_PRIORITIES: dict[str, Severity] = {
    "P1": "critical", "P2": "error", "P3": "warning", "P4": "info", "P5": "info",
}  # fmt: skip
_BROKEN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Request(Parsed, frozen=True, kw_only=True):
    """What was read, and the id that its sender is told."""

    request_id: str = ""
    action: str = "Create"


def read(inbound: Inbound) -> Request:
    """One request."""
    asked = request_id(inbound)
    if len(inbound.path) >= PATH_LIMIT:
        return Request(problems=(_problem("identifier", inbound.path, "use the alert's id."),), request_id=asked)
    said, problems = _object(inbound.body)
    if inbound.path == CREATE:
        problems = problems or tuple(_problems(said))
        drafts = () if problems else (_create(said, asked, inbound),)
        return Request(drafts, problems, request_id=asked)
    found = ACTION.fullmatch(inbound.path)
    one = found or ONE.fullmatch(inbound.path)
    action = found["action"] if found else "delete"
    words = {"close": "Close", "acknowledge": "Acknowledge", "notes": "AddNote", "delete": "Delete"}[action]
    kind = (parse_qs(inbound.query).get("identifierType") or ["id"])[0]
    identifier = one["identifier"] if one else ""
    key = id_from(identifier, kind)
    if key is None:
        fix = "use the alert's id, or its alias with ?identifierType=alias."
        return Request(problems=(_problem("identifier", identifier, fix),), request_id=asked, action=words)
    if action != "delete" and not problems and action == "notes" and not _text(said.get("note")):
        problems = (_problem("note", said.get("note"), "say something."),)
    if problems and action != "delete":
        return Request(problems=problems, request_id=asked, action=words)
    draft = Draft(
        dedup_key=key,
        title="",
        severity="info",
        labels={},
        starts_at=inbound.received_at,
        act=_ACTS.get(action, "end"),
        note=_note(said, "deleted" if action == "delete" else ""),
    )
    if draft.act == "end":
        draft = replace(draft, ends_at=inbound.received_at, stated_end=True)
    return Request((draft,), request_id=asked, action=words)


def _object(body: bytes) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """What a body says. None at all says nothing, which most requests may."""
    if not body.strip():
        return {}, ()
    try:
        said = msgspec.json.decode(body)
    except _BROKEN as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        shown = body[:_SHOWN_LIMIT].decode(errors="replace")
        return {}, (Problem("body", shown, f"send one JSON object in UTF-8 ({reason})."),)
    if said is None:
        return {}, ()
    if not isinstance(said, dict):
        return {}, (_problem("body", said, "send one JSON object."),)
    return said, ()


def _problems(said: Mapping[str, Any]) -> Iterable[Problem]:
    if not _text(said.get("message")):
        yield _problem("message", said.get("message"), "say what is wrong.")
    if len(_text(said.get("alias"))) > _ALIAS_LIMIT:
        yield _problem("alias", said.get("alias"), f"use {_ALIAS_LIMIT} characters at most.")
    priority = said.get("priority")
    if priority is not None and (not isinstance(priority, str) or priority.upper() not in _PRIORITIES):
        yield _problem("priority", priority, f"use one of {', '.join(_PRIORITIES)}.")
    for name, kind in (("tags", list), ("details", dict)):
        if said.get(name) is not None and not isinstance(said[name], kind):
            yield _problem(name, said[name], f"give {'a list of texts' if kind is list else 'an object of texts'}.")


def _create(said: Mapping[str, Any], asked: str, inbound: Inbound) -> Draft:
    alias = _text(said.get("alias")) or asked
    priority = str(said.get("priority") or "P3").upper()
    severity = _PRIORITIES[priority]
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    for name, value in (said.get("details") or {}).items():
        text = _text(value)
        if _text(name) and text:
            into = labels if len(text) <= _LABEL_LIMIT and "\n" not in text else annotations
            into[_text(name)] = text[:_ANNOTATION_LIMIT]
    if tags := sorted({_text(each) for each in said.get("tags") or [] if _text(each)}):
        labels["tags"] = ",".join(tags)[:_LABEL_LIMIT]
        annotations["tags"] = ", ".join(tags)[:_ANNOTATION_LIMIT]
    for name in ("entity", "source"):
        if text := _text(said.get(name)):
            labels[name] = text[:_LABEL_LIMIT]
    labels |= {"priority": priority, "severity": severity}
    message = _text(said["message"])
    annotations |= {"summary": message, "alias": alias}
    for name in ("description", "note", "user"):
        if text := _text(said.get(name)):
            annotations[name] = text[:_ANNOTATION_LIMIT]
    for name in ("responders", "visibleTo", "actions"):
        if said.get(name):
            annotations[name] = _text(said[name])[:_ANNOTATION_LIMIT]
    line = " ".join(message.split())
    return Draft(
        dedup_key=id_of(alias),
        title=line if len(line) <= 300 else line[:299] + "…",
        severity=severity,
        labels=labels,
        starts_at=inbound.received_at,
        annotations=annotations,
    )


def _note(said: Mapping[str, Any], else_: str) -> str:
    note, user = _text(said.get("note")) or else_, _text(said.get("user"))
    by = f"by {user}" if user else "by its sender"
    return (f"{note} ({by})" if note else by)[:_NOTE_LIMIT]


def _text(said: object) -> str:
    if said is None:
        return ""
    text = said if isinstance(said, str) else msgspec.json.encode(said).decode()
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").strip()


def _problem(field: str, value: object, fix: str) -> Problem:
    shown = _text(value)
    return Problem(field, shown if len(shown) <= _SHOWN_LIMIT else shown[: _SHOWN_LIMIT - 1] + "…", fix)
