"""Tempo: search by TraceQL, traces as OTLP JSON. https://grafana.com/docs/tempo/latest/api_docs/"""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from .. import base
from ..base import EvidenceFailed, Settings, Span, Trace, TraceFound, Window


class Tempo:
    """See the module's text."""

    name = "tempo"
    label = "Tempo"
    summary = "Traces: the slowest and failed requests of the service, as waterfalls."
    fields = (
        base.URL, *base.AUTH, base.TENANT, base.PUBLIC,
        base.Field("datasource", "Data source", "What Tempo is called in the Grafana at the address for people; else “tempo”."),
    )  # fmt: skip

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        return dict(base.check(settings, self.fields))

    def describe(self, settings: Settings) -> str:
        return base.describe(settings)

    def try_it(self, settings: Settings) -> str:
        names = base.read(base.ask(settings, "/api/search/tags")).get("tagNames", [])
        if not isinstance(names, list):
            raise base.malformed()
        return f"It answers and knows {len(names)} tags."

    def find(self, settings: Settings, expression: str, window: Window, most: int) -> list[TraceFound]:
        """``expression`` is TraceQL in braces, or a service's name. Failed traces are asked for first, then any."""
        if expression.lstrip().startswith("{"):
            questions = [(expression, False)]
        else:
            name = expression.replace("\\", "\\\\").replace('"', '\\"')
            of_it = f'resource.service.name="{name}"'
            questions = [(f"{{ {of_it} && status=error }}", True), (f"{{ {of_it} }}", False)]
        found: dict[str, TraceFound] = {}
        for question, failed in questions:
            answer = base.read(
                base.ask(
                    settings,
                    "/api/search",
                    {
                        "q": question,
                        "start": int(window.start.timestamp()),
                        "end": int(window.end.timestamp()) + 1,
                        "limit": 50,
                    },
                )
            )
            traces = answer.get("traces") or []
            if not isinstance(traces, list):
                raise base.malformed()
            for each in traces:
                one = _found(each, failed)
                found.setdefault(one.id, one)
        return sorted(found.values(), key=lambda each: (not each.failed, -each.duration_ms))[:most]

    def get(self, settings: Settings, trace_id: str) -> Trace:
        return read_otlp(trace_id, base.read(base.ask(settings, f"/api/traces/{quote(trace_id, safe='')}")))

    def link(self, settings: Settings, trace_id: str) -> str:
        """Tempo has no pages of its own: *Explore* of a Grafana, if there is one.

        https://grafana.com/docs/grafana/latest/explore/get-started-with-explore/#generate-explore-urls-from-external-tools
        """
        url = str(settings.get("public_url") or "").rstrip("/")
        source = str(settings.get("datasource") or "tempo")
        query = {
            "refId": "A",
            "queryType": "traceql",
            "query": trace_id,
            "datasource": {"type": "tempo", "uid": source},
        }
        pane = {"datasource": source, "queries": [query], "range": {"from": "now-6h", "to": "now"}}
        asked = {"schemaVersion": 1, "panes": msgspec.json.encode({"trace": pane}).decode(), "orgId": 1}
        return f"{url}/explore?{urlencode(asked)}" if url else ""


def _found(each: Any, failed: bool) -> TraceFound:
    try:
        return TraceFound(
            str(each["traceID"]),
            str(each.get("rootTraceName") or ""),
            str(each.get("rootServiceName") or ""),
            base.moment(int(each.get("startTimeUnixNano") or 0) / 1e9),
            float(each.get("durationMs") or 0),
            failed,
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise base.malformed() from None


def read_otlp(trace_id: str, answer: dict[str, Any]) -> Trace:
    """OTLP JSON, in the spellings of Tempo's versions (``batches`` or ``resourceSpans``; ids in hex or base64).

    :raises EvidenceFailed: it is something else, or there are no spans.
    """
    inner = answer.get("trace") if isinstance(answer.get("trace"), dict) else answer
    batches = inner.get("batches") or inner.get("resourceSpans") if isinstance(inner, dict) else None
    if not isinstance(batches, list):
        raise base.malformed()
    raw: list[tuple[str, dict[str, Any]]] = []
    try:
        for batch in batches:
            attributes = (batch.get("resource") or {}).get("attributes") or []
            service = next(
                (
                    str((a.get("value") or {}).get("stringValue", ""))
                    for a in attributes
                    if a.get("key") == "service.name"
                ),
                "",
            )
            for scope in batch.get("scopeSpans") or batch.get("instrumentationLibrarySpans") or []:
                raw += [(service, span) for span in scope.get("spans") or []]
        if not raw:
            raise EvidenceFailed("It does not have this trace any more.")
        first = min(int(span["startTimeUnixNano"]) for _, span in raw)
        spans = [
            Span(
                id=_id(span["spanId"]),
                parent=_id(span.get("parentSpanId") or ""),
                name=str(span.get("name", "")),
                service=service,
                start_ms=(int(span["startTimeUnixNano"]) - first) / 1e6,
                duration_ms=max(0, int(span.get("endTimeUnixNano") or 0) - int(span["startTimeUnixNano"])) / 1e6,
                failed=(span.get("status") or {}).get("code") in {2, "STATUS_CODE_ERROR", "ERROR"},
            )
            for service, span in raw
        ]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise base.malformed() from None
    spans.sort(key=lambda span: span.start_ms)
    return Trace(trace_id, base.moment(first / 1e9), spans[: base.MOST_SPANS], max(0, len(spans) - base.MOST_SPANS))


def _id(found: Any) -> str:
    text = str(found)
    if len(text) == 12 and text.endswith("="):  # eight bytes in base64
        try:
            return base64.b64decode(text).hex()
        except ValueError:
            return text
    return text


connector = Tempo()
