"""New Relic's workflows with a webhook destination and its default template.

https://docs.newrelic.com/docs/alerts/get-notified/notification-integrations/#webhook
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from ..base import Draft, Inbound
from ..webhook import Said, Webhook, alert, labels, notes


def _all(said: Said) -> str:
    return ", ".join(each.line() for each in said.each())[:200]


def read(said: Said, inbound: Inbound) -> Iterable[Draft]:
    """One issue. Its id stays the same until it is closed."""
    key = said["id"].needed("keep “id” in the webhook's template.")
    state, owner = said["state"].line(20).upper(), said["owner"].line(100)
    # The proposed template does not say who acknowledges: the issue stays ACTIVATED, and what happened is "USER_ACTION".
    by_somebody = said["trigger"].line(40).upper() == "USER_ACTION" and said["owner"].value is None
    acknowledged = state == "ACKNOWLEDGED" or (state == "ACTIVATED" and bool(owner or by_somebody))
    found = alert(
        inbound,
        key,
        said["title"].line() or _all(said["alertConditionNames"]) or key,
        over=state == "CLOSED",
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
        found = replace(found, act="acknowledge", note=f"by {owner} in New Relic" if owner else "in New Relic")
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
acknowledged, closed* on: an issue that is acknowledged there is acknowledged here. To see by whom, add to the template

```text
"owner": {{ json owner }},
```
""",
)
