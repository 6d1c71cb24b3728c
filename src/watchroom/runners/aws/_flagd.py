"""flagd's flags where it reads them from a bucket: a JSON object of S3, or of storage that speaks S3's API.

Where flagd reads: https://flagd.dev/concepts/syncs/ (from a bucket, or by HTTP whatever serves it). The object is read,
changed, and written back only if nobody else has written it meanwhile (``If-Match``:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html). The key needs ``s3:GetObject`` and
``s3:PutObject`` on that one object. A write replaces the whole object, so what was said of it when it was read is said again;
its ACL and its tags are not to be read along with it, and are not kept.

What stands there already is left alone, so the same order may be sent twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import base, flags
from ..base import LIMIT_BYTES, Field, Inputs, Order, Progress, RunFailed, Settings
from ._client import FIELDS, call, client, who
from ._client import check as check_aws
from ._client import describe as describe_aws

# Of what GetObject answers, what PutObject takes: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
_KEPT = ("CacheControl", "ContentDisposition", "ContentLanguage", "Metadata", "ServerSideEncryption", "SSEKMSKeyId")
_FIELDS = (*FIELDS, Field("bucket", "Bucket", "In which the flags are.", required=True))


class FlagdInBucket:
    """See the module's text."""

    name = "aws_flagd"
    label = "flagd in a bucket (S3)"
    summary = "Disables a feature flag, or gives it another variant, in the file that flagd reads from a bucket."
    fields = _FIELDS
    inputs = (*flags.INPUTS, Field("file", "File", "Its key in the bucket.", default="flags.json"))
    has_dry_run = True

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        bucket = base.check(settings, self.fields)["bucket"]
        base.must_match({"bucket": bucket}, "bucket", r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "Write its name.")
        own = {name: value for name, value in settings.items() if name != "bucket"}
        return {**check_aws(own), "bucket": bucket}

    def check_inputs(self, inputs: dict[str, Any]) -> dict[str, str]:
        cleaned = base.check(inputs, self.inputs)
        base.must_match(cleaned, "file", r"[^\x00-\x1f]{1,1000}", "Write its key, such as shop/flags.json.")
        flags.check(cleaned)
        return cleaned

    def is_idempotent(self, settings: Settings) -> bool:
        return True

    def describe(self, settings: Settings) -> str:
        return f"{settings.get('bucket', '')}, {describe_aws(settings)}"

    def plan(self, settings: Settings, inputs: Inputs) -> str:
        return flags.plan(inputs, f"{settings.get('bucket')}/{inputs.get('file')}")

    def try_it(self, settings: Settings) -> str:
        if not settings.get("url"):
            return who(settings)
        call(client(settings, "s3"), "head_bucket", Bucket=str(settings["bucket"]))  # other storage has no STS
        return f"It lets us into the bucket {settings['bucket']}."

    def start(self, settings: Settings, order: Order) -> Progress:
        inputs, name = order.inputs, order.inputs["flag"]
        s3, place = client(settings, "s3"), {"Bucket": str(settings["bucket"]), "Key": inputs["file"]}
        answer = call(s3, "get_object", **place)
        if int(answer.get("ContentLength") or 0) > LIMIT_BYTES:
            raise RunFailed(f"{inputs['file']} is too large.", fix="Keep flags in a smaller file.")
        document = flags.document(answer["Body"].read(), inputs["file"])
        flag = flags.flag_in(flags.flags_in(document), name)
        wanted, before = flags.wanted(flag, inputs), flags.said(flag)
        if all(flag.get(field) == value for field, value in wanted.items()):
            return Progress("succeeded", f"It is {before} now: nothing is to be done.")
        flag.update(wanted)  # it lies within the document
        after, first = flags.said(flag), flags.rules_go_first(flag, inputs)
        if order.dry_run:
            return Progress("succeeded", f"It is {before} now, and would be {after}.{first}")
        body = flags.written(document).encode()
        kept = {name: answer[name] for name in _KEPT if answer.get(name)}
        call(s3, "put_object", **place, **kept, Body=body, IfMatch=answer["ETag"], ContentType="application/json")
        return Progress("succeeded", f"{name} was {before} and is {after}; flagd takes it up by itself.{first}")

    def poll(self, settings: Settings, order: Order, reference: Mapping[str, Any]) -> Progress:
        return Progress("succeeded")


flagd = FlagdInBucket()
