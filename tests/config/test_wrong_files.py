"""A configuration file that is wrong: every mistake in it is told at once, each with its line and what was meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from watchroom.config.text import load
from watchroom.kernel.errors import Refused
from watchroom.kernel.yamls import lines_of

FILE = """
teams:
- slug: shop
  name: Shop
  members:
  - {person: ann@example.org, role: responder}
schedules:
- slug: primary
  name: Primary
  team: shop
  time_zone: Europe/Berlin
"""


def test_all_that_is_wrong_is_told_at_once_with_line_and_what_was_meant(tmp_path: Path) -> None:
    file = tmp_path / "watchroom.yaml"
    file.write_text(FILE)
    with pytest.raises(Refused) as refused:
        load(file)
    told = str(refused.value)
    assert refused.value.message.startswith(f"{file}, line 6: teams.0.members.0.person is not accepted")
    assert f"{file}, line 11: schedules.0.time_zone: Did you mean timezone?" in told
    assert f"{file}, line 6: teams.0.members.0.email: It is missing." in told


def test_no_more_is_told_than_somebody_reads(tmp_path: Path) -> None:
    file = tmp_path / "watchroom.yaml"
    file.write_text("teams:\n" + "".join(f"- {{slug: t{n}, name: T{n}, colour: red}}\n" for n in range(50)))
    with pytest.raises(Refused) as refused:
        load(file)
    assert len(refused.value.fix.splitlines()) == 21
    assert refused.value.fix.endswith("And 30 more.")


def test_a_place_that_is_not_written_is_where_what_holds_it_begins() -> None:
    line = lines_of("a:\n  b:\n  - x: 1\n  - y: 2\n")
    assert [line(place) for place in (("a", "b", 1, "y"), ("a", "b", 0, "missing"), ("z",), ())] == [4, 3, 1, 1]
