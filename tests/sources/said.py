"""What vendors send, as they document it, and what is to become of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from watchroom.sources.base import Inbound

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def inbound(body: bytes, path: str = "", **fields: Any) -> Inbound:
    return Inbound(path=path, body=body, content_type="application/json", received_at=NOW, **fields)


def merged(base: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return base | changed


GRAFANA = {
    "receiver": "watchroom", "status": "firing", "orgId": 1, "title": "[FIRING:1] High memory", "version": "1",
    "externalURL": "https://grafana.example/", "groupKey": "{}:{alertname=\"High memory\"}", "truncatedAlerts": 0,
    "alerts": [{
        "status": "firing", "labels": {"alertname": "High memory", "severity": "critical", "instance": "db1"},
        "annotations": {"summary": "Memory above 90 %"}, "startsAt": "2026-03-02T08:55:00Z",
        "endsAt": "0001-01-01T00:00:00Z", "fingerprint": "c6eadffa33fcdf37", "values": {"B": 44.2, "C": 1},
        "generatorURL": "https://grafana.example/alerting/1", "dashboardURL": "https://grafana.example/d/a",
        "valueString": "[ var='B' labels={} value=44.2 ]", "silenceURL": "https://grafana.example/silence",
    }],
}  # fmt: skip
DATADOG = {
    "id": "91", "cycle": "1571234567890", "monitor": "CPU on host:db1", "title": "[P1] [Triggered on {host:db1}] CPU", "body": "too hot",
    "transition": "Triggered", "type": "error", "priority": "P1", "scope": "host:db1", "host": "db1",
    "tags": "env:prod,team:db", "link": "https://app.datadoghq.example/monitors/91", "snapshot": "", "at": "1772441700000",
}  # fmt: skip
SENTRY_METRIC = {
    "action": "critical", "installation": {"uuid": "a8e5d37a"}, "actor": {"type": "application", "name": "Sentry"},
    "data": {
        "metric_alert": {"id": "8", "title": "Errors", "date_started": "2026-03-02T08:58:00.123Z", "projects": ["front-end"],
                         "alert_rule": {"id": "7", "name": "Too many errors", "environment": "prod"}},
        "description_title": "Critical: Too many errors", "description_text": "1000 events in the last 10 minutes",
        "web_url": "https://sentry.example/organizations/o/alerts/rules/details/8/",
    },
}  # fmt: skip
SENTRY_ISSUE = {
    "action": "created",
    "data": {"issue": {"id": "1170820242", "shortId": "IPE-1", "title": "ReferenceError: x", "level": "error",
                       "culprit": "?(runner)", "project": {"slug": "ipe"}, "firstSeen": "2026-03-02T08:58:00Z",
                       "web_url": "https://sentry.example/issues/1170820242/"}},
}  # fmt: skip
SENTRY_EVENT = {
    "action": "triggered",
    "data": {
        "triggered_rule": "Very important", "event": {
            "event_id": "e4", "issue_id": "1170820242", "title": "ReferenceError: x", "level": "error", "project": 1,
            "culprit": "?(runner)", "message": "", "datetime": "2026-03-02T08:58:00.123Z",
            "url": "https://sentry.example/api/0/projects/shop/front-end/events/e4/",
            "web_url": "https://sentry.example/issues/1170820242/events/e4/"},
    },
}  # fmt: skip
SENTRY_PLUGIN = {
    "id": "1170820242", "project": "front-end", "project_name": "Front end", "project_slug": "front-end", "logger": None,
    "level": "fatal", "culprit": "?(runner)", "message": "x is not defined", "triggering_rules": ["New issues"],
    "url": "https://sentry.example/issues/1170820242/?referrer=webhooks_plugin", "event": {"title": "ReferenceError: x", "environment": "prod"},
}  # fmt: skip
KUMA = {
    "heartbeat": {"monitorID": 1, "status": 0, "time": "2026-03-02 08:59:00.000", "msg": "connect ECONNREFUSED", "important": True},
    "monitor": {"id": 1, "name": "Shop", "url": "https://shop.example", "type": "http", "hostname": None},
    "msg": "[Shop] [🔴 Down] connect ECONNREFUSED",
}  # fmt: skip
NEW_RELIC = {
    "id": "e7b5", "issueUrl": "https://radar-api.example/e7b5", "title": "Error rate > 5", "priority": "CRITICAL",
    "impactedEntities": ["Shop"], "totalIncidents": 1, "state": "ACTIVATED", "trigger": "STATE_CHANGE",
    "createdAt": 1772441700000, "updatedAt": 1772441701000, "sources": ["newrelic"], "isCorrelated": False,
    "alertPolicyNames": ["Shop"], "alertConditionNames": ["Error rate"], "workflowName": "to Watchroom",
}  # fmt: skip
AZURE = {
    "schemaId": "azureMonitorCommonAlertSchema",
    "data": {"essentials": {
        "alertId": "/subscriptions/s/providers/Microsoft.AlertsManagement/alerts/b9", "alertRule": "High CPU",
        "severity": "Sev1", "signalType": "Metric", "monitorCondition": "Fired", "monitoringService": "Platform",
        "alertTargetIDs": ["/subscriptions/s/resourcegroups/g/providers/microsoft.compute/virtualmachines/vm1"],
        "originAlertId": "s_g_microsoft.insights_metricAlerts_High CPU", "firedDateTime": "2026-03-02T08:58:58.123Z",
        "description": "CPU above 90 %", "essentialsVersion": "1.0", "alertContextVersion": "1.0"}, "alertContext": {}},
}  # fmt: skip
LOG_CONTEXT = {
    "conditionType": "LogQueryCriteria",
    "condition": {"allOf": [{"searchQuery": "Heartbeat", "timeAggregation": "Count", "operator": "GreaterThan", "threshold": "0",
                             "metricValue": 3.0, "linkToSearchResultsUI": "https://portal.azure.example/#query"}]},
}  # fmt: skip
AZURE_ITSELF = {
    "status": "Active",
    "properties": {"title": "Connectivity in West Europe", "service": "Virtual Network", "region": "West Europe",
                   "communication": "Engineers look into it.", "incidentType": "Incident", "trackingId": "7YJG-1S0",
                   "impactStartTime": "2026-03-02T08:43:44.28Z", "stage": "Active"},
}  # fmt: skip


def azure(context: dict[str, Any], **essentials: str) -> dict[str, Any]:
    facts: dict[str, Any] = AZURE["data"]["essentials"] | essentials  # type: ignore[index]
    return {"data": {"essentials": facts, "alertContext": context}}


GCLOUD = {
    "version": "1.2",
    "incident": {
        "incident_id": "0.opqiw61fsv7p", "scoping_project_id": "shop", "url": "https://console.cloud.example/i/0.op",
        "started_at": 1772441700, "ended_at": None, "state": "open", "summary": "CPU of vm1 is above 0.9",
        "policy_name": "VM CPU", "condition_name": "VM CPU above 0.9", "severity": "Error", "resource_name": "vm1",
        "resource": {"type": "gce_instance", "labels": {"zone": "europe-west1-b"}},
        "documentation": {"content": "See the runbook", "mime_type": "text/markdown"}},
}  # fmt: skip
GITHUB = {
    "action": "completed", "repository": {"full_name": "shop/web"},
    "workflow_run": {"id": 30433642, "name": "Build", "head_branch": "main", "head_sha": "acb5820ced", "run_number": 562,
                     "event": "push", "status": "completed", "conclusion": "failure", "workflow_id": 159038,
                     "html_url": "https://github.example/shop/web/actions/runs/30433642",
                     "run_started_at": "2026-03-02T08:50:00Z"},
}  # fmt: skip
HEALTHCHECKS = {
    "code": "9f1c",
    "name": "Backup",
    "status": "down",
    "tags": "prod db",
    "now": "2026-03-02T08:59:00+00:00",
}
STATUSPAGE = {
    "page": {"id": "j2mfxwj97wnj", "status_indicator": "major", "status_description": "Partial System Outage"},
    "incident": {"id": "lbkhbwn21v5q", "name": "Payments are slow", "status": "identified", "impact": "major",
                 "shortlink": "https://stspg.example/i", "created_at": "2026-03-02T08:40:00Z", "resolved_at": None,
                 "incident_updates": [{"body": "We have found the cause.", "status": "identified"}]},
}  # fmt: skip
ZABBIX = {
    "event_id": "1734",
    "value": "1",
    "name": "Disk space is low (used > 90%)",
    "trigger": "Disk space is low",
    "host": "db1",
    "severity": "High",
    "nseverity": "4",
    "opdata": "Space used: 93 %",
    "message": "Problem started at 08:59:00",
    "tags": '[{"tag":"component","value":"storage"},{"tag":"scope","value":"capacity"}]',
    "update_status": "0",
    "acknowledged": "No",
    "link": "https://zabbix.example/tr_events.php?triggerid=17&eventid=1734",
}
NAGIOS = {
    "type": "PROBLEM",
    "host": "db1",
    "address": "192.0.2.7",
    "service": "Disk /var",
    "state": "CRITICAL",
    "output": "DISK CRITICAL - free space: /var 2%",
    "author": "",
    "comment": "",
}
CHECKLY = {
    "check_id": "b68422ae-6528-45a4-85a6-e85e1be9de2e",
    "check": "Shop API",
    "check_type": "API",
    "group": "Shop",
    "type": "ALERT_FAILURE",
    "title": "Shop API has failed",
    "error": "Timeout after 5000 ms",
    "location": "eu-central-1",
    "tags": "prod api ",
    "link": "https://app.checklyhq.example/checks/b68422ae/results/1",
    "at": "2026-03-02T08:59:00.000Z",
}
SLACK = {
    "username": "Grafana",
    "channel": "#ops",
    "attachments": [
        {
            "color": "danger",
            "title": "[FIRING:1] <https://grafana.example/d/a|Disk is full> *db1*",
            "title_link": "https://grafana.example/d/a",
            "text": "Only 2 % left",
            "fallback": "Disk is full",
            "fields": [{"title": "host", "value": "db1", "short": True}],
        }
    ],
}
CLOUD_EVENT = {
    "specversion": "1.0",
    "type": "com.example.backup.failed",
    "source": "/backup/db1",
    "subject": "nightly",
    "id": "A234-1",
    "time": "2026-03-02T08:58:00Z",
    "datacontenttype": "application/json",
    "data": {"message": "No space left", "severity": "error", "host": "db1", "link": "https://wiki.example/backup"},
}
PLAIN = {"title": "Backup failed", "key": "backup/db1", "severity": "error", "labels": {"host": "db1"}}
DATED = "2026-03-02T08:59:59Z"
# source, headers, what fires, what ends it, title, severity, a label, link
CASES: dict[str, tuple[str, dict[str, str], dict[str, Any], dict[str, Any], str, str, tuple[str, str], str]] = {
    "grafana": (
        "grafana", {}, GRAFANA, merged(GRAFANA, alerts=[GRAFANA["alerts"][0] | {"status": "resolved", "endsAt": DATED}]),  # type: ignore[index]
        "Memory above 90 %", "critical", ("instance", "db1"), "https://grafana.example/d/a",
    ),
    "datadog": (
        "datadog", {}, DATADOG, merged(DATADOG, transition="Recovered", type="success"),
        "CPU on host:db1", "critical", ("alertname", "CPU"), "https://app.datadoghq.example/monitors/91",
    ),
    "sentry metric": (
        "sentry", {"sentry-hook-resource": "metric_alert"}, SENTRY_METRIC, merged(SENTRY_METRIC, action="resolved"),
        "Too many errors", "critical", ("project", "front-end"),
        "https://sentry.example/organizations/o/alerts/rules/details/8/",
    ),
    "sentry issue": (
        "sentry", {"sentry-hook-resource": "issue"}, SENTRY_ISSUE, merged(SENTRY_ISSUE, action="resolved"),
        "ReferenceError: x", "error", ("project", "ipe"), "https://sentry.example/issues/1170820242/",
    ),
    "sentry event": (
        "sentry", {"sentry-hook-resource": "event_alert"}, SENTRY_EVENT,
        SENTRY_ISSUE | {"action": "resolved", "resource": "issue"},
        "ReferenceError: x", "error", ("project", "front-end"), "https://sentry.example/issues/1170820242/events/e4/",
    ),
    "sentry plugin": (
        "sentry", {}, SENTRY_PLUGIN, SENTRY_ISSUE | {"action": "resolved", "resource": "issue"},
        "ReferenceError: x", "critical", ("rule", "New issues"), "https://sentry.example/issues/1170820242/?referrer=webhooks_plugin",
    ),
    "uptimekuma": (
        "uptimekuma", {}, KUMA, merged(KUMA, heartbeat={"monitorID": 1, "status": 1, "msg": "200 - OK"}),
        "Shop is down", "critical", ("monitor", "Shop"), "https://shop.example",
    ),
    "newrelic": (
        "newrelic", {}, NEW_RELIC, merged(NEW_RELIC, state="CLOSED"),
        "Error rate > 5", "critical", ("policy", "Shop"), "https://radar-api.example/e7b5",
    ),
    "azure": (
        "azure", {}, AZURE,
        {"data": {"essentials": AZURE["data"]["essentials"] | {"monitorCondition": "Resolved", "resolvedDateTime": DATED}}},  # type: ignore[index]
        "High CPU on vm1", "error", ("resource", "vm1"),
        "https://portal.azure.com/#view/Microsoft_Azure_Monitoring_Alerts/AlertDetails.ReactView/alertId/"
        "%2Fsubscriptions%2Fs%2Fproviders%2FMicrosoft.AlertsManagement%2Falerts%2Fb9",
    ),
    "azure log": (
        "azure", {}, azure(LOG_CONTEXT, monitoringService="Log Alerts V2"),
        azure({"condition": None}, monitoringService="Log Alerts V2", monitorCondition="Resolved"),
        "High CPU on vm1", "error", ("service", "Log Alerts V2"), "https://portal.azure.example/#query",
    ),
    "azure itself": (
        "azure", {}, azure(AZURE_ITSELF, monitoringService="ServiceHealth", severity="Sev4", originAlertId="first"),
        azure(
            AZURE_ITSELF | {"status": "Resolved", "properties": AZURE_ITSELF["properties"] | {"stage": "RCA"}},  # type: ignore[operator]
            monitoringService="ServiceHealth", severity="Sev4", originAlertId="second", alertId="another",
        ),
        "Connectivity in West Europe", "error", ("region", "West Europe"), "https://app.azure.com/h/7YJG-1S0",
    ),
    "azure resource": (
        "azure", {}, azure({"status": "Active", "properties": {"currentHealthStatus": "Unavailable"}}, monitoringService="Resource Health"),
        azure(
            {"status": "Resolved", "properties": {"currentHealthStatus": "Available"}},
            monitoringService="Resource Health", originAlertId="second",
        ),
        "vm1 is unavailable", "critical", ("health", "Unavailable"),
        "https://portal.azure.com/#view/Microsoft_Azure_Monitoring_Alerts/AlertDetails.ReactView/alertId/"
        "%2Fsubscriptions%2Fs%2Fproviders%2FMicrosoft.AlertsManagement%2Falerts%2Fb9",
    ),
    "gcloud": (
        "gcloud", {}, GCLOUD, {"incident": GCLOUD["incident"] | {"state": "closed", "ended_at": 1772441990}},  # type: ignore[operator]
        "VM CPU above 0.9 on vm1", "error", ("zone", "europe-west1-b"), "https://console.cloud.example/i/0.op",
    ),
    "github": (
        "github", {"x-github-event": "workflow_run"}, GITHUB,
        merged(GITHUB, workflow_run=GITHUB["workflow_run"] | {"conclusion": "success", "id": 30433700}),  # type: ignore[operator]
        "Build fails on main of shop/web", "error", ("branch", "main"),
        "https://github.example/shop/web/actions/runs/30433642",
    ),
    "healthchecks": (
        "healthchecks", {}, HEALTHCHECKS, merged(HEALTHCHECKS, status="up"),
        "Backup is down", "error", ("check", "Backup"), "",
    ),
    "statuspage": (
        "statuspage", {}, STATUSPAGE,
        merged(STATUSPAGE, incident=STATUSPAGE["incident"] | {"status": "resolved", "resolved_at": DATED}),  # type: ignore[operator]
        "Payments are slow", "error", ("page", "j2mfxwj97wnj"), "https://stspg.example/i",
    ),
    "json": (
        "json", {}, PLAIN, {"key": "backup/db1", "status": "resolved"}, "Backup failed", "error", ("host", "db1"), "",
    ),
    "zabbix": (
        "zabbix", {}, ZABBIX, merged(ZABBIX, value="0"), "Disk space is low (used > 90%)", "error", ("component", "storage"),
        "https://zabbix.example/tr_events.php?triggerid=17&eventid=1734",
    ),
    "nagios": (
        "nagios", {}, NAGIOS, merged(NAGIOS, type="RECOVERY", state="OK"),
        "Disk /var on db1 is CRITICAL", "critical", ("service", "Disk /var"), "",
    ),
    "nagios host": (
        "nagios", {}, merged(NAGIOS, service="", state="DOWN"), merged(NAGIOS, service="", state="UP", type="RECOVERY"),
        "db1 is DOWN", "critical", ("address", "192.0.2.7"), "",
    ),
    "checkly": (
        "checkly", {}, CHECKLY, merged(CHECKLY, type="ALERT_RECOVERY", title="Shop API has recovered"),
        "Shop API has failed", "critical", ("location", "eu-central-1"), "https://app.checklyhq.example/checks/b68422ae/results/1",
    ),
    "slack attachment": (
        "slack", {}, SLACK,
        merged(SLACK, attachments=[SLACK["attachments"][0] | {"color": "good", "title": "[RESOLVED] Disk is full db1"}]),  # type: ignore[operator]
        "Disk is full db1", "error", ("host", "db1"), "https://grafana.example/d/a",
    ),
    "slack text": (
        "slack", {}, {"text": "ALERTING: It burns\nBadly"}, {"text": "OK: It burns"}, "It burns", "warning", ("alertname", "It burns"), "",
    ),
    "cloudevents": (
        "cloudevents", {}, CLOUD_EVENT, merged(CLOUD_EVENT, type="com.example.backup.resolved", id="A234-2", data={}),
        "No space left", "error", ("host", "db1"), "https://wiki.example/backup",
    ),
    "slack": ("json", {}, {"text": "It burns"}, {"text": "It burns", "status": "ok"}, "It burns", "warning", ("alertname", "It burns"), ""),
}  # fmt: skip
