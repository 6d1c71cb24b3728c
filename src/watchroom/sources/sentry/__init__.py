"""Sentry's webhooks of an internal integration: issues, issue alerts and metric alerts; and those of its old WebHooks plugin.

https://docs.sentry.io/organization/integrations/integration-platform/webhooks/
https://github.com/getsentry/sentry/blob/master/src/sentry/plugins/sentry_webhooks/plugin.py
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..base import Draft, Inbound, Severity
from ..webhook import Said, Signed, Webhook, alert, labels, notes, stated

_LEVELS: dict[str, Severity] = {
    "fatal": "critical",
    "error": "error",
    "warning": "warning",
    "info": "info",
    "debug": "info",
}
_ENDS = {"resolved", "archived", "ignored"}


def read(said: Said, inbound: Inbound) -> Iterable[Draft]:
    """What the header says that it is about. Anything else (comments, installations) opens no alert."""
    match inbound.headers.get("sentry-hook-resource", ""):
        case "":
            yield _by_plugin(said, inbound)
        case "metric_alert":
            yield _metric(said, inbound)
        case "event_alert":
            yield _event(said, inbound)
        case "issue" if said["action"].line() in {"created", "unresolved", *_ENDS}:
            yield _issue(said, inbound)


def _metric(said: Said, inbound: Inbound) -> Draft:
    about = said["data"]["metric_alert"]
    rule = about["alert_rule"]
    action = said["action"].line(20)
    number = about["id"].needed("send the webhook as Sentry does.")
    return alert(
        inbound,
        f"metric:{number}",
        rule["name"].line() or about["title"].line() or stated(said["data"]["description_title"].line())[0],
        over=action == "resolved",
        severity="critical" if action == "critical" else "warning",
        named=labels(
            alertname=rule["name"],
            project=next(about["projects"].each(), Said("")),
            environment=rule["environment"],
            alert=number,
        ),
        texts=notes(description=said["data"]["description_text"]),
        link=said["data"]["web_url"].link(),
        since=about["date_started"].time(inbound.received_at),
    )


def _event(said: Said, inbound: Inbound) -> Draft:
    event = said["data"]["event"]
    issue = event["issue_id"].line() or event["event_id"].needed("send the webhook as Sentry does.")
    return alert(
        inbound,
        f"issue:{issue}",
        event["title"].line(),
        over=False,
        severity=_LEVELS.get(event["level"].line(20), "error"),
        named=labels(
            rule=said["data"]["triggered_rule"],
            project=_project(event),
            environment=event["environment"],
            issue=issue,
        ),
        texts=notes(description=event["message"], where=event["culprit"]),
        link=event["web_url"].link() or event["issue_url"].link(),
        since=event["datetime"].time(inbound.received_at),
    )


def _project(event: Said) -> str:
    """The slug of an event's project, which stands only in the address of its API; its own field is a number."""
    found = re.search(r"/projects/[^/]+/([^/]+)/", event["url"].text(2000))
    return found[1] if found else event["project"].line()


def _by_plugin(said: Said, inbound: Inbound) -> Draft:
    """What the old plugin says of one event; ``id`` is the issue's."""
    issue = said["id"].needed("send the webhook as Sentry does, with its header Sentry-Hook-Resource.")
    event, rule = said["event"], next(said["triggering_rules"].each(), Said(""))
    return alert(
        inbound,
        f"issue:{issue}",
        event["title"].line() or said["message"].line() or said["culprit"].line(),
        over=False,
        severity=_LEVELS.get(said["level"].line(20), "error"),
        named=labels(
            rule=rule,
            project=said["project_slug"] if said["project_slug"] else said["project"],
            environment=event["environment"],
            issue=issue,
        ),
        texts=notes(description=said["message"], where=said["culprit"]),
        link=said["url"].link(),
    )


def _issue(said: Said, inbound: Inbound) -> Draft:
    issue = said["data"]["issue"]
    number = issue["id"].needed("send the webhook as Sentry does.")
    return alert(
        inbound,
        f"issue:{number}",
        issue["title"].line(),
        over=said["action"].line() in _ENDS,
        severity=_LEVELS.get(issue["level"].line(20), "error"),
        named=labels(project=issue["project"]["slug"], issue=issue["shortId"], kind=issue["issueType"]),
        texts=notes(where=issue["culprit"]),
        link=issue["web_url"].link() or issue["permalink"].link(),
        since=issue["firstSeen"].time(inbound.received_at),
    )


source = Webhook(
    "sentry",
    "Sentry",
    "Issues and alerts of Sentry.",
    read,
    """\
In Sentry: *Settings → Developer settings → Custom integrations → Create new → Internal integration*. As webhook URL

```text
ADDRESS
```

Switch on *Alert rule action*, and under *Webhooks* the resource **issue** if every new issue shall be an alert. Put the
integration's **Client secret** into the settings of this integration, so that signatures are checked. Then choose the
integration as an action in your alert rules.

Every issue is a problem of its own; the label `rule` says which alert rule sent it: route by it (`rule="Very important"`), or by
`project`. Metric alerts have their rule as `alertname`, and resolve by themselves. An issue ends when it is resolved or archived
in Sentry, for which the resource **issue** has to be switched on. The old plugin *WebHooks* can send to the same address, too, but it signs nothing and never says that an
issue is resolved.
""",
    headers=("sentry-hook-resource",),
    signed=Signed("sentry-hook-signature"),
)
