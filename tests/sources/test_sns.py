"""Amazon SNS: signatures of both versions, the certificate's address, confirmations, and CloudWatch's alarms."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from peers.amazon import ALARM, CERTIFICATE, TOPIC, VISIT, Amazon
from watchroom.kernel.errors import Refused
from watchroom.sources.base import Inbound
from watchroom.sources.sns import source

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def amazon() -> Amazon:
    return Amazon()


def inbound(said: object, pem: str, **settings: str) -> Inbound:
    body = json.dumps(said).encode()
    return Inbound("", body, "text/plain; charset=UTF-8", NOW, headers={"signing-certificate": pem}, settings=settings)


@pytest.mark.parametrize("version", ["1", "2"])
def test_an_alarm_fires_and_ends(amazon: Amazon, version: str) -> None:
    fires = amazon.notification(ALARM, version, Subject='ALARM: "CPU of web is high" in EU (Ireland)')
    (draft,) = source.parse(inbound(fires, amazon.pem)).drafts
    assert (draft.title, draft.severity, draft.act) == ("The web servers are too hot", "error", "fire")
    assert draft.labels["InstanceId"] == "i-0a1b" and draft.labels["metric"] == "CPUUtilization"
    assert draft.starts_at == datetime(2026, 3, 2, 8, 58, 30, 250_000, tzinfo=UTC)
    assert draft.link.startswith("https://eu-west-1.console.aws.amazon.com/cloudwatch/")
    (end,) = source.parse(inbound(amazon.notification(ALARM | {"NewStateValue": "OK"}, version), amazon.pem)).drafts
    assert (end.act, end.dedup_key) == ("end", draft.dedup_key)
    (note,) = source.parse(
        inbound(amazon.notification(ALARM | {"NewStateValue": "INSUFFICIENT_DATA"}), amazon.pem)
    ).drafts
    assert note.act == "note"


def _by_eventbridge(state: str, kind: str = "State", **detail: object) -> dict[str, object]:
    return {
        "version": "0", "id": f"of-this-event-{state}", "detail-type": f"CloudWatch Alarm {kind} Change", "source": "aws.cloudwatch",
        "account": "123456789012", "time": "2026-03-02T08:58:31Z", "region": "eu-west-1",
        "resources": [ALARM["AlarmArn"]],
        "detail": {
            "alarmName": ALARM["AlarmName"],
            "configuration": {
                "description": ALARM["AlarmDescription"],
                "metrics": [
                    {"id": "m1", "returnData": True, "metricStat": {
                        "metric": {"name": "CPUUtilization", "namespace": "AWS/EC2", "dimensions": {"InstanceId": "i-0a1b"}},
                        "period": 300, "stat": "Average"}},
                ],
            },
            "previousState": {"value": "OK", "reason": "before", "timestamp": "2026-03-02T08:00:00.000+0000"},
            "state": {"value": state, "reason": "because", "timestamp": "2026-03-02T08:58:30.250+0000"},
            **detail,
        },
    }  # fmt: skip


def test_an_alarm_that_comes_by_eventbridge_is_the_same_alarm(amazon: Amazon) -> None:
    """Its event names it otherwise, and has an id of its own each time."""

    def drafted(message: dict[str, Any]) -> Any:
        (draft,) = source.parse(inbound(amazon.notification(message), amazon.pem)).drafts
        return draft

    straight, fires = drafted(ALARM), drafted(_by_eventbridge("ALARM"))
    for name in ("act", "dedup_key", "title", "severity", "labels", "link", "starts_at"):
        assert getattr(fires, name) == getattr(straight, name), name
    assert fires.annotations["description"] == "because"
    for over in (
        _by_eventbridge("OK"),
        _by_eventbridge("ALARM", "Configuration", operation="delete"),
        ALARM | {"NewStateValue": "OK"},
    ):
        assert (drafted(over).act, drafted(over).dedup_key) == ("end", straight.dedup_key)
    assert drafted(_by_eventbridge("INSUFFICIENT_DATA")).act == "note"
    composite = drafted(_by_eventbridge("ALARM", configuration={"alarmRule": "ALARM(a) OR ALARM(b)"}))
    assert (composite.act, composite.title, composite.dedup_key) == ("fire", ALARM["AlarmName"], straight.dedup_key)


@pytest.mark.parametrize(
    "change",
    [
        lambda said, pem: (said | {"Message": "x"}, pem),
        lambda said, pem: (said | {"Signature": "AAAA"}, pem),
        lambda said, pem: (said | {"Signature": "no base64"}, pem),
        lambda said, pem: (said | {"SignatureVersion": "1"}, pem),
        lambda said, pem: (said | {"SignatureVersion": "3"}, pem),
        lambda said, pem: (said | {"Subject": "added"}, pem),
        lambda said, pem: (said, ""),
        lambda said, pem: (said, Amazon().pem),
        lambda said, pem: (
            said | {"SigningCertURL": CERTIFICATE.replace("sns.eu-west-1.amazonaws.com", "example.org")},
            pem,
        ),
        lambda said, pem: ({name: value for name, value in said.items() if name != "Signature"}, pem),
    ],
)
def test_what_is_not_signed_well_is_refused(amazon: Amazon, change: Callable[..., tuple[dict[str, Any], str]]) -> None:
    said, pem = change(amazon.notification(ALARM), amazon.pem)
    parsed = source.parse(inbound(said, pem))
    assert not parsed.drafts and parsed.problems[0].field in ("Signature", "SignatureVersion", "SigningCertURL")
    assert source.reply(parsed).status == 401


@pytest.mark.parametrize(
    "change",
    [
        {"Type": "Other"}, {"Type": None}, {"Type": []}, {"SignatureVersion": "3"}, {"SignatureVersion": 1}, {"SignatureVersion": [1]},
        {"Signature": ""}, {"Signature": None}, {"Signature": []}, {"TopicArn": "arn:aws:sns:us-east-1:1:other"},
    ],
)  # fmt: skip
def test_nothing_is_fetched_for_what_is_refused_anyway(amazon: Amazon, change: dict[str, object]) -> None:
    """Where the certificate can't be had for the moment, such a message would come again and again, and stand in no tray."""
    said = inbound(amazon.notification(ALARM) | change, "", topics=TOPIC)
    assert source.certificate_address(said) == ""
    assert source.parse(said).problems[0].field == next(iter(change))


HOST, NAME = "sns.eu-west-1.amazonaws.com", f"SimpleNotificationService-{'0123456789abcdef' * 2}.pem"


@pytest.mark.parametrize(
    "url",
    [
        f"http://{HOST}/{NAME}",
        f"HTTPS://{HOST}/{NAME}",
        f"https://{HOST}.evil.example/{NAME}",
        f"https://evil.example/{HOST}/{NAME}",
        f"https://user@{HOST}/{NAME}",
        f"https://{HOST}:444/{NAME}",
        f"https://{HOST}\\@evil.example/{NAME}",
        f"https://s3.eu-west-1.amazonaws.com/{NAME}",
        f"https://sns..amazonaws.com/{NAME}",
        f"https://sns.my-bucket.amazonaws.com/{NAME}",
        f"https://sns.eu-1.amazonaws.com/{NAME}",
        f"https://sns.eu-west-1.amazonaws.eu/{NAME}",
        f"https://sns.eusc-de-east-1.amazonaws.com/{NAME}",
        f"https://{HOST}/a.pem",
        f"https://{HOST}/a/{NAME}",
        f"https://{HOST}//{NAME}",
        f"https://{HOST}/../{NAME}",
        f"https://{HOST}/{NAME[:-5]}.pem",
        f"https://{HOST}/{NAME}.txt",
        f"https://{HOST}/{NAME}?",
        f"https://{HOST}/?Action=x&y=/{NAME}",
        f"https://{HOST}/{NAME}?Action=x",
        f"https://{HOST}/{NAME}#",
        f"https://{HOST}/{NAME}#x.pem",
        f"https://{HOST}/{NAME};x",
        17,
    ],
)
def test_a_certificate_is_only_fetched_from_sns_itself(amazon: Amazon, url: object) -> None:
    said = amazon.notification(ALARM) | {"SigningCertURL": url}
    assert source.certificate_address(inbound(said, "")) == ""
    assert source.parse(inbound(said, amazon.pem)).problems[0].field == "SigningCertURL"


@pytest.mark.parametrize(
    "host",
    [HOST, "sns.us-gov-west-1.amazonaws.com", "sns.cn-north-1.amazonaws.com.cn", "sns.eusc-de-east-1.amazonaws.eu"],
)
def test_snss_certificates_of_all_regions_are_fetched(amazon: Amazon, host: str) -> None:
    said = amazon.notification(ALARM) | {"SigningCertURL": f"https://{host}/{NAME}"}
    assert source.certificate_address(inbound(said, "")) == f"https://{host}/{NAME}"


def test_the_address_to_confirm_at_is_snss_own_too(amazon: Amazon) -> None:
    good = inbound(amazon.confirmation(), amazon.pem)
    assert not source.parse(good).problems and source.confirmation_address(good) == VISIT
    assert source.certificate_address(good) == CERTIFICATE
    bad = inbound(amazon.confirmation(visit="https://169.254.169.254/latest"), amazon.pem)
    assert source.parse(bad).problems[0].field == "SubscribeURL"
    assert source.confirmation_address(inbound(amazon.notification(ALARM), amazon.pem)) == ""


def test_a_subscription_that_ended_is_an_alert_until_it_is_there_again(amazon: Amazon) -> None:
    (gone,) = source.parse(inbound(amazon.confirmation("UnsubscribeConfirmation"), amazon.pem)).drafts
    (back,) = source.parse(inbound(amazon.confirmation(), amazon.pem)).drafts
    assert gone.title == "The SNS topic alarms no longer sends to Watchroom" and gone.act == "fire"
    assert (back.act, back.dedup_key) == ("end", gone.dedup_key)


def test_only_the_topics_of_the_settings_may_send(amazon: Amazon) -> None:
    settings = source.check({"topics": f" {TOPIC} , arn:aws:sns:us-east-1:1:other"})
    assert source.parse(inbound(amazon.notification(ALARM), amazon.pem, **settings)).drafts
    settings = source.check({"topics": "arn:aws:sns:us-east-1:1:other"})
    refused = source.parse(inbound(amazon.notification(ALARM), amazon.pem, **settings))
    assert refused.problems[0].field == "TopicArn" and source.reply(refused).status == 401
    with pytest.raises(Refused):
        source.check({"topics": "alarms"})


def test_anything_else_that_is_published_is_an_alert_by_its_subject(amazon: Amazon) -> None:
    (draft,) = source.parse(inbound(amazon.notification("It burns", Subject="Fire in the kitchen"), amazon.pem)).drafts
    assert (draft.title, draft.labels["topic"], draft.annotations["description"]) == (
        "Fire in the kitchen",
        "alarms",
        "It burns",
    )
    said = {"title": "Full", "key": "disk", "severity": "critical", "status": "resolved"}
    (draft,) = source.parse(inbound(amazon.notification(said), amazon.pem)).drafts
    assert (draft.dedup_key, draft.severity, draft.act) == ("disk", "critical", "end")


def test_raw_delivery_is_told_what_to_change() -> None:
    parsed = source.parse(inbound(ALARM, ""))
    assert "raw message delivery" in parsed.problems[0].fix and source.reply(parsed).status == 400
