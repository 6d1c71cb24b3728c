"""Datadog's webhook integration, with the payload that its set-up asks for.

https://docs.datadoghq.com/integrations/webhooks/
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..base import Draft, Inbound, Severity
from ..webhook import Said, Webhook, alert, labels, notes

_OVER = {"recovered", "warn recovered", "no data recovered"}
# What stands in front of a monitor's name: [P1], [TEST], [Triggered on {host:db1}], [Re-Warn], [No Data on {...}], ...
_FRONT = re.compile(
    r"\s*\[(?:P[1-5]|TEST|(?:Re-)?(?:Triggered|Alert|Warn|No Data|Recovered|Renotify)(?: on \{[^}]*\})?)\]\s*",
    re.IGNORECASE,
)
_KINDS: dict[str, Severity] = {"error": "error", "warning": "warning", "success": "info", "info": "info"}


def read(said: Said, inbound: Inbound) -> Iterable[Draft]:
    """One monitor's change. The cycle key is the same from its trigger to its recovery."""
    key = (said["cycle"].line() or said["id"].line()) or said["cycle"].needed("keep “cycle” in the payload.")
    # "$ALERT_TITLE" names the group, too ("CPU on host:db1"), "$EVENT_TITLE" the monitor behind its state.
    event, title = _bare(said["title"].line()), _bare(said["monitor"].line())
    name = event if event and title.startswith(event) else title or event
    named = labels(alertname=name, host=said["host"], scope=said["scope"], monitor=said["id"])
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
        title or event or key,
        over=said["transition"].line(40).lower() in _OVER,
        severity=severity,
        named=named or {"monitor": key},
        texts=notes(description=said["body"], snapshot=said["snapshot"]),
        link=said["link"].link(),
        since=said["at"].time(inbound.received_at),
    )


def _bare(title: str) -> str:
    """A title without what is said of its state in front of it, if anything is left then."""
    bare = title
    while found := _FRONT.match(bare):
        bare = bare[found.end() :]
    return bare or title


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
