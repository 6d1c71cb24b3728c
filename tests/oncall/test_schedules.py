"""Schedules in the database: who may, what is refused, and that queries and rules agree."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import factories
from watchroom.accounts.actors import SYSTEM, acting
from watchroom.kernel.errors import Conflict, NotAllowed, Refused
from watchroom.oncall import commands, queries
from watchroom.oncall.models import Override, Schedule

pytestmark = pytest.mark.django_db
WEEKLY = {"name": "Weekly", "unit": "weeks", "length": 1, "starts_at": "2026-03-02T09:00"}
HOUR = timedelta(hours=1)


def test_from_the_form_to_whoever_is_on_call(clock: Any) -> None:
    team, (a, b) = factories.team(), (factories.person("A"), factories.person("B"))
    made = commands.save_schedule(
        SYSTEM,
        None,
        team=team,
        name="Pay",
        timezone="Europe/Berlin",
        rotations=[WEEKLY | {"members": [[a.pk], [b.pk]]}],
    )
    assert queries.who(made, datetime(2026, 3, 2, 7, 59, tzinfo=UTC)) == []
    assert queries.who(made, datetime(2026, 3, 2, 8, 0, tzinfo=UTC)) == [a]
    assert queries.who(made, datetime(2026, 3, 9, 8, 0, tzinfo=UTC)) == [b]
    first = queries.shifts(made, clock(), clock() + timedelta(days=8))[0]
    assert (first.person, first.ends_at) == (a.pk, datetime(2026, 3, 9, 8, 0, tzinfo=UTC))
    now = queries.overview(clock(), [made])[0]
    assert now.people == [a] and now.until == datetime(2026, 3, 9, 8, 0, tzinfo=UTC) and now.following == [b]


def test_an_override_counts_while_it_lasts(clock: Any) -> None:
    a, b, c = (factories.person(name) for name in "ABC")
    made = factories.schedule(people=(a, b))
    began = clock.advance(timedelta(days=1))
    override = commands.add_override(SYSTEM, made, person=c, starts_at=began - HOUR, ends_at=began + 2 * HOUR)
    assert override.starts_at == began  # what has passed is written down, and no override changes it
    assert queries.who(made, began) == [c] and queries.who(made, began - timedelta(minutes=1)) == [a]
    assert queries.who(made, began + 2 * HOUR) == [a]
    clock.advance(HOUR)
    commands.remove_override(SYSTEM, override)
    assert queries.who(made, clock()) == [a]
    assert queries.who(made, clock() - timedelta(minutes=1)) == [c]  # the past stays as it was
    with pytest.raises(Refused):
        commands.remove_override(SYSTEM, Override.objects.get())


def test_cover_me_replaces_one_person_only(clock: Any) -> None:
    a, b, c = (factories.person(name) for name in "ABC")
    made = commands.save_schedule(
        SYSTEM, None, team=factories.team(), name="Two", rotations=[WEEKLY | {"members": [[a.pk, b.pk]]}]
    )
    commands.add_override(
        acting(factories.person(role="responder")),
        made,
        person=c,
        replaces=a,
        starts_at=clock(),
        ends_at=clock() + HOUR,
    )
    assert set(queries.who(made, clock())) == {b, c}


def test_somebody_who_has_left_is_not_on_call(clock: Any) -> None:
    gone, here = factories.person(is_active=False), factories.person()
    made = commands.save_schedule(
        SYSTEM,
        None,
        team=factories.team(),
        name="X",
        rotations=[
            WEEKLY | {"members": [[gone.pk]], "precedence": 1},
            WEEKLY | {"name": "Below", "members": [[here.pk]]},
        ],
    )
    assert queries.who(made, clock()) == [here]
    assert queries.plan_of(made, clock(), clock() + HOUR).unreachable == {gone.pk}


def test_many_schedules_take_a_constant_number_of_queries(
    clock: Any, django_assert_num_queries: Callable[..., Any]
) -> None:
    for _ in range(10):
        factories.schedule(people=(factories.person(), factories.person()))
    schedules = list(Schedule.objects.select_related("team"))
    with django_assert_num_queries(7):
        assert all(queries.on_call_now(clock(), schedules).values())
    with django_assert_num_queries(7):
        assert all(row.people and row.until for row in queries.overview(clock(), schedules))


def test_who_may(clock: Any) -> None:
    team, person = factories.team(), factories.person()
    for role in ("viewer", "responder"):
        with pytest.raises(NotAllowed):
            commands.save_schedule(factories.actor(role=role), None, team=team, name="X")
    manager = factories.person()
    factories.membership(team, manager, "manager")
    made = commands.save_schedule(acting(manager), None, team=team, name="X")
    with pytest.raises(NotAllowed):
        commands.save_schedule(acting(manager), factories.schedule(), team=team, name="Taken")
    span = {"person": person, "starts_at": clock(), "ends_at": clock() + HOUR}
    with pytest.raises(NotAllowed):
        commands.add_override(factories.actor(role="viewer"), made, **span)
    override = commands.add_override(factories.actor(role="responder"), made, **span)
    with pytest.raises(NotAllowed):
        commands.remove_override(factories.actor(role="viewer"), override)
    with pytest.raises(NotAllowed):
        commands.delete_schedule(factories.actor(role="responder"), made)
    commands.delete_schedule(acting(manager), made)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"unit": "years"}, "unit"),
        ({"length": 0}, "length"),
        ({"length": "x"}, "length"),
        ({"starts_at": "soon"}, "starts_at"),
        ({"starts_at": "2026-03-02T09:00+01:00"}, "starts_at"),
        ({"members": []}, "members"),
        ({"members": [[999_999]]}, "members"),
        ({"members": "x"}, "members"),
        ({"until": "2026-03-02T09:00"}, "until"),
        ({"restrictions": [{"start": "9"}]}, "restrictions[0].start"),
        ({"precedence": -1}, "precedence"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_rotation_that_is_refused_names_its_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        commands.save_schedule(
            SYSTEM,
            None,
            team=factories.team(),
            name="X",
            rotations=[WEEKLY | {"members": [[factories.person().pk]]} | change],
        )
    assert refused.value.field == f"rotations[0].{field}"
    assert not Schedule.objects.exists()


def test_overrides_that_make_no_sense(clock: Any) -> None:
    made, kim, gone = factories.schedule(), factories.person(), factories.person(is_active=False)
    now = clock()
    for person, start, end, replaces in (
        (kim, now, now, None),
        (kim, now - 2 * HOUR, now - HOUR, None),
        (kim, now, now + timedelta(days=400), None),
        (gone, now, now + HOUR, None),
        (kim, now, now + HOUR, kim),
    ):
        with pytest.raises(Refused):
            commands.add_override(SYSTEM, made, person=person, starts_at=start, ends_at=end, replaces=replaces)


def test_a_schedule_that_a_policy_uses_stays() -> None:
    made = factories.schedule()
    factories.policy((made, 60), name="Wake them")
    with pytest.raises(Conflict, match="Wake them"):
        commands.delete_schedule(SYSTEM, made)


def test_who_is_on_call_is_read_page_by_page_and_by_team_schedule_and_person(
    clock: Any, client: Any, django_assert_max_num_queries: Any
) -> None:
    a, b, c = (factories.person(name, "responder") for name in "ABC")
    pay, shop = factories.team("Pay", slug="pay"), factories.team("Shop", slug="shop")
    for number in range(3):
        factories.schedule(people=(a, b), team=pay, slug=f"pay-{number}")
    clock.to(datetime(2026, 3, 3, 12, tzinfo=UTC))  # a's week
    last = factories.schedule(people=(c,), team=shop, slug="shop")
    client.force_login(a)

    def read(**query: Any) -> Any:
        with django_assert_max_num_queries(20):
            answer = client.get("/api/v1/on-call", query)
        assert answer.status_code == 200, answer.content
        return answer.json()

    def slugs(**query: Any) -> list[str]:
        return [each["schedule"] for each in read(**query)["items"]]

    now_with = {person.name: set(slugs(person=person.email)) for person in (a, b, c)}
    on_call = "A" if now_with["A"] else "B"
    assert now_with == {"A": set(), "B": set(), "C": {"shop"}} | {on_call: {"pay-0", "pay-1", "pay-2"}}
    for number in range(52):
        factories.schedule(people=(c,), team=shop, slug=f"more-{number}")
    first = read()  # never all of thousands at once
    assert len(first["items"]) == 50
    second = read(cursor=first["next_cursor"], at=first["at"])
    assert len(second["items"]) == 6 and second["next_cursor"] is None
    assert len({each["schedule"] for each in first["items"] + second["items"]}) == 56
    Schedule.objects.filter(slug__startswith="more-").delete()
    first = read(limit=2)
    assert [each["schedule"] for each in first["items"]] == ["pay-0", "pay-1"]
    second = read(limit=2, cursor=first["next_cursor"])
    assert [each["schedule"] for each in second["items"]] == ["pay-2", "shop"] and second["next_cursor"] is None
    assert slugs(team="shop") == ["shop"] and slugs(schedule="pay-1") == ["pay-1"] and len(slugs(team="pay")) == 3
    assert client.get("/api/v1/on-call?team=none").status_code == 404
    assert client.get("/api/v1/on-call?cursor=x").status_code == 422
    # Of a time that has passed it is said who was, also after they have left the rotation.
    was = clock()
    clock.advance(timedelta(days=1))
    commands.save_schedule(SYSTEM, last, team=shop, name=last.name, rotations=[WEEKLY | {"members": [[b.pk]]}])
    assert slugs(person=c.email, at=was.isoformat()) == ["shop"] and slugs(person=c.email) == []
    rows = client.get("/schedules?team=" + str(shop.pk)).context["rows"]
    assert [row.schedule.slug for row in rows] == ["shop"]
    assert "No schedule is like that" in client.get("/schedules?q=nothing-like-it").content.decode()
