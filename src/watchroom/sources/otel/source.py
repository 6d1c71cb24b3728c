"""The source itself: which requests it takes, what it can be told, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec

from ...kernel.errors import Refused
from ...kernel.numbers import whole
from ..base import Inbound, Parsed, Reply, Setting
from ..webhook import Unusable
from .reading import NUMBERS, PROTOBUF, is_protobuf, read, request_of

_QUIET_MINUTES = 30


class Export(Parsed, frozen=True, kw_only=True):
    """What was read, and in which form its sender speaks."""

    protobuf: bool = False


class OpenTelemetry:
    """Log records by OTLP/HTTP."""

    name = "otel"
    label = "OpenTelemetry logs"
    summary = "Log records at or above a severity, from an OpenTelemetry Collector or SDK."
    resolve_timeout_seconds: int | None = _QUIET_MINUTES * 60
    headers: tuple[str, ...] = ()
    asks = (
        Setting(
            "threshold", "From which severity", "Records below it open no alert. Default: error.", choices=tuple(NUMBERS)
        ),
        Setting(
            "quiet_minutes", "Ends after minutes", "An alert ends when its kind of record has not come for so long. Default: 30.", "number"
        ),
    )  # fmt: skip

    def accepts(self, method: str, path: str) -> bool:
        return method == "POST" and path in ("/v1/logs", "", "/")

    def check(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """The settings, cleaned.

        :raises Refused: an unknown one, no such severity, or minutes outside 1 to 10080.
        """
        found: dict[str, Any] = {}
        for name, value in settings.items():
            if value in ("", None):
                continue
            if name == "threshold" and value in NUMBERS:
                found[name] = value
            elif name == "quiet_minutes" and 1 <= (minutes := whole(str(value)) or 0) <= 10_080:
                found[name] = minutes
            elif name in ("threshold", "quiet_minutes"):
                fix = (
                    f"Use one of {', '.join(NUMBERS)}."
                    if name == "threshold"
                    else "Use a number from 1 to 10080 (a week)."
                )
                raise Refused("That is not accepted.", field=name, value=str(value)[:100], fix=fix)
            else:
                raise Refused("There is no such setting.", field=name, value="", fix="Leave it out.")
        return found

    def parse(self, inbound: Inbound) -> Parsed:
        least = NUMBERS.get(str(inbound.settings.get("threshold", "error")), NUMBERS["error"])
        minutes = inbound.settings.get("quiet_minutes", _QUIET_MINUTES)
        quiet = timedelta(minutes=minutes if isinstance(minutes, int) else _QUIET_MINUTES)
        protobuf = is_protobuf(inbound)
        try:
            return Export(tuple(read(request_of(inbound), inbound, least, quiet)), protobuf=protobuf)
        except Unusable as unusable:
            return Export(problems=(unusable.problem,), protobuf=protobuf)

    def reply(self, parsed: Parsed) -> Reply:
        protobuf = isinstance(parsed, Export) and parsed.protobuf
        if not parsed.problems:
            return Reply(200, b"", PROTOBUF) if protobuf else Reply(200, b"{}")
        message = "\n".join(map(str, parsed.problems))[:500]
        if protobuf:  # google.rpc.Status with its field 2, message
            text = message.encode()[:120]
            return Reply(400, b"\x12" + bytes([len(text)]) + text, PROTOBUF)
        return Reply(400, msgspec.json.encode({"message": message}))

    def limited(self, seconds: int) -> Reply:
        return Reply(429, msgspec.json.encode({"message": f"Too many requests; send it again in {seconds} seconds."}))

    def instructions(self, address: str) -> str:
        return _INSTRUCTIONS.replace("ADDRESS", address.rstrip("/"))


_INSTRUCTIONS = """\
In the configuration of the OpenTelemetry Collector:

```yaml
processors:
  filter/errors:
    error_mode: ignore
    logs:
      log_record:
        - severity_number < SEVERITY_NUMBER_ERROR
exporters:
  otlphttp/watchroom:
    logs_endpoint: ADDRESS/v1/logs
service:
  pipelines:
    logs/watchroom:
      receivers: [otlp]
      processors: [filter/errors, batch]
      exporters: [otlphttp/watchroom]
```

The filter saves traffic; what comes below the severity of this integration's settings (by default *error*) opens no alert anyway.
Protobuf and JSON are taken, also compressed with gzip.

Records of one service, scope and event or exception whose texts differ in numbers, ids and quoted words only are one alert.
A log has no end: an alert ends when its kind of record has not come for 30 minutes, or as the settings say.

To send a test record:

```sh
curl --fail-with-body -H 'Content-Type: application/json' ADDRESS/v1/logs -d '{"resourceLogs": [{"resource": {"attributes":
  [{"key": "service.name", "value": {"stringValue": "checkout"}}]}, "scopeLogs": [{"logRecords": [{"severityNumber": 17,
  "body": {"stringValue": "Card declined 17 times"}}]}]}]}'
```

| of the record | becomes |
| --- | --- |
| event name, or `exception.type` | `alertname` |
| `service.name` and body | the title |
| severity number | 21 and more critical, 17 error, 13 warning, else info |
| `service.namespace`, `deployment.environment.name`, `host.name`, `k8s.cluster.name`, `k8s.namespace.name`, scope | labels |
| `exception.stacktrace`, trace id, span id | shown with the alert |
"""
