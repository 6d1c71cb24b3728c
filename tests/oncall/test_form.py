"""A schedule built and changed by its form: several rotations, times of the week, and what it would be before it is saved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from django.test import Client

import factories
from watchroom.accounts.actors import SYSTEM
from watchroom.cli.main import cli
from watchroom.config.carry_out import apply
from watchroom.config.current import read
from watchroom.config.text import parse
from watchroom.oncall import commands, queries, rules
from watchroom.oncall.forms.hours import HoursField, parts_of
from watchroom.oncall.models import Schedule
from watchroom.oncall.rules.words import handoff_words, restriction_words, rotation_words

BASE = {
    "rotations-INITIAL_FORMS": "1",
    "rotations-MIN_NUM_FORMS": "0",
    "rotations-MAX_NUM_FORMS": "20",
    "rotations-TOTAL_FORMS": "1",
}


def _rotation(number: int, *turns: Any, **fields: str) -> dict[str, Any]:
    data: dict[str, Any] = {"name": "Weekly", "length": "1", "unit": "weeks", "precedence": "0", "until": ""}
    data |= {"starts_at": "2026-03-02T09:00", **fields}
    data |= {f"members-{place}": turn for place, turn in enumerate(turns)}
    return {f"rotations-{number}-{name}": value for name, value in data.items()}


@pytest.fixture
def team(clock: Any) -> Any:
    made = factories.team("Payments")
    people = [factories.person(name) for name in ("Anna", "Ben", "Cleo", "Dan", "Eva")]
    for person in people:
        factories.membership(made, person)
    mia = factories.person("Mia")
    factories.membership(made, mia, "manager")
    client = Client()
    client.force_login(mia, backend="allauth.account.auth_backends.AuthenticationBackend")
    return made, people, client


@pytest.mark.django_db
def test_five_people_by_the_week_and_a_second_rotation_for_nights(team: Any) -> None:
    made, people, client = team
    form = BASE | {"name": "Pay", "team": made.pk, "timezone": "Europe/Berlin"} | _rotation(0)
    filled = client.post("/schedules/new", form | {"fill": "0"})
    assert filled.status_code == 200 and not Schedule.objects.exists()
    names = filled.context["rotations"].forms[0]["members"].value()
    assert len(names) == 6 and filled.context["form"]["name"].value() == "Pay"
    assert "This field is required" not in filled.content.decode()

    form |= _rotation(0, *[person.pk for person in people])
    added = client.post("/schedules/new", form | {"add": "1"})
    second = added.context["rotations"].forms[1]
    assert second["precedence"].value() == 1  # so that it wins, and does not double the first
    assert second["starts_at"].value() == "2026-03-02T09:00"
    assert [turn[0] for turn in added.context["rotations"].forms[0]["members"].value()] == [str(p.pk) for p in people]

    form |= {"rotations-TOTAL_FORMS": "2", "rotations-INITIAL_FORMS": "2"}
    nights = {
        "restrictions-kind": "days",
        "restrictions-days": [*["monday", "tuesday", "wednesday", "thursday", "friday"]],
    }
    nights |= {"restrictions-start": "22:00", "restrictions-end": "06:00", "precedence": "1", "name": "Nights"}
    form |= _rotation(1, people[4].pk, **nights)
    seen = client.post("/schedules/new", form | {"preview": "1"})
    page = seen.content.decode()
    assert seen.status_code == 200 and not Schedule.objects.exists()
    assert "Hand-off every Monday at 09:00 (Europe/Berlin)" in page and "Mon to Fri 22:00 to 06:00 the next day" in page
    assert "Then it wins over Weekly." in page and "Somebody is on call at all times" in page
    # Neither the calendar nor a further rotation waits until everything else is filled in.
    assert 'id="draft" class="stack" hx-post="/schedules/new"' in page
    assert page.count("formnovalidate") == 3 + 2 * 2
    live = client.post("/schedules/new", form | {"name": ""}, HTTP_HX_REQUEST="true")  # while the name is still empty
    assert live.status_code == 200 and "it wins over Weekly" in live.content.decode()
    # One line is read out, in a place that stays: not the whole calendar at each change.
    assert '<p class="sr-only" role="status" id="draft-said"></p>' in page and "hx-swap-oob" not in page
    calendar, _, said = live.content.decode().partition('<div hx-swap-oob="innerHTML:#draft-said">')
    assert said.strip() == "The calendar is drawn again: somebody is on call at all times of the next 60 days.</div>"
    assert "aria-live" not in calendar and 'role="status"' not in calendar
    unfinished = client.post("/schedules/new", form | {"rotations-0-name": ""}, HTTP_HX_REQUEST="true")
    assert unfinished.content.decode().strip().endswith("A rotation that is not complete yet is left out.</div>")

    saved = client.post("/schedules/new", form | {"save": "1"})
    assert saved.headers["Location"] == "/schedules/pay"
    row = Schedule.objects.get()
    at = datetime.fromisoformat
    assert [each.name for each in queries.who(row, at("2026-03-03T12:00:00+01:00"))] == ["Anna"]
    assert [each.name for each in queries.who(row, at("2026-03-03T22:00:00+01:00"))] == ["Eva"]
    assert [each.name for each in queries.who(row, at("2026-03-10T05:59:00+01:00"))] == ["Eva"]
    assert [each.name for each in queries.who(row, at("2026-03-10T06:00:00+01:00"))] == ["Ben"]
    assert [each.name for each in queries.who(row, at("2026-03-07T23:00:00+01:00"))] == ["Anna"]  # Saturday

    edit = client.get("/schedules/pay/edit")
    hours = edit.context["rotations"].forms[0]  # the highest first
    assert hours["name"].value() == "Nights" and 'value="days" selected' in edit.content.decode()


@pytest.mark.django_db
def test_a_change_shows_who_gains_and_loses_before_it_is_saved(team: Any, django_assert_max_num_queries: Any) -> None:
    made, (anna, ben, *_), client = team
    weekly = {"name": "Weekly", "starts_at": "2026-03-02T09:00", "members": [[anna.pk], [ben.pk]]}
    row = commands.save_schedule(SYSTEM, None, team=made, name="Pay", timezone="UTC", rotations=[weekly])
    form = BASE | {"name": "Pay", "slug": "pay", "team": made.pk, "timezone": "UTC"}
    turned = form | _rotation(0, ben.pk, anna.pk)
    with django_assert_max_num_queries(30):
        seen = client.post("/schedules/pay/edit", turned | {"preview": "1"})
    moved = seen.context["moved"]
    assert [(gains, loses) for _, loses, gains in moved[:2]] == [([ben], [anna]), ([anna], [ben])]
    assert moved[0][0].starts_at == datetime.fromisoformat("2026-03-02T09:00:00+00:00")
    assert [each.name for each in queries.who(row, moved[0][0].starts_at)] == ["Anna"]  # nothing is saved
    same = client.post("/schedules/pay/edit", form | _rotation(0, anna.pk, ben.pk) | {"preview": "1"})
    assert "the same people are on call as now" in same.content.decode()
    gap = _rotation(0, anna.pk, until="2026-03-20T12:00")
    assert "Nobody is on call" in client.post("/schedules/pay/edit", form | gap | {"preview": "1"}).content.decode()

    answer = client.post(
        "/api/v1/schedules/pay/preview",
        {"rotations": [{"starts_at": "2026-03-02T09:00", "members": [[ben.pk], [anna.pk]]}]},
        content_type="application/json",
    )
    assert answer.status_code == 200, answer.content
    first = answer.json()["items"][0]
    assert ([who["name"] for who in first["loses"]], [who["name"] for who in first["gains"]]) == (["Anna"], ["Ben"])
    assert answer.json()["gaps"] == []


@pytest.mark.django_db
def test_an_override_says_what_it_would_change_and_that_it_changes_nothing(team: Any, clock: Any) -> None:
    made, (anna, ben, cleo, dan, _), client = team
    weekly = {"name": "Weekly", "starts_at": "2026-03-02T09:00", "members": [[anna.pk], [ben.pk]]}
    row = commands.save_schedule(SYSTEM, None, team=made, name="Pay", timezone="UTC", rotations=[weekly])
    span = {"starts_at": f"{clock():%Y-%m-%dT%H:%M}", "ends_at": f"{clock() + timedelta(hours=2):%Y-%m-%dT%H:%M}"}
    wrong = {"person": cleo.pk, "replaces": ben.pk, "reason": "", **span}  # Ben is not on call now
    seen = client.post("/schedules/pay/overrides/preview", wrong).content.decode()
    assert "Nothing would change" in seen
    right = wrong | {"replaces": anna.pk}
    seen = client.post("/schedules/pay/overrides/preview", right).content.decode()
    assert "<strong>Cleo</strong> instead of Anna" in seen and not row.overrides.exists()
    assert "What would change" not in client.post("/schedules/pay/overrides/preview", {"person": ""}).content.decode()
    told = client.post("/schedules/pay/overrides", wrong, follow=True).content.decode()
    assert "it changes nothing: Ben is not on call then." in told
    told = client.post("/schedules/pay/overrides", right, follow=True).content.decode()
    assert "Cleo takes over." in told and queries.who(row, clock()) == [cleo]
    factories.person("Root", "administrator")  # as whom the command acts
    asked = ["override", "pay", str(dan.pk), "--to", (clock() + timedelta(hours=1)).isoformat()]
    seen = CliRunner().invoke(cli, ["oncall", *asked, "--instead-of", str(ben.pk), "--preview"])
    assert seen.exit_code == 0, seen.output
    assert "Nothing would change" in seen.output
    seen = CliRunner().invoke(cli, ["oncall", *asked, "--preview"])
    assert "Dan" in seen.output and "Cleo" in seen.output and queries.who(row, clock()) == [cleo]
    # Whoever has a shift ahead finds just that shift in the form.
    ben_client = Client()
    ben_client.force_login(ben, backend="allauth.account.auth_backends.AuthenticationBackend")
    form = ben_client.get("/schedules/pay").context["form"]
    assert (form["replaces"].value(), form.initial["starts_at"]) == (ben.pk, datetime(2026, 3, 9, 9, tzinfo=UTC))


@pytest.mark.django_db
def test_an_end_is_by_the_clock_of_the_schedule(team: Any) -> None:
    made, (anna, *_), client = team
    form = BASE | {"name": "Pay", "team": made.pk, "timezone": "Asia/Tokyo"}
    client.post("/schedules/new", form | _rotation(0, anna.pk, until="2026-03-20T09:00"))
    rotation = Schedule.objects.get().rotations.get()
    assert rotation.until == datetime.fromisoformat("2026-03-20T00:00:00+00:00")
    assert 'value="2026-03-20T09:00"' in client.get("/schedules/pay/edit").content.decode()
    # A file tells it, too, and applying a change leaves it alone.
    exported = read()["schedules"]["pay"]
    assert exported["rotations"][0]["until"] == "2026-03-20T00:00:00Z"
    wanted = {"version": 1, "schedules": [exported | {"description": "Changed"}]}
    apply(factories.actor(), parse(wanted, "file"))
    assert Schedule.objects.get().description == "Changed"
    assert Schedule.objects.get().rotations.get().until == rotation.until
    assert apply(factories.actor(), parse(wanted, "file"))[0] == []
    del exported["rotations"][0]["until"]
    apply(factories.actor(), parse(wanted, "file"))
    assert Schedule.objects.get().rotations.get().until is None


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("wrong", "field", "said"),
    [
        ({"rotations-0-members-0": ""}, "members", "Choose at least one person."),
        ({"rotations-0-restrictions-kind": "days"}, "restrictions", "Choose at least one day"),
        ({"rotations-0-starts_at": ""}, "starts_at", "required"),
        ({"rotations-0-length": "0"}, "length", "greater than or equal to 1"),
        ({"rotations-0-shadows-0": "", "rotations-0-shadows-1": "1"}, "shadows", "turns that do not exist"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(team: Any, wrong: dict[str, Any], field: str, said: str) -> None:
    made, (anna, *_), client = team
    form = BASE | {"name": "Pay", "team": made.pk, "timezone": "UTC"} | _rotation(0, anna.pk) | wrong
    answer = client.post("/schedules/new", form)
    assert answer.status_code == 422 and not Schedule.objects.exists()
    rotation = answer.context["rotations"].forms[0]
    assert said in str(rotation.errors[field])
    page = answer.content.decode()
    assert page.index(f"{rotation[field].auto_id}_error") > 0


@pytest.mark.django_db
def test_removing_a_rotation_keeps_what_is_in_the_others(team: Any) -> None:
    made, (anna, ben, *_), client = team
    form = BASE | {"name": "Pay", "team": made.pk, "timezone": "UTC", "rotations-TOTAL_FORMS": "2"}
    form |= _rotation(0, anna.pk) | _rotation(1, ben.pk, name="Second")
    left = client.post("/schedules/new", form | {"remove": "0"}).context["rotations"].forms
    assert [each["name"].value() for each in left] == ["Second"]
    none = BASE | {"name": "Pay", "team": made.pk, "timezone": "UTC", "rotations-TOTAL_FORMS": "0"}
    assert (
        client.post("/schedules/new", none | {"rotations-INITIAL_FORMS": "0"}).headers["Location"] == "/schedules/pay"
    )
    assert not Schedule.objects.get().rotations.exists()  # it reads a calendar
    assert client.get("/schedules/pay/edit").status_code == 200


HOURS = [
    [],
    [{"start": "22:00", "end": "06:00"}],
    [{"start_day": "saturday", "start": "00:00", "end_day": "sunday", "end": "00:00"}],
    [
        {"start_day": "monday", "start": "09:00", "end_day": "monday", "end": "17:00"},
        {"start_day": "wednesday", "start": "09:00", "end_day": "wednesday", "end": "17:00"},
    ],
    [{"start_day": "friday", "start": "18:00", "end_day": "monday", "end": "09:00"}],
    [{"start": "09:00", "end": "12:00"}, {"start": "13:00", "end": "17:00"}],
]


@pytest.mark.parametrize("windows", HOURS)
def test_times_of_the_week_come_back_as_they_went_in(windows: list[dict[str, str]]) -> None:
    parts = parts_of(windows)
    assert HoursField().clean(parts) == windows
    assert parts["kind"] == ("own" if len(windows) > 1 and "start_day" not in windows[0] else parts["kind"])


def _layer(**fields: Any) -> rules.Layer:
    usual = {"key": 1, "name": "A", "precedence": 0, "unit": "weeks", "length": 1, "zone": "Europe/Berlin"}
    usual |= {"starts_at": datetime(2026, 3, 2, 9), "members": ((1,), (2,))}  # noqa: DTZ001 - local
    return rules.Layer(**(usual | fields))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "Hand-off every Monday at 09:00 (Europe/Berlin), also when clocks change."),
        ({"length": 2}, "Hand-off every 2 weeks on Monday at 09:00 (Europe/Berlin), also when clocks change."),
        ({"unit": "days"}, "Hand-off every day at 09:00 (Europe/Berlin), also when clocks change."),
        ({"unit": "hours", "length": 12}, "Hand-off every 12 hours, counted from 09:00 (Europe/Berlin)."),
        ({"unit": "months"}, "Hand-off on the 2nd of every month at 09:00 (Europe/Berlin), also when clocks change."),
    ],
)
def test_hand_offs_in_words(fields: dict[str, Any], words: str) -> None:
    assert handoff_words(_layer(**fields)) == words


def test_times_and_precedence_in_words() -> None:
    said = [restriction_words(rules.restrictions_from(windows)) for windows in HOURS]
    assert said == [
        [],
        ["every day 22:00 to 06:00 the next day"],
        ["Sat all day"],
        ["Mon, Wed 09:00 to 17:00"],
        ["from Friday 18:00 to Monday 09:00"],
        ["every day 09:00 to 12:00", "every day 13:00 to 17:00"],
    ]
    low, high = _layer(), _layer(key=2, name="B", precedence=1, members=((1, 2),))
    assert rotation_words(high, {1: "Anna", 2: "Ben"}, (low, high)) == [
        "Anna and Ben, from Mon 2 Mar 2026, 09:00 on.",
        "Then it wins over A.",
    ]
    beside = _layer(key=3, name="C")
    assert rotation_words(low, {1: "Anna", 2: "Ben"}, (low, beside))[-1] == "On call together with C."
