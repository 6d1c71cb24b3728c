"""Telephone numbers, the length of text messages, and Twilio's API at a peer that speaks it."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qs
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peers.http import Answer, HttpPeer
from watchroom.channels.base import DeliveryFailed, Message
from watchroom.channels.phones import accounts, health, numbers, plivo, rules, texts, twilio
from watchroom.channels.phones.provider import Told
from watchroom.channels.sms import channel as sms
from watchroom.channels.sms import compose
from watchroom.channels.voice import channel as voice
from watchroom.channels.voice import spoken
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Refused

pytestmark = pytest.mark.django_db

PAGE = Message(
    key="k", subject="Checkout is slow", body="", url="https://w.example/alerts/1", purpose="page",
    answer_url="https://w.example/phone/answer/t", receipt_url="https://w.example/phone/receipt/t",
)  # fmt: skip
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
TO = {"number": "+4915112345678"}


@pytest.fixture
def two_accounts(http_peer: HttpPeer, configured: Callable[..., None]) -> HttpPeer:
    host = http_peer.url.removeprefix("http://")
    configured(
        WATCHROOM_PRIVATE_TARGETS="127.0.0.0/8",
        WATCHROOM_PHONE_URLS=f"twilio+http://AC1:tok@{host}?from=+4930111 twilio+http://AC2:tok2@{host}?from=MG22",
    )
    return http_peer


@pytest.mark.parametrize("text", ["+49 (30) 123-456", "004930123456", "+4930123456"])
def test_a_number_has_one_form(text: str) -> None:
    assert numbers.read_number(text) == "+4930123456"


@pytest.mark.parametrize("text", ["030 123456", "+0123456789", "+49", "+49x30123456", "", None, "+" + "1" * 16])
def test_a_number_without_its_country_is_refused(text: object) -> None:
    with pytest.raises(Refused):
        numbers.read_number(text)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("ж" * 70, 1),
        ("ж" * 71, 2),
        ("😀" * 36, 2),
        ("", 1),
    ],
)
def test_how_many_messages_a_text_takes(text: str, parts: int) -> None:
    assert texts.parts(text) == parts


@given(st.text(max_size=600), st.integers(1, 3))
def test_a_text_fits_and_its_ends_stay(middle: str, most: int) -> None:
    found = texts.fitted("A: ", middle, " https://w.example/1", most)
    assert texts.parts(found) <= most
    assert found.startswith("A: ") and found.endswith(" https://w.example/1")


def test_quotes_and_dashes_do_not_double_the_price() -> None:
    assert texts.fitted("", "“Checkout” – slow…", "") == '"Checkout" - slow...'


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("CPU ≥ 95 % on “db‑1” 🔥", 'CPU >= 95 % on "db-1" '),
        ("Čekání na potvrzení", "Cekání na potvrzení".replace("á", "a").replace("í", "i")),
        ("Größe: Ä, ö, Ñ, é stay", "Größe: Ä, ö, Ñ, é stay"),
        ("Диск полон", "Диск полон"),
        ("磁盘已满", "磁盘已满"),
        ("e\u0301te\u0301", "été"),
        ("Łódź", "Lódz".replace("ó", "o")),
    ],
)
def test_letters_of_a_cheaper_alphabet(text: str, plain: str) -> None:
    assert texts.plainer(text) == plain
    assert texts.units(texts.plainer(text))[1] is (plain.isascii() or "ß" in plain or "é" in plain)


@given(st.text(max_size=300))
def test_writing_it_plainer_never_makes_letters_of_another_alphabet(text: str) -> None:
    found = texts.plainer(text)
    assert texts.plainer(found) == found
    if texts.units(text)[1] and "\t" not in text:
        assert texts.units(found)[1]


def test_no_link_where_carriers_block_them(two_accounts: HttpPeer, configured: Callable[..., None]) -> None:
    configured(WATCHROOM_SMS_LINKS="false")
    assert compose(PAGE) == "Checkout is slow\nReply 1 to acknowledge."


def test_a_text_message_as_twilio_documents_it(two_accounts: HttpPeer) -> None:
    two_accounts.answer(Answer(201, b'{"sid": "SM1", "status": "queued"}'))
    assert sms.send(TO, PAGE).provider_id == "twilio:SM1"
    (request,) = two_accounts.requests
    assert request.path == "/2010-04-01/Accounts/AC1/Messages.json"
    assert base64.b64decode(request.headers["authorization"].removeprefix("Basic ")) == b"AC1:tok"
    said = {name: value for name, (value,) in parse_qs(request.body.decode()).items()}
    assert said == {
        "To": "+4915112345678", "From": "+4930111", "StatusCallback": "https://w.example/phone/receipt/t",
        "Body": "Checkout is slow\nReply 1 to acknowledge.\nhttps://w.example/alerts/1",
    }  # fmt: skip


def test_a_call_as_twilio_documents_it(two_accounts: HttpPeer) -> None:
    two_accounts.answer(Answer(201, b'{"sid": "CA1"}'))
    assert voice.send(TO, replace(PAGE, subject='Disk "<1 %>"')).provider_id == "twilio:CA1"
    said = {name: value for name, (value,) in parse_qs(two_accounts.requests[0].body.decode()).items()}
    assert (said["StatusCallbackEvent"], said["From"]) == ("completed", "+4930111")
    detection = [said[f"{name}"] for name in ("MachineDetection", "AsyncAmd", "AsyncAmdStatusCallback")]
    assert detection == ["DetectMessageEnd", "true", "https://w.example/phone/answer/t"]
    spoken_xml = ElementTree.fromstring(said["Twiml"])
    gather = spoken_xml.find("Gather")
    assert gather is not None and gather.get("action") == "https://w.example/phone/answer/t"
    assert gather.get("numDigits") == "1"
    assert 'Disk "<1 %>"' in str(gather.findtext("Say"))


@pytest.fixture
def on_plivo(http_peer: HttpPeer, configured: Callable[..., None]) -> HttpPeer:
    host = http_peer.url.removeprefix("http://")
    configured(
        WATCHROOM_PRIVATE_TARGETS="127.0.0.0/8", WATCHROOM_PHONE_URLS=f"plivo+http://MA1:tok@{host}?from=+4930111"
    )
    return http_peer


def test_a_text_message_as_plivo_documents_it(on_plivo: HttpPeer) -> None:
    on_plivo.answer(Answer(202, {"api_id": "a", "message": "message(s) queued", "message_uuid": ["M1"]}))
    assert sms.send(TO, PAGE).provider_id == "plivo:M1"
    (request,) = on_plivo.requests
    assert request.path == "/v1/Account/MA1/Message/"
    assert base64.b64decode(request.headers["authorization"].removeprefix("Basic ")) == b"MA1:tok"
    assert request.json() == {
        "src": "4930111", "dst": "4915112345678", "url": "https://w.example/phone/receipt/t", "method": "POST",
        "text": "Checkout is slow\nReply 1 to acknowledge.\nhttps://w.example/alerts/1",
    }  # fmt: skip


def test_a_call_as_plivo_documents_it(on_plivo: HttpPeer) -> None:
    on_plivo.answer(Answer(201, {"api_id": "a", "message": "call fired", "request_uuid": "C1"}), Answer(201, {}))
    assert voice.send(TO, PAGE).provider_id == "plivo:C1"
    said = json.loads(on_plivo.requests[0].body)
    assert on_plivo.requests[0].path == "/v1/Account/MA1/Call/"
    assert (said["from"], said["to"], said["machine_detection"]) == ("4930111", "4915112345678", "true")
    assert said["answer_url"] == "https://w.example/phone/answer/t"
    assert said["machine_detection_url"] == said["answer_url"]
    assert said["hangup_url"] == "https://w.example/phone/receipt/t"
    with pytest.raises(DeliveryFailed) as failed:
        voice.send(TO, PAGE)  # an answer without a number: it may be tried again
    assert not failed.value.permanent


def test_one_provider_takes_over_from_another(
    http_peer: HttpPeer, configured: Callable[..., None], clock: TravellingClock
) -> None:
    """The circuit of a provider that does not answer opens, is tried once after its rest, and closes again."""
    host = http_peer.url.removeprefix("http://")
    configured(
        WATCHROOM_PRIVATE_TARGETS="127.0.0.0/8",
        WATCHROOM_PHONE_URLS=f"twilio+http://AC1:tok@{host}?from=+4930111 plivo+http://MA1:tok@{host}?from=+4930222",
    )
    broken = {"AC1"}

    def provider(request: object) -> Answer:
        path = str(getattr(request, "path", ""))
        if any(each in path for each in broken):
            return Answer(hang_up=True)
        return Answer(201, {"sid": "S"} if "AC1" in path else {"message_uuid": ["M"]})

    http_peer.otherwise = provider

    def asked() -> list[str]:
        found = [request.path.split("/")[3] for request in http_peer.requests]
        http_peer.requests.clear()
        return found

    def state() -> list[object]:
        return [each["state"] for each in health.report(accounts.accounts(), clock())]

    assert sms.send(TO, PAGE).provider_id == "plivo:M" and asked() == ["AC1", "MA1"]
    assert state() == ["resting", "fine"]
    assert sms.send(TO, PAGE).provider_id == "plivo:M" and asked() == ["MA1"]
    clock.advance(rules.FIRST_REST)
    assert sms.send(TO, PAGE).provider_id == "plivo:M" and asked() == ["AC1", "MA1"]  # half open: one tries, and fails
    clock.advance(rules.FIRST_REST)
    assert sms.send(TO, PAGE).provider_id == "plivo:M" and asked() == ["MA1"]  # the second rest is twice as long
    clock.advance(rules.FIRST_REST)
    broken.clear()
    assert sms.send(TO, PAGE).provider_id == "twilio:S" and asked() == ["AC1"]
    assert state() == ["fine", "fine"]
    numbers_of = health.report(accounts.accounts(), clock())[0]
    assert (numbers_of["taken"], numbers_of["failed"]) == (1, 2) and "could not be reached" in str(
        numbers_of["last_error"]
    )
    broken.update({"AC1", "MA1"})
    with pytest.raises(DeliveryFailed):
        sms.send(TO, PAGE)
    broken.remove("AC1")
    asked()
    assert sms.send(TO, PAGE).provider_id == "twilio:S"  # all rest: they are asked all the same


@given(st.lists(st.tuples(st.sampled_from([0, 200, 401, 404, 429, 503]), st.booleans()), max_size=30))
def test_a_circuit_never_opens_for_ever(story: list[tuple[int, bool]]) -> None:
    at, health_now = START, rules.Health()
    for answered, permanent in story:
        before = health_now
        health_now = rules.after_failure(health_now, at, answered=answered, permanent=permanent, wait=None)
        assert health_now.trouble >= before.trouble
        if health_now.rests_until is not None:
            assert health_now.rests_until - at <= rules.LONGEST_REST
        if rules.weight(answered, permanent) == 0:
            assert health_now.rests_until == before.rests_until  # it was about the message
    assert sorted(rules.order([("a", health_now), ("b", rules.Health())], at)) == ["a", "b"]


def test_the_next_account_takes_what_the_first_does_not(two_accounts: HttpPeer) -> None:
    two_accounts.answer(Answer(402), Answer(201, b'{"sid": "SM2"}'), Answer(201, b'{"sid": "SM3"}'))
    assert sms.send(TO, PAGE).provider_id == "twilio:SM2"
    assert sms.send(TO, PAGE).provider_id == "twilio:SM3"
    assert [request.path.split("/")[3] for request in two_accounts.requests] == ["AC1", "AC2", "AC2"]  # AC1 rests
    assert b"MessagingServiceSid=MG22" in two_accounts.requests[1].body


def test_a_wrong_number_is_wrong_for_every_account(two_accounts: HttpPeer) -> None:
    two_accounts.answer(Answer(400, b'{"code": 21211, "message": "Invalid \'To\' Phone Number", "status": 400}'))
    with pytest.raises(DeliveryFailed) as failed:
        sms.send(TO, PAGE)
    assert failed.value.permanent and "number" in failed.value.fix
    assert "answered 400: Invalid 'To' Phone Number (21211)." in failed.value.message
    assert len(two_accounts.requests) == 1


def test_what_one_sender_may_not_do_another_may(two_accounts: HttpPeer) -> None:
    """A recipient that has stopped one sender (21610), or a country that one account may not text (21408)."""
    for code in (21610, 21408):
        two_accounts.answer(Answer(400, {"code": code, "message": "No", "status": 400}), Answer(201, {"sid": "SM2"}))
        assert sms.send(TO, PAGE).provider_id == "twilio:SM2"
    assert [request.path.split("/")[3] for request in two_accounts.requests] == ["AC1", "AC2", "AC1", "AC2"]


def test_a_receipt_says_in_words_why() -> None:
    account = twilio.Twilio("AC", "t", "+1")
    told = Told("https://w.example/", {"MessageStatus": ["undelivered"], "ErrorCode": ["30003"]})
    assert str(account.outcome(told)).count("undelivered 30003: the telephone is off or out of reach") == 1
    other = account.outcome(Told("https://w.example/", {"MessageStatus": ["failed"], "ErrorCode": ["30099"]}))
    assert other is not None and other.why == "failed 30099"


def test_all_accounts_failing_is_temporary_if_one_of_them_is(two_accounts: HttpPeer) -> None:
    two_accounts.answer(Answer(401), Answer(429))
    with pytest.raises(DeliveryFailed) as failed:
        voice.send(TO, PAGE)
    assert not failed.value.permanent


def test_without_an_account_it_says_what_to_set(configured: Callable[..., None]) -> None:
    configured()
    with pytest.raises(DeliveryFailed) as failed:
        sms.send(TO, PAGE)
    assert failed.value.permanent and "WATCHROOM_PHONE_URLS" in failed.value.fix


def test_twilios_documented_signature() -> None:
    """https://www.twilio.com/docs/usage/security#validating-requests (the example of its libraries)"""
    said = {
        "CallSid": ["CA1234567890ABCDE"], "Caller": ["+14158675309"], "Digits": ["1234"], "From": ["+14158675309"],
        "To": ["+18005551212"],
    }  # fmt: skip
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert twilio.signature("12345", url, said) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="
    account = twilio.Twilio("AC", "12345", "+1")
    signed = {"X-Twilio-Signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="}
    assert account.has_signed(Told(url, said, signed))
    assert not account.has_signed(Told(url, said | {"Digits": ["1235"]}, signed))
    assert not account.has_signed(Told(url, said))


def test_plivos_signatures() -> None:
    """Worked out by hand from its documentation: address, form by name, nonce."""
    account = plivo.Plivo("MA", "token", "+1")
    said = {"To": ["+1"], "Digits": ["1"]}

    def mac(text: str) -> str:
        return base64.b64encode(hmac.digest(b"token", text.encode(), "sha256")).decode()

    signed = {
        "X-Plivo-Signature-V3": f"other,{mac('https://w.example/p?Digits1To+1.n1')}",
        "X-Plivo-Signature-V3-Nonce": "n1",
    }
    assert account.has_signed(Told("https://w.example/p", said, signed))
    assert not account.has_signed(Told("https://w.example/p", said | {"Digits": ["2"]}, signed))
    assert not account.has_signed(Told("https://w.example/q", said, signed))
    signed["X-Plivo-Signature-V3"] = mac("https://w.example/p?a=1&b=2.Digits1To+1.n1")
    assert account.has_signed(Told("https://w.example/p?b=2&a=1", said, signed))
    # Of a text message only the address is signed, and a call may not come with so little.
    by_address = {"X-Plivo-Signature-V2": mac("https://w.example/pn2"), "X-Plivo-Signature-V2-Nonce": "n2"}
    assert account.has_signed(Told("https://w.example/p?x=1", {"MessageUUID": ["m"]}, by_address))
    assert not account.has_signed(Told("https://w.example/p", {"CallUUID": ["c"]}, by_address))
    assert not account.has_signed(Told("https://w.example/p", said))


@pytest.mark.parametrize("text", ["twilio://AC1@api.twilio.com?from=+1", "twilio://AC1:t@api.twilio.com", "http://x"])
def test_an_account_that_can_not_be_read_says_how(text: str) -> None:
    with pytest.raises(ValueError, match="twilio://SID:TOKEN"):
        accounts.read_account(text)


def test_a_test_says_how_to_answer_and_a_page_is_read_without_dashes() -> None:
    assert (
        compose(replace(PAGE, purpose="test")) == "Checkout is slow\nReply 1 if you got it.\nhttps://w.example/alerts/1"
    )
    said = spoken(replace(PAGE, subject="Critical – Web shop: Checkout is slow"))
    assert said.startswith("This is Watchroom. Critical, Web shop: Checkout is slow. Press 1 to acknowledge.")


def test_a_code_is_sent_bare_and_spoken_digit_by_digit() -> None:
    code = replace(PAGE, subject="012345 is your code for Watchroom", purpose="verify")
    assert compose(code) == "012345 is your code for Watchroom"
    assert "0, 1, 2, 3, 4, 5," in spoken(code)
