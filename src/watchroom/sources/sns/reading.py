"""From an SNS message to drafts: a CloudWatch alarm, anything else that was published, or that a subscription ended.

https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from msgspec.structs import replace

from ..base import Draft, Inbound
from ..webhook import OVER, Said, Unusable, alert, json_of, labels, notes

_TITLE_MOST = 120
_CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}


def read(said: Said, inbound: Inbound) -> Iterable[Draft]:
    """What one message, whose signature is good, says."""
    topic = said["TopicArn"].needed("send the message as SNS does.")
    region, name = [*topic.split(":"), "", "", "", "", ""][3], topic.rpartition(":")[2]
    kind = said["Type"].text()
    if kind in ("SubscriptionConfirmation", "UnsubscribeConfirmation"):
        yield alert(
            inbound,
            f"unsubscribed:{topic}",
            f"The SNS topic {name} no longer sends to Watchroom",
            over=kind == "SubscriptionConfirmation",
            named=labels(alertname="SnsUnsubscribed", topic=name, region=region),
            texts=notes(description="Its subscription was ended. Subscribe it again if its alarms are still needed."),
            since=said["Timestamp"].time(inbound.received_at),
        )
        return
    try:
        message = Said(json_of(said["Message"].text(300_000).encode()), "Message")
    except Unusable:
        message = Said(None)
    if message["source"].line() == "aws.cloudwatch" and message["detail"]["alarmName"]:
        message = _by_eventbridge(message)
    if message["AlarmName"]:
        yield _alarm(message, inbound)
    elif said["Message"]:
        yield _other(said, message, inbound, name, region)


def _by_eventbridge(event: Said) -> Said:
    """What EventBridge says of an alarm (its state changed; it was changed or deleted), in the words in which CloudWatch itself
    tells SNS, so that it is one alert by whichever way. A deleted alarm will never say that it is over."""
    detail, arns = event["detail"], [each for each in event["resources"].each() if ":alarm:" in each.text()]
    deleted = detail["operation"].line(40).lower() == "delete"
    state, settings = detail["state"], detail["configuration"]
    # A composite alarm has no metrics; one that computes has several, and the one that is returned names none.
    metric = next(
        (each for each in (m["metricStat"]["metric"] for m in settings["metrics"].each()) if each), Said(None)
    )
    return Said(
        {
            "AlarmName": detail["alarmName"].value,
            "AlarmDescription": settings["description"].value,
            "AlarmArn": arns[0].value if arns else "",
            "AWSAccountId": event["account"].value,
            "Region": event["region"].value,
            "NewStateValue": "OK" if deleted else state["value"].value,
            "NewStateReason": "The alarm was deleted." if deleted else state["reason"].value,
            "StateChangeTime": state["timestamp"].value or event["time"].value,
            "Trigger": {
                "MetricName": metric["name"].value,
                "Namespace": metric["namespace"].value,
                "Dimensions": [{"name": name, "value": each.value} for name, each in metric["dimensions"].items()],
            },
        },
        "Message",
    )


def _alarm(alarm: Said, inbound: Inbound) -> Draft:
    """A CloudWatch alarm. Too little data is no news: whether that counts as an alarm is set at the alarm itself."""
    name, state = alarm["AlarmName"].line(), alarm["NewStateValue"].line(40).upper()
    trigger = alarm["Trigger"]
    arn = alarm["AlarmArn"].line(500)
    partition, region = [*arn.split(":"), "", "", "", ""][1:4:2]
    named = labels(
        alertname=name, account=alarm["AWSAccountId"], region=region or alarm["Region"],
        namespace=trigger["Namespace"], metric=trigger["MetricName"],
    )  # fmt: skip
    for each in trigger["Dimensions"].each():
        if each["name"].line() and each["value"].line():
            named.setdefault(each["name"].line(), each["value"].line())
    host = f"{region}.{_CONSOLES[partition]}" if region and partition in _CONSOLES else ""
    found = alert(
        inbound,
        arn or f"{alarm['AWSAccountId'].line(40)}:{alarm['Region'].line(60)}:{name}",
        _title(alarm["AlarmDescription"], name),
        over=state == "OK",
        severity=Said(named.get("severity", "")).severity("error"),
        named=named,
        texts=notes(description=alarm["NewStateReason"], alarm=alarm["AlarmDescription"]),
        link=f"https://{host}/cloudwatch/home?region={region}#alarmsV2:alarm/{_quoted(name)}" if host else "",
        since=alarm["StateChangeTime"].time(inbound.received_at),
    )
    if state == "INSUFFICIENT_DATA":
        return replace(found, act="note", note=alarm["NewStateReason"].line(900) or "too little data")
    return found


def _title(description: Said, name: str) -> str:
    """A description of one short line; what is longer is a runbook, and shown below."""
    text = description.text(1_100).strip()
    return text if text and len(text) <= _TITLE_MOST and "\n" not in text else name


def _quoted(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe="")


def _other(said: Said, message: Said, inbound: Inbound, topic: str, region: str) -> Draft:
    """Whatever else was published: the words of the message, or of the JSON in it."""
    words = next(
        (
            message[each].line()
            for each in ("title", "summary", "message", "subject", "detail-type")
            if message[each].line()
        ),
        "",
    )
    title = said["Subject"].line() or words or said["Message"].line()
    stated = next((message[each].key() for each in ("key", "dedup_key", "alias", "id") if message[each].key()), "")
    state = next((message[each].line(40).lower() for each in ("status", "state") if message[each].line(40)), "")
    return alert(
        inbound,
        stated or hashlib.sha256(f"{topic}\n{title}".encode(errors="replace")).hexdigest()[:32],
        title,
        over=state in OVER,
        severity=next(
            (message[each].severity() for each in ("severity", "level", "priority") if message[each]), "warning"
        ),
        named=labels(alertname=title[:200], topic=topic, region=region),
        texts=notes(description=said["Message"]),
        since=said["Timestamp"].time(inbound.received_at),
    )
