"""The source itself: which requests it takes, what it has to have fetched, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...kernel.errors import Refused
from ..base import Inbound, Parsed, Problem, Reply, Setting
from ..webhook import SHOWN_LIMIT, Said, Unusable, Webhook, json_of
from .reading import read
from .signature import VERSIONS, is_amazons, is_certificate, is_signed

_KINDS = ("Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation")
CERTIFICATE = "signing-certificate"
_ITSELF = "it has to lead to SNS itself, such as https://sns.eu-west-1.amazonaws.com."


class Sns(Webhook):
    """Amazon SNS over HTTPS. Every message is signed, and nothing is believed without."""

    certificate_header = CERTIFICATE

    def __init__(self) -> None:
        super().__init__(
            "sns",
            "AWS SNS / CloudWatch",
            "Alarms of CloudWatch, and whatever else is published to a topic of Amazon SNS.",
            read,
            _INSTRUCTIONS,
            headers=("x-amz-sns-message-type",),
        )
        self.asks = (
            Setting(
                "topics", "Topics", "ARNs, separated by commas, of the topics that may send. Empty: any topic.", "text"
            ),
        )

    def check(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """The settings, cleaned.

        :raises Refused: one that is not known, or what is no ARN of a topic.
        """
        for name in settings:
            if name != "topics":
                raise Refused("There is no such setting.", field=name, value="", fix="Leave it out.")
        given = settings.get("topics") or ""
        topics = [each.strip() for each in (given.split(",") if isinstance(given, str) else given) if str(each).strip()]
        for each in topics:
            if not each.startswith("arn:aws") or each.count(":") != 5 or len(each) > 300:
                fix = "Use ARNs such as arn:aws:sns:eu-west-1:123456789012:alarms."
                raise Refused("That is no topic.", field="topics", value=each[:100], fix=fix)
        return {"topics": ",".join(topics)} if topics else {}

    def certificate_address(self, inbound: Inbound) -> str:
        """Nothing where the message is refused whatever the certificate says: then nothing is fetched for it."""
        try:
            said = Said(json_of(inbound.body))
            self._must_be_whole(said, inbound)
        except Unusable:
            return ""
        return str(said["SigningCertURL"].value)

    def confirmation_address(self, inbound: Inbound) -> str:
        said = Said(json_of(inbound.body))
        return said["SubscribeURL"].text(2000) if said["Type"].value == "SubscriptionConfirmation" else ""

    def parse(self, inbound: Inbound) -> Parsed:
        try:
            said = Said(json_of(inbound.body))
            self._must_be_whole(said, inbound)
            self._must_be_genuine(said, inbound)
            return Parsed(tuple(read(said, inbound)))
        except Unusable as unusable:
            return Parsed(problems=(unusable.problem,))

    def _must_be_whole(self, said: Said, inbound: Inbound) -> None:
        """What can be seen without its certificate.

        :raises Unusable: it is no message of SNS, or not one that this integration takes.
        """
        if not isinstance(said.value, dict) or said["Type"].text() not in _KINDS:
            raise Unusable(
                "Type", said["Type"].value, "send the message as SNS does (raw message delivery has to be off)."
            )
        if not is_certificate(said["SigningCertURL"].value):
            raise Unusable("SigningCertURL", said["SigningCertURL"].value, _ITSELF)
        if said["SignatureVersion"].value not in VERSIONS or not said["Signature"].text(2000):
            field = "Signature" if said["SignatureVersion"].value in VERSIONS else "SignatureVersion"
            raise Unusable(field, said[field].value, "sign the message as SNS does, in version 1 or 2.")
        wanted = str(inbound.settings.get("topics") or "")
        if wanted and said["TopicArn"].value not in wanted.split(","):
            raise Unusable("TopicArn", said["TopicArn"].value, "add the topic to this integration's settings.")
        if said["Type"].value != "Notification" and not is_amazons(said["SubscribeURL"].value):
            raise Unusable("SubscribeURL", said["SubscribeURL"].value, _ITSELF)

    def _must_be_genuine(self, said: Said, inbound: Inbound) -> None:
        if not is_signed(said.value, inbound.headers.get(CERTIFICATE, ""), inbound.received_at):
            shown = str(said["Signature"].value)[:SHOWN_LIMIT]
            fix = "the message has to be signed by SNS, and must not be changed on the way."
            raise Unusable("Signature", shown, fix)

    def reply(self, parsed: Parsed) -> Reply:
        told = super().reply(parsed)
        forged: tuple[Problem, ...] = tuple(
            each
            for each in parsed.problems
            if each.field in ("Signature", "SignatureVersion", "SigningCertURL", "TopicArn")
        )
        return Reply(401, told.body.replace(b'"status":400', b'"status":401'), told.content_type) if forged else told


_INSTRUCTIONS = """\
Subscribe this address to the topic that your alarms go to:

```sh
aws sns subscribe --topic-arn arn:aws:sns:REGION:ACCOUNT:alarms --protocol https --notification-endpoint ADDRESS
```

or in the console: *SNS → Topics → your topic → Create subscription*, protocol **HTTPS**, *raw message delivery* off. Watchroom confirms
the subscription by itself. In Terraform:

```hcl
resource "aws_sns_topic_subscription" "watchroom" {
  topic_arn              = aws_sns_topic.alarms.arn
  protocol               = "https"
  endpoint               = "ADDRESS"
  endpoint_auto_confirms = true
}
```

Then let your CloudWatch alarms notify the topic for *In alarm* **and** *OK*. Every message's signature is checked (versions 1 and 2) with
a certificate of SNS itself, which this server has to be able to fetch from `https://sns.REGION.amazonaws.com`. With *Topics* in this
integration's settings only those may send.

| of the alarm | becomes |
| --- | --- |
| `AlarmDescription` if it is one short line, or else `AlarmName` | the title |
| `NewStateValue` | `ALARM` fires, `OK` ends, `INSUFFICIENT_DATA` is noted |
| `AlarmName`, account, region, namespace, metric, dimensions | labels, for routes and grouping |
| `NewStateReason` | shown with the alert |

Anything else that is published to the topic is an alert by its subject. When the subscription ends, an alert says so.
"""
