"""What teams still lack: looked at, shown to those whom it concerns, put off, counted by day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

import factories as make
from cli.shell import data, run
from watchroom.accounts.actors import Actor, acting
from watchroom.accounts.commands import save_team
from watchroom.accounts.models import Person, Team
from watchroom.actions.models import ActionItem
from watchroom.catalog.models import Service
from watchroom.config.carry_out import apply
from watchroom.config.current import read as configured
from watchroom.config.text import parse
from watchroom.engine.loop import run_due
from watchroom.incidents.models import Incident
from watchroom.insights.commands import set_weekly_list
from watchroom.insights.models import WeeklyList
from watchroom.intake.models import Signal
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import NotAllowed, NotFound, Refused
from watchroom.mitigations.models import Mitigation, MitigationRun
from watchroom.paging.commands import record_defect
from watchroom.paging.models import Notification, PagingDefect
from watchroom.readiness.commands import look_at, publish_process, put_off, set_thresholds, take_up
from watchroom.readiness.duties import duties
from watchroom.readiness.models import Lack, ReadinessDay, Standing, Turn
from watchroom.runbooks.models import Runbook
from watchroom.status.models import StatusPage

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(clock: TravellingClock) -> Team:
    """A team with a manager, a member, and a service that pages one person who can't be reached."""
    team = make.team("Shop", slug="shop")
    boss, mia = make.person("Boss"), make.person("Mia")
    make.membership(team, boss, "manager")
    make.membership(team, mia)
    schedule = make.schedule("Shop on call", team=team, people=(mia,))
    policy = make.policy(schedule, team=team, slug="shop-policy")
    make.service("Checkout", slug="checkout", team=team, policy=policy, tier=1)
    return team


def boss() -> Actor:
    return acting(Person.objects.get(name="Boss"))


def keys(team: Team | None) -> dict[str, Lack]:
    return {row.key: row for row in Lack.objects.filter(team=team, gone_at__isnull=True)}


def test_everything_that_a_team_lacks_is_found(shop: Team, clock: TravellingClock) -> None:
    mia, service = Person.objects.get(name="Mia"), Service.objects.get()
    integration = make.integration(team=shop, service=service)
    for number in range(1, 21):
        Signal.objects.create(
            integration_id=integration.pk, number=number, received_at=clock(), body=b"?", refused=True
        )
    record_defect(
        PagingDefect.Kind.AHEAD, "ahead x", text="Nobody is on call on Sunday.", fix="", path="/schedules/x", team=shop
    )
    mitigation = Mitigation.objects.create(
        team=shop, service=service, kind="restart", name="Restart", slug="restart", how="x"
    )
    Mitigation.objects.create(team=shop, kind="other", name="Untried", slug="untried", how="x")
    outage = Incident.objects.create(
        title="Down", severity=1, status="resolved", team=shop, declared_at=clock() - timedelta(days=20), guide_at=None
    )
    MitigationRun.objects.create(
        incident=outage, mitigation=mitigation, kind="restart", title="x", outcome="worse",
        started_at=clock(), ended_at=clock(),
    )  # fmt: skip
    item = ActionItem.objects.create(
        team=shop, incident=outage, title="Add a limit", owner=mia, due_on=date(2026, 2, 1), remind_at=clock()
    )
    StatusPage.objects.create(team=shop, name="Status", slug="status")
    publish_process(make.actor("Ada"), {})
    clock.advance(timedelta(days=29))
    look_at([shop])
    found = keys(shop)
    assert {key: row.level for key, row in found.items()} == {
        f"person:{mia.pk}": 1,
        f"defect:{PagingDefect.objects.get().pk}": 1,
        "policy:shop-policy": 1,
        f"tray:{integration.slug}": 1,
        f"silent:{integration.slug}": 2,
        "service.runbook:checkout": 2,
        "service.indicator:checkout": 3,
        "service.needs:checkout": 3,
        "mitigation:restart": 2,
        "mitigation:untried": 3,
        "practice:": 2,
        f"process:{mia.pk}": 2,
        f"process:{Person.objects.get(name='Boss').pk}": 2,
        f"action:{item.pk}": 2,
        f"postmortem:{outage.pk}": 2,
        "page:status": 2,
    }
    assert found["mitigation:restart"].service == service
    standing = Standing.objects.get(team=shop)
    assert (standing.hurts, standing.mends, standing.nices) == (4, 9, 3)
    assert standing.next is not None and standing.next.text == "Nobody is on call on Sunday."


def test_it_is_known_since_when_and_what_is_mended_is_gone(shop: Team, clock: TravellingClock) -> None:
    assert not Turn.objects.exists()  # as in a new database: the engine begins by itself
    run_due()
    since, mia = clock(), Person.objects.get(name="Mia")
    assert keys(shop)[f"person:{mia.pk}"].first_at == since and keys(None)["published:"].level == 2
    for label in ("Work", "Home"):
        make.contact_method(mia, label=label, verified_at=clock())
    clock.advance(timedelta(hours=2))
    run_due()
    rows = keys(shop)
    assert Lack.objects.get(key=f"person:{mia.pk}", gone_at=clock())
    assert rows["service.runbook:checkout"].first_at == since
    clock.advance(timedelta(days=1))
    run_due()
    assert [(row.day, row.looked) for row in ReadinessDay.objects.filter(team=shop)] == [
        (since.date(), ReadinessDay.objects.filter(team=shop)[0].looked),
        (clock().date(), ReadinessDay.objects.filter(team=shop)[1].looked),
    ]


def test_it_is_put_off_with_a_reason_and_comes_back(shop: Team, clock: TravellingClock) -> None:
    key, day = "service.runbook:checkout", clock().date() + timedelta(days=10)
    with pytest.raises(NotAllowed):
        put_off(acting(Person.objects.get(name="Mia")), shop, key, until=day, reason="Later")
    for until, reason in ((day, " "), (clock().date(), "x"), (day + timedelta(days=200), "x")):
        with pytest.raises(Refused):
            put_off(boss(), shop, key, until=until, reason=reason)
    with pytest.raises(NotFound):
        put_off(boss(), shop, "service.runbook:nothing", until=day, reason="Later")
    before = Standing.objects.filter(team=shop).first()
    assert before is None, "what is refused writes nothing"
    row = put_off(boss(), shop, key, until=day, reason="The new runbook is being written")
    standing = Standing.objects.get(team=shop)
    assert standing.put_off == 1 and row.put_off_by == boss().person
    take_up(boss(), shop, key)
    assert Standing.objects.get(team=shop).put_off == 0
    put_off(boss(), shop, key, until=day, reason="Later")
    mends = Standing.objects.get(team=shop).mends
    clock.advance(timedelta(days=10))
    look_at([shop])
    standing = Standing.objects.get(team=shop)
    assert (standing.put_off, standing.mends) == (0, mends + 1)


def test_by_page(shop: Team, clock: TravellingClock, client: Client) -> None:
    client.force_login(boss().person)  # type: ignore[arg-type]
    page = client.get("/readiness/teams/shop").content.decode()
    assert (
        "Mend this next" in page
        and "Nothing reaches Mia, who is on call." in page
        and "Checkout has no runbook." in page
    )
    form = {"team": "shop", "key": "service.runbook:checkout", "until": "2026-03-20", "reason": "Being written"}
    client.post("/readiness/put-off", form)
    assert "Until 20 Mar 2026, by Boss: Being written" in client.get("/readiness/teams/shop").content.decode()
    listed = client.get("/readiness").content.decode()
    assert "The policy Policy" in listed and "This installation" not in listed
    client.post("/readiness/put-off", {"team": "shop", "key": "service.runbook:checkout", "do": "take_up"})
    assert "Being written" not in client.get("/readiness/teams/shop").content.decode()
    client.post("/readiness/put-off", form | {"until": "soon"})
    assert "That is no day." in client.get("/readiness").content.decode()


def test_a_team_is_seen_by_its_own_and_the_installation_by_administrators(
    shop: Team, clock: TravellingClock, client: Client
) -> None:
    look_at([shop, None])
    stranger, member, admin = make.person("Sam", "responder"), Person.objects.get(name="Mia"), make.person("Ada", 40)
    client.force_login(stranger)
    for path in ("/readiness/teams/shop", "/api/v1/readiness/teams/shop"):
        assert client.get(path).status_code == 404
    for path in ("/readiness/installation", "/api/v1/readiness/installation", "/readiness/thresholds"):
        assert client.get(path).status_code == 403
    assert client.get("/api/v1/readiness").json()["items"] == []
    body = {"team": "shop", "key": "service.runbook:checkout", "until": "2026-03-20", "reason": "x"}
    assert client.post("/api/v1/readiness/put-off", body, content_type="application/json").status_code == 404
    assert client.put("/api/v1/readiness/thresholds", {}, content_type="application/json").status_code == 403
    client.force_login(member)
    assert client.get("/readiness/teams/shop").status_code == 200
    assert "Put it off" not in client.get("/readiness/teams/shop").content.decode()
    assert client.post("/api/v1/readiness/put-off", body, content_type="application/json").status_code == 403
    client.force_login(admin)
    assert {each["team"] for each in client.get("/api/v1/readiness").json()["items"]} == {"shop", None}
    answer = client.get("/api/v1/readiness/installation").json()
    assert "published:" in {each["key"] for each in answer["lacks"]}
    body |= {"team": None, "key": "published:"}
    assert client.post("/api/v1/readiness/put-off", body, content_type="application/json").status_code == 204


def test_by_command_line_and_for_pipelines(shop: Team, clock: TravellingClock) -> None:
    make.person("Ada", "administrator")
    look_at([shop])
    assert data("readiness")["items"][0]["team"] == "shop"
    found = data("readiness", "--team", "shop")
    assert found["next"]["level"] == "will-hurt" and found["percent"] < 100
    assert run("readiness", "--team", "shop").exit_code == 0
    assert run("readiness", "--team", "shop", "--fail-on", "will-hurt").exit_code == 1
    assert run("readiness", "--fail-on", "mend").exit_code == 1
    for lack in found["lacks"]:
        if lack["level"] == "will-hurt":
            done = run("put-off", lack["key"], "--team", "shop", "--until", "2026-03-20", "--reason", "Known")
            assert done.exit_code == 0, done.output
    assert run("readiness", "--team", "shop", "--fail-on", "will-hurt").exit_code == 0
    assert run("readiness", "--team", "shop", "--fail-on", "mend").exit_code == 1
    assert run("take-up", found["next"]["key"], "--team", "shop").exit_code == 0
    assert run("readiness", "--team", "shop", "--fail-on", "will-hurt").exit_code == 1
    assert data("readiness-thresholds", "--practised-days", "0")["practised_days"] == 0
    assert "practice:" not in {each["key"] for each in data("readiness", "--team", "shop")["lacks"]}
    assert data("readiness-thresholds", "--reset")["practised_days"] == 90
    assert "published" in run("readiness", "--installation").output


def test_a_file_says_the_thresholds(clock: TravellingClock, client: Client) -> None:
    admin = make.actor("Ada")
    file: dict[str, Any] = {"readiness": [{"of": "everybody", "practised_days": 30}]}
    apply(admin, parse(file, "file"))
    assert apply(admin, parse(file, "file"))[0] == []
    assert configured()["readiness"]["everybody"]["practised_days"] == 30
    apply(admin, parse({"readiness": []}, "file"), prune=True)
    assert configured()["readiness"] == {}
    with pytest.raises(Refused):
        set_thresholds(admin, {"practised_days": -1})
    client.force_login(admin.person)
    form = dict.fromkeys(("silent_days", "tray_most", "waiting_days", "postmortem_days", "unread_days"), "5")
    assert client.post("/readiness/thresholds", form | {"practised_days": "x"}).status_code == 422
    assert client.post("/readiness/thresholds", form | {"practised_days": "7"}).status_code == 302
    assert configured()["readiness"]["everybody"]["practised_days"] == 7


def test_many_teams_cost_as_many_questions_as_one(
    shop: Team, clock: TravellingClock, client: Client, django_assert_max_num_queries: Any
) -> None:
    teams = [shop]
    for _ in range(8):
        team = make.team()
        people = (make.person(), make.person())
        for each in people:
            make.membership(team, each)
        make.schedule(team=team, people=people)
        for _ in range(3):
            make.service(team=team)
        teams.append(team)
    look_at(teams)
    with django_assert_max_num_queries(48):
        look_at(teams)
    client.force_login(boss().person)  # type: ignore[arg-type]
    client.get("/readiness")
    with django_assert_max_num_queries(50):
        client.get("/readiness/teams/shop")
    client.force_login(make.person("Ada", "administrator"))
    with django_assert_max_num_queries(12):
        client.get("/readiness")


def test_home_the_service_and_the_weekly_mail_say_it(shop: Team, clock: TravellingClock, client: Client) -> None:
    mia = Person.objects.get(name="Mia")
    make.contact_method(boss().person, "browser", {"person": 1})  # type: ignore[arg-type]
    set_weekly_list(boss(), shop, on=True)
    clock.to(WeeklyList.objects.get().due_at - timedelta(hours=1))
    look_at([shop])
    client.force_login(mia)
    assert "that will hurt" not in client.get("/").content.decode(), "it is the managers' to mend"
    assert "Checkout has no runbook." in client.get("/services/checkout").content.decode()
    client.force_login(boss().person)  # type: ignore[arg-type]
    assert "lacks 2 things that will hurt" in client.get("/").content.decode()
    put_off(boss(), shop, "practice:", until=clock().date() + timedelta(days=9), reason="In May")
    clock.advance(timedelta(hours=1))
    run_due()
    told = Notification.objects.get(subject="What Shop still lacks")
    assert told.person == boss().person and told.path == "/readiness/teams/shop"
    assert "- Nothing reaches Mia, who is on call." in told.body and "practised" not in told.body
    clock.to(WeeklyList.objects.get().due_at)
    run_due()
    later = Notification.objects.filter(subject="What Shop still lacks").latest("pk")
    assert later == told, "nothing is new"
    clock.to(WeeklyList.objects.get().due_at)
    run_due()
    later = Notification.objects.filter(subject="What Shop still lacks").latest("pk")
    assert "practised" in later.body and "Mia" not in later.body, "what was put off has come back"


def test_a_drill_is_practice(shop: Team, clock: TravellingClock) -> None:
    Incident.objects.create(title="Drill", team=shop, drill=True, declared_at=clock(), guide_at=None)
    look_at([shop])
    assert "practice:" not in keys(shop)
    clock.advance(timedelta(days=91))
    look_at([shop])
    assert keys(shop)["practice:"].text == "The team has not practised an incident for 91 days."


def test_a_new_team_is_looked_at_at_once(shop: Team, clock: TravellingClock) -> None:
    """It came only with the next look, up to an hour later."""
    [duty] = [each for each in duties if each.name == "what teams lack"]
    while (at := duty.next_due()) is not None and at <= clock():
        duty.work()
        clock.advance(timedelta(seconds=2))
    assert at is not None and at > clock() + timedelta(minutes=50)
    ours = save_team(make.actor(role="administrator"), None, name="New")
    at = duty.next_due()
    assert at is not None and at <= clock()
    duty.work()
    assert Standing.objects.get(team=ours).looked_at == clock()


def test_what_a_runbook_lacks_is_said(shop: Team, clock: TravellingClock) -> None:
    Runbook.objects.create(team=shop, name="Queue", slug="queue")
    look_at([shop])
    row = keys(shop)["runbook:queue"]
    assert (row.level, row.path) == (2, "/runbooks/queue") and row.text.startswith(
        "The runbook Queue: it has no steps yet."
    )


def test_a_page_shows_as_much_as_can_be_read(shop: Team, clock: TravellingClock, client: Client) -> None:
    Service.objects.bulk_create(Service(team=shop, name=f"S{n}", slug=f"s-{n}", tier=4) for n in range(60))
    client.force_login(boss().person)  # type: ignore[arg-type]
    page = client.get("/readiness/teams/shop").content.decode()
    assert "more: they move up" in page and page.count("Put off<") < 3 * 50
    assert len(client.get("/api/v1/readiness/teams/shop").json()["lacks"]) > 200
