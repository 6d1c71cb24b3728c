"""Telephone numbers, the length of text messages, and Twilio's API at a peer that speaks it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qs
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peers.http import Answer, HttpPeer
from watchroom.channels.base import DeliveryFailed, Message
from watchroom.channels.phones import accounts, numbers, texts, twilio
from watchroom.channels.sms import channel as sms
from watchroom.channels.sms import compose
from watchroom.channels.voice import channel as voice
from watchroom.channels.voice import spoken
from watchroom.kernel.errors import Refused

PAGE = Message(
    key="k", subject="Checkout is slow", body="", url="https://w.example/alerts/1", purpose="page",
    answer_url="https://w.example/phone/answer/t", receipt_url="https://w.example/phone/receipt/t",
)  # fmt: skip
TO = {"number": "+4915112345678"}


@pytest.fixture
def two_accounts(http_peer: HttpPeer, configured: Callable[..., None]) -> HttpPeer:
    host = http_peer.url.removeprefix("http://")
    configured(
        WATCHROOM_PRIVATE_TARGETS="127.0.0.0/8",
        WATCHROOM_PHONE_URLS=f"twilio+http://AC1:tok@{host}?from=+4930111 twilio+http://AC2:tok2@{host}?from=MG22",
    )
    accounts._failed_at.clear()
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
    assert (said["MachineDetection"], said["StatusCallbackEvent"], said["From"]) == ("Enable", "completed", "+4930111")
    spoken_xml = ElementTree.fromstring(said["Twiml"])
    gather = spoken_xml.find("Gather")
    assert gather is not None and gather.get("action") == "https://w.example/phone/answer/t"
    assert gather.get("numDigits") == "1"
    assert 'Disk "<1 %>"' in str(gather.findtext("Say"))


def test_the_next_account_takes_what_the_first_does_not(two_accounts: HttpPeer) -> None:
    two_accounts.answer(Answer(503), Answer(201, b'{"sid": "SM2"}'), Answer(201, b'{"sid": "SM3"}'))
    assert sms.send(TO, PAGE).provider_id == "twilio:SM2"
    assert sms.send(TO, PAGE).provider_id == "twilio:SM3"
    assert [request.path.split("/")[3] for request in two_accounts.requests] == ["AC1", "AC2", "AC2"]  # AC1 rests
    assert b"MessagingServiceSid=MG22" in two_accounts.requests[1].body


def test_a_wrong_number_is_wrong_for_every_account(two_accounts: HttpPeer) -> None:
    two_accounts.answer(Answer(400, b'{"code": 21211, "message": "Invalid \'To\' Phone Number", "status": 400}'))
    with pytest.raises(DeliveryFailed) as failed:
        sms.send(TO, PAGE)
    assert failed.value.permanent and "number" in failed.value.fix
    assert len(two_accounts.requests) == 1


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
    assert twilio.is_signed([account], "RSOYDt4T1cUTdK1PDd93/VVr8B8=", url, said)
    assert not twilio.is_signed([account], "RSOYDt4T1cUTdK1PDd93/VVr8B8=", url, said | {"Digits": ["1235"]})
    assert not twilio.is_signed([], "", url, said)


@pytest.mark.parametrize("text", ["twilio://AC1@api.twilio.com?from=+1", "twilio://AC1:t@api.twilio.com", "http://x"])
def test_an_account_that_can_not_be_read_says_how(text: str) -> None:
    with pytest.raises(ValueError, match="twilio://SID:TOKEN"):
        accounts.read_account(text)


def test_a_code_is_sent_bare_and_spoken_digit_by_digit() -> None:
    code = replace(PAGE, subject="012345 is your code for Watchroom", purpose="verify")
    assert compose(code) == "012345 is your code for Watchroom"
    assert "0, 1, 2, 3, 4, 5," in spoken(code)
