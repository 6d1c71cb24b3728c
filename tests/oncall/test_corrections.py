"""Somebody says that it was otherwise: a correction stands beside what was written down as it passed."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from click.testing import CliRunner

import factories as make
from oncall.desk import DAY, HOUR, browser
from oncall.shifts import START, WRITER, at, earned
from watchroom.accounts.actors import SYSTEM, acting
from watchroom.cli.main import cli
from watchroom.engine.loop import run_due
from watchroom.insights.pay import pay_of
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Conflict, NotAllowed, Refused
from watchroom.oncall import commands, queries
from watchroom.oncall.models import WorkedShift


def correct(by: Any, schedule: Any, person: Any, start: datetime, end: datetime, **fields: Any) -> Any:
    fields = {"reason": "Never entered", **fields}
    row = queries.schedule_by(SYSTEM, schedule.slug)
    return commands.correct(acting(by), row, person=person, starts_at=start, ends_at=end, **fields)


def test_a_correction_names_its_author_in_the_pay_and_keeps_the_original(pay: Any, clock: TravellingClock) -> None:
    schedule, anna, ben, mia = pay
    clock.to(datetime(2026, 3, 5, 9, tzinfo=UTC))
    made = correct(mia, schedule, ben, START + DAY, START + DAY + 8 * HOUR, instead_of=anna, reason="Anna was ill")
    assert earned(schedule.team) == {"Anna": Decimal(64), "Ben": Decimal(8)}
    lines = [line for line in pay_of(SYSTEM, schedule.team, "2026-03").lines if "Anna was ill" in line.text]
    said = "Ben was on call instead of Anna, says Mia on 5 Mar 2026: Anna was ill"
    assert [line.text for line in lines] == [
        f"Not on call Tue 3 Mar 10:00 to 18:00 after all: {said}",
        f"On call Tue 3 Mar 10:00 to 18:00, working time: 8.00 h at 1 EUR = 8.00 EUR ({said})",
    ]
    assert [(line.amount, line.quantity) for line in lines] == [(0, 0), (8, 8)]
    assert at(schedule, START + DAY) == ["Ben"] and at(schedule, START + DAY + 8 * HOUR) == ["Anna"]
    kept = WorkedShift.objects.get(corrected_by=made)
    assert (kept.person, kept.starts_at, kept.ends_at) == (anna, made.starts_at, made.ends_at)
    # A second one stands on it, and must go first.
    second = correct(mia, schedule, None, START + DAY + HOUR, START + DAY + 2 * HOUR, reason="Nobody was")
    assert at(schedule, START + DAY + HOUR) == [] and earned(schedule.team)["Ben"] == 7
    with pytest.raises(Conflict):
        commands.take_back(acting(mia), made)
    for each in (second, made, made):
        commands.take_back(acting(mia), each)
    assert earned(schedule.team) == {"Anna": Decimal(72)} and at(schedule, START + DAY + HOUR) == ["Anna"]
    # The engine goes on with the same shift.
    clock.advance(DAY)
    run_due(WRITER)
    assert earned(schedule.team) == {"Anna": Decimal(96)}


def test_a_correction_stays_with_the_team_that_had_the_schedule_then(pay: Any, clock: TravellingClock) -> None:
    schedule, anna, ben, mia = pay
    new = make.team("New", slug="new")
    make.membership(new, mia, "manager")
    clock.advance(8 * HOUR)
    commands.save_schedule(SYSTEM, schedule, team=new, name="Moved", timezone="UTC")
    clock.advance(8 * HOUR)
    stranger = make.person("Nils")
    make.membership(new, stranger, "manager")
    with pytest.raises(NotAllowed):  # what was worked for another team is that team's
        correct(stranger, schedule, ben, START + HOUR, START + 12 * HOUR)
    assert not WorkedShift.objects.filter(person=ben).exists()
    correct(mia, schedule, ben, START + HOUR, START + 12 * HOUR)
    rows = WorkedShift.objects.filter(person=ben).order_by("starts_at")
    assert [(row.team, row.name, row.timezone, row.starts_at, row.ends_at) for row in rows] == [
        (anna.memberships.get().team, "Pay", "Europe/Berlin", START + HOUR, START + 8 * HOUR),
        (new, "Moved", "UTC", START + 8 * HOUR, START + 12 * HOUR),
    ]


def test_what_cannot_be_corrected_is_refused(pay: Any, clock: TravellingClock) -> None:
    schedule, _, ben, mia = pay
    clock.advance(2 * DAY)
    hour = (START, START + HOUR)
    for fields, field in (
        ({"start": START, "end": clock() + HOUR}, "ends_at"),
        ({"start": START - DAY, "end": START}, "starts_at"),
        ({"instead_of": mia}, "instead_of"),
        ({"instead_of": ben}, "instead_of"),
        ({"reason": " "}, "reason"),
    ):
        given = {"start": hour[0], "end": hour[1], **fields}
        with pytest.raises(Refused) as refused:
            correct(mia, schedule, ben, given.pop("start"), given.pop("end"), **given)
        assert refused.value.field == field
    with pytest.raises(NotAllowed):
        correct(ben, schedule, ben, *hour)
    assert earned(schedule.team) == {"Anna": Decimal(48)} and not WorkedShift.objects.exclude(corrected_by=None)


def test_by_page_and_file(pay: Any, clock: TravellingClock, django_assert_max_num_queries: Any) -> None:
    schedule, anna, ben, mia = pay
    clock.advance(20 * DAY)
    boss, own = browser(mia), browser(ben)
    with django_assert_max_num_queries(45):
        page = boss.get("/schedules/pay/worked?month=2026-03").content.decode()
    assert "Anna" in page and "Rotation: Weekly" in page and "Save correction" in page
    assert "Save correction" not in own.get("/schedules/pay/worked").content.decode()
    form = {
        "person": ben.pk, "instead_of": anna.pk, "starts_at": "2026-03-03T10:00", "ends_at": "2026-03-03T12:00",
        "reason": "Took it by phone",
    }  # fmt: skip
    assert own.post("/schedules/pay/worked/correct", form).status_code == 403
    wrong = boss.post("/schedules/pay/worked/correct", form | {"ends_at": "2026-03-03T09:00"})
    assert wrong.status_code == 422 and "Only what has passed can be corrected" in wrong.content.decode()
    answer = boss.post("/schedules/pay/worked/correct", form)
    assert answer.status_code == 302 and answer["Location"] == "/schedules/pay/worked?month=2026-03"
    page = boss.get(answer["Location"]).content.decode()
    assert "Counts no longer: Took it by phone" in page and "Take back" in page
    rows = list(csv.DictReader(io.StringIO(
        b"".join(boss.get("/schedules/pay/worked.csv?month=2026-03").streaming_content).decode()
    )))  # fmt: skip
    assert [(row["person"], row["counts"]) for row in rows if row["correction"]] == [("Anna", "False"), ("Ben", "True")]
    pressed = f"/schedules/pay/worked?of={anna.pk}&from=2026-03-04T10:00:00%2B00:00&to=x"
    assert boss.get(pressed).context["form"].initial["instead_of"] == anna
    assert boss.get("/schedules/pay/worked?month=2026-13").status_code == 422
    pk = schedule.corrections.get().pk
    assert own.post(f"/on-call/corrections/{pk}/take-back").status_code == 403
    assert boss.post(f"/on-call/corrections/{pk}/take-back").status_code == 302
    assert boss.get("/schedules/pay/worked?month=2026-01").status_code == 200
    # The picture of the schedule says the same of the past.
    assert "Who was on call" in boss.get("/schedules/pay?from=2026-03-02").content.decode()


def test_by_api(pay: Any, clock: TravellingClock) -> None:
    _, _, ben, mia = pay
    clock.advance(4 * DAY)
    boss, own = browser(mia), browser(ben)
    api = {"content_type": "application/json"}
    body = {
        "person": "ben@example.org", "instead_of": "anna@example.org", "starts_at": "2026-03-03T10:00:00Z",
        "ends_at": "2026-03-03T12:00:00Z", "reason": "By phone",
    }  # fmt: skip
    assert own.post("/api/v1/schedules/pay/corrections", body, **api).status_code == 403
    made = boss.post("/api/v1/schedules/pay/corrections", body, **api)
    assert made.status_code == 201 and made.json()["made_by"]["name"] == "Mia"
    found = own.get("/api/v1/schedules/pay/worked").json()
    assert [(row["person"]["name"], row["why"], bool(row["taken_out"])) for row in found["items"]] == [
        ("Anna", "rotation", False),
        ("Anna", "rotation", True),
        ("Ben", "correction", False),
        ("Anna", "rotation", False),
    ]
    assert found["corrections"][0]["reason"] == "By phone"
    was = own.get("/api/v1/on-call?at=2026-03-03T11:00:00Z").json()["items"][0]["people"]
    assert [each["name"] for each in was] == ["Ben"]
    shifts = own.get("/api/v1/schedules/pay/shifts?from=2026-03-02T10:00:00Z&to=2026-03-12T00:00:00Z").json()
    assert [each["person"]["name"] for each in shifts["items"]] == ["Anna", "Ben", "Anna", "Ben"] and not shifts["gaps"]
    pk = made.json()["id"]
    assert own.delete(f"/api/v1/corrections/{pk}").status_code == 403
    assert boss.delete(f"/api/v1/corrections/{pk}").json()["taken_back_by"]["name"] == "Mia"
    assert boss.get("/api/v1/schedules/pay/worked?from=2026-03-03T00:00:00Z&to=2026-03-02T00:00:00Z").status_code == 422


def test_by_command(pay: Any, clock: TravellingClock) -> None:
    schedule, *_ = pay
    clock.advance(4 * DAY)

    def run(*words: str, code: int = 0) -> str:
        answer = CliRunner().invoke(cli, ["oncall", *words])
        assert answer.exit_code == code, answer.output
        return answer.output

    span = ("--from", "2026-03-04T10:00:00Z", "--to", "2026-03-04T12:00:00Z")
    run("correct", "pay", "ben@example.org", *span, "--reason", "By phone")
    assert "correction" in run("worked", "pay")
    rows = list(csv.DictReader(io.StringIO(run("worked", "pay", "--csv"))))
    assert [row["person"] for row in rows if row["correction"]] == ["Ben"]
    run("correct", "pay", *span, "--reason", "?", code=2)
    run("correct", "--take-back", str(schedule.corrections.order_by("-id")[0].pk))
    assert at(schedule, datetime(2026, 3, 4, 11, tzinfo=UTC)) == ["Anna"]
