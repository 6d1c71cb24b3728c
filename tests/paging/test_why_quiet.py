"""Why did my phone not ring: by page, API and command line; and the own settings by each of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

import factories as make
from peers.http import Answer, HttpPeer
from watchroom.accounts.actors import acting
from watchroom.engine.loop import run_due
from watchroom.intake.commands import acknowledge
from watchroom.intake.commands.lifecycle import start_paging
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import NotAllowed, Refused
from watchroom.oncall.commands import add_absence
from watchroom.paging import commands
from watchroom.paging.models import QuietHours
from watchroom.paging.silence import why_quiet

pytestmark = pytest.mark.django_db


def reachable(hook: HttpPeer, name: str, role: str = "responder") -> Any:
    person = make.person(name, role)
    make.contact_method(
        person, settings={"url": f"{hook.url}/{name}", "secret": "a secret of sixteen letters"}, label=f"{name}'s hook"
    )
    return person


def fires(policy: Any, title: str = "Disk full") -> Any:
    group = make.group(title, service=make.service(team=policy.team), policy=policy)
    start_paging([group])
    run_due()
    return group


def client_of(person: Any) -> Client:
    client = Client()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def texts(by: Any, person: Any, clock: TravellingClock) -> str:
    found = why_quiet(acting(by), person, clock() - timedelta(days=1), clock() + timedelta(seconds=1))
    return "\n".join(f"{each.text} {each.fix}" for each in found)


def test_it_says_what_became_of_each_message(clock: TravellingClock, hook: HttpPeer) -> None:
    anna, ben = reachable(hook, "anna"), reachable(hook, "ben")
    late = make.contact_method(
        ben, settings={"url": f"{hook.url}/late", "secret": "a secret of sixteen letters"}, label="late"
    )
    commands.set_rules(acting(ben), ben, "high", [(ben.contact_methods.first().pk, 0), (late.pk, 600)])
    hook.answer(Answer(410))
    policy = make.policy((anna, 60), (ben, 600), repeats=0)
    group = fires(policy)
    clock.advance(timedelta(seconds=60))
    run_due()
    clock.advance(timedelta(seconds=60))
    acknowledge(acting(ben), group)
    clock.advance(timedelta(seconds=1))
    said = texts(anna, anna, clock)
    assert "failed:" in said and "answered 410" in said and "has never been confirmed" in said
    said = texts(ben, ben, clock)
    assert "handed over, and nothing says that it arrived" in said
    assert "was not sent: acknowledged by ben before its wait was over" in said
    assert "late is used 10 min after an urgent page" in said


def test_it_says_why_somebody_was_not_asked(clock: TravellingClock, hook: HttpPeer) -> None:
    anna, ben = reachable(hook, "anna"), reachable(hook, "ben")
    policy = make.policy((anna, 60), (ben, 600), repeats=0)
    for person in (anna, ben):
        make.membership(policy.team, person)
    add_absence(acting(anna), anna, starts_at=clock(), ends_at=clock() + timedelta(days=2), paged=False)
    fires(policy)
    run_due()
    said = texts(anna, anna, clock)
    assert "They were away until 04 Mar 09:00" in said
    assert "did not ask them: it paged ben; they were away, and goes on" in said
    carl = make.person("carl", "responder")
    assert "There is no way to reach them at all." in texts(carl, carl, clock)


def test_only_oneself_and_ones_managers_may_ask(clock: TravellingClock, hook: HttpPeer) -> None:
    anna, stranger, boss = make.person("anna", "responder"), make.person("ben", "responder"), make.person("boss")
    team = make.team()
    make.membership(team, anna)
    make.membership(team, boss, "manager")
    with pytest.raises(NotAllowed):
        texts(stranger, anna, clock)
    assert texts(boss, anna, clock)
    assert client_of(stranger).get(f"/api/v1/notifications/why?person={anna.pk}").status_code == 403
    assert client_of(stranger).get(f"/notifications/why?person={anna.pk}").status_code == 403
    assert client_of(boss).get(f"/notifications/why?person={anna.pk}").status_code == 200
    with pytest.raises(Refused):
        why_quiet(acting(anna), anna, clock(), clock())


def test_the_page_and_the_api_say_the_same(
    clock: TravellingClock, hook: HttpPeer, django_assert_max_num_queries: Any
) -> None:
    anna = reachable(hook, "anna")
    for number in range(5):
        fires(make.policy((anna, 600)), f"Problem {number}")
    clock.advance(timedelta(seconds=1))
    client = client_of(anna)
    with django_assert_max_num_queries(40):
        page = client.get("/notifications/why").content.decode()
    said = client.get("/api/v1/notifications/why").json()
    assert page.count("Problem ") >= 5 and sum("Problem " in each["text"] for each in said) == 5
    assert "look it up" in client.get("/notifications").content.decode().lower()
    wrong = client.get("/notifications/why?start=2026-03-02T09:00&end=2026-03-01T09:00")
    assert wrong.status_code == 422
    assert "note" in b"".join(client.get("/notifications.csv").streaming_content).decode().splitlines()[0]


def test_quiet_hours_and_limits_by_page_and_api(clock: TravellingClock, hook: HttpPeer) -> None:
    anna = reachable(hook, "anna")
    client, method = client_of(anna), anna.contact_methods.get()
    client.post(reverse("contact-quiet-hours"), {"starts": "22:00", "ends": "07:00"})
    assert client.get("/api/v1/quiet-hours").json() == {"starts": "22:00", "ends": "07:00"}
    assert 'value="22:00"' in client.get("/me/contact").content.decode()
    answer = client.put("/api/v1/quiet-hours", {"starts": None, "ends": None}, content_type="application/json")
    assert answer.status_code == 200 and not QuietHours.objects.exists()
    for wrong in ({"starts": "22:00"}, {"starts": "25:00", "ends": "07:00"}, {"starts": "07:00", "ends": "07:00"}):
        assert client.put("/api/v1/quiet-hours", wrong, content_type="application/json").status_code == 422
    client.post(
        reverse("contact-act", args=[method.pk, "limit"]),
        {"limit_count": "3", "limit_seconds": "120", "collect_seconds": "20"},
    )
    (shown,) = client.get("/api/v1/contact-methods").json()
    assert (shown["limit_count"], shown["limit_seconds"], shown["collect_seconds"]) == (3, 120, 20)
    answer = client.put(f"/api/v1/contact-methods/{method.pk}/limit", {}, content_type="application/json")
    assert answer.json()["limit_count"] is None
    ben = make.person("ben")
    assert client_of(ben).put(
        f"/api/v1/contact-methods/{method.pk}/limit", {}, content_type="application/json"
    ).status_code == 404  # fmt: skip
    assert len(client.get("/api/v1/push-key").json()["key"]) == 87
