"""Amazon SNS as far as it matters to a receiver: it signs messages as it documents, with a key and certificate of its own."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

TOPIC = "arn:aws:sns:eu-west-1:123456789012:alarms"
CERTIFICATE = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"
VISIT = f"https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336412f37"
ALARM: dict[str, Any] = {
    "AlarmName": "CPU of web is high", "AlarmDescription": "The web servers are too hot", "AWSAccountId": "123456789012",
    "AlarmConfigurationUpdatedTimestamp": "2026-02-11T09:02:12.123+0000", "NewStateValue": "ALARM",
    "NewStateReason": "Threshold Crossed: 1 out of the last 1 datapoints [99.5] was greater than the threshold (90.0).",
    "StateChangeTime": "2026-03-02T08:58:30.250+0000", "Region": "EU (Ireland)", "OldStateValue": "OK",
    "AlarmArn": "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:CPU of web is high",
    "Trigger": {"MetricName": "CPUUtilization", "Namespace": "AWS/EC2", "Statistic": "AVERAGE", "Period": 300, "Threshold": 90.0,
                "Dimensions": [{"value": "i-0a1b", "name": "InstanceId"}], "ComparisonOperator": "GreaterThanThreshold"},
}  # fmt: skip
_NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_OTHER = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")


class Amazon:
    """Signs as SNS documents it, with a key and a certificate of its own."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
        built = x509.CertificateBuilder(name, name, self.key.public_key(), x509.random_serial_number())
        built = built.not_valid_before(datetime(2020, 1, 1, tzinfo=UTC)).not_valid_after(
            datetime(2090, 1, 1, tzinfo=UTC)
        )
        certificate = built.sign(self.key, hashes.SHA256())
        self.pem = certificate.public_bytes(serialization.Encoding.PEM).decode()

    def sign(self, said: dict[str, Any], version: str = "2") -> dict[str, Any]:
        names = _NOTIFICATION if said["Type"] == "Notification" else _OTHER
        text = "".join(f"{name}\n{said[name]}\n" for name in names if name in said)
        algorithm: hashes.HashAlgorithm = hashes.SHA256() if version == "2" else hashes.SHA1()
        signature = self.key.sign(text.encode(), padding.PKCS1v15(), algorithm)
        stated = {
            "SignatureVersion": version,
            "SigningCertURL": CERTIFICATE,
            "Signature": base64.b64encode(signature).decode(),
        }
        return said | stated

    def notification(self, message: object, version: str = "2", **more: str) -> dict[str, Any]:
        text = message if isinstance(message, str) else json.dumps(message)
        said = {"Type": "Notification", "MessageId": "22b80b92", "TopicArn": TOPIC, "Message": text}
        return self.sign({**said, "Timestamp": "2026-03-02T08:59:00.000Z", **more}, version)

    def confirmation(self, kind: str = "SubscriptionConfirmation", visit: str = VISIT) -> dict[str, Any]:
        said = {
            "Type": kind,
            "MessageId": "165545c9",
            "Token": "2336412f37",
            "TopicArn": TOPIC,
            "Message": "You have chosen…",
        }
        return self.sign({**said, "SubscribeURL": visit, "Timestamp": "2026-03-02T08:59:00.000Z"})
