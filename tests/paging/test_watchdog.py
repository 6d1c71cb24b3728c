"""Watchroom says when paging itself is impaired: by API, and by not telling the outside monitor that all is well."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

import factories as make
from paging.reached import reachable, start
from peers.http import Answer, HttpPeer
from watchroom.channels.webhook import verify
from watchroom.engine import watchdog
from watchroom.engine.loop import ping, run_due
from watchroom.engine.models import EngineNode
from watchroom.engine.queries import health
from watchroom.kernel.clock import TravellingClock
from watchroom.paging.models import Attempt, Escalation, Notification, PagingDefect

pytestmark = pytest.mark.django_db


def otherwise_reachable() -> Any:
    """Somebody to whom a page moves on that reached nobody by a webhook."""
    person = make.person("Eve", "responder")
    make.contact_method(person, "browser", settings={"person": person.pk})
    return person


def test_a_channel_by_which_nothing_gets_through_is_named_and_the_outside_monitor_hears_nothing(
    clock: TravellingClock, hook: HttpPeer
) -> None:
    outside = f"{hook.url}/alive"
    assert ping(outside) and hook.requests[-1].path == "/alive"
    people = [reachable(hook, name) for name in ("anna", "ben", "eve")]
    hook.answer(*[Answer(410)] * 3, Answer(200))
    for number, person in enumerate(people):
        start(make.policy((person, 3600), (otherwise_reachable(), 3600)), subject_id=number + 1)
    run_due()
    assert {name: each for name, each in health()["providers"].items() if name != "browser"} == {
        "webhook": {"attempts": 3, "failed": 3}
    }
    assert health()["impaired"] == ["Nothing has got through by webhook in 15 min: 3 attempts failed."]
    asked = len(hook.requests)
    assert not ping(outside) and len(hook.requests) == asked
    clock.advance(timedelta(minutes=16))
    assert health()["impaired"] == []


def test_a_busy_channel_that_breaks_is_named_within_minutes(clock: TravellingClock, hook: HttpPeer) -> None:
    people = [reachable(hook, f"p{number}") for number in range(6)]
    broken = people[1:]

    def page(whom: list[Any]) -> None:
        for person in whom:
            start(make.policy((person, 3600)), subject_id=Escalation.objects.count() + 1)
        run_due()

    page(people)  # all is well
    hook.answer(*[Answer(503)] * 100)  # and from now on nothing is
    page(people[:1])
    for _ in range(6):
        clock.advance(timedelta(minutes=1))
        run_due()
    failed = Attempt.objects.exclude(outcome="ok").count()
    assert failed >= 5 and health()["impaired"] == []  # one person's address, as far as anybody can tell
    page(broken)
    failed = Attempt.objects.exclude(outcome="ok").count()
    assert health()["impaired"] == [f"Nothing has got through by webhook for 6 min: {failed} attempts failed."]
    assert health()["silent"] == ["webhook"]


def test_an_engine_that_is_behind_is_impaired(clock: TravellingClock, hook: HttpPeer) -> None:
    start(make.policy((reachable(hook, "anna"), 60)))
    clock.advance(timedelta(minutes=2))
    assert health()["impaired"] == []
    clock.advance(timedelta(minutes=3))
    assert health()["impaired"] == ["The engine is 5 min behind."]
    assert not ping(f"{hook.url}/alive")


def test_administrators_are_told_by_another_route_and_told_again_when_it_works(
    clock: TravellingClock, hook: HttpPeer, configured: Callable[..., None]
) -> None:
    url = hook.url.replace("127.0.0.1", "localhost")
    configured(
        WATCHROOM_PRIVATE_TARGETS="127.0.0.0/8",
        WATCHROOM_ALARM_TO=f"{url}/outside",
        WATCHROOM_ALARM_SECRET="a secret of sixteen letters",
    )
    admin = make.person("Root", "administrator")
    make.contact_method(admin)  # a webhook, like all that fails
    browser = make.contact_method(admin, "browser", settings={"person": admin.pk})
    for number in range(3):
        policy = make.policy((reachable(hook, f"p{number}"), 3600), (otherwise_reachable(), 3600))
        start(policy, subject_id=number + 1)
    hook.answer(*[Answer(410)] * 3, Answer(503), Answer(200))
    run_due()
    assert not Notification.objects.filter(person=admin).exists()  # one look is not enough
    clock.advance(timedelta(seconds=30))
    run_due()
    told = Notification.objects.get(person=admin)
    assert (told.contact_method, told.subject) == (browser, "Paging is impaired")
    assert "Nothing has got through by webhook" in told.body
    assert [each.path for each in hook.requests[3:]] == ["/outside"]
    clock.advance(timedelta(seconds=30))
    run_due()  # the outside address did not take it: again; the administrators know already
    assert [each.path for each in hook.requests[3:]] == ["/outside"] * 2
    message = hook.requests[-1]
    assert verify("a secret of sixteen letters", message.headers["watchroom-signature"], message.body, at=clock())
    clock.advance(timedelta(seconds=30))
    run_due()
    assert len(hook.requests) == 5 and Notification.objects.filter(person=admin).count() == 1
    assert PagingDefect.objects.filter(kind="impaired").count() == 1
    clock.advance(timedelta(minutes=16))
    run_due()
    assert b"Paging works again" in hook.requests[-1].body
    assert set(Notification.objects.filter(person=admin).values_list("subject", flat=True)) == {
        "Paging is impaired",
        "Paging works again",
    }


def test_what_piled_up_while_nothing_ran_is_no_alarm_once_it_is_worked_off(
    clock: TravellingClock, hook: HttpPeer
) -> None:
    admin = make.person("Root", "administrator")
    make.contact_method(admin, "browser", settings={"person": admin.pk})
    start(make.policy((reachable(hook, "anna"), 60)))
    clock.advance(timedelta(hours=2))
    watchdog.look()
    run_due()
    clock.advance(timedelta(seconds=30))
    run_due()
    assert not Notification.objects.filter(person=admin).exists()


def test_every_page_says_that_paging_is_impaired(client: Any, clock: TravellingClock) -> None:
    client.force_login(make.person("Val", "viewer"))
    assert 'hx-get="/system/impaired"' in client.get("/policies").content.decode()
    assert "No engine is alive" in client.get("/system/impaired").content.decode()
    EngineNode.objects.create(name="a", started_at=clock(), seen_at=clock(), version="1")
    clock.advance(timedelta(seconds=5))
    assert client.get("/system/impaired").content.decode().strip() == ""
    client.logout()
    assert client.get("/system/impaired").status_code in (302, 401, 403)


def test_metrics_name_each_telephone_account_and_are_not_for_strangers(
    client: Any, configured: Callable[..., None]
) -> None:
    configured(WATCHROOM_PHONE_URLS="twilio://AC1:t@api.twilio.com?from=+4930111")
    make.person("Anna")
    shown = client.get("/metrics", REMOTE_ADDR="localhost").content.decode()
    assert 'watchroom_phone_account_resting{account="twilio AC1 +4930111"} 0.0' in shown
    assert "watchroom_engine_lag_seconds 0.0" in shown
    assert client.get("/metrics", REMOTE_ADDR="203.0.113.9").status_code == 403
    configured(WATCHROOM_METRICS_TOKEN="token")
    assert client.get("/metrics", REMOTE_ADDR="localhost").status_code == 403
    assert client.get("/metrics", headers={"Authorization": "Bearer token"}).status_code == 200
