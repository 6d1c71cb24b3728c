"""flagd's flags in a bucket: over the wire to a peer that keeps one object and takes it back only with its ETag, as S3 does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from peers.http import Answer, HttpPeer, Request
from watchroom.kernel.errors import Refused
from watchroom.kernel.plugins import all_of
from watchroom.runners.base import Order, RunFailed

FLAG = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "on"}
DOCUMENT = {"$schema": "x", "flags": {"new-cart": FLAG, "banner": FLAG}}


@pytest.fixture(autouse=True)
def _loopback(configured: Callable[..., None]) -> Iterator[None]:
    configured(WATCHROOM_PRIVATE_TARGETS="127.0.0.0/8")
    yield


class Bucket:
    """Holds /shop/flags.json."""

    def __init__(self, peer: HttpPeer) -> None:
        self.body, self.meanwhile = json.dumps(DOCUMENT).encode(), False
        self.headers: dict[str, str] = {}
        self.runner = all_of("watchroom.runners")["aws_flagd"]
        keys = {"region": "eu-central-1", "access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": "wJalrXUtnFEMI"}
        self.settings = self.runner.check({**keys, "url": peer.url, "bucket": "shop"})
        self.peer = peer
        peer.otherwise = self.answer

    @property
    def etag(self) -> str:
        return f'"{hashlib.md5(self.body, usedforsecurity=False).hexdigest()}"'

    def answer(self, request: Request) -> Answer:
        assert "Credential=AKIAIOSFODNN7EXAMPLE/" in request.headers["authorization"]
        if request.method == "HEAD":
            return Answer(200 if request.path == "/shop" else 403)
        if request.path.partition("?")[0] != "/shop/flags.json":
            return Answer(404, "<Error><Code>NoSuchKey</Code><Message>The key does not exist.</Message></Error>")
        if request.method == "GET":
            answer = Answer(200, self.body, {"ETag": self.etag, **self.headers})
            if self.meanwhile:
                self.body += b"\n"
            return answer
        if request.headers["if-match"] != self.etag:
            return Answer(412, "<Error><Code>PreconditionFailed</Code><Message>It is another one.</Message></Error>")
        self.body = request.body
        return Answer(200, b"", {"ETag": self.etag})

    def start(self, dry_run: bool = False, **inputs: str) -> Any:
        said = self.runner.check_inputs({"flag": "new-cart", **inputs})
        at = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
        return self.runner.start(self.settings, Order(key="k", inputs=said, at=at, title="Off", dry_run=dry_run))

    def flags(self) -> Any:
        return json.loads(self.body)["flags"]

    def written(self) -> int:
        return sum(request.method == "PUT" for request in self.peer.requests)


@pytest.fixture
def bucket(http_peer: HttpPeer) -> Bucket:
    return Bucket(http_peer)


def test_a_flag_is_disabled_once_and_all_else_stays(bucket: Bucket) -> None:
    dry = bucket.start(dry_run=True)
    assert dry.text == "It is ENABLED, by default on now, and would be DISABLED, by default on."
    assert bucket.written() == 0
    came = bucket.start()
    assert (came.state, came.text.split(";")[0]) == (
        "succeeded",
        "new-cart was ENABLED, by default on and is DISABLED, by default on",
    )
    assert json.loads(bucket.body) == {**DOCUMENT, "flags": {"new-cart": {**FLAG, "state": "DISABLED"}, "banner": FLAG}}
    assert bucket.start().text == "It is DISABLED, by default on now: nothing is to be done."
    assert bucket.written() == 1
    bucket.start(do="enable")
    bucket.start(do="variant", variant="off")
    assert bucket.flags()["new-cart"] == {**FLAG, "defaultVariant": "off"}


def test_what_is_said_of_the_file_stays(bucket: Bucket) -> None:
    bucket.headers = {
        "Cache-Control": "max-age=5",
        "Content-Disposition": "inline",
        "Content-Language": "de",
        "x-amz-meta-owner": "shop",
        "x-amz-server-side-encryption": "aws:kms",
        "x-amz-server-side-encryption-aws-kms-key-id": "arn:aws:kms:eu-central-1:123456789012:key/1",
    }
    bucket.start()
    [put] = [each for each in bucket.peer.requests if each.method == "PUT"]
    sent = {name.lower(): value for name, value in put.headers.items()}
    assert {name: sent.get(name.lower()) for name in bucket.headers} == bucket.headers
    assert sent["content-type"] == "application/json"


def test_storage_that_only_speaks_s3_is_asked_for_its_bucket(bucket: Bucket) -> None:
    assert bucket.runner.try_it(bucket.settings) == "It lets us into the bucket shop."
    assert [(each.method, each.path) for each in bucket.peer.requests] == [("HEAD", "/shop")]
    with pytest.raises(RunFailed) as failed:
        bucket.runner.try_it({**bucket.settings, "bucket": "other"})
    assert "403" in str(failed.value)


def test_what_somebody_else_writes_meanwhile_is_left_alone(bucket: Bucket) -> None:
    bucket.meanwhile = True
    with pytest.raises(RunFailed, match="PreconditionFailed") as failed:
        bucket.start()
    assert failed.value.sure
    assert bucket.flags()["new-cart"] == FLAG


def test_what_is_not_there_is_named(bucket: Bucket) -> None:
    for inputs, said in (
        ({"flag": "old-cart"}, "There is no flag old-cart there. It has banner, new-cart."),
        ({"file": "other.json"}, "NoSuchKey"),
        ({"do": "variant", "variant": "purple"}, "It has off, on."),
    ):
        with pytest.raises(RunFailed) as failed:
            bucket.start(**inputs)
        assert said in f"{failed.value} {failed.value.fix}" and failed.value.sure
    bucket.body = b"flags: {}"
    with pytest.raises(RunFailed, match="not a JSON object"):
        bucket.start()
    assert bucket.written() == 0


def test_settings_are_checked_and_it_says_what_it_will_do(bucket: Bucket) -> None:
    said = bucket.runner.check_inputs({"flag": "new-cart", "file": "shop/flags.json"})
    assert bucket.runner.plan(bucket.settings, said) == "Disables the flag new-cart in shop/shop/flags.json."
    assert bucket.runner.describe(bucket.settings) == "shop, eu-central-1"
    for wrong, field in (({"bucket": "A B"}, "bucket"), ({"bucket": ""}, "bucket"), ({"region": "here"}, "region")):
        with pytest.raises(Refused) as refused:
            bucket.runner.check({**bucket.settings, **wrong})
        assert refused.value.field == field
    with pytest.raises(Refused) as refused:
        bucket.runner.check_inputs({"flag": "new-cart", "do": "variant"})
    assert refused.value.field == "variant"
