"""From a request to the payload that a mapping sees, and from what it says to drafts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from ..base import Draft, Inbound, Parsed, Problem
from ..webhook import OVER, Said, Unusable, alert, form_of, is_form, json_of
from .running import worker

_ACKNOWLEDGED = {"acknowledged", "acknowledge", "acked"}
_OVER = OVER | {"false", "0"}


def payload_of(inbound: Inbound) -> Any:
    """What was sent: JSON as it is, a form as an object of texts, anything else that is text as one text.

    :raises Unusable: it is none of these.
    """
    is_text = inbound.content_type.lower().startswith("text/")
    if inbound.body.lstrip()[:1] in (b"{", b"["):  # whatever it says that it is: `curl -d` says that it sends a form
        try:
            return json_of(inbound.body)
        except Unusable:
            if not is_text:
                raise
    if is_form(inbound):
        return form_of(inbound.body)
    if is_text:
        try:
            return inbound.body.decode()
        except UnicodeDecodeError:
            raise Unusable("body", inbound.body[:100].decode(errors="replace"), "send text in UTF-8.")
    return json_of(inbound.body)


def read(mapping: Mapping[str, Any], payload: Any, inbound: Inbound) -> Parsed:
    """The drafts of a payload, or the problem that the mapping has with it."""
    answer = worker.ask(dict(mapping), payload)
    if "alerts" not in answer:
        field = f"mapping.{answer['field']}".rstrip(".")
        return Parsed(
            problems=(Problem(field, answer["value"], f"{answer['why']}; correct the mapping, then read it again."),),
            slow=bool(answer.get("slow")),
        )
    return drafts_of(answer["alerts"], inbound)


def drafts_of(alerts: list[dict[str, Any]], inbound: Inbound) -> Parsed:
    """Drafts of what a mapping has said, and a problem for each that lacks what an alert needs."""
    drafts: list[Draft] = []
    problems: list[Problem] = []
    for number, said in enumerate(alerts):
        key, title = Said(said.get("key", "")).key(), Said(said.get("title", "")).line()
        state = str(said.get("state", "")).strip().lower()
        over = state in _OVER
        if not key or (not title and not over):
            field, fix = ("key", "what it says is empty") if not key else ("title", "what it says is empty")
            problems.append(
                Problem(f"mapping.{field}", f"alert {number + 1}", f"{fix}; correct the mapping, then read it again.")
            )
            continue
        texts = {**said.get("annotations", {}), "description": said.get("description", "")}
        found = alert(
            inbound,
            key,
            title or key,
            over=over,
            severity=Said(said.get("severity", "")).severity(),
            named=said.get("labels") or {"alertname": (title or key)[:200]},
            texts={name: value for name, value in texts.items() if value},
            link=Said(said.get("link", "")).link(),
            since=Said(said.get("since", "")).time(inbound.received_at),
        )
        if state in _ACKNOWLEDGED:
            found = replace(found, act="acknowledge", note="by its sender")
        drafts.append(found)
    return Parsed(tuple(drafts), tuple(problems[:100]))
