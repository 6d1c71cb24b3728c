"""Azure Monitor's common alert schema. https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-common-schema

Alerts of Service Health and Resource Health are always "Fired"; whether it is over stands in their own part.
https://learn.microsoft.com/azure/service-health/service-health-alert-webhook-guide
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

from ..base import Draft, Inbound, Severity
from ..webhook import TEXT_LIMIT, Said, Webhook, alert, labels, notes

_SEVERITIES: dict[str, Severity] = {
    "sev0": "critical", "sev1": "error", "sev2": "warning", "sev3": "info", "sev4": "info",
}  # fmt: skip


_ENDED = {"resolved", "complete", "canceled", "rca"}
_PORTAL = "https://portal.azure.com/#view/Microsoft_Azure_Monitoring_Alerts/AlertDetails.ReactView/alertId/"


def read(said: Said, inbound: Inbound) -> Iterable[Draft]:
    """One alert of any of Azure Monitor's services."""
    facts, context = said["data"]["essentials"], said["data"]["alertContext"]
    match facts["monitoringService"].line(60):
        case "ServiceHealth" if context["properties"]["trackingId"]:
            yield _service_health(facts, context, inbound)
        case "Resource Health" | "ResourceHealth" if facts["alertTargetIDs"].value:
            yield _resource_health(facts, context, inbound)
        case _:
            yield _usual(facts, context, inbound)


def _service_health(facts: Said, context: Said, inbound: Inbound) -> Draft:
    """An event of Azure itself, from its first news to the last; a planned maintenance or an advice is info."""
    about = context["properties"]
    key = about["trackingId"].line()
    stages = {context["status"].line(20).lower(), about["stage"].line(20).lower()}
    return alert(
        inbound,
        f"service-health:{key}",
        about["title"].line() or facts["alertRule"].line() or key,
        over=bool(stages & _ENDED),
        severity="error" if about["incidentType"].line(40) == "Incident" else "info",
        named=labels(
            rule=facts["alertRule"],
            service=about["service"],
            region=about["region"],
            kind=about["incidentType"],
            event=key,
        ),
        texts=notes(description=about["communication"]),
        link=f"https://app.azure.com/h/{quote(key, safe='')}",
        since=about["impactStartTime"].time(inbound.received_at),
    )


def _resource_health(facts: Said, context: Said, inbound: Inbound) -> Draft:
    """One resource that is not well, until it is again."""
    about, target = context["properties"], next(facts["alertTargetIDs"].each(), Said("")).line(2000).lower()
    name, now = target.rpartition("/")[2], about["currentHealthStatus"].line(40)
    return alert(
        inbound,
        f"resource-health:{target}",
        f"{name} is {now.lower() or 'not well'}",
        over=now == "Available" or context["status"].line(20).lower() == "resolved",
        severity="critical" if now == "Unavailable" else "warning",
        named=labels(alertname=facts["alertRule"], resource=name, health=now, cause=about["cause"]),
        texts=notes(description=about["title"], details=about["details"], target=target),
        link=_link(facts, Said(None)),
        since=facts["firedDateTime"].time(inbound.received_at),
    )


def _link(facts: Said, condition: Said) -> str:
    """Where to look into it: the log query's results, what Azure proposes, or the alert in the portal."""
    number = facts["alertId"].line(2000)
    return (
        condition["linkToSearchResultsUI"].link()
        or facts["investigationLink"].link()
        or (_PORTAL + quote(number, safe="") if number.startswith("/") else "")
    )


def _condition(each: Said) -> str:
    """What was asked for and what it was, in one line."""
    asked = (each[name].line() for name in ("timeAggregation", "metricName", "operator", "threshold"))
    value = each["metricValue"].line()
    return " ".join(filter(None, asked)) + (f", was {value}" if value else "")


def _usual(facts: Said, context: Said, inbound: Inbound) -> Draft:
    key = facts["originAlertId"].key() or facts["alertId"].needed("switch on the common alert schema.", TEXT_LIMIT)
    target = next(facts["alertTargetIDs"].each(), Said(""))
    if rule := facts["alertRule"].line(100):
        key = f"{key}:{rule}"
    conditions = [*context["condition"]["allOf"].each()]
    rule, resource = facts["alertRule"].line(), target.line(2000).rpartition("/")[2]
    return alert(
        inbound,
        key,
        f"{rule} on {resource}" if rule and resource and resource.lower() not in rule.lower() else rule or key,
        over=facts["monitorCondition"].line(20).lower() == "resolved",
        severity=_SEVERITIES.get(facts["severity"].line(10).lower(), "warning"),
        named=labels(
            alertname=facts["alertRule"], signal=facts["signalType"], service=facts["monitoringService"],
            resource=resource,
        ) or {"alert": key},
        texts=notes(
            description=facts["description"], target=target, condition="\n".join(filter(None, map(_condition, conditions))),
        ),
        link=_link(facts, next(iter(conditions), Said(None))),
        since=facts["firedDateTime"].time(inbound.received_at),
        until=facts["resolvedDateTime"].time(inbound.received_at),
    )  # fmt: skip


source = Webhook(
    "azure",
    "Azure Monitor",
    "Alerts of Azure Monitor, in its common schema.",
    read,
    """\
In Azure: *Monitor → Alerts → Action groups*, an action of the type **Webhook** (not *Secure webhook*), and as URI

```text
ADDRESS
```

Switch on **Enable the common alert schema**, and let your alert rules use the action group with *Automatically resolve
alerts* on.
""",
)
