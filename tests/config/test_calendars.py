"""Calendars of a schedule in a file: their addresses are secrets."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

import factories as make
from watchroom.config.carry_out import apply, preview
from watchroom.config.current import read
from watchroom.config.text import dump
from watchroom.config.text import parse as parse_file
from watchroom.kernel.errors import Refused
from watchroom.oncall import commands
from watchroom.oncall.models import Calendar, Schedule

pytestmark = pytest.mark.django_db
ADDRESS = "https://calendar.example.org/secret.ics"
FILE = """
teams: [{slug: shop, name: Shop}]
schedules:
  - slug: pay
    name: Pay
    team: shop
    calendars:
      - {name: Old tool, url: "webcal://calendar.example.org/secret.ics", precedence: 2}
      - {name: Holidays team}
"""


def parse(text: str) -> Any:
    return parse_file(yaml.safe_load(text), "f.yaml")


def test_they_are_made_changed_and_removed_and_a_second_time_nothing_is_done() -> None:
    by, file = make.actor("administrator"), parse(FILE)
    steps = preview(file)
    assert not any("secret.ics" in repr(each.changes) for each in steps)
    apply(by, file)
    rows = {row.name: (row.url, row.precedence) for row in Calendar.objects.all()}
    assert rows == {"Old tool": (ADDRESS, 2), "Holidays team": ("", 0)}
    assert preview(parse(FILE)) == []
    number = Calendar.objects.get(name="Old tool").pk

    written = dump(read())
    assert "secret.ics" not in written and "Old tool" in written
    assert preview(parse(written)) == []  # what is left out of the file stays
    apply(by, parse(FILE.replace("precedence: 2", "precedence: 3").replace("secret.ics", "new.ics")))
    row = Calendar.objects.get(name="Old tool")
    assert (row.pk, row.url, row.precedence) == (number, "https://calendar.example.org/new.ics", 3)

    apply(by, parse(FILE.replace("      - {name: Holidays team}\n", "")))
    assert [row.name for row in Calendar.objects.all()] == ["Old tool"]
    without = FILE[: FILE.index("    calendars:")]
    apply(by, parse(without))
    assert Calendar.objects.exists()  # nobody is taken off call because a line is missing
    apply(by, parse(without), prune=True)  # no longer said: they are taken back
    assert not Calendar.objects.exists()
    commands.save_calendar(by, None, schedule=Schedule.objects.get(), name="By hand", url=ADDRESS)
    apply(by, parse(without.replace("name: Pay", "name: Payments")), prune=True)  # what it never said stays
    assert Calendar.objects.get().name == "By hand"


def test_one_without_an_address_waits_for_it_and_says_so(clock: Any) -> None:
    apply(make.actor("administrator"), parse(FILE))
    row = Calendar.objects.get(name="Holidays team")
    commands.refresh_calendars()
    row.refresh_from_db()
    assert "no address yet" in row.error and row.due_at > clock()
    given = commands.save_calendar(
        make.actor("administrator"), None, schedule=row.schedule, name="Holidays team", url=ADDRESS, precedence=1
    )
    assert given.pk == row.pk
    row.refresh_from_db()
    assert (row.url, row.precedence, row.error) == (ADDRESS, 1, "")
    assert preview(parse(FILE)) != []  # the file says another level


def test_two_of_one_name_are_refused() -> None:
    with pytest.raises(Refused) as refused:
        parse(FILE.replace("Holidays team", "Old tool"))
    assert "Two calendars are called Old tool" in refused.value.fix
