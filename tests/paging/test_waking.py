"""Whoever has shifts is told by day that nothing would wake them at night, and sees only ways that work here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

import factories as make
from watchroom.accounts.actors import acting
from watchroom.kernel.clock import TravellingClock
from watchroom.paging import commands
from watchroom.paging.people import Roster
from watchroom.paging.waking import at_night, trouble_at_night

pytestmark = pytest.mark.django_db
PHONE = {"number": "+4915112345678"}
ACCOUNT = "twilio+http://AC1:tok@127.0.0.1:9?from=+4930111222"


@pytest.fixture
def anna(clock: TravellingClock, configured: Callable[..., None]) -> Any:
    configured(WATCHROOM_URL="http://watch.example.org")
    return make.person("Anna", "responder", timezone="Europe/Berlin")


def signed_in(person: Any) -> Client:
    client = Client()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def trouble(person: Any, clock: TravellingClock) -> str:
    return trouble_at_night(at_night(person, Roster(clock())))


def test_a_tab_and_mail_wake_nobody_and_a_call_does(
    clock: TravellingClock, anna: Any, configured: Callable[..., None]
) -> None:
    assert trouble(anna, clock) == "Nothing would reach you."
    browser = make.contact_method(anna, "browser", {"person": anna.pk}, label="This browser")
    assert trouble(anna, clock) == "You would sleep through a page: it comes only by This browser."
    phone = make.contact_method(anna, "voice", PHONE)
    assert trouble(anna, clock).startswith("You would sleep through"), "there is no telephone account here"
    configured(WATCHROOM_PHONE_URLS=ACCOUNT)
    assert trouble(anna, clock) == ""
    commands.set_rules(acting(anna), anna, "high", [(browser.pk, 0)])
    assert trouble(anna, clock).startswith("You would sleep through"), "the call is not asked for"
    commands.set_rules(acting(anna), anna, "high", [(browser.pk, 0), (phone.pk, 120)])
    assert trouble(anna, clock) == ""
    commands.enable_contact_method(acting(anna), phone, False)
    assert trouble(anna, clock) != ""


def test_the_home_page_says_so_to_whoever_has_shifts(
    clock: TravellingClock, anna: Any, configured: Callable[..., None]
) -> None:
    client = signed_in(anna)
    assert "Nothing would reach you" not in client.get("/").content.decode(), "nobody pages her"
    make.schedule(people=(anna,), starts_at="2026-01-05T09:00")
    page = client.get("/").content.decode()
    assert "Nothing would reach you" in page and "for months, without a break" in page
    configured(WATCHROOM_PHONE_URLS=ACCOUNT)
    make.contact_method(anna, "sms", PHONE)
    assert "Nothing would" not in client.get("/").content.decode()


def test_ways_that_do_not_work_here_say_what_is_missing(anna: Any, configured: Callable[..., None]) -> None:
    make.contact_method(anna, "sms", PHONE, label="My phone")
    client = signed_in(anna)
    page = client.get("/me/contact").content.decode()
    assert 'id="label-voice"' not in page and 'id="label-ntfy"' in page
    assert page.count("Watchroom has no telephone account yet: WATCHROOM_PHONE_URLS is not set.") >= 3
    assert "Push needs an https:// address" in page and "Slack is not connected yet" in page
    configured(WATCHROOM_PHONE_URLS=ACCOUNT, WATCHROOM_SMTP_URL="smtp://127.0.0.1:9")
    page = client.get("/me/contact").content.decode()
    assert 'id="label-voice"' in page and "WATCHROOM_PHONE_URLS" not in page and "WATCHROOM_SMTP_URL" not in page
    assert page.index('id="label-voice"') < page.index('id="label-email"'), "what wakes comes first"


def test_a_dry_run_at_a_time_of_the_readers_clock(clock: TravellingClock, anna: Any) -> None:
    clock.to(datetime(2026, 1, 5, 12, tzinfo=UTC))
    ben = make.person("Ben", "responder")
    schedule = make.schedule(people=(anna, ben), starts_at="2026-01-05T09:00", timezone="Europe/Berlin")
    policy = make.policy((schedule, 300), repeats=0)
    make.contact_method(anna), make.contact_method(ben)
    client = signed_in(anna)
    assert "Page Anna" in client.get(f"/policies/{policy.slug}").content.decode()
    page = client.get(f"/policies/{policy.slug}", {"at": "2026-01-12T09:00"}).content.decode()
    assert "Page Ben" in page and "Page Anna" not in page and 'value="2026-01-12T09:00"' in page
    assert "Page Anna" in client.get(f"/policies/{policy.slug}", {"at": "2026-01-12T08:59"}).content.decode()
    assert client.get(f"/policies/{policy.slug}", {"at": "soon"}).status_code == 422
