"""From an export of log records to drafts. Pure.

https://opentelemetry.io/docs/specs/otlp/#otlphttp, https://opentelemetry.io/docs/specs/otel/logs/data-model/
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from ...kernel.numbers import whole
from ..base import Draft, Inbound, Severity
from ..webhook import SHOWN_LIMIT, TEXT_LIMIT, TITLE_LIMIT, Said, Unusable, json_of, labels, notes

PROTOBUF = "application/x-protobuf"
# The first number of each range of severity numbers.
NUMBERS = {"trace": 1, "debug": 5, "info": 9, "warn": 13, "error": 17, "fatal": 21}
_MOST_KINDS = 500  # different problems of one request
_DEPTH = 5
# What differs from one occurrence to the next: quoted texts, ids, addresses, numbers.
_VARIABLE = re.compile(
    r"\"[^\"]*\"|'[^']*'|\b[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}\b|\b0x[0-9a-fA-F]+\b|\b[0-9a-fA-F]{16,}\b|\d+"
)


def is_protobuf(inbound: Inbound) -> bool:
    """Whether the request comes as Protocol Buffers; else as JSON."""
    return inbound.content_type.lower().partition(";")[0].strip() == PROTOBUF


def request_of(inbound: Inbound) -> Said:
    """The export request, in the form of its JSON.

    :raises Unusable: it is none.
    """
    if not is_protobuf(inbound):
        said = Said(json_of(inbound.body))
    else:
        try:
            said = Said(MessageToDict(ExportLogsServiceRequest.FromString(inbound.body)))
        except (DecodeError, ValueError, RecursionError) as error:
            raise Unusable("body", "", f"send an ExportLogsServiceRequest of OTLP: {str(error)[:100]}.")
    if not isinstance(said.value, dict) or (said.value and "resourceLogs" not in said.value):
        raise Unusable("resourceLogs", "", "send an ExportLogsServiceRequest of OTLP.")
    return said


def read(said: Said, inbound: Inbound, least: int, quiet: timedelta) -> list[Draft]:
    """One draft for each kind of record whose severity number is at least ``least``; it ends after ``quiet``."""
    found: dict[str, tuple[Draft, int]] = {}
    for resource, scope, record in _records(said):
        number = _number(record)
        if number < least:
            continue
        draft = _draft(resource, scope, record, number, inbound, quiet)
        if draft.dedup_key in found:
            first, times = found[draft.dedup_key]
            found[draft.dedup_key] = (first, times + 1)
        elif len(found) < _MOST_KINDS:
            found[draft.dedup_key] = (draft, 1)
    return [draft for draft, _ in found.values()]


def _records(said: Said) -> Iterator[tuple[Mapping[str, str], str, Said]]:
    for of_resource in said["resourceLogs"].each():
        resource = _attributes(of_resource["resource"]["attributes"])
        for of_scope in of_resource["scopeLogs"].each():
            scope = of_scope["scope"]["name"].line()
            for record in of_scope["logRecords"].each():
                yield resource, scope, record


def _number(record: Said) -> int:
    number = record["severityNumber"].value
    if isinstance(number, str):  # protobuf's JSON has the names of an enumeration: SEVERITY_NUMBER_ERROR2
        name = re.fullmatch(r"SEVERITY_NUMBER_([A-Z]+)([234]?)", number)
        number = NUMBERS.get(name[1].lower(), 0) + int(name[2] or 1) - 1 if name else 0
    if isinstance(number, int) and not isinstance(number, bool) and number > 0:
        return number
    word = record["severityText"].line(40).lower()
    return next(
        (first for name, first in NUMBERS.items() if word.startswith(name)), 21 if word.startswith("crit") else 0
    )


def _text(value: Said, depth: int = 0) -> str:
    """An AnyValue as one text."""
    for name in ("stringValue", "boolValue", "intValue", "doubleValue", "bytesValue"):
        if isinstance(value.value, dict) and name in value.value:
            return value[name].text(TEXT_LIMIT)
    if depth < _DEPTH and value["arrayValue"]:
        return ", ".join(_text(each, depth + 1) for each in value["arrayValue"]["values"].each())[:TEXT_LIMIT]
    if depth < _DEPTH and value["kvlistValue"]:
        pairs = (
            (each["key"].line(), _text(each["value"], depth + 1)) for each in value["kvlistValue"]["values"].each()
        )
        return " ".join(f"{name}={text}" for name, text in pairs)[:TEXT_LIMIT]
    return ""


def _attributes(said: Said) -> dict[str, str]:
    return {each["key"].line(): _text(each["value"]) for each in said.each() if each["key"].line()}


def _draft(
    resource: Mapping[str, str], scope: str, record: Said, number: int, inbound: Inbound, quiet: timedelta
) -> Draft:
    attributes = _attributes(record["attributes"])
    body = _text(record["body"])
    service = resource.get("service.name", "")
    kind = record["eventName"].line() or attributes.get("event.name", "") or attributes.get("exception.type", "")
    words = " ".join((body or attributes.get("exception.message", "")).split())
    pattern = _VARIABLE.sub("#", words)[:500]
    identity = "\n".join((resource.get("service.namespace", ""), service, scope, kind, pattern))
    severity: Severity = (
        "critical" if number >= 21 else "error" if number >= 17 else "warning" if number >= 13 else "info"
    )
    title = f"{service}: {words or kind}" if service else words or kind
    at = _time(record["timeUnixNano"], _time(record["observedTimeUnixNano"], inbound.received_at))
    starts_at = min(at, inbound.received_at)
    return Draft(
        dedup_key=hashlib.sha256(identity.encode(errors="replace")).hexdigest()[:32],
        title=(title if len(title) <= TITLE_LIMIT else title[: TITLE_LIMIT - 1] + "…") or "A log record without a text",
        severity=severity,
        labels=labels(
            alertname=(kind or "LogRecord")[:200], service=service[:200], logger=scope, severity=severity,
            namespace=resource.get("service.namespace", "")[:200],
            environment=(resource.get("deployment.environment.name") or resource.get("deployment.environment", ""))[:200],
            host=resource.get("host.name", "")[:200], cluster=resource.get("k8s.cluster.name", "")[:200],
            kubernetes_namespace=resource.get("k8s.namespace.name", "")[:200],
        ),
        starts_at=starts_at,
        ends_at=inbound.received_at + quiet,
        annotations=notes(
            description=body, exception=attributes.get("exception.message", ""),
            stacktrace=attributes.get("exception.stacktrace", ""), pattern=pattern[:SHOWN_LIMIT * 2],
            trace_id=record["traceId"], span_id=record["spanId"],
        ),
    )  # fmt: skip


def _time(nanoseconds: Said, otherwise: datetime) -> datetime:
    if not (number := whole(nanoseconds.text(24), 24)):
        return otherwise
    try:
        found = datetime.fromtimestamp(number / 1_000_000_000, UTC)
    except (OverflowError, ValueError, OSError):
        return otherwise
    return found if 1970 < found.year < 9000 else otherwise
