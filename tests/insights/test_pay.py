"""Pay and time off: the rules by themselves, then by page, API, command and file."""

from __future__ import annotations

import csv
import io
import itertools
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from django.db import transaction
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

import factories as make
from factories import paged
from intake.test_lock_order import Other
from watchroom.cli.main import cli
from watchroom.config.carry_out import apply
from watchroom.config.current import read
from watchroom.config.text import parse
from watchroom.insights.pay import last_month, pay_of
from watchroom.insights.pay_rules import set_pay, withdraw_pay
from watchroom.insights.rules.pay import Paged, Served, kind_at, lines, pieces, totals, without
from watchroom.insights.rules.pay_book import Book, PayError, PayRules, Version, constant, in_words, rules_from
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Refused
from watchroom.oncall.commands import set_holidays
from watchroom.oncall.rules import joined
from watchroom.paging.models import Notification

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 3, 1, tzinfo=UTC)
EUR = rules_from(
    {"unit": "EUR", "weekday": "2", "night": "4.50", "weekend": "5", "holiday": "8", "page_out_of_hours": "10"}
    | {"page_at_night": "20", "off_per_night": "1.5", "off_per_weekend_day": "2", "off_per_holiday": "4"}
)
DEARER = rules_from(EUR.data() | {"night": "6", "night_from": "21:00"})
minutes = st.integers(0, 60 * 24 * 60)
zones = st.sampled_from([ZoneInfo(name) for name in ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata")])
feasts = st.sets(st.dates(date(2026, 3, 1), date(2026, 4, 30)), max_size=4)


@given(minutes, minutes, zones, feasts, minutes)
def test_every_minute_on_call_is_counted_once_and_of_its_kind(
    a: int, b: int, zone: ZoneInfo, holidays: set[date], probe: int
) -> None:
    start, end = (START + timedelta(minutes=each) for each in sorted((a, b)))
    book = Book([Version(date(2026, 1, 1), EUR), Version(date(2026, 3, 20), DEARER), Version(date(2026, 4, 5), None)])
    found = pieces((start, end), zone, book, holidays)
    assert sum(((y - x) for x, y, *_ in found), timedelta()) == end - start
    assert all(x[1] == y[0] and x[2:] != y[2:] for x, y in itertools.pairwise(found))
    at = START + timedelta(minutes=probe)
    local = at.astimezone(zone).replace(tzinfo=None)
    rules = DEARER if date(2026, 3, 20) <= local.date() < date(2026, 4, 5) else EUR
    rules = PayRules(unit="EUR") if local.date() >= date(2026, 4, 5) else rules
    assert [piece for x, y, *piece in found if x <= at < y] == (
        [[kind_at(local, rules, holidays), rules]] if start <= at < end else []
    )


def test_holidays_that_follow_each_other_are_all_named() -> None:
    span = datetime(2026, 12, 24, 12, tzinfo=BERLIN), datetime(2026, 12, 27, 12, tzinfo=BERLIN)
    days = {date(2026, 12, 25): "Christmas Day", date(2026, 12, 26): "Second Day of Christmas", date(2026, 12, 28): "x"}
    found = lines([Served(1, "Pay", BERLIN, [span], days)], [], constant(EUR))
    [text] = [each.text for each in found if each.what == "holiday"]
    assert "public holiday (Christmas Day, Second Day of Christmas): 48.00 h at 8 EUR" in text


@given(
    st.lists(st.tuples(minutes, minutes), max_size=6),
    st.lists(minutes, max_size=20),
    zones,
    feasts,
    st.sampled_from([PayRules(), EUR]),
)
def test_sums_are_the_sums_of_their_lines_and_nothing_pays_for_nothing(
    raw: list[tuple[int, int]], pages: list[int], zone: ZoneInfo, holidays: set[date], rules: PayRules
) -> None:
    spans = joined((START + timedelta(minutes=min(x)), START + timedelta(minutes=max(x) + 1)) for x in raw)
    served = [Served(1, "Pay", zone, spans, dict.fromkeys(holidays, "Feast"))]
    told = [Paged(1, START + timedelta(minutes=each), "Disk", zone, holidays) for each in pages]
    found = lines(served, told, constant(rules))
    hours = sum((y - x for x, y in spans), timedelta())
    counted = sum((x.ends_at - x.starts_at for x in found if x.rate is not None and x.what in _HOURS), timedelta())
    assert counted == hours
    for total in totals(found):
        assert total.amount == sum(line.amount for line in found) and total.off == sum(line.off for line in found)
    assert all(line.amount >= 0 and line.off >= 0 and line.text for line in found)
    if rules == PayRules():
        assert not any(line.amount or line.off for line in found)
    # A night with a page earns time off once, however many pages there were.
    assert sum(line.off for line in found if line.what == "night page") % Decimal("1.5") == 0


_HOURS = ("work", "weekday", "night", "weekend", "holiday")


@given(st.lists(st.tuples(minutes, minutes), max_size=5), st.lists(st.tuples(minutes, minutes), max_size=5), minutes)
def test_what_is_taken_is_not_counted_again(a: list[Any], b: list[Any], probe: int) -> None:
    mine, taken = ([(START + timedelta(minutes=min(x)), START + timedelta(minutes=max(x))) for x in y] for y in (a, b))
    at = START + timedelta(minutes=probe)

    def inside(spans: Any) -> bool:
        return any(x <= at < y for x, y in spans)

    assert inside(without(mine, taken)) == (inside(mine) and not inside(taken))


def test_lines_can_be_checked_by_hand_also_in_the_night_when_clocks_change() -> None:
    night = datetime(2026, 3, 28, 21, tzinfo=UTC), datetime(2026, 3, 30, 4, tzinfo=UTC)  # Sat 22:00 to Mon 06:00
    weekend, rest = pieces(night, BERLIN, constant(EUR), ())
    assert (weekend[2], weekend[1] - weekend[0], rest[2]) == ("weekend", timedelta(hours=25), "night")
    span = datetime(2026, 3, 2, 16, tzinfo=UTC), datetime(2026, 3, 3, 7, 20, tzinfo=UTC)  # Mon 17:00 to Tue 08:20
    pages = [Paged(1, datetime(2026, 3, 3, hour, tzinfo=UTC), "Disk", BERLIN) for hour in (1, 2, 6, 10)]
    found = lines([Served(1, "Pay", BERLIN, [span], {})], pages, constant(EUR))
    assert [line.text for line in found] == [
        "On call Mon 2 Mar 17:00 to 18:00, working time: 1.00 h at 0 EUR = 0.00 EUR",
        "On call Mon 2 Mar 18:00 to 22:00, weekday: 4.00 h at 2 EUR = 8.00 EUR",
        "On call Mon 2 Mar 22:00 to Tue 3 Mar 06:00, night: 8.00 h at 4.50 EUR = 36.00 EUR",
        "Paged at night, Tue 3 Mar 02:00, Disk: 20.00 EUR and 1.5 h off",
        "Paged at night, Tue 3 Mar 03:00, Disk: 20.00 EUR",
        "On call Tue 3 Mar 06:00 to 08:20, weekday: 2.33 h at 2 EUR = 4.67 EUR",
        "Paged out of hours, Tue 3 Mar 07:00, Disk: 10.00 EUR",
    ]
    assert [(each.amount, each.off, each.pages) for each in totals(found)] == [(Decimal("98.67"), Decimal("1.5"), 3)]


def test_a_day_in_two_schedules_is_one_day_off_for_each_person() -> None:
    saturday = datetime(2026, 3, 7, tzinfo=UTC)
    early, late = (
        (saturday, saturday + timedelta(hours=8)),
        (saturday + timedelta(hours=8), saturday + timedelta(days=1)),
    )
    served = [
        Served(1, "Shop", BERLIN, [early], {}),
        Served(1, "Pay", BERLIN, [late], {}),
        Served(2, "Pay", BERLIN, [early], {}),
    ]
    off = [
        (line.person, line.starts_at.day, line.off)
        for line in lines(served, [], constant(EUR))
        if line.what == "time off"
    ]
    # Until midnight of UTC it is Sunday in Berlin for an hour.
    assert off == [(1, 6, 2), (1, 7, 2), (2, 6, 2)]


@pytest.mark.parametrize(
    ("field", "value"),
    [("night", "-1"), ("night", "a lot"), ("night", "NaN"), ("night_from", "1320"), ("unit", ""), ("bonus", "1")],
)
def test_what_is_no_rule_is_refused_by_its_name(field: str, value: str) -> None:
    with pytest.raises(PayError) as refused:
        rules_from({field: value})
    assert refused.value.field == field


def browser(person: Any) -> Client:
    client = Client()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def shop(db: None, clock: TravellingClock) -> tuple[Any, Any, Any]:
    """A team, Anna of it, and Mia who manages it, after a month with a page at night."""
    make.person("Root", "administrator")
    team = make.team("Shop", slug="shop")
    anna, ben, mia = (make.person(name, "responder", timezone="Europe/Berlin") for name in ("Anna", "Ben", "Mia"))
    for each, role in ((anna, "responder"), (ben, "responder"), (mia, "manager")):
        make.membership(team, each, role)
    make.schedule("Shop", people=(anna, ben), team=team, slug="shop", timezone="Europe/Berlin")
    make.schedule("Shop second", people=(anna,), team=team, slug="second", timezone="Europe/Berlin")
    service = make.service("Shop", team=team)
    set_holidays(make.actor(), country="DE", team=team)
    clock.to(datetime(2026, 3, 4, 1, tzinfo=UTC))
    paged(make.group("Disk", service=service), anna, clock())
    clock.to(datetime(2026, 4, 10, 9, tzinfo=UTC))
    assert last_month() == "2026-03"
    return team, anna, mia


def test_a_month_by_page_and_api(shop: Any, django_assert_max_num_queries: Any) -> None:
    _, anna, mia = shop
    boss, own = browser(mia), browser(anna)
    put = {"unit": "EUR", "night": "4", "weekend": "5", "page_at_night": "20", "off_per_night": "1"}
    api = {"content_type": "application/json"}
    assert own.put("/api/v1/insights/pay-rules/shop", put, **api).status_code == 403
    assert boss.put("/api/v1/insights/pay-rules/shop", {"night": "x"}, **api).json()["field"] == "night"
    assert boss.put("/api/v1/insights/pay-rules/shop", put, **api).json()["night"] == "4"
    with django_assert_max_num_queries(40):
        found = boss.get("/api/v1/insights/pay?team=shop&month=2026-03").json()
    by_name = {each["person"]["name"]: each for each in found["people"]}
    assert set(by_name) == {"Anna", "Ben"} and by_name["Anna"]["time_off_hours"] == "1"
    # Anna is on call in the second schedule all the time; in the first one every other week, which counts once.
    hours = sum(Decimal(each) for each in by_name["Anna"]["hours"].values())
    assert (
        hours
        == Decimal((datetime(2026, 3, 31, 22, tzinfo=UTC) - datetime(2026, 3, 2, 9, tzinfo=UTC)).total_seconds()) / 3600
    )
    assert sum(Decimal(line["amount"]) for line in found["lines"]) == sum(
        Decimal(x["amount"]) for x in by_name.values()
    )
    mine = own.get("/api/v1/insights/pay?team=shop&month=2026-03").json()
    assert {each["person"]["name"] for each in mine["people"]} == {"Anna"} and mine["everybody"] is False
    assert boss.get("/api/v1/insights/pay?team=shop&month=2026-13").json()["field"] == "month"
    page = boss.get("/insights/pay?team=shop&month=2026-03").content.decode()
    assert "Paged at night, Wed 4 Mar 02:00, Disk: 20.00 EUR and 1 h off" in page
    assert boss.post("/insights/pay/rules", {"team": "shop", "unit": "EUR"}).status_code == 422
    form = boss.get("/insights/pay/rules?team=shop").context["form"].initial
    assert boss.post("/insights/pay/rules", form | {"team": "shop", "holiday": "8,5"}).status_code == 422
    assert boss.post("/insights/pay/rules", form | {"team": "shop", "holiday": "8.5"}).status_code == 302
    file = b"".join(boss.get("/insights/pay.csv?team=shop&month=2026-03").streaming_content).decode()
    rows = list(csv.DictReader(io.StringIO(file)))
    assert len(rows) == len(boss.get("/api/v1/insights/pay?team=shop&month=2026-03").json()["lines"]) and {
        row["unit"] for row in rows
    } == {"EUR"}


def test_who_is_paged_before_and_after_midnight_for_one_thing_is_paid_once(shop: Any, clock: TravellingClock) -> None:
    team, anna, _ = shop
    at = datetime(2026, 3, 31, 21, 55, tzinfo=UTC)  # 23:55 in Berlin
    group = make.group("Memory", service=team.services.get())
    paged(group, anna, at)
    again = Notification.objects.filter(subject=group.title, method_text="mail")
    assert again.update(created_at=at + timedelta(minutes=15)) == 1

    def pages(month: str) -> list[datetime]:
        return [line.starts_at for line in pay_of(make.actor(), team, month).lines if "Memory" in line.text]

    set_pay(make.actor(), team, {"page_at_night": "20"})
    assert (pages("2026-03"), pages("2026-04")) == ([at], [])


def test_a_month_by_command_and_file(shop: Any) -> None:
    team, *_ = shop

    def run(*words: str) -> str:
        answer = CliRunner().invoke(cli, ["insights", *words])
        assert answer.exit_code == 0, answer.output
        return answer.output

    run("pay-rules", "shop", "--set", "holiday=8.5", "--set", "unit=EUR")
    assert "8.5" in run("pay-rules", "shop") and "Anna" in run("pay", "shop", "--month", "2026-03")
    easter = list(csv.DictReader(io.StringIO(run("pay", "shop", "--month", "2026-04", "--csv"))))
    assert {row["unit"] for row in easter} == {"EUR"}
    assert any("public holiday (" in row["text"] and row["rate"] == "8.5" for row in easter)
    run("pay-rules", "shop", "--set", "night=5")
    exported = read()["teams"]["shop"]["pay"]
    assert (exported["night"], exported["holiday"]) == ("5", "8.5")
    wanted = {"version": 1, "teams": [{"slug": "shop", "name": "Shop", "pay": {"unit": "EUR", "night": 6.5}}]}
    apply(make.actor(), parse(wanted, "file"))
    assert apply(make.actor(), parse(wanted, "file"))[0] == [] and read()["teams"]["shop"]["pay"]["night"] == "6.5"
    run("pay-rules", "shop", "--stop")
    assert read()["teams"]["shop"]["pay"] is None and "replaced" in run("pay-rules", "shop")
    # What was counted before the first of this month stays as it was; from then on nothing is paid.
    assert [each.holiday for each in pay_of(make.actor(), team, "2026-03").rules] == [Decimal("8.5")]
    assert pay_of(make.actor(), team, "2026-04").empty


def test_new_rules_change_no_month_that_is_over(shop: Any, clock: TravellingClock) -> None:
    team, _, mia = shop
    boss, api = browser(mia), {"content_type": "application/json"}
    path = "/api/v1/insights/pay-rules/shop"

    def amounts() -> dict[str, Decimal]:
        found = {month: pay_of(make.actor(), team, month).lines for month in ("2026-03", "2026-04", "2026-05")}
        return {month: sum((line.amount for line in lines), Decimal()) for month, lines in found.items()}

    boss.put(path, {"unit": "EUR", "night": "4"}, **api)
    clock.to(datetime(2026, 5, 20, tzinfo=UTC))
    before = amounts()
    assert all(before.values())
    # In the middle of a month, by the day; the months before it stay.
    answer = boss.put(path, {"night": "8", "valid_from": "2026-05-15"}, **api).json()
    assert answer["night"] == "8" and [each["state"] for each in answer["versions"]] == ["in force", "over"]
    assert answer["versions"][1]["valid_from"] is None and answer["versions"][0]["made_by"]["name"] == "Mia"
    after = amounts()
    assert (after["2026-03"], after["2026-04"]) == (before["2026-03"], before["2026-04"])
    nights = {line.rate for line in pay_of(make.actor(), team, "2026-05").lines if line.what == "night"}
    assert nights == {4, 8} and after["2026-05"] > before["2026-05"]
    # Sums of a month are in one unit, and what is over changes only where somebody says why.
    assert boss.put(path, {"unit": "CHF", "valid_from": "2026-05-18"}, **api).json()["field"] == "valid_from"
    assert boss.put(path, {"night": "5", "valid_from": "2026-03-01"}, **api).json()["field"] == "reason"
    assert amounts() == after
    boss.put(path, {"night": "5", "valid_from": "2026-04-01", "reason": "Wrong since April"}, **api)
    assert amounts()["2026-03"] == before["2026-03"] and amounts()["2026-04"] > before["2026-04"]
    # What is planned waits for its day, and can be taken back; what has begun can't.
    boss.put(path, {"night": "9", "valid_from": "2026-07-01"}, **api)
    page = boss.get("/insights/pay/rules?team=shop").content.decode()
    assert "Planned" in page and "Wrong since April" in page and boss.get(path).json()["night"] == "8"
    exported = read()["teams"]["shop"]
    assert [(each["valid_from"], each["pay"]["night"]) for each in exported["pay_later"]] == [("2026-07-01", "9")]
    assert browser(shop[1]).delete(f"{path}/2026-07-01").status_code == 403
    assert boss.delete(f"{path}/2026-05-15").status_code == 404
    assert boss.post("/insights/pay/withdraw/2026-07-01", {"team": "shop"}).status_code == 302
    assert "planned" not in {each["state"] for each in boss.get(path).json()["versions"]}


def test_a_file_plans_rules_and_stays_true_when_they_begin(shop: Any, clock: TravellingClock) -> None:
    team, *_ = shop
    said = {"slug": "shop", "name": "Shop", "pay": {"unit": "EUR", "night": 4}}
    later = [
        {"valid_from": "2026-05-01", "pay": {"unit": "CHF", "night": 7}},
        {"valid_from": "2027-01-01", "pay": None},
    ]
    wanted = parse({"version": 1, "teams": [said | {"pay_later": later}]}, "file")
    apply(make.actor(), wanted)
    assert apply(make.actor(), wanted)[0] == []
    clock.to(datetime(2026, 5, 2, tzinfo=UTC))
    assert apply(make.actor(), wanted)[0] == []  # what was planned has begun
    assert [pay_of(make.actor(), team, month).unit for month in ("2026-03", "2026-04", "2026-05")] == [
        "EUR",
        "EUR",
        "CHF",
    ]
    apply(make.actor(), parse({"version": 1, "teams": [said | {"pay": later[0]["pay"], "pay_later": []}]}, "file"))
    assert [each.valid_from for each in team.pay.all() if each.valid_from > clock().date()] == []
    apply(make.actor(), parse({"version": 1, "teams": [said | {"pay": {"unit": "CHF", "night": 8}}]}, "file"))
    assert pay_of(make.actor(), team, "2026-05").rules[-1].night == 8


def test_what_stays_when_rules_are_taken_back_is_in_one_unit_a_month(shop: Any) -> None:
    team, _, mia = shop
    boss, api, path = browser(mia), {"content_type": "application/json"}, "/api/v1/insights/pay-rules/shop"
    for rules in (
        {"unit": "EUR", "night": "4"},
        {"unit": "CHF", "night": "5", "valid_from": "2027-01-01"},
        {"night": "6", "valid_from": "2027-01-15"},
    ):
        assert boss.put(path, rules, **api).status_code == 200
    answer = boss.delete(f"{path}/2027-01-01")
    assert (answer.status_code, answer.json()["field"]) == (422, "valid_from")
    assert "2027-01-15" in answer.json()["fix"] and team.pay.count() == 3
    boss.post("/insights/pay/withdraw/2027-01-01", {"team": "shop"})
    assert team.pay.count() == 3

    # A file that drops the first only is refused as well; one that says both anew, or neither, is carried out.
    chf, eur = {"unit": "CHF", "night": "6"}, {"unit": "EUR", "night": "7"}

    def plan(*later: tuple[str, Any]) -> list[str]:
        said = {"slug": "shop", "name": "Shop", "pay": {"unit": "EUR", "night": "4"}}
        planned = [{"valid_from": day, "pay": pay} for day, pay in later]
        apply(make.actor(), parse({"version": 1, "teams": [said | {"pay_later": planned}]}, "file"))
        return [each["pay"]["unit"] + each["valid_from"][4:] for each in read()["teams"]["shop"]["pay_later"]]

    with pytest.raises(Refused):
        plan(("2027-01-15", chf))
    assert team.pay.count() == 3
    assert plan(("2027-01-15", eur)) == ["EUR-01-15"]
    assert plan(("2027-01-01", chf), ("2027-01-15", chf)) == ["CHF-01-01", "CHF-01-15"]
    assert plan(("2027-01-01", eur), ("2027-01-15", eur)) == ["EUR-01-01", "EUR-01-15"]
    assert plan() == []


@pytest.mark.postgres_only
@pytest.mark.django_db(transaction=True)
def test_two_changes_at_once_fit_together(clock: TravellingClock) -> None:
    team, by = make.team("Shop", slug="shop"), make.actor()
    set_pay(by, team, {"unit": "EUR", "night": "4"})
    set_pay(by, team, {"unit": "CHF", "night": "5"}, valid_from=date(2027, 1, 1))
    with transaction.atomic():
        withdraw_pay(by, team, date(2027, 1, 1))
        other = Other(lambda: set_pay(by, team, {"unit": "CHF", "night": "6"}, valid_from=date(2027, 1, 15)))
        other.waits()
    other.join(60)
    assert isinstance(other.result, Refused) and other.result.field == "valid_from"
    assert team.pay.count() == 1


def test_empty_means_what_the_form_says(shop: Any) -> None:
    team, _, mia = shop
    boss, rules = browser(mia), PayRules(unit="EUR").data()
    page = "/insights/pay/rules?team=shop"
    assert "a team&#x27;s first rules always, others from the first of this month" in boss.get(page).content.decode()
    for night in ("4", "5"):
        boss.post(page, {**rules, "team": "shop", "night": night, "valid_from": "", "reason": ""})
    assert [str(each.valid_from) for each in team.pay.all()] == [str(team.pay.model.EVER), "2026-04-01"]


def test_rules_are_said_in_one_line() -> None:
    assert in_words(EUR).startswith("EUR: weekday 2, night 4.50, weekend 5, public holiday 8, a page out of hours 10")
    assert in_words(None) == in_words(PayRules()) == "nothing is paid"


def test_without_a_team_it_is_ones_own_and_others_can_be_chosen(shop: Any) -> None:
    _, anna, mia = shop
    other = make.team("Another", slug="another")  # first by its name
    boss, own = browser(mia), browser(anna)
    for path in ("/insights/pay", "/insights/limits", "/insights/pay/rules", "/insights/load"):
        assert boss.get(path).context["team"].slug == "shop", path
    assert own.get("/insights/pay").context["team"].slug == "shop"
    page = own.get("/insights/pay?team=another").content.decode()
    assert '<option value="another" selected>' in page and '<option value="shop">' in page
    # Who manages none is told so, and is refused a team that is named.
    answer = own.get("/insights/limits")
    assert answer.status_code == 200 and "managers set what its people bear" in answer.content.decode()
    assert own.get(f"/insights/limits?team={other.slug}").status_code == 403
    assert own.get("/insights/pay?team=none").status_code == 404
