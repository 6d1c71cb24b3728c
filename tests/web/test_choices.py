"""Forms hold what is chosen, and find the rest as somebody types: with thousands of schedules, people and runbooks, too."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

import factories as make
from watchroom.accounts.models import Person, Team
from watchroom.catalog.models import Service
from watchroom.evidence.models import Connection, Indicator
from watchroom.mitigations.models import Mitigation
from watchroom.oncall.models import Schedule
from watchroom.paging import commands as paging
from watchroom.paging.models import EscalationPolicy
from watchroom.runbooks import commands as runbooks
from watchroom.runbooks.models import Runbook
from web.asking import page

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
MANY = 400


@pytest.fixture
def ada(db: None) -> Client:
    from watchroom.accounts.models import Installation
    from watchroom.kernel import clock

    Installation.objects.update_or_create(pk=1, defaults={"set_up_at": clock.now()})
    client = Client()
    client.force_login(make.person("Ada", "administrator"), BACKEND)
    return client


@pytest.fixture
def many(ada: Client) -> Team:
    team = make.team("Shop", slug="shop")
    numbers = range(MANY)
    Schedule.objects.bulk_create(Schedule(team=team, name=f"Rota {n:05}", slug=f"rota-{n:05}") for n in numbers)
    EscalationPolicy.objects.bulk_create(
        EscalationPolicy(team=team, name=f"Policy {n:05}", slug=f"policy-{n:05}") for n in numbers
    )
    Person.objects.bulk_create(Person(name=f"Person {n:05}", email=f"p{n:05}@example.org", role=1) for n in numbers)
    Service.objects.bulk_create(Service(team=team, name=f"Service {n:05}", slug=f"service-{n:05}") for n in numbers)
    Mitigation.objects.bulk_create(
        Mitigation(team=team, name=f"Fail over {n:05}", slug=f"fail-over-{n:05}", how="x") for n in numbers
    )
    return team


def values(client: Client, name: str, q: str) -> list[str]:
    return [each["value"] for each in client.get(f"/choices/{name}.json", {"q": q}).json()]


def test_the_form_of_a_policy_holds_only_what_is_chosen(ada: Client, many: Team) -> None:
    new, asked = page(ada, "/policies/new")
    assert len(new) < 80_000 and asked <= 14
    rota = Schedule.objects.get(slug="rota-00300")
    steps = [{"wait_seconds": 60, "targets": [{"schedule": rota.pk, "who": "next"}, {"person": Person.objects.get(email="p00007@example.org").pk}, {"role": "commander"}, {"mitigation": "fail-over-00009"}]}]  # fmt: skip
    policy = paging.save_policy(make.actor("Bob"), None, team=many, name="Ours", steps=steps)
    form, asked = page(ada, f"/policies/{policy.slug}/edit")
    assert len(form) < 80_000 and asked <= 20
    for words in (
        "Next on call in Rota 00300",
        "Person 00007",
        "Commander of the incident",
        "Fail over 00009 (low risk)",
    ):
        assert f"selected>{words}</option>" in form
    whole, _ = page(ada, f"/policies/{policy.slug}/edit?choices=all")
    assert whole.count("<option") > 5 * MANY


def test_the_form_of_a_runbook_holds_only_what_is_chosen(ada: Client, many: Team) -> None:
    asked_of = Connection.objects.create(
        team=many, name="Prometheus", slug="prometheus", kind="prometheus", settings={}
    )
    service = Service.objects.get(slug="service-00003")
    Indicator.objects.create(service=service, connection=asked_of, name="Errors", expression="up", kind="custom")
    steps = [
        {"part": "confirm", "kind": "look", "title": "Look", "indicator": "service-00003/Errors"},
        {"part": "mitigate", "kind": "run", "title": "Run", "mitigation": "fail-over-00009"},
        {"part": "call", "kind": "call", "title": "Call", "target": "schedule:rota-00004"},
        {"part": "call", "kind": "call", "title": "Call them", "target": "team:gone"},
    ]
    gone = make.team("Gone", slug="gone")
    runbook = runbooks.save_runbook(make.actor("Bob"), None, team=many, name="Ours", steps=steps)
    gone.delete()
    form, asked = page(ada, f"/runbooks/{runbook.slug}/edit")
    assert len(form) < 80_000 and asked <= 22
    for words in ("Service 00003: Errors", "Fail over 00009 (low risk)", "On call in Rota 00004", "team:gone (gone)"):
        assert f"selected>{words}</option>" in form
    whole, _ = page(ada, f"/runbooks/{runbook.slug}/edit?choices=all")
    assert whole.count("<option") > 4 * MANY


def test_what_is_typed_is_found(ada: Client, many: Team) -> None:
    rota = Schedule.objects.get(slug="rota-00300")
    assert values(ada, "targets", "rota 00300") == [
        f"{kind}:{rota.pk}" for kind in ("schedule", "schedule/next", "schedule/all")
    ]
    assert values(ada, "targets", "next 00300")[0] == f"schedule/next:{rota.pk}"
    assert values(ada, "targets", "commander") == ["role:commander"]
    assert values(ada, "targets", "p00012@") == [f"person:{Person.objects.get(email='p00012@example.org').pk}"]
    anything = values(ada, "targets", "")
    assert len(anything) == 30 and {each.partition(":")[0] for each in anything} == {"schedule", "schedule/next", "schedule/all", "person", "team", "role"}  # fmt: skip
    assert values(ada, "called", "00300") == ["schedule:rota-00300", "policy:policy-00300", "person:p00300@example.org"]
    assert values(ada, "called", "everybody shop") == ["team:shop"]
    assert values(ada, "mitigations", "over 00009") == ["fail-over-00009"]
    assert len(values(ada, "mitigations", "fail")) == 30
    steps = [{"part": "mitigate", "kind": "run", "title": "Run", "mitigation": "fail-over-00009"}]
    runbooks.save_runbook(make.actor("Bob"), None, team=many, name="Disk full", steps=steps)
    runbooks.save_runbook(make.actor("Bob2"), None, team=many, name="Empty")
    key = Runbook.objects.get(slug="disk-full").versions.get().steps[0]["key"]
    assert values(ada, "proposable", "disk") == ["disk-full", f"disk-full/{key}"]
    assert values(ada, "proposable", "empty") == []


@pytest.mark.parametrize(
    "name", ["targets", "called", "mitigations", "indicators", "proposable", "own-teams", "own-scenarios"]
)
def test_nobody_who_is_not_signed_in_is_offered_anything(many: Team, name: str) -> None:
    assert Client().get(f"/choices/{name}.json").status_code in (302, 401)


def test_each_answer_takes_a_handful_of_questions(ada: Client, many: Team, django_assert_max_num_queries: Any) -> None:
    for name in ("targets", "called", "mitigations", "indicators", "proposable"):
        with django_assert_max_num_queries(10):
            ada.get(f"/choices/{name}.json", {"q": "0"})
