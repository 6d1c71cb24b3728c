"""Why somebody was paged, or nobody: the whole way, for pages, API and command line alike."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from django.test import Client

import factories as make
from peers.http import Answer, HttpPeer
from watchroom.accounts.actors import acting
from watchroom.accounts.models import Person
from watchroom.engine.loop import run_due
from watchroom.intake import commands
from watchroom.intake.models import AlertGroup, InhibitRule, MaintenanceWindow, Route, Silence
from watchroom.intake.why import Why, why
from watchroom.kernel.clock import TravellingClock

pytestmark = pytest.mark.django_db


def service_with(hook: HttpPeer, name: str = "Anna") -> Any:
    person = make.person(name, "responder")
    make.contact_method(person, settings={"url": f"{hook.url}/{name}", "secret": "a secret of sixteen letters"})
    policy = make.policy((person, 300), name="Checkout nights")
    return make.service("Checkout", team=policy.team, policy=policy), person


def fire(service: Any, **labels: str) -> AlertGroup:
    integration = make.integration(team=service.team, service=service, name="Prometheus Berlin")
    body = [{"labels": {"alertname": "Slow", "severity": "critical", **labels}, "endsAt": "2026-03-03T00:00:00Z"}]
    make.signal(integration, msgspec.json.encode(body))
    run_due()
    return AlertGroup.objects.latest("id")


def steps(found: Why) -> list[str]:
    return list(dict.fromkeys(each.step for each in found.reasons if not each.future))


def text(found: Why) -> str:
    return "\n".join(each.text for each in found.reasons)


def test_a_page_is_explained_from_the_sender_to_the_phone(clock: TravellingClock, hook: HttpPeer) -> None:
    service, _ = service_with(hook)
    Route.objects.create(name="Nights", matchers=['severity="critical"'])
    found = why(fire(service))
    assert "Anna" in found.answer and "told first" in found.answer
    assert set(steps(found)) == {"arrived", "routed", "grouped", "policy", "urgency", "paged"}
    for said in (
        "integration Prometheus Berlin", "everything else → Nights", "alertname=Slow",
        "“Checkout nights” (of the service Checkout)", "urgency high",
    ):  # fmt: skip
        assert said in text(found)
    assert any(each.future and each.step == "paged" for each in found.reasons)


def test_a_silence_explains_why_nobody_was_paged(clock: TravellingClock, hook: HttpPeer) -> None:
    service, _ = service_with(hook)
    commands.save_silence(
        make.actor(), None, matchers=["alertname=Slow"], ends_at=clock() + timedelta(hours=1), comment="new disks"
    )
    group = fire(service)
    found = why(group)
    assert found.answer == "Nobody was paged: it is held back by silence “new disks”."
    held = next(each for each in found.reasons if each.step == "held")
    assert held.link == f"/silences/{Silence.objects.get().pk}"
    clock.advance(timedelta(hours=1, seconds=1))
    run_due()
    run_due()
    group.refresh_from_db()
    assert "told first" in why(group).answer and "released" in steps(why(group))


def test_what_holds_it_after_something_else_held_it_is_told_too(clock: TravellingClock, hook: HttpPeer) -> None:
    service, _ = service_with(hook)
    group = fire(service)
    for comment, hours in (("new disks", 1), ("new racks", 3), ("shorter", 2)):
        commands.save_silence(
            make.actor(), None, matchers=["alertname=Slow"], ends_at=clock() + timedelta(hours=hours), comment=comment
        )
        run_due()
        run_due()
    group.refresh_from_db()
    held = [each.text for each in why(group).reasons if each.step == "held"]
    assert [text for text in held if "silence" in text] == [
        "Held back by silence: new disks: it pages nobody meanwhile.",
        "Held back by silence: new racks: it pages nobody meanwhile.",
    ]


def test_a_repeat_that_is_to_come_says_when_it_will_page(clock: TravellingClock, hook: HttpPeer) -> None:
    service, person = service_with(hook)
    Route.objects.create(name="Nights", matchers=['severity="critical"'], repeat_interval_seconds=600)
    group = fire(service)
    assert "If nobody is being paged by then" in text(why(group))  # the policy goes on by itself
    commands.acknowledge(acting(person), group)
    group.refresh_from_db()
    assert "If it still fires, it is brought up again (repeat interval 600 s)." in text(why(group))


def test_failures_and_early_answers_are_told_apart(clock: TravellingClock, hook: HttpPeer) -> None:
    service, anna = service_with(hook)
    hook.answer(Answer(410))
    group = fire(service)
    assert why(group).answer == "Nobody was reached: every message failed."
    Route.objects.create(name="Patient", matchers=["host=b"], group_wait_seconds=60)
    patient = fire(service, host="b")
    assert why(patient).answer == "Nobody has been paged yet: its group wait is not over."
    commands.acknowledge(acting(anna), patient)
    patient.refresh_from_db()
    assert why(patient).answer == "Nobody was paged: somebody had acknowledged it before."
    assert "Acknowledged by Anna" in text(why(patient))


def test_everybody_hears_what_became_of_them(clock: TravellingClock, hook: HttpPeer) -> None:
    service, anna = service_with(hook)
    ben, cora = make.person("Ben", "responder"), make.person("Cora", "responder")
    for person in (ben, cora):
        make.contact_method(person, settings={"url": f"{hook.url}/{person}", "secret": "a secret of sixteen letters"})
    service.policy = make.policy((anna, 300), (ben, 300), name="Both")
    service.save()

    def you(person: Person) -> str:
        found = why(AlertGroup.objects.get(pk=group.pk), acting(person)).you
        assert found is not None
        return found.text

    group = fire(service)
    assert you(anna).startswith("You were paged by ")
    assert you(ben) == "You have not been paged yet: your turn comes then, unless somebody answers."
    assert you(cora) == "You were not paged: you stood in no step of “Both” when it began."
    commands.acknowledge(acting(anna), group)
    assert you(ben) == "You stand in step 2 of “Both”, to which it did not come: acknowledged."
    assert why(group).you is None
    hook.answer(Answer(410))
    service.policy = make.policy((cora, 300), name="Cora alone")
    service.save()
    group = fire(service, alertname="Other")
    assert you(cora).startswith("You were to be paged, but no message reached you")
    commands.save_silence(
        make.actor(), None, matchers=["alertname=Third"], ends_at=clock() + timedelta(hours=1), comment="new disks"
    )
    group = fire(service, alertname="Third")
    assert "held back" in you(cora) or you(cora) == "You were not paged, and nobody else was."


def test_without_a_policy_it_says_so(clock: TravellingClock, hook: HttpPeer) -> None:
    service, _ = service_with(hook)
    service.policy = None
    service.save()
    found = why(fire(service), acting(make.person("Cora", "responder"))).you
    assert found is not None and found.text.startswith("You were not paged: no policy says whom to page")


def test_each_hold_leads_to_its_rule(clock: TravellingClock, hook: HttpPeer) -> None:
    service, anna = service_with(hook)
    by = make.actor()
    commands.save_inhibition(
        by, None, name="down", source_matchers=["alertname=Down"], target_matchers=["alertname=Victim"]
    )
    fire(service, alertname="Down")

    def held(name: str) -> tuple[str, str]:
        group = fire(service, alertname=name)
        found = why(group, acting(anna))
        assert found.you is not None
        browser = Client()
        browser.force_login(anna, backend="allauth.account.auth_backends.AuthenticationBackend")
        link = next(each.link for each in found.reasons if each.step == "held")
        assert f'href="{link}"' in browser.get(f"/alerts/{group.pk}").content.decode()
        assert browser.get(link).status_code == 200
        return link, found.you.link

    rule = f"/inhibit-rules/{InhibitRule.objects.get().pk}"
    assert held("Victim") == (rule, rule)
    commands.save_maintenance(
        by,
        None,
        team=service.team,
        title="Disks",
        services=[service],
        starts_at=clock(),
        ends_at=clock() + timedelta(hours=1),
    )
    window = f"/maintenance/{MaintenanceWindow.objects.get().pk}"
    assert held("Third") == (window, window)


def test_whoever_has_no_way_to_be_reached_is_told_that(clock: TravellingClock, hook: HttpPeer) -> None:
    """It said that they stood in no step, although the last resort had asked them."""
    service, anna = service_with(hook)
    root = make.person("Root", "administrator")
    service.policy = make.policy((root, 300), (anna, 300), name="Root first")
    service.save()
    for policy, turn in ((service.policy, "in your turn"), (None, "as a last resort")):
        service.policy = policy
        service.save()
        found = why(fire(service, alertname=turn), acting(root)).you
        assert found is not None
        assert found.text == f"You were to be paged {turn}, but no way to reach you was set up for this."
        assert found.link == "/me/contact"


def test_where_no_route_and_no_policy_is_it_leads_to_where_one_is_given(clock: TravellingClock, hook: HttpPeer) -> None:
    make.person("Root", "administrator")
    service = make.service("Search", team=make.team())
    found = why(fire(service))
    assert (
        next(each.link for each in found.reasons if "No escalation policy" in each.text) == f"/services/{service.slug}"
    )


def test_changed_routes_are_pointed_out(clock: TravellingClock, hook: HttpPeer) -> None:
    service, _ = service_with(hook)
    group = fire(service)
    assert "Since then" not in text(why(group))
    Route.objects.create(name="New", matchers=["alertname=Slow"])
    assert "today it would go everything else → New" in text(why(group))


def test_the_page_and_the_api_say_the_same(clock: TravellingClock, hook: HttpPeer) -> None:
    service, anna = service_with(hook)
    group = fire(service)
    browser = Client()
    browser.force_login(anna, backend="allauth.account.auth_backends.AuthenticationBackend")
    page = browser.get(f"/alerts/{group.pk}/why").content.decode()
    assert "Checkout nights" in page and f"/alerts/{group.pk}" in page
    assert f"/alerts/{group.pk}/why" in browser.get(f"/alerts/{group.pk}").content.decode()
    said = browser.get(f"/api/v1/alert-groups/{group.pk}/why").json()
    assert said["answer"] == why(group).answer
    assert said["you"]["text"].startswith("You were paged by ") and said["you"]["text"] in page
    assert [each["text"] for each in said["reasons"]] == [each.text for each in why(group).reasons]


def test_alerts_that_say_the_same_are_told_once(clock: TravellingClock) -> None:
    group = make.group("Disks fill up", integration=make.integration())
    for title in ("Disk full", "Disk full", "Disk gone"):
        make.alert(group, title)
    arrived = [reason.text for reason in why(group).reasons if reason.step == "arrived"]
    assert [text.partition("”")[0] for text in arrived] == ["“Disk full", "“Disk gone"]
    assert "as 2 alerts" in arrived[0] and "told" not in arrived[0]


def test_its_cost_does_not_grow_with_the_group(
    clock: TravellingClock, hook: HttpPeer, django_assert_max_num_queries: Any
) -> None:
    service, _ = service_with(hook)
    group = fire(service)
    integration = make.integration(team=service.team, service=service)
    alerts = [{"labels": {"alertname": "Slow", "severity": "critical", "host": str(n)}} for n in range(50)]
    make.signal(integration, msgspec.json.encode(alerts))
    run_due()
    group.refresh_from_db()
    with django_assert_max_num_queries(23):
        why(group)


def test_what_a_provider_said_is_told_where_the_delivery_may_be_seen(clock: TravellingClock, hook: HttpPeer) -> None:
    service, anna = service_with(hook)
    hook.answer(Answer(410, {"error": "no such hook"}))
    group = fire(service)
    assert group.escalations.get().notifications.get().state == "failed"
    for person, told in ((make.person("Vic", "viewer"), False), (anna, True), (make.actor().person, True)):
        browser = Client()
        browser.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
        for path in ("/alerts/{}", "/alerts/{}/why", "/api/v1/alert-groups/{}", "/api/v1/alert-groups/{}/why"):
            answer = browser.get(path.format(group.pk))
            assert answer.status_code == 200
            assert ("no such hook" in answer.content.decode()) is told, (path, str(person))
