"""Runbooks are named where they are needed: in a page's message, on the alert's page; and their owners are asked whether they
are still right."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

import factories as make
from watchroom.accounts.actors import SYSTEM, acting
from watchroom.engine.loop import run_due
from watchroom.intake.commands.lifecycle import start_paging
from watchroom.intake.models import AlertGroup
from watchroom.intake.summing import own_words_of
from watchroom.kernel.clock import TravellingClock
from watchroom.paging.models import Escalation, Notification
from watchroom.runbooks import commands, duties
from watchroom.runbooks.models import Runbook
from watchroom.runbooks.rules.reviews import morning

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
pytestmark = pytest.mark.django_db
STEP = {"part": "confirm", "title": "Look"}


def runbook(name: str = "It is slow", **said: Any) -> Runbook:
    return commands.save_runbook(SYSTEM, None, **{"team": make.team(), "name": name, "steps": [STEP], **said})


def lines(group: AlertGroup) -> list[str]:
    return own_words_of([group]).get(group.pk, [])


def test_a_message_names_the_runbook_that_fits_best(configured: Any) -> None:
    configured(WATCHROOM_URL="https://watch.example.org")
    service = make.service()
    group = make.group("Slow", service=service, group_labels={"alertname": "Slow"})
    alert = make.alert(group, labels={"alertname": "Slow", "pod": "a"}, annotations={"description": "It is."})
    assert lines(group) == ["It is."]
    runbook("For the service", services=[service])
    runbook("For another", services=[make.service()])
    runbook("For nothing")
    runbook("Without steps", services=[service], matchers=['pod="a"'], steps=[])
    assert lines(group) == ["It is.", "Runbook: For the service, https://watch.example.org/runbooks/for-the-service"]
    runbook("For the pod", services=[service], matchers=['pod="a"'])
    assert lines(group)[-1] == "Runbook: For the pod, https://watch.example.org/runbooks/for-the-pod"
    alert.annotations = {"runbook_url": "https://wiki.example.org/slow"}
    alert.save()
    assert lines(group) == ["Runbook: https://wiki.example.org/slow"]
    many = make.group("Slow", service=service, group_labels={"alertname": "Slow"}, firing=2)
    assert lines(many) == ["Runbook: For the service, https://watch.example.org/runbooks/for-the-service"]
    start_paging([many])
    assert "\nRunbook: For the service, https://" in Escalation.objects.get(subject_id=many.pk).body


def test_a_batch_asks_once(django_assert_num_queries: Any) -> None:
    groups = []
    for number in range(5):
        groups.append(make.group(f"G {number}", service=make.service(), group_labels={"alertname": "Slow"}))
        make.alert(groups[-1])
    with django_assert_num_queries(2):
        assert own_words_of(groups) == {group.pk: [] for group in groups}
    runbook("For all", matchers=['alertname="Slow"'])
    with django_assert_num_queries(2):
        found = own_words_of(groups)
    assert all(said[0].startswith("Runbook: For all, ") for said in found.values())


def test_ours_come_first_on_the_alerts_page(client: Any) -> None:
    service = make.service()
    group = make.group("Slow", service=service)
    make.alert(group, annotations={"runbook_url": "https://wiki.example.org/slow"})
    client.force_login(make.person(role="responder"), backend=BACKEND)
    page = client.get(f"/alerts/{group.pk}").content.decode()
    assert "https://wiki.example.org/slow" in page and "/runbooks/" not in page.replace('href="/runbooks"', "")
    runbook(services=[service])
    page = client.get(f"/alerts/{group.pk}").content.decode()
    assert page.index(f'href="/runbooks/it-is-slow?alert={group.pk}"') < page.index("https://wiki.example.org/slow")
    assert "Runbook: It is slow" in page and "Runbook: wiki.example.org" in page


def test_its_owner_is_asked_once_in_the_morning_whether_it_is_still_right(clock: TravellingClock) -> None:
    owner = make.person("Vera", timezone="Asia/Tokyo")
    make.contact_method(owner)
    row = runbook(owner=owner, review_days=30)
    clock.advance(timedelta(days=29))
    assert not duties.remind()
    clock.advance(timedelta(days=3))
    run_due()
    told = Notification.objects.get(purpose="reminder")
    assert (told.person, told.path, told.urgency) == (owner, "/runbooks/it-is-slow", "low")
    row.refresh_from_db()
    assert row.remind_at is None and duties.next_due() is None
    commands.save_runbook(SYSTEM, row, team=row.team, name="Another name", slug=row.slug, owner=owner, review_days=30)
    row.refresh_from_db()
    assert row.remind_at is None
    clock.advance(timedelta(days=40))
    run_due()
    assert Notification.objects.filter(purpose="reminder").count() == 1
    row = commands.review(acting(owner), row)
    assert row.remind_at == morning(clock() + timedelta(days=30), "Asia/Tokyo")
    clock.advance(timedelta(days=31))
    run_due()
    assert Notification.objects.filter(purpose="reminder").count() == 2


def test_the_managers_are_asked_where_it_has_no_owner(clock: TravellingClock) -> None:
    team, manager, left = make.team(), make.person("Mona"), make.person("Gone")
    make.membership(team, manager, "manager")
    make.membership(team, make.person("Rita"))
    make.contact_method(manager)
    row = runbook(team=team, owner=left, review_days=1)
    left.is_active = False
    left.save()
    clock.advance(timedelta(days=2))
    run_due()
    assert {each.person for each in Notification.objects.filter(purpose="reminder")} == {manager}
    commands.save_runbook(SYSTEM, row, team=team, name=row.name, review_days=None)
    assert duties.next_due() is None


def test_a_page_goes_out_without_its_line_rather_than_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    from watchroom.intake import hooks

    def broken(groups: Any) -> Any:
        raise ValueError("a matcher that nobody can read")

    monkeypatch.setattr(hooks, "_runbooks", [broken])
    assert hooks.runbooks_for([(1, None, {"alertname": "Slow"})]) == {}
