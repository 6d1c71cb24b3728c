"""From an event of PagerDuty's Events API to a draft. Pure: the same bytes give the same draft."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from ..base import Act, ChangeSaid, Draft, Inbound, Parsed, Problem, Severity

Kind = Literal["event", "change", "first"]
KINDS: dict[str, Kind] = {
    "/v2/enqueue": "event",
    "/v2/change/enqueue": "change",
    "/generic/2010-04-15/create_event.json": "first",  # the Events API v1
}
KEY_LIMIT = 255
_SUMMARY_LIMIT = 1024
_LABEL_LIMIT = 200  # characters; what is longer is no label but an annotation
_ANNOTATION_LIMIT = 4_000
_SHOWN_LIMIT = 120
_CHANGE_TITLE_LIMIT, _CHANGE_LIMIT, _CHANGE_LINK_LIMIT = 200, 100, 1000
_CHANGE_KINDS = frozenset({"deploy", "config", "flag", "other"})
_ACTS: dict[str, Act] = {"trigger": "fire", "acknowledge": "acknowledge", "resolve": "end"}
_SEVERITIES: dict[str, Severity] = {"critical": "critical", "error": "error", "warning": "warning", "info": "info"}
_BROKEN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Event(Parsed, frozen=True, kw_only=True):
    """What was read, and how its sender wants to be answered."""

    kind: Kind = "event"
    dedup_key: str = ""


def read(inbound: Inbound) -> Event:
    """One event. A change event says what was changed, and opens nothing."""
    kind: Kind = KINDS.get(inbound.path, "event")
    try:
        said = msgspec.json.decode(inbound.body)
    except _BROKEN as error:
        shown = inbound.body[:_SHOWN_LIMIT].decode(errors="replace")
        return Event(
            problems=(Problem("body", shown, f"send one JSON object in UTF-8 ({_reason(error)})."),), kind=kind
        )
    if not isinstance(said, dict):
        return Event(problems=(_problem("body", said, "send one JSON object."),), kind=kind)
    if kind == "change":
        problems = tuple(_change_problems(said))
        return Event(problems=problems, kind=kind, changes=() if problems else (_change(said, inbound),))
    if kind == "first":
        said = _of_first(said)
    problems = tuple(_problems(said, kind))
    if problems:
        return Event(problems=problems, kind=kind)
    key = _text(said.get("dedup_key")) or _made_key(inbound)
    return Event(drafts=(_draft(said, key, inbound.received_at),), kind=kind, dedup_key=key)


def key_in(body: bytes) -> str:
    """The integration's key in an event."""
    try:
        said = msgspec.json.decode(body)
    except _BROKEN:
        return ""
    if not isinstance(said, dict):
        return ""
    return _text(said.get("routing_key")) or _text(said.get("service_key"))


def _made_key(inbound: Inbound) -> str:
    """A key for an event without one: the same one whenever this signal is read."""
    moment = inbound.received_at.astimezone(UTC).isoformat(timespec="microseconds")
    return hashlib.sha256(moment.encode() + b"\n" + inbound.body).hexdigest()[:32]


def _of_first(said: dict[str, Any]) -> dict[str, Any]:
    """An event of v1 in the words of v2. It says nothing of a severity: whatever it sent used to page."""
    client = _text(said.get("client"))
    return {
        "event_action": said.get("event_type"),
        "dedup_key": said.get("incident_key"),
        "client": client,
        "client_url": said.get("client_url"),
        "links": said.get("contexts"),
        "payload": {
            "summary": said.get("description"),
            "source": client or "events-v1",
            "severity": "critical",
            "custom_details": said.get("details"),
        },
    }


def _problems(said: Mapping[str, Any], kind: Kind) -> Iterable[Problem]:
    first = kind == "first"
    act = said.get("event_action")
    if not isinstance(act, str) or act not in _ACTS:
        field = "event_type" if first else "event_action"
        yield _problem(field, act, "use trigger, acknowledge or resolve.")
        return
    key = said.get("dedup_key")
    field = "incident_key" if first else "dedup_key"
    if key is not None and not isinstance(key, str | int):
        yield _problem(field, key, "use a text.")
    elif len(_text(key)) > KEY_LIMIT:
        yield _problem(field, key, f"use {KEY_LIMIT} characters at most.")
    elif act != "trigger" and not _text(key):
        yield _problem(field, key, f"say which one to {act}: the key that its trigger had, or was answered.")
    if act != "trigger":
        return
    payload = said.get("payload")
    if not isinstance(payload, dict):
        yield _problem("payload", payload, "give an object with summary, source and severity.")
        return
    if not _text(payload.get("summary")):
        yield _problem("description" if first else "payload.summary", payload.get("summary"), "say what is wrong.")
    if not _text(payload.get("source")):
        yield _problem("payload.source", payload.get("source"), "say what is affected, such as a host.")
    severity = payload.get("severity")
    if not isinstance(severity, str) or severity.lower() not in _SEVERITIES:
        yield _problem("payload.severity", severity, f"use one of {', '.join(_SEVERITIES)}.")


def _change_problems(said: Mapping[str, Any]) -> Iterable[Problem]:
    payload = said.get("payload")
    if not isinstance(payload, dict):
        yield _problem("payload", payload, "give an object with a summary.")
    elif not _text(payload.get("summary")):
        yield _problem("payload.summary", payload.get("summary"), "say what was changed.")


def _change(said: Mapping[str, Any], inbound: Inbound) -> ChangeSaid:
    """A change event. What its details call by a common name is taken from there; they are as each tool likes.

    https://developer.pagerduty.com/docs/send-change-event
    """
    payload = said["payload"]
    given = payload.get("custom_details")
    details = {str(name).lower(): _text(value) for name, value in given.items()} if isinstance(given, dict) else {}

    def named(*names: str) -> str:
        return next((_line(details[name])[:_CHANGE_LIMIT] for name in names if details.get(name)), "")

    at = _time(payload.get("timestamp"))
    links = [each for each in _dicts(said.get("links")) if _web(each.get("href"))]
    kind = named("kind", "change_type", "type").lower()
    # Without a time of its own the same words may be said of two changes: then it is the signal that tells them apart.
    moment = "" if at else inbound.received_at.astimezone(UTC).isoformat(timespec="microseconds")
    said_of = {name: value for name, value in said.items() if name not in ("routing_key", "service_key")}
    return ChangeSaid(
        title=_line(_text(payload["summary"]))[:_CHANGE_TITLE_LIMIT],
        at=min(at or inbound.received_at, inbound.received_at),
        key=hashlib.sha256(moment.encode() + b"\n" + msgspec.json.encode(said_of, order="deterministic")).hexdigest(),
        kind=kind if kind in _CHANGE_KINDS else "deploy",
        link=_web(links[0]["href"])[:_CHANGE_LINK_LIMIT] if links else "",
        author=named("author", "user", "committer", "deployed_by", "triggered_by"),
        version=named("version", "tag", "release", "revision", "commit", "sha", "build_number", "build"),
        source=_line(_text(payload.get("source")))[:_CHANGE_LIMIT],
        service=named("service", "service_name", "component").lower(),
    )


def _draft(said: Mapping[str, Any], key: str, received_at: datetime) -> Draft:
    act = _ACTS[said["event_action"]]
    client = _text(said.get("client"))
    if act != "fire":
        return Draft(
            dedup_key=key,
            title="",
            severity="info",
            labels={},
            starts_at=received_at,
            ends_at=received_at if act == "end" else None,
            stated_end=act == "end",
            act=act,
            note=f"by {client}" if client else "by its sender",
        )
    payload = said["payload"]
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    details = payload.get("custom_details")
    for name, value in details.items() if isinstance(details, dict) else [("details", details)] if details else []:
        text = _text(value)
        into = labels if isinstance(details, dict) and len(text) <= _LABEL_LIMIT and "\n" not in text else annotations
        if name and text:
            into[_text(name)] = text[:_ANNOTATION_LIMIT]
    for name in ("source", "component", "group", "class"):
        if text := _text(payload.get(name)):
            labels[name] = text[:_ANNOTATION_LIMIT]
    severity = _SEVERITIES[payload["severity"].lower()]
    labels["severity"] = severity
    if client:
        labels["client"] = client
    links = [each for each in _dicts(said.get("links")) if _web(each.get("href"))]
    images = [each for each in _dicts(said.get("images")) if _web(each.get("src"))]
    if links:
        annotations["links"] = "\n".join(f"{_text(each.get('text'))} {each['href']}".strip() for each in links)
    if images:
        annotations["images"] = "\n".join(f"{_text(each.get('alt'))} {each['src']}".strip() for each in images)
    summary = _text(payload["summary"])[:_SUMMARY_LIMIT]
    annotations["summary"] = summary
    return Draft(
        dedup_key=key,
        title=_line(summary),
        severity=severity,
        labels=labels,
        starts_at=min(_time(payload.get("timestamp")) or received_at, received_at),
        annotations=annotations,
        link=_web(said.get("client_url")) or (_web(links[0]["href"]) if links else ""),
    )


def _time(said: object) -> datetime | None:
    """A time; ``None`` when it is none, for a page is worth more than its stamp."""
    text = _text(said).removesuffix("Z")
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _text(said: object) -> str:
    if said is None:
        return ""
    text = said if isinstance(said, str) else msgspec.json.encode(said).decode()
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").strip()


def _line(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 300 else text[:299] + "…"


def _dicts(said: object) -> list[dict[str, Any]]:
    return [each for each in said if isinstance(each, dict)][:20] if isinstance(said, list) else []


def _web(said: object) -> str:
    text = _text(said)
    return text if text.startswith(("http://", "https://")) and len(text) <= 2000 else ""


def _problem(field: str, value: object, fix: str) -> Problem:
    shown = "" if value is None else _text(value)
    return Problem(field, shown if len(shown) <= _SHOWN_LIMIT else shown[: _SHOWN_LIMIT - 1] + "…", fix)


def _reason(error: Exception) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
