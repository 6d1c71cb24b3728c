"""What a page says to somebody who wakes up: how bad, where, what, since when by their own clock, and what to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

import factories as make
from peers.http import Answer, HttpPeer
from peers.smtp import SmtpPeer
from watchroom.catalog.models import Service
from watchroom.channels.phones import texts
from watchroom.engine.loop import run_due
from watchroom.intake.commands.lifecycle import start_paging
from watchroom.kernel.clock import TravellingClock
from watchroom.paging.commands import take_turn
from watchroom.paging.duties import send_due
from watchroom.paging.wording import on_clock_of, stamp, time_stamp

NIGHT = datetime(2026, 1, 15, 2, 2, tzinfo=UTC)
NUMBER = "+4915112345678"


def test_moments_are_told_by_the_readers_clock() -> None:
    text = f"Critical since {stamp(NIGHT)}. Due {stamp(NIGHT - timedelta(hours=3, minutes=32))}."
    assert on_clock_of(text, "Europe/Berlin", NIGHT) == "Critical since 03:02 CET. Due Wed 14 Jan 23:30 CET."
    assert on_clock_of(text, "America/New_York", NIGHT).startswith("Critical since 21:02 EST. Due 17:30 EST")
    promised = f"Promised for {time_stamp(NIGHT)}."
    assert on_clock_of(promised, "Europe/Berlin", NIGHT) == "Promised for 03:02 CET."
    for unknown in ("Nowhere/At_All", ""):
        assert on_clock_of(promised, unknown, NIGHT) == "Promised for 02:02 UTC."


@given(st.text(), st.datetimes())
def test_every_other_text_stays_as_it_is(text: str, at: datetime) -> None:
    if "\u202fUTC" not in text:
        assert on_clock_of(text, "Pacific/Auckland", NIGHT) == text
    assert on_clock_of(stamp(at), "Pacific/Auckland", NIGHT)  # whatever the year


@pytest.mark.parametrize(
    "said",
    [
        "Backup failed at 2026-03-02 10:23:45 UTC",
        "03:12:30 UTC",
        "Backup failed at 2026-03-02 10:23 UTC, the next runs at 11:00 UTC",
        "2026-03-02T10:23 UTC",
        "2026-99-99 10:00 UTC",
    ],
)
def test_what_a_sender_says_of_a_time_is_paged_letter_by_letter(said: str) -> None:
    text = f"Critical since {stamp(NIGHT)}.\n{said}"
    assert on_clock_of(text, "Europe/Berlin", NIGHT) == f"Critical since 03:02 CET.\n{said}"


@pytest.fixture
def ways(
    db: None,
    clock: TravellingClock,
    http_peer: HttpPeer,
    smtp: SmtpPeer,
    configured: Callable[..., None],
) -> tuple[HttpPeer, SmtpPeer]:
    """Anna in Berlin is reached by text message, by telephone and by mail, all at once."""
    clock.to(NIGHT)
    configured(
        WATCHROOM_URL="https://watch.example.org",
        WATCHROOM_PRIVATE_TARGETS="127.0.0.0/8",
        WATCHROOM_PHONE_URLS=f"twilio+http://AC1:tok@{http_peer.url.removeprefix('http://')}?from=+4930111222",
        WATCHROOM_SMTP_URL=smtp.url,
    )
    http_peer.otherwise = Answer(201, b'{"sid": "X1"}')
    anna = make.person("Anna", "responder", timezone="Europe/Berlin")
    make.contact_method(anna, "sms", {"number": NUMBER})
    make.contact_method(anna, "voice", {"number": NUMBER})
    make.contact_method(anna, "email", {"address": "anna@example.org"})
    integration = make.integration(service=make.service("Till", policy=make.policy((anna, 3600))))
    make.signal(
        integration,
        json.dumps(
            [
                {
                    "labels": {"alertname": "HighErrorRate", "severity": "critical"},
                    "annotations": {
                        "summary": "31 % of card payments fail",
                        "description": "Since five minutes.\n Look at the gateway first (02:01:45 UTC, not 02:01 UTC).",
                        "runbook_url": "https://wiki.example.org/till?a=1&b=2",
                    },
                }
            ]
        ).encode(),
    )
    return http_peer, smtp


def said_by_phone(peer: HttpPeer) -> tuple[str, list[str]]:
    """The text message, and what the call says each time."""
    forms = [{name: value for name, (value,) in parse_qs(each.body.decode()).items()} for each in peer.requests]
    text = next(form["Body"] for form in forms if "Body" in form)
    call = ElementTree.fromstring(next(form["Twiml"] for form in forms if "Twiml" in form))
    return text, [each.text or "" for each in call.findall("Gather/Say")]


def test_a_page_says_how_bad_where_and_what_in_its_first_line(ways: tuple[HttpPeer, SmtpPeer]) -> None:
    peer, smtp = ways
    run_due()
    text, call = said_by_phone(peer)
    assert text.splitlines()[:2] == ["Critical - Till: 31 % of card payments fail", "Reply 1 to acknowledge."]
    assert texts.units(text)[1] and texts.parts(text) <= 2  # of the cheap alphabet
    assert len(call) == 2 and call[0] == call[1]  # said again for whoever was still waking up
    assert call[0].startswith("This is Watchroom. Critical, Till: 31 % of card payments fail.")
    assert call[0].endswith("Press 1 to acknowledge. Press 9 to ask for help at once.")
    mail = smtp.wait_for()
    assert mail.subject == "Critical – Till: 31 % of card payments fail"
    assert mail.text.splitlines()[:3] == [
        "Critical since 03:02 CET.",
        "Since five minutes. Look at the gateway first (02:01:45 UTC, not 02:01 UTC).",
        "Runbook: https://wiki.example.org/till?a=1&b=2",
    ]
    address = "https://wiki.example.org/till?a=1&amp;b=2"
    assert f'<a href="{address}"' in mail.html and f">{address}</a>" in mail.html


def test_what_comes_late_says_so_by_every_way(ways: tuple[HttpPeer, SmtpPeer], clock: TravellingClock) -> None:
    """Nothing of Watchroom ran for two hours."""
    peer, smtp = ways
    service = Service.objects.get()
    start_paging([make.group("31 % of card payments fail", service=service, policy=service.policy)])
    clock.advance(timedelta(hours=2))
    take_turn(1)
    send_due()
    text, call = said_by_phone(peer)
    assert text.startswith("Late by 2 h: Critical - Till: 31 %")
    assert call[0].startswith("This is Watchroom. Late by 2 h: Critical, Till: 31 %")
    assert smtp.wait_for().text.startswith("Late by 2 h: Watchroom could not send this earlier.")


def test_a_resolved_problem_is_named_like_its_page(ways: tuple[HttpPeer, SmtpPeer], clock: TravellingClock) -> None:
    run_due()
    _, smtp = ways
    smtp.clear()
    clock.advance(timedelta(minutes=30))  # the sender says nothing more: its alert has ended
    run_due()
    mail = smtp.wait_for(lambda each: each.subject.startswith("Resolved"))
    assert mail.subject == "Resolved: Till: 31 % of card payments fail"
    assert mail.text.startswith("Every alert has ended.")
