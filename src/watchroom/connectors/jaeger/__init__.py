"""Jaeger's query service: the JSON API of its own pages. https://www.jaegertracing.io/docs/latest/apis/"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from .. import base
from ..base import EvidenceFailed, Settings, Span, Trace, TraceFound, Window


class Jaeger:
    """See the module's text."""

    name = "jaeger"
    label = "Jaeger"
    summary = "Traces: the slowest and failed requests of the service, as waterfalls."
    fields = (base.URL, *base.AUTH, base.PUBLIC)

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        return dict(base.check(settings, self.fields))

    def describe(self, settings: Settings) -> str:
        return base.describe(settings)

    def try_it(self, settings: Settings) -> str:
        names = _data(base.ask(settings, "/api/services"), empty=True)
        shown = ", ".join(str(each) for each in names[:8])
        return f"It answers and knows {len(names)} services{f': {shown}' if shown else ''}."

    def find(self, settings: Settings, expression: str, window: Window, most: int) -> list[TraceFound]:
        """``expression`` is the service's name as Jaeger knows it. It gives the newest traces: failed ones are asked for first,
        then any."""
        query = {
            "service": expression,
            "start": int(window.start.timestamp() * 1e6),
            "end": int(window.end.timestamp() * 1e6),
            "limit": 50,
        }
        found: dict[str, TraceFound] = {}
        for more in ({"tags": '{"error":"true"}'}, {}):
            for each in _data(base.ask(settings, "/api/traces", query | more), empty=True):
                one = _found(_trace(each), expression)
                found.setdefault(one.id, one)
        return sorted(found.values(), key=lambda each: (not each.failed, -each.duration_ms))[:most]

    def get(self, settings: Settings, trace_id: str) -> Trace:
        traces = _data(base.ask(settings, f"/api/traces/{quote(trace_id, safe='')}"))
        if not traces:
            raise EvidenceFailed("It does not have this trace any more.")
        return _trace(traces[0])

    def link(self, settings: Settings, trace_id: str) -> str:
        url = str(settings.get("public_url") or settings.get("url", "")).rstrip("/")
        return f"{url}/trace/{quote(trace_id, safe='')}"


def _data(body: bytes, *, empty: bool = False) -> list[Any]:
    data = base.read(body).get("data")
    if data is None and empty:
        return []
    if not isinstance(data, list):
        raise base.malformed()
    return data


def _trace(found: Any) -> Trace:
    try:
        services = {key: str(value.get("serviceName", "")) for key, value in (found.get("processes") or {}).items()}
        spans = found["spans"]
        first = min((float(each["startTime"]) for each in spans), default=0.0)
        made = []
        for each in spans:
            parent = next(
                (str(r.get("spanID", "")) for r in each.get("references") or [] if r.get("refType") == "CHILD_OF"), ""
            )
            tags = {str(tag.get("key")): tag.get("value") for tag in each.get("tags") or []}
            made.append(
                Span(
                    id=str(each["spanID"]),
                    parent=parent,
                    name=str(each.get("operationName", "")),
                    service=services.get(each.get("processID"), ""),
                    start_ms=(float(each["startTime"]) - first) / 1000,
                    duration_ms=float(each.get("duration", 0)) / 1000,
                    failed=str(tags.get("error", "")).lower() == "true"
                    or str(tags.get("otel.status_code", "")).upper() == "ERROR",
                )
            )
        made.sort(key=lambda span: span.start_ms)
        return Trace(
            str(found["traceID"]),
            base.moment(first / 1e6),
            made[: base.MOST_SPANS],
            max(0, len(made) - base.MOST_SPANS),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise base.malformed() from None


def _found(trace: Trace, service: str) -> TraceFound:
    root = next((span for span in trace.spans if not span.parent), trace.spans[0] if trace.spans else None)
    end = max((span.start_ms + span.duration_ms for span in trace.spans), default=0.0)
    return TraceFound(
        trace.id,
        root.name if root else "",
        root.service if root else service,
        trace.start,
        end,
        any(span.failed for span in trace.spans),
        len(trace.spans) + trace.left_out,
    )


connector = Jaeger()
