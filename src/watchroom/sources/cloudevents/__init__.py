"""CloudEvents 1.0 over HTTP: structured, binary and batched; Knative, Azure Event Grid, Google Eventarc, Argo Events…

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/http-webhook.md
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import unquote

import msgspec

from ..base import Draft, Inbound, Parsed, Problem, Reply
from ..webhook import OVER, SHOWN_LIMIT, Said, Unusable, Webhook, alert, json_of, labels, notes

_ATTRIBUTES = ("id", "source", "type", "subject", "time", "specversion", "datacontenttype", "severity", "dataschema")
_WORDS = ("title", "summary", "message", "text", "name", "reason", "description")
_LABEL_WORDS = ("service", "host", "environment", "namespace", "cluster", "region")
_MOST = 1_000


def events(inbound: Inbound) -> Iterator[Said]:
    """The events of a request, each as an object in the structured form.

    :raises Unusable: it holds none.
    """
    kind = inbound.content_type.lower().partition(";")[0].strip()
    if kind == "application/cloudevents-batch+json":
        said = Said(json_of(inbound.body), "events")
        if not isinstance(said.value, list) or len(said.value) > _MOST:
            raise Unusable("body", "", f"send a JSON array of at most {_MOST} events.")
        yield from said.each()
    elif "ce-type" in inbound.headers or "ce-id" in inbound.headers:
        event: dict[str, Any] = {
            name: unquote(inbound.headers[f"ce-{name}"]) for name in _ATTRIBUTES if f"ce-{name}" in inbound.headers
        }
        if inbound.body.strip():
            is_json = not kind or kind.endswith(("/json", "+json"))
            event["data"] = json_of(inbound.body) if is_json else inbound.body.decode(errors="replace")
        yield Said(event)
    else:
        yield Said(json_of(inbound.body))


def read(said: Said, inbound: Inbound) -> Iterable[Draft]:
    """One event. Its source and subject say what it is about; the end of its type, or a state in its data, how it is."""
    if not isinstance(said.value, dict):
        raise Unusable(
            said.place or "body", said.value, "send a CloudEvent: a JSON object, or headers such as ce-type."
        )
    kind = said["type"].needed("give the event a type.")
    origin = said["source"].needed("give the event a source.", 500)
    data = said["data"]
    if isinstance(data.value, str):
        try:
            data = Said(json_of(data.value.encode(errors="replace")), "data")
        except Unusable:
            data = Said({"message": data.value}, "data")
    subject = said["subject"].line(500)
    stem, _, last = kind.rpartition(".")
    state = next((data[name].line(40).lower() for name in ("status", "state") if data[name].line(40)), "")
    over = state in OVER or last.lower() in OVER
    what = (
        stem if stem and (last.lower() in OVER or last.lower() in ("firing", "triggered", "opened", "failed")) else kind
    )
    stated = next((data[name].key() for name in ("key", "dedup_key", "alert_id") if data[name].key()), "")
    name = next((data[word].line() for word in _WORDS if data[word].line()), "")
    severity = next(
        (each for each in (said["severity"], data["severity"], data["level"], data["priority"]) if each), Said("")
    )
    yield alert(
        inbound,
        stated or f"{origin}|{subject}|{what}",
        name or f"{what} {subject or origin}",
        over=over,
        severity=severity.severity(),
        named=labels(alertname=what, source=origin, subject=subject, **{each: data[each] for each in _LABEL_WORDS}),
        texts=notes(
            description=next((data[each] for each in ("description", "message", "text") if data[each].line()), ""),
            event=said["id"], data=msgspec.json.encode(data.value).decode()[:4_000] if data else "",
        ),
        link=next((data[each].link() for each in ("link", "url") if data[each].link()), ""),
        since=said["time"].time(inbound.received_at),
    )  # fmt: skip


class CloudEvents(Webhook):
    """CloudEvents, in whichever of their three forms."""

    def parse(self, inbound: Inbound) -> Parsed:
        drafts: list[Draft] = []
        problems: list[Problem] = []
        try:
            for event in events(inbound):
                try:
                    drafts.extend(read(event, inbound))
                except Unusable as unusable:
                    problems.append(unusable.problem)
        except Unusable as unusable:
            problems.append(unusable.problem)
        return Parsed(tuple(drafts), tuple(problems[:SHOWN_LIMIT]))

    def probe(self, method: str, path: str) -> Reply | None:
        """The question that some senders ask first: whether they may send here."""
        if method == "OPTIONS" and path in ("", "/"):
            allowed = (("webhook-allowed-origin", "*"), ("webhook-allowed-rate", "*"), ("allow", "POST"))
            return Reply(200, b"", headers=allowed)
        return None


source = CloudEvents(
    "cloudevents",
    "CloudEvents",
    "Events in the form of CloudEvents 1.0: Knative, Azure Event Grid, Google Eventarc and others.",
    read,
    """\
Let your broker deliver to

```text
ADDRESS
```

Structured (`application/cloudevents+json`), binary (`ce-…` headers) and batched events are taken, and the question that Azure Event
Grid asks first (`OPTIONS`) is answered. In Knative:

```yaml
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {name: watchroom}
spec:
  broker: default
  filter: {attributes: {type: com.example.backup.failed}}
  subscriber: {uri: ADDRESS}
```

To send a test event, and to end it:

```sh
curl --fail-with-body -H 'Content-Type: application/json' -H 'ce-specversion: 1.0' -H 'ce-id: 1' -H 'ce-source: /backup/db1' \\
  -H 'ce-type: com.example.backup.failed' -d '{"message": "No space left", "severity": "error"}' ADDRESS
curl --fail-with-body -H 'Content-Type: application/json' -H 'ce-specversion: 1.0' -H 'ce-id: 2' -H 'ce-source: /backup/db1' \\
  -H 'ce-type: com.example.backup.resolved' -d '{}' ADDRESS
```

| of the event | becomes |
| --- | --- |
| `source`, `subject` and `type` (without its last word, where that says a state), or `data.key` | what makes it the same alert |
| `data.title`, `summary`, `message`, `text`, `name` … | the title |
| `data.severity`, `level`, `priority`, or the extension `severity` | the severity |
| `data.status` or `state`, or the last word of `type` | `resolved`, `ok`, `recovered`, `closed` and the like end it |
| `source`, `subject`, `data.service`, `host`, `environment`, `namespace`, `cluster`, `region` | labels |
""",
    headers=tuple(f"ce-{name}" for name in _ATTRIBUTES),
)
