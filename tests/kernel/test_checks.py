"""What many commands ask of a value, and names of which there is only one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError

import factories
from watchroom.accounts.models import Team
from watchroom.kernel.checks import aware, chosen, within, written
from watchroom.kernel.errors import Conflict, Refused
from watchroom.kernel.names import only_one, short_name


def test_one_of_several() -> None:
    assert chosen("high", ("high", "low"), "urgency", field="urgency") == "high"
    with pytest.raises(Refused) as refused:
        chosen("loud" * 50, ("high", "low"), "urgency", field="rules[0].urgency")
    assert str(refused.value) == "There is no such urgency. Use one of high, low."
    assert (refused.value.field, refused.value.value) == ("rules[0].urgency", ("loud" * 50)[:80])


@pytest.mark.parametrize("value", [1, 20])
def test_a_number_within_its_bounds(value: int) -> None:
    assert within(value, 1, 20, "number of answers", field="answers") == value


@pytest.mark.parametrize("value", [0, 21])
def test_a_number_out_of_its_bounds(value: int) -> None:
    with pytest.raises(Refused, match=r"That wait is not accepted. Use 1 to 20 minutes\."):
        within(value, 1, 20, "wait", field="wait", unit="minutes")


def test_words_that_say_something() -> None:
    assert written("  Berlin \n", "A route needs a name", 6, field="name", fix="Say what it catches.") == "Berlin"
    for text in ("", " \n", "Potsdam"):
        with pytest.raises(Refused, match=r"A route needs a name of at most 6 characters. Say what it catches\."):
            written(text, "A route needs a name", 6, field="name", fix="Say what it catches.")


def test_a_time_that_says_where_its_clock_hangs() -> None:
    assert aware(datetime(2026, 3, 2, tzinfo=UTC), field="at").day == 2
    with pytest.raises(Refused, match="has no time zone"):
        aware(datetime(2026, 3, 2), field="at")  # noqa: DTZ001


@pytest.mark.django_db
def test_a_short_name_is_as_given_or_as_before_or_made_of_the_name() -> None:
    def short(given: str | None, before: str = "") -> str:
        return short_name(given, before=before, name="Blue & Green", otherwise="team", among=Team.objects)

    assert [short(None), short("", "old"), short(" new ", "old")] == ["blue-green", "old", "new"]
    assert short("OLD", "OLD") == "OLD"  # what one has, one keeps
    for wrong in ("a/b", "New", "a b", "x" * 65):
        with pytest.raises(Refused, match="That short name is not accepted"):
            short(wrong)


@pytest.mark.django_db
def test_another_one_with_the_same_name_is_said_in_words() -> None:
    factories.team("Blue", slug="blue")
    with pytest.raises(Conflict) as conflict, only_one("idea", slug="blue"):
        Team.objects.create(name="Blue again", slug="blue")
    assert str(conflict.value) == "There is already an idea 'blue'. Choose another name."
    assert (conflict.value.field, conflict.value.value) == ("slug", "blue")
    with only_one("team", slug="red"):
        Team.objects.create(name="Red", slug="red")  # the transaction around goes on


@pytest.mark.django_db
def test_what_else_a_database_refuses_is_no_matter_of_names() -> None:
    with pytest.raises(IntegrityError), only_one("team", slug="nameless"):
        Team.objects.create(name=None, slug="nameless")
