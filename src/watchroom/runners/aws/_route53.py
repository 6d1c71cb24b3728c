"""Amazon Route 53: a record points elsewhere, or has another weight.

https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html (``UPSERT``) and …/API_GetChange.html.
The same order twice leaves the same record, so it may be sent again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import base
from ..base import Field, Inputs, Order, Progress, Settings
from ._client import FIELDS, call, check, client, describe, who


class Route53:
    """See the module's text."""

    name = "aws_route53"
    label = "AWS Route 53"
    summary = "Points a DNS record elsewhere, or changes its weight, and waits until all name servers know."
    fields = FIELDS
    inputs = (
        Field("zone", "Hosted zone", "Its id, such as Z0123456789ABC.", required=True),
        Field("record", "Record", "Its full name, such as shop.example.org.", required=True),
        Field("type", "Type", kind="choice", choices=("A", "AAAA", "CNAME", "TXT"), default="CNAME"),
        Field("values", "Values", "One on each line.", "lines", True),
        Field("ttl", "TTL", "In seconds.", default="60"),
        Field("identifier", "Set identifier", "Only for weighted records."),
        Field("weight", "Weight", "0 to 255, only for weighted records; 0 drains it."),
    )
    has_dry_run = True

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        return check(settings)

    def check_inputs(self, inputs: dict[str, Any]) -> dict[str, str]:
        cleaned = base.check(inputs, self.inputs)
        base.must_match(cleaned, "zone", r"[A-Z0-9]{1,32}", "Write its id as Route 53 shows it.")
        base.must_match(cleaned, "record", r"[\w*](?:[\w.*-]{0,253}\w)?\.?", "Write its full name.")
        base.must_match(cleaned, "ttl", r"\d{1,9}", "Write a number of seconds.")
        base.must_match(cleaned, "weight", r"\d{1,2}|1\d\d|2[0-4]\d|25[0-5]", "Write 0 to 255.")
        if bool(cleaned.get("identifier")) != ("weight" in cleaned):
            base.must_match(
                {"weight": "one of two"}, "weight", r"\d+", "A weighted record has a set identifier and a weight."
            )
        return cleaned

    def is_idempotent(self, settings: Settings) -> bool:
        return True

    def describe(self, settings: Settings) -> str:
        return describe(settings)

    def plan(self, settings: Settings, inputs: Inputs) -> str:
        to = ", ".join(inputs.get("values", "").split())
        weight = f" with the weight {inputs['weight']} for {inputs.get('identifier')}" if "weight" in inputs else ""
        return f"Points {inputs.get('record')} ({inputs.get('type')}) to {to}{weight}."

    def try_it(self, settings: Settings) -> str:
        return who(settings)

    def start(self, settings: Settings, order: Order) -> Progress:
        route53, inputs = client(settings, "route53"), order.inputs
        if order.dry_run:
            return Progress("succeeded", f"It is {_now(route53, inputs)} now, and would be changed.")
        record: dict[str, Any] = {
            "Name": inputs["record"], "Type": inputs["type"], "TTL": int(inputs["ttl"]),
            "ResourceRecords": [{"Value": value.strip()} for value in inputs["values"].splitlines() if value.strip()],
        }  # fmt: skip
        if "weight" in inputs:
            record |= {"SetIdentifier": inputs["identifier"], "Weight": int(inputs["weight"])}
        found = call(
            route53, "change_resource_record_sets", HostedZoneId=inputs["zone"],
            ChangeBatch={
                "Comment": f"Incident #{order.incident}: {order.title}"[:256],
                "Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}],
            },
        )  # fmt: skip
        change = str(found.get("ChangeInfo", {}).get("Id", "")).rpartition("/")[2]
        return Progress("running", "Changed; the name servers are being told.", {"change": change})

    def poll(self, settings: Settings, order: Order, reference: Mapping[str, Any]) -> Progress:
        found = call(client(settings, "route53"), "get_change", Id=str(reference.get("change", "")))
        if found.get("ChangeInfo", {}).get("Status") == "INSYNC":
            return Progress("succeeded", "All name servers know it.", dict(reference))
        return Progress("running", "The name servers are being told.", dict(reference))


def _now(route53: Any, inputs: Inputs) -> str:
    """What the record says at present."""
    found = call(
        route53, "list_resource_record_sets", HostedZoneId=inputs["zone"], StartRecordName=inputs["record"],
        StartRecordType=inputs["type"], MaxItems="10",
    )  # fmt: skip
    name = inputs["record"].rstrip(".").lower()
    for row in found.get("ResourceRecordSets", ()):
        same = str(row.get("Name", "")).rstrip(".").lower() == name and row.get("Type") == inputs["type"]
        if same and row.get("SetIdentifier", "") == inputs.get("identifier", ""):
            values = ", ".join(str(each.get("Value")) for each in row.get("ResourceRecords", ()))
            weight = f" (weight {row['Weight']})" if "Weight" in row else ""
            return f"{values or 'an alias'}{weight}"
    return "not there"


route53 = Route53()
