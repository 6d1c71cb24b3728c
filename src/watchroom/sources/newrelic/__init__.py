"""New Relic's workflows with a webhook destination and its default template.

https://docs.newrelic.com/docs/alerts/get-notified/notification-integrations/#webhook
"""

from __future__ import annotations

from collections.abc import Iterable

from ..base import Draft, Inbound
from ..webhook import Said, Webhook, alert, labels, notes


def _all(said: Said) -> str:
    return ", ".join(each.line() for each in said.each())[:200]


def read(said: Said, inbound: Inbound) -> Iterable[Draft]:
    """One issue. Its id stays the same until it is closed."""
    key = said["id"].needed("keep “id” in the webhook's template.")
    acknowledged = said["state"].line(20).upper() == "ACKNOWLEDGED"
    found = alert(
        inbound,
        key,
        said["title"].line() or _all(said["alertConditionNames"]) or key,
        over=said["state"].line(20).upper() == "CLOSED",
        severity=said["priority"].severity(),
        named=labels(
            alertname=_all(said["alertConditionNames"]), policy=_all(said["alertPolicyNames"]),
            entity=_all(said["impactedEntities"]), workflow=said["workflowName"],
        ) or {"issue": key},
        texts=notes(trigger=said["trigger"], sources=_all(said["sources"])),
        link=said["issueUrl"].link(),
        since=said["createdAt"].time(inbound.received_at),
    )  # fmt: skip
    if acknowledged:
        found = Draft(**{**found.__dict__, "act": "acknowledge", "note": "in New Relic"})
    yield found


source = Webhook(
    "newrelic",
    "New Relic",
    "Issues of New Relic, through a workflow.",
    read,
    """\
In New Relic: *Alerts → Destinations → Webhook*, and as endpoint URL

```text
ADDRESS
```

Then *Alerts → Workflows → Add*, with this destination and the template that is proposed. Leave *Send: activated,
acknowledged, closed* on: an issue that is acknowledged there is acknowledged here.
""",
)
