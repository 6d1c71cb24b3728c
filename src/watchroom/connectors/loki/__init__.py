"""Loki and what speaks its HTTP API. https://grafana.com/docs/loki/latest/reference/loki-http-api/"""

from __future__ import annotations

from typing import Any

from .. import base
from ..base import EvidenceFailed, Line, Settings, Window

_LONGEST = 2000


class Loki:
    """See the module's text."""

    name = "loki"
    label = "Loki"
    summary = "Logs: the lines of the service around the time of the alert."
    fields = (base.URL, *base.AUTH, base.TENANT)

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        return dict(base.check(settings, self.fields))

    def describe(self, settings: Settings) -> str:
        return base.describe(settings)

    def try_it(self, settings: Settings) -> str:
        data = base.read(base.ask(settings, "/loki/api/v1/labels")).get("data") or []  # null: it knows none yet
        if not isinstance(data, list):
            raise base.malformed()
        names = ", ".join(str(each) for each in data[:8])
        return f"It answers and knows {len(data)} labels{f': {names}' if names else ''}."

    def lines(self, settings: Settings, expression: str, window: Window, most: int) -> list[Line]:
        answer = base.read(
            base.ask(
                settings,
                "/loki/api/v1/query_range",
                {
                    "query": expression,
                    "start": int(window.start.timestamp() * 1e9),
                    "end": int(window.end.timestamp() * 1e9),
                    "limit": min(most, base.MOST_LINES),
                    "direction": "backward",
                },
            )
        )
        data = answer.get("data")
        if not isinstance(data, dict) or not isinstance(data.get("result"), list):
            raise base.malformed()
        if data.get("resultType") != "streams":
            raise EvidenceFailed(
                "The expression gives numbers, not lines.", fix='Use a log query such as {app="checkout"} |= "error".'
            )
        lines: list[Line] = []
        try:
            for stream in data["result"]:
                labels = base.text_map(stream.get("stream"))
                for at, text, *_ in stream["values"]:
                    lines.append(Line(base.moment(int(at) / 1e9), str(text)[:_LONGEST], labels))
        except (KeyError, TypeError, ValueError, AttributeError):
            raise base.malformed() from None
        lines.sort(key=lambda line: line.at, reverse=True)
        return lines[:most]


connector = Loki()
