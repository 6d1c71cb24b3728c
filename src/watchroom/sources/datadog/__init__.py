"""Datadog's webhook integration, with the payload that its set-up asks for.

https://docs.datadoghq.com/integrations/webhooks/
"""

from __future__ import annotations

from collections.abc import Iterable

from ..base import Draft, Inbound, Severity
from ..webhook import Said, Webhook, alert, labels, notes

_OVER = {"recovered", "warn recovered", "no data recovered"}
_KINDS: dict[str, Severity] = {"error": "error", "warning": "warning", "success": "info", "info": "info"}


def read(said: Said, inbound: Inbound) -> Iterable[Draft]:
    """One monitor's change. The cycle key is the same from its trigger to its recovery."""
    key = (said["cycle"].line() or said["id"].line()) or said["cycle"].needed("keep “cycle” in the payload.")
    named = labels(alertname=said["monitor"], host=said["host"], scope=said["scope"], monitor=said["id"])
    for tag in said["tags"].text(5_000).split(","):
        name, colon, value = tag.strip().partition(":")
        if colon and name and value:
            named.setdefault(name[:200], value[:200])
    priority = said["priority"].line(10).upper()
    severity = (
        Said(priority).severity() if priority.startswith("P") else _KINDS.get(said["type"].line(20).lower(), "error")
    )
    yield alert(
        inbound,
        key,
        said["title"].line() or key,
        over=said["transition"].line(40).lower() in _OVER,
        severity=severity,
        named=named or {"monitor": key},
        texts=notes(description=said["body"], snapshot=said["snapshot"]),
        link=said["link"].link(),
        since=said["at"].time(inbound.received_at),
    )


source = Webhook(
    "datadog",
    "Datadog",
    "Monitors of Datadog, through its webhook integration.",
    read,
    """\
In Datadog: *Integrations → Webhooks → New*. Name it `watchroom`, and as URL

```text
ADDRESS
```

with this payload:

```json
{"id": "$ALERT_ID", "cycle": "$ALERT_CYCLE_KEY", "monitor": "$ALERT_TITLE", "title": "$EVENT_TITLE",
 "body": "$TEXT_ONLY_MSG", "transition": "$ALERT_TRANSITION", "type": "$ALERT_TYPE", "priority": "$ALERT_PRIORITY",
 "scope": "$ALERT_SCOPE", "host": "$HOSTNAME", "tags": "$TAGS", "link": "$LINK", "snapshot": "$SNAPSHOT", "at": "$DATE"}
```

Then write `@webhook-watchroom` into the message of each monitor, outside of any condition, so that recoveries are sent too.
""",
)
