"""Calls by the documented wire formats, against a local peer."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from peers.http import Answer, HttpPeer, Request
from watchroom.bridges.base import BridgeFailed
from watchroom.kernel import clock
from watchroom.kernel.errors import Refused
from watchroom.kernel.plugins import all_of

BRIDGES = all_of("watchroom.bridges")


@pytest.fixture(autouse=True)
def _loopback(configured: Callable[..., None]) -> None:
    configured(WATCHROOM_PRIVATE_TARGETS="127.0.0.0/8")


@pytest.mark.parametrize("name", sorted(BRIDGES))
def test_each_says_what_it_is_and_refuses_nothing_at_all(name: str) -> None:
    bridge = BRIDGES[name]
    assert bridge.name == name and bridge.label and bridge.summary.endswith(".")
    with pytest.raises(Refused) as refused:
        bridge.check({})
    assert refused.value.field in {each.name for each in bridge.fields} and refused.value.fix


def test_a_call_of_jitsi_is_an_address_that_nobody_guesses() -> None:
    jitsi = BRIDGES["jitsi"]
    settings = jitsi.check({"url": "https://meet.example.org/{room}"})
    one, two = jitsi.open(settings, "SEV1 #12 Ä"), jitsi.open(settings, "SEV1 #12 Ä")
    assert one.url.startswith("https://meet.example.org/sev1-12-") and one.url != two.url
    for wrong in ("https://meet.example.org/", "ftp://x/{room}", "https:///{room}"):
        with pytest.raises(Refused):
            jitsi.check({"url": wrong})


def zoom_settings(peer: HttpPeer) -> dict[str, str]:
    said = {"account_id": "acc", "client_id": "cid", "client_secret": "cs", "host": "calls@example.org"}
    found: dict[str, str] = BRIDGES["zoom"].check(said | {"url": peer.url, "auth_url": peer.url})
    return found


def test_zoom_opens_a_meeting_and_ends_it(http_peer: HttpPeer) -> None:
    def serve(request: Request) -> Answer:
        if request.path.startswith("/oauth/token?grant_type=account_credentials&account_id=acc"):
            assert request.headers["authorization"] == "Basic " + base64.b64encode(b"cid:cs").decode()
            return Answer(body={"access_token": "tok", "token_type": "bearer", "expires_in": 3599})
        assert request.headers["authorization"] == "Bearer tok"
        if (request.method, request.path) == ("POST", "/v2/users/calls%40example.org/meetings"):
            said = request.json()
            assert said["type"] == 2 and said["settings"]["join_before_host"] and not said["settings"]["waiting_room"]
            return Answer(201, {"id": 85746065, "join_url": "https://zoom.us/j/85746065?pwd=x", "topic": said["topic"]})
        assert (request.method, request.path) == ("PUT", "/v2/meetings/85746065/status")
        assert request.json() == {"action": "end"}
        return Answer(204)

    http_peer.otherwise = serve
    zoom, settings = BRIDGES["zoom"], zoom_settings(http_peer)
    call = zoom.open(settings, "SEV1 #12 Checkout is slow")
    assert (call.id, call.url) == ("85746065", "https://zoom.us/j/85746065?pwd=x")
    zoom.close(settings, call.id)
    assert zoom.try_it(settings)
    assert "cs" not in zoom.describe(settings)


def test_what_zoom_refuses_is_for_good_and_what_fails_is_tried_again(http_peer: HttpPeer) -> None:
    zoom, settings = BRIDGES["zoom"], zoom_settings(http_peer)
    for status, permanent in ((401, True), (429, False), (503, False)):
        http_peer.answer(Answer(status, {"reason": "Invalid client_id or client_secret"}))
        with pytest.raises(BridgeFailed) as failed:
            zoom.open(settings, "x")
        assert failed.value.permanent is permanent and str(status) in str(failed.value)
    http_peer.answer(Answer(body={"access_token": "tok"}))
    http_peer.answer(Answer(404, {"code": 3001, "message": "Meeting does not exist."}))
    zoom.close(settings, "1")  # somebody was quicker


def test_google_meet_opens_a_space_with_a_signed_assertion(http_peer: HttpPeer) -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    key = {
        "type": "service_account",
        "client_email": "bot@acme.iam.gserviceaccount.com",
        "private_key_id": "k1",
        "private_key": pem,
        "token_uri": f"{http_peer.url}/token",
    }

    def unpacked(part: str) -> bytes:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))

    def serve(request: Request) -> Answer:
        if request.path == "/token":
            form = parse_qs(request.text)
            assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
            head, claims, signature = form["assertion"][0].split(".")
            private.public_key().verify(
                unpacked(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256()
            )
            said = json.loads(unpacked(claims))
            assert json.loads(unpacked(head)) == {"alg": "RS256", "typ": "JWT", "kid": "k1"}
            assert said["iss"] == key["client_email"] and said["sub"] == "calls@example.org"
            assert said["aud"] == key["token_uri"] and said["scope"].endswith("meetings.space.created")
            assert said["iat"] <= clock.now().timestamp() < said["exp"]
            return Answer(body={"access_token": "tok", "expires_in": 3599, "token_type": "Bearer"})
        assert request.headers["authorization"] == "Bearer tok"
        if request.path == "/v2/spaces":
            return Answer(body={"name": "spaces/jQCFfuBOdN5z", "meetingUri": "https://meet.google.com/abc-mnop-xyz"})
        assert request.path == "/v2/spaces/jQCFfuBOdN5z:endActiveConference"
        return Answer(400, {"error": {"status": "FAILED_PRECONDITION"}})  # nobody is in it

    http_peer.otherwise = serve
    meet = BRIDGES["meet"]
    settings = meet.check({"key": json.dumps(key), "user": "calls@example.org", "url": http_peer.url})
    call = meet.open(settings, "x")
    assert call.url == "https://meet.google.com/abc-mnop-xyz"
    meet.close(settings, call.id)
    for wrong in ("{}", "no json", json.dumps(key | {"private_key": "x"})):
        with pytest.raises(Refused) as refused:
            meet.check({"key": wrong, "user": "x"})
        assert refused.value.value == "(secret)"
