"""What begins and ends again and again: marked, held back, told once, and paged when it fires on."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

import factories as make
from watchroom.accounts.actors import acting
from watchroom.engine.loop import run_due
from watchroom.intake import commands
from watchroom.intake.models import AlertGroup, Integration
from watchroom.intake.rules.flapping import FROM, LIMIT, QUIET, WITHIN, flaps
from watchroom.intake.why import why
from watchroom.kernel import clock as kernel_clock
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Conflict
from watchroom.paging.models import Notification

MINUTE = timedelta(minutes=1)
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@given(st.lists(st.integers(0, 3600), max_size=8))
def test_only_what_began_often_and_lately_flaps(ago: list[int]) -> None:
    times = [NOW - timedelta(seconds=each) for each in ago]
    assert flaps(times, NOW) == (len([each for each in ago if each < WITHIN.total_seconds()]) >= FROM)


@pytest.fixture
def integration(clock: TravellingClock, db: None) -> Integration:
    anna = make.person("Anna", "responder")
    make.contact_method(anna, "browser", {"person": anna.pk})
    return make.integration(service=make.service("Checkout", policy=make.policy((anna, 3600))))


def send(integration: Integration, *, ended: bool = False) -> AlertGroup:
    alert: dict[str, Any] = {"labels": {"alertname": "Down", "severity": "critical"}}
    alert["endsAt"] = (kernel_clock.now() + (timedelta() if ended else timedelta(days=7))).isoformat()
    make.signal(integration, json.dumps([alert]).encode())
    run_due()
    # What the browser has not fetched is as good as handed over here.
    Notification.objects.filter(state="waiting").update(state="sent", ended_at=kernel_clock.now(), due_at=None)
    return AlertGroup.objects.order_by("-id").first()  # type: ignore[return-value]


def flap(clock: TravellingClock, integration: Integration, times: int = FROM, gap: timedelta = MINUTE) -> AlertGroup:
    """Begin so often, and fire the last time."""
    for number in range(times):
        if number:
            send(integration, ended=True)
            clock.advance(gap)
        group = send(integration)
        clock.advance(MINUTE)
    return group


def told(purpose: str) -> list[str]:
    rows = Notification.objects.filter(purpose=purpose).exclude(state="cancelled").order_by("id")
    return list(rows.values_list("subject", flat=True))


@pytest.mark.parametrize("gap", [MINUTE, 6 * MINUTE], ids=["reopened", "another group"])
def test_what_flaps_is_held_and_told_once_until_it_is_quiet(
    clock: TravellingClock, integration: Integration, gap: timedelta
) -> None:
    group = flap(clock, integration, gap=gap)
    assert group.held and group.held["kind"] == "flapping" and group.flapping_since
    assert len(told("page")) == FROM - 1
    (news,) = told("update")
    assert news.startswith("Flapping: ")
    ends = len(told("resolved"))
    assert ends == FROM - 1
    for _ in range(3):
        send(integration, ended=True)
        clock.advance(7 * MINUTE)
        assert send(integration).pk == group.pk  # as long as it flaps it stays one group
        clock.advance(MINUTE)
    assert (len(told("page")), len(told("update")), len(told("resolved"))) == (FROM - 1, 1, ends)
    send(integration, ended=True)
    clock.advance(QUIET)
    run_due()
    group.refresh_from_db()
    assert group.flapping_since is None and told("resolved")[-1].startswith("Quiet again: ")
    assert len(told("resolved")) == ends + 1
    assert {"flapping", "held", "quiet"} <= {event.kind for event in group.events.all()}
    clock.advance(MINUTE)
    again = send(integration)
    assert again.pk != group.pk and again.held is None and len(told("page")) == FROM


def test_what_fires_on_pages_all_the_same_and_its_end_is_told(clock: TravellingClock, integration: Integration) -> None:
    group = flap(clock, integration)
    pages, ends = len(told("page")), len(told("resolved"))
    clock.advance(LIMIT - 2 * MINUTE)
    run_due()
    assert len(told("page")) == pages
    clock.advance(MINUTE)
    run_due()
    group.refresh_from_db()
    assert group.held is None and group.flapping_since and len(told("page")) == pages + 1
    send(integration, ended=True)
    assert len(told("resolved")) == ends + 1
    clock.advance(MINUTE)
    group = send(integration)  # and the next time it is held again
    assert group.held and len(told("page")) == pages + 1


def test_what_begins_seldom_does_not_flap(clock: TravellingClock, integration: Integration) -> None:
    flap(clock, integration, times=FROM + 1, gap=11 * MINUTE)
    assert len(told("page")) == FROM + 1 and not told("update")


def test_what_somebody_resolved_does_not_count(clock: TravellingClock, integration: Integration) -> None:
    group = flap(clock, integration)
    commands.resolve(make.actor("Ben"), group)
    group.refresh_from_db()
    assert group.flapping_since is None and group.flap_turns_at is None
    clock.advance(MINUTE)
    assert send(integration).held is None


def test_it_can_be_switched_off(
    clock: TravellingClock, integration: Integration, configured: Callable[..., None]
) -> None:
    configured(WATCHROOM_HOLD_FLAPPING="false")
    assert flap(clock, integration).held is None
    assert len(told("page")) == FROM


def test_the_page_says_so_and_lets_it_page_now(
    clock: TravellingClock, integration: Integration, client: Client
) -> None:
    group = flap(clock, integration)
    anna = Notification.objects.filter(purpose="page")[0].person
    client.force_login(anna, backend="allauth.account.auth_backends.AuthenticationBackend")
    page = client.get(f"/alerts/{group.pk}").content.decode()
    assert "Flapping: it begins and ends again and again." in page and "Page now" in page
    assert "· flapping" in client.get("/alerts").content.decode()
    answer = client.get(f"/api/v1/alert-groups/{group.pk}").json()
    assert answer["flapping_since"] and answer["held"]["kind"] == "flapping"
    assert "it flaps: it began 4 times within 30 min" in " ".join(each.text for each in why(group).reasons).lower()
    pages = len(told("page"))
    assert client.post(f"/alerts/{group.pk}/page-now").status_code == 302
    run_due()
    group.refresh_from_db()
    assert group.held is None and len(told("page")) == pages + 1
    with pytest.raises(Conflict):
        commands.page_now(acting(anna), group)


def join(integration: Integration, instance: str, *, severity: str = "critical") -> AlertGroup:
    """Another alert of the same rule, elsewhere."""
    labels = {"alertname": "Down", "severity": severity, "instance": instance}
    ends = (kernel_clock.now() + timedelta(days=7)).isoformat()
    make.signal(integration, json.dumps([{"labels": labels, "endsAt": ends}]).encode())
    run_due()
    return AlertGroup.objects.order_by("-id").first()  # type: ignore[return-value]


def test_a_critical_alert_that_did_not_flap_pages_at_once(clock: TravellingClock, integration: Integration) -> None:
    group = flap(clock, integration)
    assert group.held and group.flapping_since
    pages = len(told("page"))
    assert join(integration, "db-2", severity="warning").pk == group.pk
    group.refresh_from_db()
    assert group.held and len(told("page")) == pages  # what is not critical waits with it
    assert join(integration, "db-1").pk == group.pk
    group.refresh_from_db()
    assert group.held is None and len(told("page")) == pages + 1
    assert "did not come and go before: Down" in " ".join(each.text for each in why(group).reasons)
    join(integration, "db-3")  # it pages already
    assert len(told("page")) == pages + 1


def test_a_critical_alert_that_opens_a_flapping_group_again_pages_at_once(
    clock: TravellingClock, integration: Integration
) -> None:
    group = flap(clock, integration)
    send(integration, ended=True)
    pages = len(told("page"))
    clock.advance(2 * MINUTE)
    assert join(integration, "db-1").pk == group.pk
    group.refresh_from_db()
    assert group.held is None and len(told("page")) == pages + 1


def test_one_of_those_that_flap_is_no_news_when_another_fires(clock: TravellingClock, integration: Integration) -> None:
    """Two that come and go together are one flapping problem, whichever of them comes first."""
    for number in range(FROM):
        if number:
            send(integration, ended=True)
            ended = {"labels": {"alertname": "Down", "severity": "critical", "instance": "db-1"}}
            make.signal(integration, json.dumps([{**ended, "endsAt": kernel_clock.now().isoformat()}]).encode())
            run_due()
            clock.advance(MINUTE)
        join(integration, "db-1")
        group = send(integration)
        clock.advance(MINUTE)
    group.refresh_from_db()
    assert group.held and group.held["kind"] == "flapping"


def test_a_silenced_newcomer_lets_nothing_go(clock: TravellingClock, integration: Integration) -> None:
    group = flap(clock, integration)
    pages = len(told("page"))
    commands.save_silence(
        make.actor(), None, matchers=['instance="db-1"'], ends_at=clock.instant + timedelta(hours=1), comment="known"
    )
    join(integration, "db-1")
    group.refresh_from_db()
    assert group.held and group.held["kind"] == "flapping" and len(told("page")) == pages
