"""What vendors' own schemas and senders say that they send, beyond one example each: every outcome, form and signature."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

import factories as make
from peers.amazon import ALARM, Amazon
from watchroom.evidence.models import Change
from watchroom.intake.commands.receive import read_signals
from watchroom.intake.models import Alert
from watchroom.kernel.plugins import all_of
from watchroom.sources.base import Inbound, Parsed

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def parsed(name: str, said: object, headers: dict[str, str] | None = None, **fields: Any) -> Parsed:
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    content_type = fields.pop("content_type", "application/json")
    found = all_of("watchroom.sources")[name].parse(
        Inbound("", body, content_type, NOW, headers=headers or {}, **fields)
    )
    assert isinstance(found, Parsed)
    return found


# GitHub: https://github.com/octokit/webhooks, payload-schemas/api.github.com


def run(**changed: Any) -> dict[str, Any]:
    return {
        "action": "completed",
        "organization": {"login": "shop", "id": 4},
        "repository": {"id": 9, "name": "web", "full_name": "shop/web", "html_url": "https://github.example/shop/web"},
        "sender": {"login": "kim", "id": 7, "type": "User"},
        "workflow": {"id": 41, "name": "Nightly", "path": ".github/workflows/nightly.yml", "state": "active"},
        "workflow_run": {
            "id": 1001, "name": "Nightly", "display_title": "Move to the new disk", "path": ".github/workflows/nightly.yml",
            "head_branch": "main", "head_sha": "3484a3fb816e0859fd6e1cea078d76385ff50625", "event": "schedule",
            "status": "completed", "conclusion": "failure", "workflow_id": 41, "run_number": 7, "run_attempt": 2,
            "run_started_at": "2026-03-02T08:40:00Z", "created_at": "2026-03-02T08:39:00Z", "pull_requests": [],
            "html_url": "https://github.example/shop/web/actions/runs/1001", "previous_attempt_url": None,
            "actor": {"login": "kim"}, "triggering_actor": {"login": "sam"}, "head_repository": {"full_name": "shop/web"},
        } | changed,
    }  # fmt: skip


def of_github(event: str, said: object, **fields: Any) -> Parsed:
    return parsed("github", said, {"x-github-event": event}, **fields)


@pytest.mark.parametrize("conclusion", ["failure", "timed_out", "startup_failure", "action_required"])
def test_a_run_that_went_wrong_fires(conclusion: str) -> None:
    (draft,) = of_github("workflow_run", run(conclusion=conclusion)).drafts
    assert (draft.act, draft.title) == ("fire", "Nightly fails on main of shop/web")
    assert draft.annotations["outcome"] == conclusion
    assert (draft.annotations["run"], draft.annotations["author"]) == ("Move to the new disk", "sam")


@pytest.mark.parametrize("conclusion", ["neutral", "cancelled", "stale", "skipped", None])
def test_a_run_without_an_outcome_is_no_news(conclusion: str | None) -> None:
    assert of_github("workflow_run", run(conclusion=conclusion)) == Parsed()


@pytest.mark.parametrize("event", ["pull_request", "pull_request_target", "pull_request_review"])
def test_runs_for_pull_requests_open_nothing_whatever_started_them(event: str) -> None:
    assert of_github("workflow_run", run(event=event)) == Parsed()


def test_a_run_without_a_name_has_that_of_its_workflow() -> None:
    (draft,) = of_github("workflow_run", run(name="")).drafts
    assert draft.title == "Nightly fails on main of shop/web" and draft.labels["workflow"] == "Nightly"


@pytest.mark.parametrize("action", ["requested", "in_progress"])
def test_a_run_that_goes_on_is_no_news(action: str) -> None:
    assert of_github("workflow_run", run(conclusion=None, status=action) | {"action": action}) == Parsed()


def test_the_content_type_that_github_proposes_is_read_and_its_signature_checked() -> None:
    body = urlencode({"payload": json.dumps(run())}).encode()
    form = {"content_type": "application/x-www-form-urlencoded", "settings": {"secret": "s"}}
    right = "sha256=" + hmac.new(b"s", body, hashlib.sha256).hexdigest()
    headers = {"x-github-event": "workflow_run", "x-hub-signature-256": right}
    assert parsed("github", body, headers, **form).drafts == of_github("workflow_run", run()).drafts
    assert not parsed("github", body + b"&x=1", headers, **form).drafts
    (problem,) = of_github("workflow_run", b"payload=%5B%5D", content_type="application/x-www-form-urlencoded").problems
    assert problem.field == "payload"


def deployment(state: str, **changed: Any) -> dict[str, Any]:
    return {
        "action": "created",
        "repository": {"name": "web", "full_name": "shop/web", "html_url": "https://github.example/shop/web"},
        "sender": {"login": "kim"},
        "deployment": {
            "id": 145, "ref": "v1.9", "task": "deploy", "environment": "production", "sha": "f95f852bd8fca8fcc58a9a2d6c842781",
            "creator": {"login": "kim"}, "description": None, "created_at": "2026-03-02T08:50:00Z", "payload": {},
        },
        "deployment_status": {
            "id": 209, "state": state, "environment": "production", "description": "", "target_url": "", "log_url": "",
            "environment_url": "", "created_at": "2026-03-02T08:55:00Z", "creator": {"login": "kim"},
        } | changed,
    }  # fmt: skip


@pytest.mark.parametrize("state", ["failure", "error"])
def test_a_deployment_that_failed_fires_until_one_succeeds_there(state: str) -> None:
    fired = of_github("deployment_status", deployment(state, description="No space left"))
    (draft,), (over,) = fired.drafts, of_github("deployment_status", deployment("success")).drafts
    assert (draft.title, draft.labels["environment"]) == (
        "The deployment of shop/web to production failed",
        "production",
    )
    assert (draft.annotations["description"], draft.link) == ("No space left", "https://github.example/shop/web")
    assert fired.changes == () and (over.act, over.dedup_key) == ("end", draft.dedup_key)
    (elsewhere,) = of_github("deployment_status", deployment(state, environment="staging")).drafts
    assert elsewhere.dedup_key != draft.dedup_key


@pytest.mark.parametrize("state", ["pending", "queued", "in_progress", "waiting", "inactive"])
def test_a_deployment_on_its_way_is_no_news(state: str) -> None:
    assert of_github("deployment_status", deployment(state)) == Parsed()


def previewed(state: str, **changed: Any) -> dict[str, Any]:
    """As it comes of an environment that a pull request has for itself."""
    whole = deployment(state, environment="pr-17")
    preview = {"environment": "pr-17", "transient_environment": True, "production_environment": False}
    return whole | {"deployment": whole["deployment"] | preview | changed}


@pytest.mark.parametrize("state", ["failure", "error"])
def test_a_preview_that_fails_pages_nobody(state: str) -> None:
    assert of_github("deployment_status", previewed(state)) == Parsed()
    assert of_github("deployment_status", previewed(state, transient_environment=False)).drafts


def test_what_is_taken_down_fails_no_longer_unless_it_is_production() -> None:
    """An older deployment to production becomes inactive too, while the newest one fails."""
    (fired,) = of_github("deployment_status", previewed("failure", transient_environment=False)).drafts
    for transient in (True, False):
        down = of_github("deployment_status", previewed("inactive", transient_environment=transient))
        assert [(draft.act, draft.dedup_key) for draft in down.drafts] == [("end", fired.dedup_key)]
        assert down.changes == ()
    production = {"transient_environment": False, "production_environment": True}
    assert of_github("deployment_status", previewed("inactive", **production)) == Parsed()


def test_a_preview_that_succeeds_changes_nothing_of_the_service() -> None:
    up = of_github("deployment_status", previewed("success"))
    assert [draft.act for draft in up.drafts] == ["end"] and up.changes == ()


@pytest.mark.django_db
def test_what_was_deployed_is_a_change_of_the_service_once() -> None:
    service = make.service(slug="web")
    integration = make.integration(source="github", team=service.team)
    headers = {"x-github-event": "deployment_status"}
    for _ in range(2):
        make.signal(integration, json.dumps(deployment("success")).encode(), "", headers=headers)
    read_signals(10)
    change = Change.objects.get()
    assert (change.service, change.version, change.author) == (service, "f95f852bd8fc", "kim")
    assert (change.title, change.source) == ("v1.9 of shop/web to production", "GitHub")
    assert not Alert.objects.exists()


# Grafana: https://github.com/grafana/alerting, receivers/webhook/v1 and templates/template_data.go


def grafana(**changed: Any) -> dict[str, Any]:
    return {
        "receiver": "watchroom", "status": "firing", "orgId": 1, "version": "1", "groupKey": "{}/{}:{alertname=\"Disk\"}",
        "truncatedAlerts": 0, "title": "[FIRING:1] Disk", "state": "alerting", "message": "**Firing**", "externalURL":
        "https://grafana.example/", "appVersion": "13.0.0", "groupLabels": {"alertname": "Disk"}, "commonLabels": {},
        "commonAnnotations": {}, "alerts": [{
            "status": "firing", "labels": {"alertname": "Disk", "instance": "db1"}, "annotations": {}, "orgId": 1,
            "startsAt": "2026-03-02T08:55:00Z", "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "https://grafana.example/1",
            "fingerprint": "c6ea", "silenceURL": "https://grafana.example/s", "dashboardURL": "", "panelURL": "", "ruleUID": "ab1",
            "values": {"B": 97.25, "C": 1}, "valueString": "", "imageURL": "https://grafana.example/i.png", "enrichments": [],
        }],
    } | changed  # fmt: skip


def test_grafanas_newest_fields_are_read() -> None:
    (draft,) = parsed("grafana", grafana()).drafts
    assert draft.annotations["values"] == "B=97.25, C=1" and draft.annotations["image"].endswith("/i.png")
    assert (draft.title, draft.link) == ("Disk on db1", "https://grafana.example/1")
    assert (
        parsed("grafana", grafana(alerts=[grafana()["alerts"][0] | {"values": None}]))
        .drafts[0]
        .annotations.get("values")
        is None
    )


def test_grafana_may_put_instead_of_post() -> None:
    source = all_of("watchroom.sources")["grafana"]
    assert source.accepts("PUT", "") and source.accepts("POST", "")
    assert not all_of("watchroom.sources")["sentry"].accepts("PUT", "")


@pytest.mark.parametrize("header", ["x-grafana-alerting-timestamp", "x-grafana-alerting-signature-timestamp"])
def test_grafana_signs_its_clock_with_the_body(header: str) -> None:
    body = json.dumps(grafana()).encode()
    signature = hmac.new(b"s", b"1772441700:" + body, hashlib.sha256).hexdigest()
    headers = {"x-grafana-alerting-signature": signature, header: "1772441700"}
    assert parsed("grafana", body, headers, settings={"secret": "s"}).drafts
    assert not parsed("grafana", body, headers | {header: "1772441701"}, settings={"secret": "s"}).drafts
    assert header in all_of("watchroom.sources")["grafana"].headers


@pytest.mark.django_db
def test_what_a_sender_leaves_out_for_its_own_limit_is_an_alert_until_it_does_so_no_more(clock: Any) -> None:
    integration = make.integration(source="grafana")
    make.signal(integration, json.dumps(grafana(truncatedAlerts=12)).encode(), "")
    read_signals(10)
    left_out = Alert.objects.get(labels__kind="AlertsLeftOut")
    assert left_out.title == "The sender left out 12 more alerts of alertname=Disk" and left_out.ended_at is None
    assert left_out.expires_at is not None and left_out.expires_at > clock() + timedelta(hours=4)
    assert len(parsed("grafana", grafana(truncatedAlerts=None)).drafts) == len(parsed("grafana", grafana()).drafts) == 1


def test_what_is_left_out_of_a_message_that_all_is_well_again_opens_nothing() -> None:
    over = grafana()["alerts"][0] | {"status": "resolved", "endsAt": "2026-03-02T08:58:00Z"}
    (draft,) = parsed("grafana", grafana(status="resolved", truncatedAlerts=3, alerts=[over])).drafts
    assert draft.act == "end"


# Statuspage: https://support.atlassian.com/statuspage/docs/enable-webhook-notifications/


def component(state: str, before: str = "operational") -> dict[str, Any]:
    return {
        "meta": {"unsubscribe": "https://status.example/?unsubscribe=1", "documentation": "https://help.example", "generated_at": NOW.isoformat()},
        "page": {"id": "p1", "status_indicator": "major", "status_description": "Partial System Outage"},
        "component_update": {"id": "u1", "component_id": "c1", "component_type": "Component", "old_status": before,
                             "new_status": state, "created_at": "2026-03-02T08:58:00Z"},
        "component": {"id": "c1", "name": "Payments", "status": state, "description": None, "created_at": "2025-01-01T00:00:00Z"},
    }  # fmt: skip


def test_a_component_that_breaks_fires_until_it_is_operational() -> None:
    severities = {}
    for state in ("degraded_performance", "partial_outage", "major_outage", "under_maintenance"):
        (draft,) = parsed("statuspage", component(state)).drafts
        assert (draft.act, draft.labels["kind"], draft.labels["page"]) == ("fire", "ThirdPartyComponent", "p1")
        assert draft.starts_at == datetime(2026, 3, 2, 8, 58, tzinfo=UTC)
        severities[draft.title] = draft.severity
    assert severities == {
        "Payments: degraded performance": "info", "Payments: partial outage": "warning",
        "Payments: major outage": "error", "Payments: under maintenance": "info",
    }  # fmt: skip
    (over,) = parsed("statuspage", component("operational", "major_outage")).drafts
    assert (over.act, over.dedup_key) == ("end", "component:c1")


# Amazon: https://github.com/aws/aws-php-sns-message-validator and …-js-…; botocore/data/partitions.json


def signed_by_the_validators_rule(amazon: Amazon, said: dict[str, Any]) -> dict[str, Any]:
    """As both validators put the text together: each of these names that is there, in this order."""
    from base64 import b64encode

    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    names = ("Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
    text = "".join(f"{name}\n{said[name]}\n" for name in names if said.get(name) is not None)
    algorithm: hashes.HashAlgorithm = hashes.SHA1() if said["SignatureVersion"] == "1" else hashes.SHA256()
    signature = amazon.key.sign(text.encode(), padding.PKCS1v15(), algorithm)
    return said | {"Signature": b64encode(signature).decode()}


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"Subject": "Zeile\nund “mehr” …"},
        {"Subject": ""},
        {"Subject": None},
        {"UnsubscribeURL": "https://x.example"},
        {"Message": ""},
    ],
)
def test_what_the_official_validators_take_for_genuine_is_genuine(version: str, more: dict[str, Any]) -> None:
    amazon = Amazon()
    said = amazon.notification("It burns: ü", version) | more
    said = signed_by_the_validators_rule(amazon, said)
    assert not parsed("sns", said, {"signing-certificate": amazon.pem}).problems


def test_a_confirmation_is_signed_with_its_token_and_address() -> None:
    amazon = Amazon()
    for kind in ("SubscriptionConfirmation", "UnsubscribeConfirmation"):
        said = signed_by_the_validators_rule(amazon, amazon.confirmation(kind))
        assert not parsed("sns", said, {"signing-certificate": amazon.pem}).problems
        assert parsed("sns", said | {"Token": "x"}, {"signing-certificate": amazon.pem}).problems


@pytest.mark.parametrize(
    ("partition", "region", "host"),
    [
        ("aws", "eu-west-1", "eu-west-1.console.aws.amazon.com"),
        ("aws-cn", "cn-north-1", "cn-north-1.console.amazonaws.cn"),
        ("aws-us-gov", "us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
    ],
)
def test_an_alarms_link_leads_to_the_console_of_its_own_part_of_amazon(partition: str, region: str, host: str) -> None:
    amazon = Amazon()
    said = amazon.notification(ALARM | {"AlarmArn": f"arn:{partition}:cloudwatch:{region}:123456789012:alarm:x"})
    (draft,) = parsed("sns", said, {"signing-certificate": amazon.pem}).drafts
    assert draft.link.startswith(f"https://{host}/cloudwatch/") and draft.labels["region"] == region
