"""Zipkin's HTTP API, version 2. https://zipkin.io/zipkin-api/"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from .. import base
from ..base import Settings, Span, Trace, TraceFound, Window


class Zipkin:
    """See the module's text."""

    name = "zipkin"
    label = "Zipkin"
    summary = "Traces: the slowest and failed requests of the service, as waterfalls."
    fields = (base.URL, *base.AUTH, base.PUBLIC)

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        return dict(base.check(settings, self.fields))

    def describe(self, settings: Settings) -> str:
        return base.describe(settings)

    def try_it(self, settings: Settings) -> str:
        names = base.read_any(base.ask(settings, "/api/v2/services"))
        if not isinstance(names, list):
            raise base.malformed()
        shown = ", ".join(str(each) for each in names[:8])
        return f"It answers and knows {len(names)} services{f': {shown}' if shown else ''}."

    def find(self, settings: Settings, expression: str, window: Window, most: int) -> list[TraceFound]:
        """``expression`` is the service's name as Zipkin knows it (it writes names in lower case). It gives the newest traces:
        failed ones are asked for first, then any."""
        query = {
            "serviceName": expression.lower(),
            "endTs": int(window.end.timestamp() * 1000),
            "lookback": int(window.seconds * 1000),
            "limit": 50,
        }
        found: dict[str, TraceFound] = {}
        for more in ({"annotationQuery": "error"}, {}):
            traces = base.read_any(base.ask(settings, "/api/v2/traces", query | more))
            if not isinstance(traces, list):
                raise base.malformed()
            for each in filter(None, traces):
                one = _found(_trace(each), expression)
                found.setdefault(one.id, one)
        return sorted(found.values(), key=lambda each: (not each.failed, -each.duration_ms))[:most]

    def get(self, settings: Settings, trace_id: str) -> Trace:
        return _trace(base.read_any(base.ask(settings, f"/api/v2/trace/{quote(trace_id, safe='')}")))

    def link(self, settings: Settings, trace_id: str) -> str:
        url = str(settings.get("public_url") or settings.get("url", "")).rstrip("/")
        return f"{url}/zipkin/traces/{quote(trace_id, safe='')}"


def _trace(spans: Any) -> Trace:
    if not isinstance(spans, list) or not spans:
        raise base.malformed()
    try:
        first = min(float(each["timestamp"]) for each in spans if each.get("timestamp"))
        made = [
            Span(
                # A server's half of a call shares the id of the client's half.
                id=str(each["id"]) + ("/server" if each.get("shared") else ""),
                parent=str(each["id"]) if each.get("shared") else str(each.get("parentId") or ""),
                name=str(each.get("name") or ""),
                service=str((each.get("localEndpoint") or {}).get("serviceName") or ""),
                start_ms=(float(each.get("timestamp") or first) - first) / 1000,
                duration_ms=float(each.get("duration") or 0) / 1000,
                failed="error" in (each.get("tags") or {}),
            )
            for each in spans
        ]
        made.sort(key=lambda span: span.start_ms)
        return Trace(
            str(spans[0]["traceId"]),
            base.moment(first / 1e6),
            made[: base.MOST_SPANS],
            max(0, len(made) - base.MOST_SPANS),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise base.malformed() from None


def _found(trace: Trace, service: str) -> TraceFound:
    root = next((span for span in trace.spans if not span.parent), trace.spans[0])
    end = max(span.start_ms + span.duration_ms for span in trace.spans)
    failed = any(span.failed for span in trace.spans)
    return TraceFound(
        trace.id, root.name, root.service or service, trace.start, end, failed, len(trace.spans) + trace.left_out
    )


connector = Zipkin()
