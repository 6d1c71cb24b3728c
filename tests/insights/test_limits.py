"""Limits that warn and propose: noticed by the engine, told once, and answered in one press."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from django.test import Client

import factories as make
from factories import paged
from watchroom.accounts.actors import acting
from watchroom.actions.models import ActionItem
from watchroom.cli.main import cli
from watchroom.config.carry_out import apply
from watchroom.config.current import read
from watchroom.config.text import parse
from watchroom.insights import bearing
from watchroom.insights.limits import limits_of, proposals
from watchroom.insights.models import Crossing, TeamLimits
from watchroom.insights.rules.limits import Limits
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Conflict, NotAllowed, Refused
from watchroom.oncall.models import Absence, Schedule, Swap
from watchroom.oncall.queries import who
from watchroom.paging.models import Notification
from watchroom.paging.people import Roster

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def browser(person: Any) -> Client:
    client = Client()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def people(clock: TravellingClock) -> tuple[Any, Any, Any, Any]:
    """Anna and Ben take weekly turns, from now on; Mia manages their team. Anna was paged three times this morning."""
    team = make.team("Shop", slug="shop")
    anna, ben, mia = (make.person(name, "responder") for name in ("Anna", "Ben", "Mia"))
    for each, role in ((anna, "responder"), (ben, "responder"), (mia, "manager")):
        make.membership(team, each, role)
        make.contact_method(each)
    make.schedule("Shop", people=(anna, ben), team=team, slug="shop")
    service = make.service("Shop", team=team)
    for number in range(3):
        clock.advance(HOUR)
        paged(make.group("Disk" if number else "Memory", service=service), anna, clock())
    clock.advance(HOUR)
    return team, anna, ben, mia


def told(person: Any, start: str) -> int:
    return Notification.objects.filter(person=person, subject__startswith=start).count()


def test_nobody_is_told_before_a_team_has_limits(people: Any, clock: TravellingClock) -> None:
    team, *_ = people
    assert bearing.look() == 0 and limits_of(team) == (Limits(), None)


def test_whoever_crosses_a_limit_is_told_once_and_so_is_the_manager(people: Any, clock: TravellingClock) -> None:
    team, anna, ben, mia = people
    with pytest.raises(NotAllowed):
        bearing.set_limits(acting(anna), team, {})
    with pytest.raises(Refused, match="limit"):
        bearing.set_limits(acting(mia), team, {"nights_per_week": 8})
    bearing.set_limits(acting(mia), team, {})
    assert bearing.look() == 1
    row = Crossing.objects.get(kind="pages")
    assert (row.person, row.value, row.limit) == (anna, 3, 2) and "twelve hours" in row.text
    assert told(anna, "That was too much") == 1 and told(mia, "Anna carries too much") == 1 and not told(ben, "")
    assert bearing.look() == 0
    clock.advance(2 * HOUR)
    assert bearing.look() == 1 and Crossing.objects.filter(kind="pages").count() == 1
    service = team.services.get()
    for _ in range(3):  # three more are another story
        paged(make.group("Disk", service=service), anna, clock())
    clock.advance(2 * HOUR)
    assert bearing.look() == 1 and Crossing.objects.filter(kind="pages").count() == 2
    bearing.set_limits(acting(mia), team, None)
    clock.advance(DAY)
    assert bearing.look() == 0


def test_the_alerts_by_which_it_was_crossed_are_the_first_to_be_mended(people: Any, clock: TravellingClock) -> None:
    team, anna, _, mia = people
    for number in range(2):  # days before, as often each
        paged(make.group(f"Ancient {number}", service=team.services.get()), anna, clock() - 3 * DAY)
    bearing.set_limits(acting(mia), team, {})
    bearing.look()
    row = Crossing.objects.filter(person=anna, kind="pages").latest("since")
    assert proposals(row).fix == (("Disk", 2), ("Memory", 1), ("Ancient 0", 1))


def test_a_rest_day_is_entered_and_the_rested_are_asked(people: Any, clock: TravellingClock) -> None:
    team, anna, ben, mia = people
    bearing.set_limits(acting(mia), team, {})
    bearing.look()
    row = Crossing.objects.get(kind="pages")
    found = proposals(row)
    assert found.fix == (("Disk", 2), ("Memory", 1))
    assert [each.person for each in found.rest_cover[0].candidates] == [ben, mia] or [
        each.person for each in found.rest_cover[0].candidates
    ] == [mia, ben]
    with pytest.raises(NotAllowed):
        bearing.accept_rest(acting(ben), row)
    bearing.accept_rest(acting(anna), row)
    absence = Absence.objects.get(person=anna)
    assert (absence.ends_at - absence.starts_at, absence.starts_at.weekday(), absence.paged) == (DAY, 1, True)
    swap = Swap.objects.get()
    assert (swap.starts_at, swap.offered_by, set(swap.offered_to.all())) == (absence.starts_at, anna, {ben, mia})
    assert told(ben, "Can you cover for Anna?") == 1
    with pytest.raises(Conflict):
        bearing.accept_rest(acting(mia), row)


def test_on_a_rest_day_pages_reach_them_until_somebody_takes_the_shift(people: Any, clock: TravellingClock) -> None:
    team, anna, ben, _ = people
    for person in (anna, ben):
        Crossing.objects.create(
            team=team, person=person, kind="pages", value=3, limit=2, since=clock(), noticed_at=clock(), text="Three."
        )
    for person in (anna, ben):  # Ben's turn comes in a week: he leaves nothing to be covered
        bearing.accept_rest(acting(person), Crossing.objects.get(kind="pages", person=person))
    rest = Absence.objects.get(person=anna)
    clock.to(rest.starts_at + HOUR)
    schedule = Schedule.objects.get()
    assert [each.pk for each in who(schedule, clock())] == [anna.pk]
    assert set(Roster(clock()).away([anna.pk, ben.pk])) == {ben.pk}  # nobody has taken what Anna offered


def test_a_manager_asks_for_somebody_else_and_makes_tasks(people: Any, clock: TravellingClock) -> None:
    team, anna, _, mia = people
    bearing.set_limits(acting(mia), team, {})
    bearing.look()
    row = Crossing.objects.get(kind="pages")
    bearing.accept_swap(acting(mia), row)
    assert Swap.objects.get().offered_by == anna and Swap.objects.get().starts_at > clock() + 10 * DAY
    bearing.accept_fixes(acting(mia), row)
    assert set(ActionItem.objects.values_list("title", "owner__name")) == {
        ("Fix the alert Disk", "Mia"),
        ("Fix the alert Memory", "Mia"),
    }
    assert row.fixes.count() == 2


def test_by_page_and_api(people: Any, clock: TravellingClock, django_assert_max_num_queries: Any) -> None:
    _, anna, ben, mia = people
    boss, own, other = browser(mia), browser(anna), browser(ben)
    assert own.get("/insights/limits?team=shop").status_code == 403
    assert "tell people" in boss.get("/insights/limits?team=shop").content.decode()
    wrong = {"team": "shop", "pages_per_shift": 2, "nights_per_week": 9, "hours_per_month": 0}
    assert boss.post("/insights/limits/save", wrong).status_code == 422 and not TeamLimits.objects.exists()
    right = wrong | {"nights_per_week": 1, "weeks_in_a_row": 2, "share_percent": 0}
    assert boss.post("/insights/limits/save", right).status_code == 302
    bearing.look()
    row = Crossing.objects.get()
    assert "Anna" in own.get("/insights/load?team=shop").content.decode()
    with django_assert_max_num_queries(60):
        page = own.get(f"/insights/limits/{row.pk}").content.decode()
    assert "Take the rest day" in page and "I will fix them" in page and "Tuesday, 3 March" in page
    assert "Take the rest day" not in other.get(f"/insights/limits/{row.pk}").content.decode()
    assert other.post(f"/insights/limits/{row.pk}/accept", {"proposal": "fix"}).status_code == 403
    assert own.post(f"/insights/limits/{row.pk}/accept", {"proposal": "fix"}).status_code == 302
    listed = boss.get("/api/v1/insights/crossings?team=shop").json()["items"]
    assert [(each["id"], each["person"]["name"]) for each in listed] == [(row.pk, "Anna")]
    taken = boss.post(f"/api/v1/insights/crossings/{row.pk}/accept?proposal=rest_day").json()
    assert taken["absence"] and taken["swaps"] and len(taken["action_items"]) == 2
    assert own.post(f"/insights/limits/{row.pk}/close").status_code == 302
    assert boss.get("/api/v1/insights/crossings?team=shop").json()["items"] == []
    changed = boss.put("/api/v1/insights/limits/shop", {"share_percent": 50}, content_type="application/json").json()
    assert (changed["share_percent"], changed["nights_per_week"], changed["told"]) == (50, 1, True)


def test_by_command_and_by_file(people: Any, clock: TravellingClock) -> None:
    make.person("Root", "administrator")

    def run(*words: str) -> str:
        answer = CliRunner().invoke(cli, ["insights", *words])
        assert answer.exit_code == 0, answer.output
        return answer.output

    file = parse({"version": 1, "teams": [{"slug": "shop", "name": "Shop", "limits": {"pages_per_shift": 1}}]}, "f")
    apply(make.actor(), file)
    assert read()["teams"]["shop"]["limits"]["pages_per_shift"] == 1 and apply(make.actor(), file)[0] == []
    assert "336" in run("limits", "shop") and "Nobody carried" in run("crossed")
    run("limits", "shop", "--pages", "2", "--share", "0")
    bearing.look()
    assert "Anna" in run("crossed", "--team", "shop")
    row = Crossing.objects.get(kind="pages")
    assert "Disk" in run("relief", str(row.pk))
    run("relief", str(row.pk), "--accept", "swap", "--close")
    row.refresh_from_db()
    assert row.closed_at is not None and row.swaps.count() == 1
    run("limits", "shop", "--stop")
    assert read()["teams"]["shop"]["limits"] is None


def test_quiet_hours_and_the_weekly_list_stand_in_the_file(people: Any, clock: TravellingClock) -> None:
    file: dict[str, Any] = {
        "version": 1,
        "people": [{"email": "new@example.org", "name": "New", "quiet_hours": {"starts": "22:00", "ends": "07:00"}}],
        "teams": [{"slug": "shop", "name": "Shop", "weekly_list": True}],
    }
    apply(make.actor(), parse(file, "file"))
    there = read()
    assert there["people"]["new@example.org"]["quiet_hours"] == {"starts": "22:00", "ends": "07:00"}
    assert there["teams"]["shop"]["weekly_list"] is True and apply(make.actor(), parse(file, "file"))[0] == []
    file["people"][0]["quiet_hours"] = None
    file["teams"][0]["weekly_list"] = False
    apply(make.actor(), parse(file, "file"))
    there = read()
    assert there["people"]["new@example.org"]["quiet_hours"] is None and not there["teams"]["shop"]["weekly_list"]
    with pytest.raises(Refused):
        parse({"version": 1, "people": [{**file["people"][0], "quiet_hours": {"starts": 1320, "ends": "07:00"}}]}, "f")
