"""Pages by telephone, from the policy to the key that is pressed, with a peer in Twilio's place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client

import factories as make
from peers.http import Answer, HttpPeer
from watchroom.accounts.actors import acting
from watchroom.channels.phones import plivo, texts, twilio
from watchroom.channels.voice import channel as voice
from watchroom.engine.loop import run_due
from watchroom.intake.commands.lifecycle import start_paging
from watchroom.kernel.clock import TravellingClock
from watchroom.paging import commands
from watchroom.paging.links import phone_url, respond_url
from watchroom.paging.models import Attempt, ContactMethod, Notification

pytestmark = pytest.mark.django_db
NUMBER = "+4915112345678"
HOME = "https://watch.example.org"


@pytest.fixture
def phones(http_peer: HttpPeer, configured: Callable[..., None]) -> HttpPeer:
    configured(
        WATCHROOM_URL=HOME,
        WATCHROOM_PRIVATE_TARGETS="127.0.0.0/8",
        WATCHROOM_PHONE_URLS=f"twilio+http://AC1:tok@{http_peer.url.removeprefix('http://')}?from=+4930111222",
    )
    http_peer.otherwise = Answer(201, b'{"sid": "X1"}')
    return http_peer


def called(channel: str = "voice", then: str | None = None) -> tuple[Any, Any]:
    """A person with a telephone, and an alert group that has paged them."""
    anna = make.person("Anna", "responder")
    first = make.contact_method(anna, channel, {"number": NUMBER})
    if then:
        second = make.contact_method(anna, then, {"number": NUMBER})
        commands.set_rules(acting(anna), anna, "high", [(first.pk, 0), (second.pk, 900)])
    policy = make.policy((anna, 3600))
    group = make.group("Checkout is slow", service=make.service(team=policy.team, policy=policy), policy=policy)
    start_paging([group])
    run_due()
    return anna, group


def sent(peer: HttpPeer, number: int = -1) -> dict[str, str]:
    return {name: value for name, (value,) in parse_qs(peer.requests[number].body.decode()).items()}


def tell(url: str, **said: str) -> Any:
    """What Twilio does: a signed form to one of our addresses."""
    path = url.removeprefix(HOME)
    signed = twilio.signature("tok", f"{HOME}{path}", {name: [value] for name, value in said.items()})
    return Client(HTTP_X_TWILIO_SIGNATURE=signed).post(path, said)


def test_a_key_on_the_telephone_acknowledges(clock: TravellingClock, phones: HttpPeer) -> None:
    anna, group = called()
    notification = Notification.objects.get()
    answer = tell(phone_url("answer", notification), Digits="1", CallSid="CA1")
    assert answer["Content-Type"].startswith("text/xml") and "It is yours" in answer.content.decode()
    group.refresh_from_db()
    assert group.acknowledged_by == anna
    notification.refresh_from_db()
    assert notification.seen_at is not None and notification.contact_method.verified_at is not None
    again = tell(phone_url("answer", notification), Digits="1", CallSid="CA1")
    assert "Acknowledged by Anna" in again.content.decode()


def test_nine_asks_for_help(clock: TravellingClock, phones: HttpPeer) -> None:
    _, group = called()
    before = group.escalations.get()
    tell(phone_url("answer", Notification.objects.get()), Digits="9")
    assert group.events.filter(kind="escalated").count() == 1
    assert group.escalations.get().due_at < before.due_at


def test_another_key_is_no_end_of_the_call(clock: TravellingClock, phones: HttpPeer) -> None:
    """Whoever hits the wrong key in the dark hears again what there is, and may press once more."""
    _, group = called()
    address = phone_url("answer", Notification.objects.get())
    said = ElementTree.fromstring(tell(address, Digits="5").content)
    asked = said.findall("Gather")
    assert len(asked) == 2 and {each.get("action") for each in asked} == {address} and said.find("Hangup") is None
    assert str(asked[0].findtext("Say")).startswith("That key does nothing. This is Watchroom. ")
    assert "Press 9" in str(asked[0].findtext("Say"))
    tell(address, Digits="1")
    group.refresh_from_db()
    assert group.acknowledged_at is not None


def test_a_call_offers_only_keys_that_do_something(clock: TravellingClock, phones: HttpPeer) -> None:
    """Of a page from person to person there is no next step that could be hurried."""
    anna = make.person("Anna", "responder")
    make.contact_method(anna, "voice", {"number": NUMBER})
    commands.page(acting(make.person("Ben", "responder")), people=[anna], title="Please look", body="", urgent=True)
    run_due()
    said = str(ElementTree.fromstring(sent(phones)["Twiml"]).findtext("Gather/Say"))
    assert said.endswith("Press 1 to acknowledge.") and "Press 9" not in said
    assert "Press 9" not in tell(phone_url("answer", Notification.objects.get()), Digits="9").content.decode()


@pytest.mark.parametrize(
    "said", [{"CallStatus": "no-answer"}, {"CallStatus": "busy"}, {"CallStatus": "failed"},
             {"CallStatus": "completed", "AnsweredBy": "machine_start"}],
)  # fmt: skip
def test_a_call_that_nobody_answers_lets_the_next_way_follow_at_once(
    clock: TravellingClock, phones: HttpPeer, said: dict[str, str]
) -> None:
    called("voice", then="sms")
    run_due()
    assert len(phones.requests) == 1
    tell(sent(phones)["StatusCallback"], **said)
    run_due()
    assert phones.requests[-1].path.endswith("/Messages.json") and len(phones.requests) == 2
    first = Notification.objects.get(contact_method__channel="voice")
    assert first.state == "failed"
    rang = said["CallStatus"] != "failed"
    assert Attempt.objects.get(notification=first).outcome == ("missed" if rang else "failed")
    tell(sent(phones, 0)["StatusCallback"], CallStatus="completed", AnsweredBy="human")
    first.refresh_from_db()
    assert first.state == "failed"  # a late receipt changes nothing


def test_a_voicemail_hears_that_there_is_a_page_and_the_next_way_goes_at_once(
    clock: TravellingClock, phones: HttpPeer
) -> None:
    """Whoever answers hears the page at once; what answers is found out meanwhile, and told to us."""
    called("voice", then="sms")
    assert sent(phones)["MachineDetection"] == "DetectMessageEnd" and sent(phones)["AsyncAmd"] == "true"
    heard = sent(phones)["AsyncAmdStatusCallback"]
    assert tell(heard, CallSid="CA1", AnsweredBy="machine_end_beep").status_code == 204
    assert phones.requests[-1].path == "/2010-04-01/Accounts/AC1/Calls/CA1.json" and sent(phones)["Method"] == "POST"
    said = ElementTree.fromstring(tell(sent(phones)["Url"], CallSid="CA1").content)
    assert "a page for you" in str(said.findtext("Gather/Say")) and said.find("Hangup") is not None
    assert "Checkout" not in ElementTree.tostring(said, encoding="unicode")
    run_due()
    assert phones.requests[-1].path.endswith("/Messages.json")
    assert Attempt.objects.get(notification__contact_method__channel="voice").error == "a machine answered the call"


def test_a_person_on_the_telephone_is_not_interrupted(clock: TravellingClock, phones: HttpPeer) -> None:
    """Nor is one who was taken for a machine left out: a key counts."""
    _, group = called("voice", then="sms")
    heard = sent(phones)["AsyncAmdStatusCallback"]
    for answered_by in ("human", "unknown"):
        assert tell(heard, CallSid="CA1", AnsweredBy=answered_by).status_code == 204
    assert len(phones.requests) == 1 and Notification.objects.filter(state="sent").count() == 1
    tell(heard, CallSid="CA1", AnsweredBy="machine_start")
    assert "It is yours" in tell(heard, CallSid="CA1", AnsweredBy="machine_start", Digits="1").content.decode()
    group.refresh_from_db()
    assert group.acknowledged_at is not None


def test_a_call_that_is_over_before_a_word_can_be_left(clock: TravellingClock, phones: HttpPeer) -> None:
    called("voice", then="sms")
    heard = sent(phones)["AsyncAmdStatusCallback"]
    phones.answer(Answer(404, {"code": 20404, "message": "not found", "status": 404}))
    assert tell(heard, CallSid="CA1", AnsweredBy="machine_end_silence").status_code == 204
    run_due()
    assert phones.requests[-1].path.endswith("/Messages.json")


def test_a_page_that_reached_nobody_says_so(clock: TravellingClock, phones: HttpPeer) -> None:
    phones.otherwise = Answer(400, {"code": 21211, "message": "Invalid 'To' Phone Number", "status": 400})
    anna, group = called("sms")
    make.contact_method(make.person("Root", "administrator"), "sms", {"number": NUMBER})
    browser = Client()
    browser.force_login(anna, backend="allauth.account.auth_backends.AuthenticationBackend")
    page = browser.get(f"/alerts/{group.pk}").content.decode()
    assert "Nobody has been reached yet" in page and "Phone Number (21211)" in page
    assert "Step 1 moved on: nobody could be reached (Anna)" in page
    phones.otherwise = Answer(201, {"sid": "X2"})
    clock.advance(timedelta(minutes=5))
    run_due()
    assert "Nobody has been reached yet" not in browser.get(f"/alerts/{group.pk}").content.decode()


def test_receipts_of_text_messages(clock: TravellingClock, phones: HttpPeer) -> None:
    called("sms")
    receipt = sent(phones)["StatusCallback"]
    for status, state in (("sent", "sent"), ("delivered", "delivered"), ("undelivered", "delivered")):
        assert tell(receipt, MessageStatus=status).status_code == 204
        assert Notification.objects.get().state == state


def test_a_reply_acknowledges_the_newest_page(clock: TravellingClock, phones: HttpPeer) -> None:
    anna, first = called("sms")
    clock.advance(timedelta(minutes=1))
    second = make.group("Disk full", service=first.service, policy=first.policy)
    start_paging([second])
    run_due()
    assert "Reply 1 to acknowledge: " in tell("/phone/text", From=NUMBER, Body="who is this?").content.decode()
    told = tell("/phone/text", From=NUMBER, Body=" 1 ").content.decode()
    assert texts.units(told)[1], "a reply of the cheap alphabet"
    assert "Disk full" in told and "1 more is open" in told
    second.refresh_from_db()
    assert second.acknowledged_by == anna
    tell("/phone/text", From=NUMBER, Body="OK")
    first.refresh_from_db()
    assert first.acknowledged_by == anna
    assert "Nothing is waiting" in tell("/phone/text", From=NUMBER, Body="1").content.decode()
    assert "Nothing is waiting" in tell("/phone/text", From="+4915100000000", Body="1").content.decode()


def test_nobody_else_can_answer(clock: TravellingClock, phones: HttpPeer) -> None:
    _, group = called()
    notification = Notification.objects.get()
    path = urlsplit(phone_url("answer", notification)).path
    assert Client().post(path, {"Digits": "1"}).status_code == 403
    signed = twilio.signature("other", f"{HOME}{path}", {"Digits": ["1"]})
    assert Client(HTTP_X_TWILIO_SIGNATURE=signed).post(path, {"Digits": "1"}).status_code == 403
    assert Client().get(path).status_code == 405
    token = respond_url(notification).rpartition("/")[2]  # a token for the signed link is none for the telephone
    assert tell(f"/phone/answer/{token}", Digits="1").status_code in (403, 404)
    group.refresh_from_db()
    assert group.acknowledged_at is None


def more(of: Any, *titles: str) -> None:
    """Further problems of the same service, which page at this moment."""
    start_paging([make.group(title, service=of.service, policy=of.policy) for title in titles])
    run_due()


def calls(peer: HttpPeer) -> int:
    return sum(request.path.endswith("/Calls.json") for request in peer.requests)


def test_two_problems_at_the_same_moment_are_one_call(clock: TravellingClock, phones: HttpPeer) -> None:
    _, first = called()
    tell(sent(phones)["StatusCallback"], CallStatus="completed", AnsweredBy="human")
    clock.advance(timedelta(minutes=10))
    more(first, "Disk full", "Queue is long")
    assert calls(phones) == 2
    assert "2 alert groups" in sent(phones)["Twiml"]
    assert len({row.bundle_id for row in Notification.objects.order_by("-id")[:2]}) == 1


def test_what_comes_during_a_call_is_said_in_the_next_one(clock: TravellingClock, phones: HttpPeer) -> None:
    """A call at the same time would find the line busy, and count as failed."""
    _, first = called()
    more(first, "Disk full")
    clock.advance(timedelta(seconds=20))
    more(first, "Queue is long")
    assert calls(phones) == 1
    waiting = Notification.objects.filter(state="waiting")
    assert {row.note for row in waiting} == {"waits until the call before it is over"} and len(waiting) == 2
    tell(sent(phones)["StatusCallback"], CallStatus="completed", AnsweredBy="human")
    clock.advance(timedelta(seconds=3))
    run_due()
    assert calls(phones) == 2 and not Notification.objects.filter(state="waiting").exists()
    assert len(set(Notification.objects.filter(state="sent").values_list("bundle", flat=True))) == 1


def test_a_test_of_anybodys_keeps_no_page_waiting(clock: TravellingClock, phones: HttpPeer) -> None:
    _, first = called()
    mallory = make.person("Mallory", "responder")
    theirs = [make.contact_method(mallory, "voice", {"number": NUMBER}) for _ in range(2)]
    ContactMethod.objects.update(handle=voice.handle({"number": NUMBER}))
    for method in theirs:
        commands.test_contact_method(acting(mallory), method)
    clock.advance(timedelta(seconds=1))
    run_due()
    more(first, "Disk full")  # while the first call is going on, and after the tests were asked for
    assert calls(phones) == 1
    tell(sent(phones)["StatusCallback"], CallStatus="completed", AnsweredBy="human")
    for expected in ("Disk full", "Test page", "Test page"):
        clock.advance(timedelta(seconds=3))
        run_due()
        assert expected in sent(phones)["Twiml"]
        tell(sent(phones)["StatusCallback"], CallStatus="completed", AnsweredBy="human")
    assert calls(phones) == 4


def test_where_nobody_tells_that_a_call_is_over_the_next_one_waits_for_as_long_as_one_lasts(
    clock: TravellingClock, phones: HttpPeer
) -> None:
    _, first = called()
    more(first, "Disk full")
    for seconds, expected in ((60, 1), (33, 2)):
        clock.advance(timedelta(seconds=seconds))
        run_due()
        assert calls(phones) == expected


def test_two_who_share_a_telephone_are_called_one_after_the_other(clock: TravellingClock, phones: HttpPeer) -> None:
    anna, ben = make.person("Anna", "responder"), make.person("Ben", "responder")
    for person in (anna, ben):
        commands.add_contact_method(acting(person), person, channel="voice", label="", settings={"number": NUMBER})
    policy = make.policy((anna, 3600))
    policy.steps.get().targets.create(person=ben)
    start_paging([make.group("Checkout is slow", policy=policy)])
    run_due()
    assert calls(phones) == 1
    tell(sent(phones)["StatusCallback"], CallStatus="busy")
    clock.advance(timedelta(seconds=3))
    run_due()
    assert calls(phones) == 2


def test_methods_from_before_are_known_by_their_telephone(clock: TravellingClock) -> None:
    old = make.contact_method(make.person("Anna", "responder"), "voice", {"number": NUMBER})
    broken = make.contact_method(make.person("Ben", "responder"), "voice", {"number": NUMBER})
    with connection.cursor() as cursor:  # as after a change of the secret key
        cursor.execute("UPDATE paging_contactmethod SET settings = 'x' WHERE id = %s", [broken.pk])
    import_module("watchroom.paging.migrations.0016_lines_of_calls").name_lines(apps, None)
    handles = dict(ContactMethod.objects.values_list("pk", "handle"))
    assert handles == {old.pk: voice.handle({"number": NUMBER}), broken.pk: ""} and NUMBER not in handles[old.pk]


def test_a_call_to_one_telephone_keeps_no_other_waiting(clock: TravellingClock, phones: HttpPeer) -> None:
    people = [make.person(name, "responder") for name in ("Anna", "Ben")]
    for number, person in enumerate(people):
        commands.add_contact_method(
            acting(person), person, channel="voice", label="", settings={"number": f"{NUMBER[:-1]}{number}"}
        )
    policy = make.policy((people[0], 3600))
    policy.steps.get().targets.create(person=people[1])
    start_paging([make.group("Checkout is slow", policy=policy)])
    run_due()
    assert calls(phones) == 2


def test_two_text_messages_at_the_same_moment_are_one(clock: TravellingClock, phones: HttpPeer) -> None:
    _, first = called("sms")
    clock.advance(timedelta(minutes=10))
    more(first, "Disk full", "Queue is long")
    assert len(phones.requests) == 2 and "2 alert groups" in sent(phones)["Body"]


PLIVO_ACCOUNT = "MA1"


@pytest.fixture
def on_plivo(http_peer: HttpPeer, configured: Callable[..., None]) -> HttpPeer:
    host = http_peer.url.removeprefix("http://")
    configured(
        WATCHROOM_URL=HOME,
        WATCHROOM_PRIVATE_TARGETS="127.0.0.0/8",
        WATCHROOM_PHONE_URLS=f"plivo+http://{PLIVO_ACCOUNT}:tok@{host}?from=+4930111222",
    )
    http_peer.otherwise = Answer(201, {"request_uuid": "C1", "message_uuid": ["M1"]})
    return http_peer


def plivo_tells(url: str, **said: str) -> Any:
    """What Plivo does: a signed form to one of our addresses."""
    path = url.removeprefix(HOME)
    form = {name: [value] for name, value in said.items()}
    signed = plivo.signature_v3("tok", f"{HOME}{path}", form, "nonce")
    return Client(HTTP_X_PLIVO_SIGNATURE_V3=signed, HTTP_X_PLIVO_SIGNATURE_V3_NONCE="nonce").post(path, said)


def test_a_call_by_plivo_from_the_ring_to_the_key(clock: TravellingClock, on_plivo: HttpPeer) -> None:
    anna, group = called()
    asked = on_plivo.requests[0].json()
    menu = plivo_tells(asked["answer_url"], CallUUID="c", CallStatus="in-progress", Machine="false").content.decode()
    assert "Checkout is slow" in menu and "Press 1 to acknowledge" in menu and "GetInput" in menu
    said = plivo_tells(asked["answer_url"], CallUUID="c", Digits="1").content.decode()
    assert "It is yours" in said and "Speak" in said
    group.refresh_from_db()
    assert group.acknowledged_by == anna
    assert plivo_tells(asked["hangup_url"], CallStatus="completed", HangupCauseName="Normal Hangup").status_code == 204
    assert Notification.objects.get().state == "delivered"


@pytest.mark.parametrize("said", [{"CallStatus": "no-answer"}, {"CallStatus": "busy"}, {"CallStatus": "timeout"}])
def test_nobody_answers_plivos_call(clock: TravellingClock, on_plivo: HttpPeer, said: dict[str, str]) -> None:
    called("voice", then="sms")
    run_due()
    plivo_tells(on_plivo.requests[0].json()["hangup_url"], **said)
    run_due()
    assert [request.path.rstrip("/").rpartition("/")[2] for request in on_plivo.requests] == ["Call", "Message"]


def test_a_machine_that_takes_plivos_call_hears_nothing_of_what_it_is(
    clock: TravellingClock, on_plivo: HttpPeer
) -> None:
    called("voice", then="sms")
    asked = on_plivo.requests[0].json()
    report = {"CallUUID": "c", "Event": "MachineDetection", "CallStatus": "in-progress"}
    assert plivo_tells(asked["machine_detection_url"], Machine="false", **report).status_code == 204
    assert len(on_plivo.requests) == 1
    assert plivo_tells(asked["machine_detection_url"], Machine="true", **report).status_code == 204
    assert on_plivo.requests[-1].path == "/v1/Account/MA1/Call/c/"
    moved = on_plivo.requests[-1].json()
    assert (moved["legs"], moved["aleg_method"]) == ("aleg", "POST")
    said = plivo_tells(moved["aleg_url"], CallUUID="c", Machine="true").content.decode()
    assert "Checkout" not in said and "Hangup" in said and 'silence="true"' in said
    run_due()
    assert on_plivo.requests[-1].path.endswith("/Message/")
    plivo_tells(asked["hangup_url"], CallStatus="completed")
    assert Notification.objects.get(contact_method__channel="voice").state == "failed"


def test_a_text_by_plivo_and_its_reply(clock: TravellingClock, on_plivo: HttpPeer) -> None:
    anna, group = called("sms")
    receipt = on_plivo.requests[0].json()["url"]
    for status, state in (("sent", "sent"), ("delivered", "delivered")):
        plivo_tells(receipt, MessageUUID="m", Status=status)
        assert Notification.objects.get().state == state
    told = plivo_tells("/phone/text", From=NUMBER.lstrip("+"), To="4930111222", Text="1", MessageUUID="m2")
    assert f'dst="{NUMBER.lstrip("+")}"' in told.content.decode() and "It is yours" in told.content.decode()
    group.refresh_from_db()
    assert group.acknowledged_by == anna
    assert Client().post("/phone/text", {"From": NUMBER, "Text": "1"}).status_code == 403


def test_an_undelivered_text_by_plivo_lets_the_next_way_go(clock: TravellingClock, on_plivo: HttpPeer) -> None:
    called("sms", then="voice")
    plivo_tells(on_plivo.requests[0].json()["url"], MessageUUID="m", Status="undelivered", ErrorCode="300")
    run_due()
    assert on_plivo.requests[-1].path.endswith("/Call/")
    assert "undelivered 300" in Attempt.objects.get(notification__contact_method__channel="sms").error


def test_nobody_is_called_because_something_is_over(clock: TravellingClock, phones: HttpPeer) -> None:
    """Until somebody says otherwise, a call is for what is urgent; whoever has nothing else is called all the same."""
    anna = make.person("Anna", "responder")
    call = commands.add_contact_method(acting(anna), anna, channel="voice", label="", settings={"number": NUMBER})
    group = make.group("Checkout is slow", policy=make.policy((anna, 3600)))
    commands.notify(anna, purpose="update", subject="News", body="", path="/", reason="only way")
    run_due()
    assert Notification.objects.get().contact_method == call, "saying nothing must never mean silence"
    text = commands.add_contact_method(acting(anna), anna, channel="sms", label="", settings={"number": NUMBER})
    start_paging([group])
    run_due()
    paged = Notification.objects.filter(escalation__isnull=False)
    assert {row.contact_method for row in paged} == {call, text}
    commands.notify(anna, purpose="resolved", subject="Resolved: Checkout", body="", path="/", reason="over")
    run_due()
    assert [row.contact_method for row in Notification.objects.filter(purpose="resolved")] == [text]
