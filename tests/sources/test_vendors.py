"""What the webhooks of each vendor become, one by one."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from msgspec.structs import replace

from sources.said import (
    CHECKLY,
    CLOUD_EVENT,
    DATADOG,
    GCLOUD,
    GITHUB,
    GRAFANA,
    KUMA,
    NAGIOS,
    NEW_RELIC,
    SLACK,
    STATUSPAGE,
    ZABBIX,
    inbound,
    merged,
)
from watchroom.kernel.plugins import all_of
from watchroom.sources.base import Draft, Source
from watchroom.sources.webhook import Webhook


def test_githubs_documented_example_of_a_signature() -> None:
    """https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation"""
    source: Webhook = all_of("watchroom.sources")["github"]
    signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    said = inbound(
        b"Hello, World!", headers={"x-hub-signature-256": signature}, settings={"secret": "It's a Secret to Everybody"}
    )
    assert source.parse(said).problems[0].field == "body"  # signed well, and no JSON


def test_what_is_no_news_opens_nothing() -> None:
    def count(name: str, said: dict[str, Any], **headers: str) -> int:
        source: Source = all_of("watchroom.sources")[name]
        parsed = source.parse(
            inbound(json.dumps(said).encode(), headers={k.replace("_", "-"): v for k, v in headers.items()})
        )
        assert not parsed.problems
        return len(parsed.drafts)

    pull = merged(GITHUB, workflow_run=GITHUB["workflow_run"] | {"event": "pull_request"})  # type: ignore[operator]
    assert count("github", pull, x_github_event="workflow_run") == 0
    assert count("github", {"zen": "Keep it"}, x_github_event="ping") == 0
    assert count("sentry", {"action": "created"}, sentry_hook_resource="installation") == 0
    assert count("statuspage", {"component": {"id": "x"}}) == 0
    assert count("uptimekuma", merged(KUMA, heartbeat={"monitorID": 1, "status": 3})) == 0


@pytest.mark.parametrize(
    ("changed", "act", "note"),
    [
        ({"state": "ACKNOWLEDGED"}, "acknowledge", "in New Relic"),
        ({"trigger": "USER_ACTION"}, "acknowledge", "in New Relic"),  # the proposed template says no more
        ({"owner": "Kim"}, "acknowledge", "by Kim in New Relic"),
        ({"trigger": "USER_ACTION", "owner": ""}, "fire", ""),  # somebody took it back
        ({"trigger": "USER_ACTION", "state": "CLOSED"}, "end", ""),
    ],
)
def test_who_acknowledges_in_new_relic_acknowledges_here(changed: dict[str, str], act: str, note: str) -> None:
    source: Source = all_of("watchroom.sources")["newrelic"]
    (draft,) = source.parse(inbound(json.dumps(merged(NEW_RELIC, **changed)).encode())).drafts
    assert (draft.act, draft.note, draft.dedup_key) == (act, note, "e7b5")


def one(name: str, said: dict[str, Any] | bytes, **headers: str) -> Draft:
    source: Source = all_of("watchroom.sources")[name]
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    (draft,) = source.parse(inbound(body, headers={k.replace("_", "-"): v for k, v in headers.items()})).drafts
    return draft


@pytest.mark.parametrize(
    ("event", "monitor", "title", "name"),
    [
        ("[Triggered] [Memory Alert]", "[Memory Alert]", "[Memory Alert]", "[Memory Alert]"),
        ("[P2] [Re-Warn on {host:a,env:b}] Disk", "Disk on host:a,env:b", "Disk on host:a,env:b", "Disk"),
        ("[TEST] [Triggered on {host:a}] Disk", "[Triggered on {host:a}] Disk", "Disk", "Disk"),
        ("[No data on {*}] [prod] Disk", "", "[prod] Disk", "[prod] Disk"),
        ("[Triggered]", "", "[Triggered]", "[Triggered]"),
    ],
)
def test_datadogs_titles_name_the_problem_and_its_labels_the_monitor(
    event: str, monitor: str, title: str, name: str
) -> None:
    draft = one("datadog", merged(DATADOG, title=event, monitor=monitor))
    assert (draft.title, draft.labels["alertname"]) == (title, name)


def test_a_text_over_several_lines_is_read_though_json_does_not_allow_it() -> None:
    body = (
        json.dumps(CHECKLY).encode().replace(b"Timeout after 5000 ms", b"Expected &quot;ok&quot;\n\tgot &quot;no&quot;")
    )
    assert one("checkly", body).annotations["description"] == 'Expected "ok"\n\tgot "no"'
    assert all_of("watchroom.sources")["checkly"].parse(inbound(b'{"check_id": "a\nb')).problems


def test_a_slack_messages_text_is_plain_and_says_nothing_twice() -> None:
    draft = one("slack", SLACK)
    assert (draft.title, draft.annotations["description"]) == ("Disk is full db1", "Disk is full\nOnly 2 % left")


def test_grafana_says_which_rule_has_no_data() -> None:
    said = {"labels": {"alertname": "DatasourceNoData", "rulename": "High memory"}, "status": "firing"}
    assert one("grafana", {"alerts": [said]}).title == "High memory: there is no data"


def test_grafana_may_sign_the_time_as_well() -> None:
    source: Webhook = all_of("watchroom.sources")["grafana"]
    body = json.dumps(GRAFANA).encode()
    signature = hmac.new(b"s", b"1772441700:" + body, hashlib.sha256).hexdigest()
    sent = {"x-grafana-alerting-signature": signature, "x-grafana-alerting-timestamp": "1772441700"}
    assert set(sent) <= set(source.headers)
    for headers, good in ((sent, True), (sent | {"x-grafana-alerting-timestamp": "1772441701"}, False)):
        assert bool(source.parse(inbound(body, headers=headers, settings={"secret": "s"})).drafts) is good


def test_a_certificate_that_expires_is_one_alert_however_many_days_are_left() -> None:
    first, second = (
        one("uptimekuma", {"msg": f"[Shop][https://shop.example] cert will expire in {days} days"}) for days in (21, 14)
    )
    assert first.dedup_key == second.dedup_key and first.severity == "warning" and "21 days" in first.title
    assert (first.labels["alertname"], first.labels["kind"]) == ("CertificateExpires", "UptimeKuma")


def test_work_that_somebody_else_has_planned_is_no_problem_yet() -> None:
    planned = STATUSPAGE["incident"] | {"impact": "maintenance", "status": "scheduled"}  # type: ignore[operator]
    source: Source = all_of("watchroom.sources")["statuspage"]
    assert source.parse(inbound(json.dumps(merged(STATUSPAGE, incident=planned)).encode())).drafts == ()
    draft = one("statuspage", merged(STATUSPAGE, incident=planned | {"status": "in_progress"}))
    assert (draft.act, draft.severity, draft.labels["kind"]) == ("fire", "info", "ThirdPartyMaintenance")


def test_google_clouds_title_says_what_it_is_about() -> None:
    assert isinstance(GCLOUD["incident"], dict)
    facts = GCLOUD["incident"] | {"condition_name": "CPU above 0.9", "resource_display_name": "vm1"}
    assert one("gcloud", {"incident": facts}).title == "CPU above 0.9 on vm1"
    facts |= {"documentation": {"content": "x", "subject": "[ALERT] Shop is slow"}}
    assert one("gcloud", {"incident": facts}).title == "Shop is slow"


def test_a_form_of_nagios_is_read_like_its_json() -> None:
    source: Source = all_of("watchroom.sources")["nagios"]
    form = inbound(urlencode(NAGIOS).encode(), "")
    (drafts,) = source.parse(replace(form, content_type="application/x-www-form-urlencoded")).drafts
    assert drafts == source.parse(inbound(json.dumps(NAGIOS).encode())).drafts[0]


def test_who_acknowledges_in_nagios_or_zabbix_acknowledges_here() -> None:
    nagios = merged(NAGIOS, type="ACKNOWLEDGEMENT", author="Ada", comment="on it")
    zabbix = merged(ZABBIX, update_status="1", update_user="Ada", update_message="on it", acknowledged="Yes")
    for name, said, note in (("nagios", nagios, "on it (by Ada)"), ("zabbix", zabbix, "on it (by Ada in Zabbix)")):
        (draft,) = all_of("watchroom.sources")[name].parse(inbound(json.dumps(said).encode())).drafts
        assert (draft.act, draft.note) == ("acknowledge", note)
    for quiet in ("FLAPPINGSTART", "DOWNTIMESTART"):
        assert (
            not all_of("watchroom.sources")["nagios"]
            .parse(inbound(json.dumps(merged(NAGIOS, type=quiet)).encode()))
            .drafts
        )


def test_json_without_key_and_status_is_read_like_a_text() -> None:
    source: Source = all_of("watchroom.sources")["json"]

    def one(**said: str) -> Draft:
        return source.parse(inbound(json.dumps(said).encode())).drafts[0]

    fired = one(title="CRITICAL: Disk of db1", message="97 % used", type="failure")  # as Apprise sends it
    assert (fired.title, fired.severity, fired.annotations["description"]) == ("Disk of db1", "critical", "97 % used")
    over = one(text="[RESOLVED] Disk of db1")
    assert (over.act, over.dedup_key, over.annotations) == ("end", fired.dedup_key, {})
    assert one(title="OK: go on", key="k").act == "fire"  # who gives a key says the state by “status”


def test_slacks_form_and_answer() -> None:
    source: Source = all_of("watchroom.sources")["slack"]
    form = inbound(urlencode({"payload": json.dumps({"text": "*It* burns <https://a.example/x|here>"})}).encode())
    parsed = source.parse(replace(form, content_type="application/x-www-form-urlencoded"))
    assert (parsed.drafts[0].title, parsed.drafts[0].link) == ("It burns here", "https://a.example/x")
    assert (source.reply(parsed).status, source.reply(parsed).body) == (200, b"ok")


def test_cloudevents_in_binary_and_in_batches() -> None:
    source: Source = all_of("watchroom.sources")["cloudevents"]
    (whole,) = source.parse(inbound(json.dumps(CLOUD_EVENT).encode())).drafts
    data = json.dumps(CLOUD_EVENT["data"]).encode()
    headers = {
        f"ce-{name}": str(CLOUD_EVENT[name]) for name in ("specversion", "type", "source", "subject", "id", "time")
    }
    assert source.parse(inbound(data, headers=headers)).drafts == (whole,)
    batch = replace(
        inbound(json.dumps([CLOUD_EVENT, {"type": "x"}]).encode()), content_type="application/cloudevents-batch+json"
    )
    parsed = source.parse(batch)
    assert parsed.drafts == (whole,) and [each.field for each in parsed.problems] == ["events[1].source"]
