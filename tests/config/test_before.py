"""Recurring practice and what is put off, in the configuration file."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import yaml

import factories as make
from watchroom.accounts.actors import SYSTEM
from watchroom.accounts.models import Team
from watchroom.config.carry_out import apply, preview
from watchroom.config.current import read
from watchroom.config.text import dump, parse
from watchroom.drills.commands.recurring import plan_next
from watchroom.drills.models import Drill, PracticePlan
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Refused
from watchroom.readiness import commands as readiness
from watchroom.readiness.models import Lack

pytestmark = pytest.mark.django_db

BEGIN = """
version: 1
people: [{email: ada@example.org, name: Ada}, {email: bob@example.org, name: Bob}]
teams: [{slug: shop, name: Shop, members: [{email: ada@example.org, role: responder}, {email: bob@example.org, role: manager}]}]
services: [{slug: checkout, name: Checkout, team: shop, tier: 1}]
scenarios:
  - {slug: slow, name: Slow, team: shop, injects: [{kind: alert, title: Slow, minutes: 0}]}
"""
FILE = (
    BEGIN
    + """
practice:
  - {team: shop, weeks: 4, next_at: "2026-03-20T08:00:00Z", timezone: Europe/Berlin, facilitators: [bob@example.org, ada@example.org], scenario: slow}
put_offs:
  - {team: shop, lack: "service.runbook:checkout", until: 2026-05-01, reason: Being written}
  - {team: shop, lack: "practice:", until: 2026-04-01, reason: Planned}
  - {team: null, lack: "published:", until: 2026-04-02, reason: Next month}
"""
)


@pytest.fixture(autouse=True)
def _in_march(clock: TravellingClock) -> None:
    clock.to(datetime(2026, 3, 2, 9, tzinfo=UTC))


def document(text: str) -> Any:
    return parse(yaml.safe_load(text), "x.yaml")


def done(text: str, prune: bool = False) -> list[str]:
    return [str(step) for step in apply(SYSTEM, document(text), prune=prune)[0]]


def test_it_is_made_once_and_read_back() -> None:
    done(FILE)
    plan = PracticePlan.objects.get()
    assert (plan.weeks, plan.timezone, plan.pages, plan.scenario) == (4, "Europe/Berlin", "participants", plan.scenario)
    assert set(Lack.objects.exclude(put_off_until=None).values_list("key", "put_off_reason")) == {
        ("service.runbook:checkout", "Being written"), ("practice:", "Planned"), ("published:", "Next month"),
    }  # fmt: skip
    assert preview(document(FILE)) == []
    assert preview(document(dump(read())), prune=True) == []
    assert done(FILE, prune=True) == []


def test_the_time_goes_on_by_itself_and_is_no_change(clock: TravellingClock) -> None:
    done(FILE)
    clock.to(datetime(2026, 3, 14, 8, tzinfo=UTC))
    assert plan_next()
    assert Drill.objects.get().planned_for == datetime(2026, 3, 20, 8, tzinfo=UTC)
    assert PracticePlan.objects.get().next_at == datetime(2026, 4, 17, 7, tzinfo=UTC), "the clocks went forward"
    assert preview(document(FILE)) == [], "the next time of the file is planned already"
    clock.to(datetime(2026, 6, 1, tzinfo=UTC))
    assert [str(each) for each in preview(document(FILE)) if each.kind == "practice"] == []
    other = FILE.replace("2026-03-20T08", "2026-06-20T10")
    assert [each for each in done(other) if "practice" in each] == [
        '~ practice shop: next_at "2026-04-17T07:00:00Z" → "2026-06-20T10:00:00Z"'
    ]
    done(BEGIN + "practice: []\n", prune=True)
    assert not PracticePlan.objects.exists() and Drill.objects.count() == 1


def test_a_file_of_before_begins_where_it_would_be_now(clock: TravellingClock) -> None:
    clock.to(datetime(2026, 7, 1, tzinfo=UTC))
    done(FILE.partition("put_offs")[0])
    assert PracticePlan.objects.get().next_at == datetime(2026, 7, 10, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changed", "to", "says"),
    [
        ("weeks: 4", "weeks: 40", "less than or equal to 26"),
        ("[bob@example.org, ada@example.org]", "[]", "at least 1"),
        ("Europe/Berlin", "Europe/Nowhere", "timezone"),
        ("scenario: slow", "scenario: quick", "no scenarios entry 'quick'"),
        ("service.runbook:checkout", "service.runbok:checkout", "not a key of readiness"),
        ("service.runbook:checkout", "action:7", "it passes"),
        ("service.runbook:checkout", "person:eve@example.org", "no person with this address"),
        ("2026-05-01", "2027-05-01", "put off for good"),
        ("reason: Planned", 'reason: ""', "reason"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_done(changed: str, to: str, says: str) -> None:
    with pytest.raises(Refused) as refused:
        done(FILE.replace(changed, to))
    assert says in f"{refused.value.field} {refused.value} {refused.value.fix}"
    assert not Team.objects.exists()


def test_what_is_mended_or_has_come_back_is_left_alone(clock: TravellingClock) -> None:
    done(FILE)
    with_book = (
        FILE
        + "runbooks:\n  - {slug: b, name: B, team: shop, services: [checkout], steps: [{part: diagnose, kind: do, title: Look}]}\n"
    )
    done(with_book)
    team = Team.objects.get()
    readiness.look_at([team])
    assert preview(document(with_book)) == []
    assert "service.runbook:checkout" not in str(read()["put_offs"])
    clock.to(datetime(2026, 4, 1, 9, tzinfo=UTC))
    assert preview(document(with_book)) == [], "its day is there: it is lacking again, whatever the file says"
    assert list(read()["put_offs"]) == ["published: of the installation"]


def test_what_was_never_lacking_here_is_not_planned_again_and_again() -> None:
    with_book = (
        FILE
        + "runbooks:\n  - {slug: b, name: B, team: shop, services: [checkout], steps: [{part: diagnose, kind: do, title: Look}]}\n"
    )
    done(with_book)
    assert not Lack.objects.filter(key="service.runbook:checkout").exists()
    assert preview(document(with_book)) == []


def test_a_file_without_it_takes_it_up_only_with_prune(clock: TravellingClock) -> None:
    done(FILE)
    less = FILE.replace('  - {team: shop, lack: "practice:", until: 2026-04-01, reason: Planned}\n', "")
    assert done(less) == []
    assert done(less, prune=True) == ["- put_offs practice: of shop"]
    assert Lack.objects.get(key="practice:").put_off_until is None
    assert done(FILE.replace("reason: Next month", "reason: Soon")) == [
        "+ put_offs practice: of shop",
        '~ put_offs published: of the installation: reason "Next month" → "Soon"',
    ]


def test_people_are_named_by_address_and_what_passes_is_in_no_file() -> None:
    done(FILE)
    team, ada = Team.objects.get(), make.actor("Zoe")
    person = make.person("Nobody reaches")
    make.membership(team, person)
    make.service("Api", team=team, policy=make.policy(person, team=team))
    until = date(2026, 3, 2) + timedelta(days=30)
    readiness.put_off(ada, team, f"person:{person.pk}", until=until, reason="On holiday")
    assert f"person:{person.email} of shop" in read()["put_offs"]
    assert preview(document(dump(read())), prune=True) == []
    said = dump({"put_offs": read()["put_offs"]}).replace("On holiday", "Away")
    assert done(said) == [f'~ put_offs person:{person.email} of shop: reason "On holiday" → "Away"']
    assert done("put_offs: []", prune=True)[0].startswith("- put_offs")
    assert read()["put_offs"] == {}


def test_what_was_put_off_elsewhere_and_is_not_lacking_here_stands_in_nobodys_way() -> None:
    done(FILE.replace('"service.runbook:checkout"', '"silent:prometheus"'))
    assert len(read()["put_offs"]) == 2


def test_many_are_read_with_as_few_questions(django_assert_max_num_queries: Any) -> None:
    from watchroom.config.kinds import KINDS

    done(FILE)
    with django_assert_max_num_queries(6):
        assert len(KINDS["practice"].read()) == 1 and len(KINDS["put_offs"].read()) == 3
