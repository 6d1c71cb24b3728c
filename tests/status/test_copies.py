"""Copies of a page in S3-compatible storage: signed as AWS wants it, renewed on each change, tried again, taken away."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

import factories as make
from peers.http import Answer, HttpPeer, Request
from watchroom.accounts.actors import Actor, acting
from watchroom.engine.loop import run_due
from watchroom.incidents import commands as incidents
from watchroom.incidents.models import Incident, Update
from watchroom.kernel import clock as clocks
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import NotAllowed, Refused
from watchroom.status import commands
from watchroom.status.duties import duties
from watchroom.status.models import Destination, StatusPage

KEYS = {"access_key": "AKIDEXAMPLE", "secret_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}


class Storage:
    """A bucket that takes what is signed as AWS's own library (botocore) signs it, and refuses the rest."""

    def __init__(self, peer: HttpPeer) -> None:
        self.objects: dict[str, tuple[bytes, str]] = {}
        self.peer = peer
        peer.otherwise = self.answer

    def answer(self, request: Request) -> Answer:
        if request.headers["authorization"] != self.signed(request):
            return Answer(403, "<Error><Code>SignatureDoesNotMatch</Code></Error>")
        if request.method == "DELETE":
            return Answer(204 if self.objects.pop(request.path, None) else 404)
        self.objects[request.path] = (request.body, request.headers["content-type"])
        return Answer(200)

    def signed(self, request: Request) -> str:
        """The header that botocore makes for this request at this time."""
        names = request.headers["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
        headers = {name: request.headers[name] for name in names if name not in ("host", "x-amz-date")}
        aws = AWSRequest(request.method, f"{self.peer.url}{request.path}", data=request.body, headers=headers)
        aws.context["timestamp"] = request.headers["x-amz-date"]
        aws.context["payload_signing_enabled"] = True
        auth = S3SigV4Auth(Credentials(KEYS["access_key"], KEYS["secret_key"]), "s3", "eu-central-1")
        aws.headers["X-Amz-Date"] = request.headers["x-amz-date"]
        string = auth.string_to_sign(aws, auth.canonical_request(aws))
        scope = auth.scope(aws)
        found = auth.signature(string, aws)
        signed = auth.signed_headers(auth.headers_to_sign(aws))
        return f"AWS4-HMAC-SHA256 Credential={scope},SignedHeaders={signed},Signature={found}"


@pytest.fixture
def storage(http_peer: HttpPeer, configured: Callable[..., None]) -> Storage:
    configured(WATCHROOM_PRIVATE_TARGETS="127.0.0.0/8")
    return Storage(http_peer)


def copy_to(by: Actor, page: StatusPage, peer: HttpPeer, **fields: Any) -> Destination:
    given = {"endpoint": peer.url, "bucket": "status", "region": "eu-central-1", "prefix": "shop"}
    return commands.save_destination(by, page, **(given | KEYS | fields))


def test_on_each_change_what_differs(
    by: Actor, page: StatusPage, storage: Storage, http_peer: HttpPeer, clock: TravellingClock
) -> None:
    row = copy_to(by, page, http_peer)
    run_due(duties)
    row.refresh_from_db()
    assert row.problem == ""
    index, kind = storage.objects["/status/shop/index.html"]
    assert b"All systems work" in index and kind == "text/html; charset=utf-8"
    assert {"/status/shop/api/v2/summary.json", "/status/shop/style.css"} <= set(storage.objects)
    assert row.due_at == datetime(2026, 3, 3, 0, 0, 5, tzinfo=UTC)  # each day has another bar
    http_peer.requests.clear()
    commands.assert_component(by, page.components.all()[0], "major_outage")
    run_due(duties)
    assert b"A major outage" in storage.objects["/status/shop/index.html"][0]
    assert "/status/shop/style.css" not in {each.path for each in http_peer.requests}


def test_tried_again_until_it_is_there(
    by: Actor, page: StatusPage, storage: Storage, http_peer: HttpPeer, clock: TravellingClock
) -> None:
    row = copy_to(by, page, http_peer, secret_key="a wrong one")
    run_due(duties)
    row.refresh_from_db()
    assert "403" in row.problem and "a wrong one" not in row.problem
    assert (row.tried, row.due_at) == (1, clocks.now() + timedelta(seconds=30))
    copy_to(by, page, http_peer)
    run_due(duties)
    row.refresh_from_db()
    assert (row.problem, row.tried, row.pushed_at) == ("", 0, clocks.now())


def test_a_page_that_is_not_public_any_more_is_taken_away(
    by: Actor, page: StatusPage, storage: Storage, http_peer: HttpPeer
) -> None:
    copy_to(by, page, http_peer)
    run_due(duties)
    commands.save_status_page(by, page, team=page.team, name=page.name, public=False)
    run_due(duties)
    assert storage.objects == {}
    with pytest.raises(Refused):
        copy_to(by, page, http_peer)


@pytest.mark.parametrize("by_type", [False, True])
def test_an_incident_that_becomes_private_is_taken_away_at_once(
    by: Actor,
    page: StatusPage,
    storage: Storage,
    http_peer: HttpPeer,
    declare: Callable[..., Incident],
    tell: Callable[..., Update],
    by_type: bool,
) -> None:
    copy_to(by, page, http_peer)
    incident = declare()
    commands.publish(by, tell(incident), [page], title="Cards are refused")
    run_due(duties)
    assert b"Cards are refused" in storage.objects["/status/shop/index.html"][0]
    if by_type:
        leak = incidents.save_type(by, None, team=page.team, name="Leak", private=True)
        incidents.set_type(by, incident, leak)
    else:
        incidents.edit(by, incident, private=True)
    run_due(duties)
    assert b"Cards are refused" not in storage.objects["/status/shop/index.html"][0]
    incidents.edit(by, incident, private=False)
    run_due(duties)
    assert b"Cards are refused" in storage.objects["/status/shop/index.html"][0]


def test_who_may_and_what_is_refused(by: Actor, page: StatusPage, client: Any) -> None:
    with pytest.raises(NotAllowed):
        commands.save_destination(
            acting(make.person("Vic")), page, endpoint="https://s3.example.org", bucket="b-b", **KEYS
        )
    for fields, field in (
        ({"endpoint": "http://127.0.0.1:9000"}, "endpoint"),
        ({"bucket": "No"}, "bucket"),
        ({"prefix": "../x"}, "prefix"),
        ({"secret_key": ""}, "secret_key"),
    ):
        given = {"endpoint": "https://s3.example.org", "bucket": "status"} | KEYS | fields
        with pytest.raises(Refused) as refused:
            commands.save_destination(by, page, **given)
        assert refused.value.field == field
