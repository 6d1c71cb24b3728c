"""Healthchecks' webhook integration, with the body that its set-up asks for. https://healthchecks.io/docs/configuring_notifications/"""

from __future__ import annotations

from collections.abc import Iterable

from ..base import Draft, Inbound
from ..webhook import Said, Webhook, alert, labels, notes


def read(said: Said, inbound: Inbound) -> Iterable[Draft]:
    """One check that went down or came up."""
    key = said["code"].key() or said["name"].needed("keep “code” in the body.")
    name = said["name"].line() or key
    yield alert(
        inbound,
        key,
        f"{name} is down",
        over=said["status"].line(20).lower() == "up",
        severity="error",
        named=labels(alertname=name, kind="Down", check=name, tags=said["tags"]),
        texts=notes(output=said["body"]),
        link=said["link"].link(),
        since=said["now"].time(inbound.received_at),
    )


source = Webhook(
    "healthchecks",
    "Healthchecks",
    "Checks of Healthchecks.io, or of your own Healthchecks.",
    read,
    """\
In Healthchecks: *Integrations → Webhook*. For **both** events, down and up: method POST, as URL

```text
ADDRESS
```

request header `Content-Type: application/json`, and as body

```json
{"code": "$CODE", "name": $NAME_JSON, "status": "$STATUS", "tags": "$TAGS", "now": "$NOW", "body": $BODY_JSON}
```

`$NAME_JSON` and `$BODY_JSON` (what the job said last) stand there without quotation marks: they bring them along. (An old
Healthchecks knows only `"$NAME"` and no body.) For a link back add `"link": "https://healthchecks.io/checks/$CODE/details/"`, with
the address of your own.

Route all of them by `kind="Down"`, some by `check` or `tags`.
""",
)
