"""A web address: its status, what it says, its certificate, its speed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import re2

from ...kernel.errors import Refused
from ...kernel.http import check_url
from .base import Field, Outcome
from .web import header_lines, request


class Http:
    """See the module's text."""

    name = "http"
    label = "Web address"
    fields = (
        Field("url", "Address", required=True, help="A full address, such as https://shop.example.org/health."),
        Field("method", "Method", default="GET", choices=("GET", "HEAD", "POST")),
        Field("status", "Accepted status", default="200-399", help="Codes and ranges: 200-299,301."),
        Field("headers", "Headers", "lines", secret=True, help="Name: value, one a line. Kept encrypted."),
        Field("body", "Body to send", "lines"),
        Field("contains", "Body contains"),
        Field("matches", "Body matches", help="A regular expression (RE2)."),
        Field("json_path", "JSON path", help="Such as status or checks.0.state."),
        Field("json_value", "JSON value", help="What it must be; without it, it must only be there."),
        Field("certificate_days", "Certificate valid for at least (days)", "number"),
        Field("latency_ms", "Answers within (ms)", "number"),
    )

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        settings["url"] = check_url(settings["url"], field="settings.url")
        header_lines(settings.get("headers", ""))
        try:
            _accepts(settings["status"], 200)
        except ValueError:
            raise Refused(
                "Those are not status codes.",
                field="settings.status",
                value=settings["status"],
                fix="For example 200-299,301.",
            ) from None
        if "matches" in settings:
            try:
                re2.compile(settings["matches"])
            except re2.error as error:
                raise Refused(
                    f"That expression can't be read: {error}.",
                    field="settings.matches",
                    value=settings["matches"],
                    fix="Use RE2's syntax.",
                ) from None
        return settings

    async def probe(self, settings: Mapping[str, Any], timeout: float) -> Outcome:
        page = await request(
            settings.get("method", "GET"),
            settings["url"],
            headers=header_lines(settings.get("headers", "")),
            content=settings.get("body", "").encode(),
            timeout=timeout,
        )
        text = page.body.decode(errors="replace")
        wrong = ""
        if not _accepts(settings.get("status", "200-399"), page.status):
            wrong = f"it answered with status {page.status}"
        elif "contains" in settings and settings["contains"] not in text:
            wrong = f"the body does not contain “{settings['contains'][:80]}”"
        elif "matches" in settings and not re2.search(settings["matches"], text):
            wrong = f"the body does not match {settings['matches'][:80]}"
        elif "json_path" in settings and (said := _wrong_json(text, settings)):
            wrong = said
        elif (least := settings.get("certificate_days")) and (page.certificate_days or 0) < least:
            days = page.certificate_days
            wrong = "there is no certificate" if days is None else f"the certificate ends in {days:.0f} days"
        elif (most := settings.get("latency_ms")) and page.latency_ms > most:
            wrong = f"it took {page.latency_ms} ms"
        return Outcome(not wrong, wrong or f"status {page.status}", page.latency_ms)


def _accepts(ranges: str, status: int) -> bool:
    pairs = [part.partition("-") for part in ranges.split(",")]
    return any(int(low) <= status <= int(high or low) for low, _, high in pairs)


def _wrong_json(text: str, settings: Mapping[str, Any]) -> str:
    path = settings["json_path"]
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        return "the body is not JSON"
    for part in path.removeprefix("$.").split("."):
        try:
            value = value[int(part)] if isinstance(value, list) else value[part]
        except (KeyError, IndexError, TypeError, ValueError):
            return f"there is nothing at {path}"
    shown = value if isinstance(value, str) else json.dumps(value)
    if "json_value" in settings and shown != settings["json_value"]:
        return f"{path} is {shown[:80]}"
    return ""


kind = Http()
