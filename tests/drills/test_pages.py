"""The pages of drills, by those who may see them and those who may not; how many statements each takes."""

from __future__ import annotations

from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

import factories as make
from drills.practice import World
from watchroom.accounts.actors import acting
from watchroom.accounts.commands import delete_team
from watchroom.accounts.models import Person, Team
from watchroom.catalog.models import Service
from watchroom.drills import commands
from watchroom.drills.models import Drill, Scenario
from watchroom.engine.loop import run_due
from watchroom.incidents import commands as incidents
from watchroom.intake.models import AlertGroup
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Conflict, NotAllowed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def signed_in(person: Person) -> Client:
    client = Client()
    client.force_login(person, BACKEND)
    return client


def text(answer: Any) -> str:
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


@pytest.fixture
def _set_up(db: None) -> None:
    from watchroom.accounts.models import Installation
    from watchroom.kernel import clock

    Installation.objects.update_or_create(pk=1, defaults={"set_up_at": clock.now()})


pytestmark.append(pytest.mark.usefixtures("_set_up"))


def test_from_the_library_to_the_debrief_by_pages(world: World, clock: TravellingClock) -> None:
    fay, pia = signed_in(world.fay), signed_in(world.pia)
    assert "Nobody has practised yet" in text(fay.get("/drills"))
    assert "Make it ours" in text(fay.get("/drills/library"))
    made = fay.post("/drills/library", {"story": "bad-deploy", "service": world.service.pk})
    scenario = Scenario.objects.get()
    assert made.url == f"/drills/scenarios/{scenario.slug}"
    page = text(fay.get(made.url))
    assert "Rolling back ends it" in page and "page nobody" not in page
    assert str(world.pia.pk) in text(fay.get(f"/drills/plan?scenario={scenario.slug}"))
    planned = fay.post(
        "/drills/plan",
        {"scenario": scenario.pk, "planned_for": "2026-03-02T09:00", "facilitator": world.fay.pk, "participants": [world.pia.pk], "pages": "participants"},
    )  # fmt: skip
    drill = Drill.objects.get()
    assert planned.url == f"/drills/{drill.pk}"
    assert "bad deploy" in text(fay.get(planned.url))
    for address in (planned.url, "/drills", f"/drills/scenarios/{scenario.slug}"):
        assert "Rolling back" not in text(pia.get(address))
    assert "bad deploy" not in text(pia.get(planned.url))
    fay.post(f"{planned.url}/do", {"do": "start"})
    run_due()
    page = text(fay.get(planned.url))
    assert "Stop everything now" in page and "12 % of requests fail" in page and "Reveal" in page
    page = text(pia.get(planned.url))
    assert "Stop everything now" in page and "Reveal" not in page and "Declare the incident, as a drill" in page
    declare = text(pia.get(f"/incidents/declare?drill=1&team=shop&group={AlertGroup.objects.get().pk}"))
    assert 'name="drill" id="id_drill" checked' in declare.replace("\n", " ") or "checked" in declare
    incidents.declare(acting(world.pia), title="Errors", severity=2, alert_groups=[AlertGroup.objects.get()])
    fact = drill.injects.filter(content__kind="fact").first()
    fay.post(f"/drills/injects/{fact.pk}", {"do": "now"})
    run_due()
    fay.post(f"{planned.url}/do", {"do": "hint", "text": "What was changed?"})
    fay.post(f"{planned.url}/do", {"do": "pause"})
    assert "rests since" in text(pia.get(planned.url))
    fay.post(f"{planned.url}/do", {"do": "resume"})
    assert fay.get(f"{planned.url}/debrief").status_code == 404
    clock.advance(timedelta(minutes=9))
    stopped = pia.post(f"{planned.url}/do", {"do": "stop"})
    assert stopped.url == f"/drills/{drill.pk}/debrief"
    pia.post(f"{stopped.url}/do", {"do": "note", "kind": "mend", "text": "Nobody knew who may roll back"})
    note = drill.notes.get()
    pia.post(f"{stopped.url}/do", {"do": "action", "note": note.pk, "title": "Write down who may roll back", "owner": world.pia.pk, "due_on": "2026-03-20"})  # fmt: skip
    page = text(pia.get(stopped.url))
    assert "Write down who may roll back" in page and "What came, and what was done" in page
    document = pia.get(f"{stopped.url}.md")
    assert document["Content-Type"].startswith("text/markdown") and b"Nobody knew who may roll back" in document.content
    page = text(fay.get("/drills?team=shop"))
    assert "Communications lead" in page and "Practised" in page


def test_a_scenario_is_written_by_its_form(world: World) -> None:
    fay = signed_in(world.fay)
    form = {
        "name": "Ours",
        "team": "shop",
        "services": [world.service.pk],
        "severity": "2",
        "minutes": "30",
        "story": "x",
    }
    page = text(fay.post("/drills/scenarios/new", {**form, "i-rows": 0, "e-rows": 0, "do": "add", "kind": "alert"}))
    assert 'name="i-labels-0"' in page
    rows = {
        "i-rows": 1,
        "i-kind-0": "alert",
        "i-minutes-0": "0",
        "i-title-0": "Slow",
        "i-labels-0": 'service={service} note="a b"',
    }
    page = text(
        fay.post("/drills/scenarios/new", {**form, **rows, "e-rows": 0, "do": "expect", "expected": "declared"})
    )
    assert 'name="e-minutes-0"' in page and 'value="Slow"' in page
    rows |= {"e-rows": 1, "e-kind-0": "declared", "e-minutes-0": "10"}
    wrong = fay.post("/drills/scenarios/new", {**form, **rows, "i-labels-0": "nonsense", "do": "save"})
    assert wrong.status_code == 422 and "not a label" in wrong.content.decode()
    saved = fay.post("/drills/scenarios/new", {**form, **rows, "do": "save"})
    scenario = Scenario.objects.get()
    assert saved.url == f"/drills/scenarios/{scenario.slug}"
    assert scenario.injects[0]["labels"] == {"service": "{service}", "note": "a b"}
    page = text(fay.get(f"/drills/scenarios/{scenario.slug}/edit"))
    assert "note=&quot;a b&quot;" in page
    page = text(fay.post(f"/drills/scenarios/{scenario.slug}/edit", {**form, **rows, "do": "remove:0"}))
    assert 'name="i-labels-0"' not in page and Scenario.objects.get().injects
    fay.post(f"/drills/scenarios/{scenario.slug}/delete")
    assert not Scenario.objects.exists()


def test_who_may_not_see_or_do(world: World) -> None:
    surprise = world.drill(begin=False, surprise=True)
    zoe, pia, nobody = signed_in(world.zoe), signed_in(world.pia), Client()
    for address in (f"/drills/{surprise.pk}", f"/drills/{surprise.pk}/plan", f"/drills/{surprise.pk}/debrief"):
        assert zoe.get(address).status_code == 404 and pia.get(address).status_code == 404
        assert nobody.get(address).status_code == 302
    slug = surprise.scenario.slug
    assert zoe.get(f"/drills/scenarios/{slug}/edit").status_code == 403
    assert pia.get(f"/drills/scenarios/{slug}/edit").status_code == 404
    assert "secret" not in text(zoe.get(f"/drills/scenarios/{slug}")) + text(pia.get(f"/drills/scenarios/{slug}"))
    commands.start(acting(world.fay), surprise)
    waiting = surprise.injects.last()
    for client in (zoe, pia):
        assert client.post(f"/drills/injects/{waiting.pk}", {"do": "now"}).status_code in (403, 404)
        assert client.post(f"/drills/{surprise.pk}/do", {"do": "pause"}).status_code in (403, 404)
    assert zoe.post(f"/drills/{surprise.pk}/do", {"do": "stop"}).status_code == 403
    assert zoe.post("/drills/library", {"story": "dns", "service": world.service.pk}).status_code == 403
    assert Drill.objects.get().state == "running" and Scenario.objects.count() == 1


def test_pages_take_few_statements_however_much_there_is(world: World, clock: TravellingClock) -> None:
    fay = signed_in(world.fay)
    scenario = world.scenario()

    def practise() -> Drill:
        drill = world.drill(scenario)
        run_due()
        incidents.declare(acting(world.pia), title="Slow", severity=2, alert_groups=[AlertGroup.objects.get(resolved_at=None)])  # fmt: skip
        clock.advance(timedelta(minutes=6))
        run_due()
        commands.end(acting(world.fay), drill)
        for number in range(3):
            commands.add_note(acting(world.pia), drill, "well", f"Note {number}")
        return drill

    def count(address: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as found:
            text(fay.get(address))
        return len(found)

    practise()
    drill = practise()
    addresses = (
        "/drills",
        "/drills?team=shop",
        "/drills/library",
        f"/drills/{drill.pk}/debrief",
        f"/drills/scenarios/{scenario.slug}",
    )
    first = [count(each) for each in addresses]
    for _ in range(3):
        drill = practise()
        make.membership(world.team, make.person())
    again = [count(each) for each in (*addresses[:3], f"/drills/{drill.pk}/debrief", addresses[4])]
    assert again == first
    assert max(first) < 75, first
    running = world.drill(scenario)
    run_due()
    assert count(f"/drills/{running.pk}") < 60


def test_what_lies_behind_the_first_hundreds_is_found_and_kept(world: World) -> None:
    Service.objects.bulk_create(
        Service(team=world.team, name=f"A {number:03}", slug=f"a-{number}") for number in range(501)
    )
    Team.objects.bulk_create(Team(name=f"A {number:03}", slug=f"crowd-{number}") for number in range(201))
    fay, scenario = signed_in(world.fay), world.scenario()
    address = f"/drills/scenarios/{scenario.slug}/edit"
    form = _Fields.of(text(fay.get(address)))
    assert form["services"] == [str(world.service.pk)]
    assert fay.post(address, {**form, "do": "save"}).status_code == 302
    assert scenario.services.get() == world.service
    page = text(fay.get(f"/drills/library?service={world.service.pk}"))
    assert f'value="{world.service.pk}" selected' in page and "A 100" not in page
    found = "/choices/own-services.json?q=a+500"
    assert [each["label"] for each in fay.get(found).json()] == ["A 500"]
    assert signed_in(world.zoe).get(found).json() == []
    manager: Any = make.person("Root", role="administrator")
    page = text(signed_in(manager).get("/drills?team=shop"))
    assert "Who has practised" in page and 'value="shop" selected' in page


def test_an_administrator_deletes_what_is_over(world: World) -> None:
    drill, root = world.drill(), make.person("Root", role="administrator")
    ada, fay = signed_in(root), signed_in(world.fay)
    with pytest.raises(Conflict):
        commands.delete_drill(acting(root), drill)
    commands.end(acting(world.fay), drill)
    debrief, scenario = f"/drills/{drill.pk}/debrief", f"/drills/scenarios/{drill.scenario.slug}"
    commands.add_note(acting(world.pia), drill, "mend", "Say who may roll back")
    with pytest.raises(NotAllowed):
        commands.delete_drill(acting(world.max), drill)
    assert "Delete the drill" not in text(fay.get(debrief)) and "Delete the drill" in text(ada.get(debrief))
    assert fay.post(f"{debrief}/do", {"do": "delete"}).status_code == 403
    assert fay.delete(f"/api/v1/drills/{drill.pk}").status_code == 403
    with pytest.raises(Conflict, match="administrator"):
        commands.delete_scenario(acting(world.max), drill.scenario)
    with pytest.raises(Conflict, match=r"still owns.*Drill"):
        delete_team(acting(root), world.team)
    assert ada.post(f"{debrief}/do", {"do": "delete"}).url == "/drills"
    assert not Drill.objects.exists()
    assert fay.post(f"{scenario}/delete").status_code == 302 and not Scenario.objects.exists()


def test_a_team_that_has_drilled_says_why_it_stays_and_how_it_is_closed(
    world: World, django_assert_max_num_queries: Any
) -> None:
    drill, root = world.drill(), make.person("Root", role="administrator")
    run_due()
    incidents.declare(acting(world.pia), title="Slow", severity=2, team=world.team, drill=True)
    commands.end(acting(world.fay), drill)
    commands.delete_drill(acting(root), drill)
    ada, address = signed_in(root), f"/teams/{world.team.slug}"
    page = text(ada.get(address))
    assert "It has a history, which stays: " in page and "1 alert group" in page and "1 incident" in page
    assert "Close it instead" in page and f"{address}/delete" not in page
    refused = ada.delete(f"/api/v1/teams/{world.team.slug}")
    assert refused.status_code == 409 and "Close it instead" in refused.json()["fix"]
    assert "Close it instead" not in text(signed_in(world.max).get(address))
    empty = make.team("Empty", slug="empty")
    assert "/teams/empty/delete" in text(ada.get("/teams/empty"))
    with django_assert_max_num_queries(110):
        delete_team(acting(root), empty)


WORDS = {
    "q": 'a "b" c', "apostrophe": "it's", "back": "C:\\dir\\", "lines": "one\ntwo", "plain": "x=y", "none": "", "a b": "#c",
    "both": """'"\\"' """,
}  # fmt: skip


def test_saving_a_scenario_unchanged_changes_nothing(world: World) -> None:
    alert = {"kind": "alert", "minutes": 0, "title": "A", "labels": WORDS, "annotations": {**WORDS, "runbook_url": "https://x.example"}}  # fmt: skip
    scenario = world.scenario(injects=[alert, {"kind": "alert_ends", "alert": "A"}])
    before = scenario.injects
    assert before[0]["annotations"]["q"] == 'a "b" c'
    fay, address = signed_in(world.fay), f"/drills/scenarios/{scenario.slug}/edit"
    form = _Fields.of(text(fay.get(address)))
    assert fay.post(address, {**form, "do": "save"}).status_code == 302
    scenario.refresh_from_db()
    assert scenario.injects == before and scenario.services.get() == world.service
    assert scenario.expectations and scenario.story == "A **secret** story"


class _Fields(HTMLParser):
    """What a browser would send of the scenario's form."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, Any] = {}
        self._area = self._select = ""

    @classmethod
    def of(cls, page: str) -> dict[str, Any]:
        parser = cls()
        parser.feed(page[page.index('id="scenario-form"') :])
        return parser.found

    def handle_starttag(self, tag: str, given: list[tuple[str, str | None]]) -> None:
        attrs = dict(given)
        if tag == "textarea":
            self._area = attrs["name"] or ""
            self.found[self._area] = ""
        elif tag == "select":
            self._select = attrs["name"] or ""
        elif tag == "option" and "selected" in attrs:
            self.found.setdefault(self._select, []).append(attrs["value"])
        elif tag == "input" and "name" in attrs:
            self.found[attrs["name"] or ""] = attrs.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self.found[self._area] += data.replace("\n", "\r\n")


def sent(client: Client, path: str, **changed: str) -> Any:
    """What the form of this page sends as it stands, with some fields changed."""
    return client.post(path, _Fields.of(text(client.get(path))) | {"do": "save"} | changed)


def test_a_label_whose_name_holds_an_equals_sign_survives_the_form(world: World) -> None:
    labels = {"a=b": "c=d", "plain": "x y", 'quoted "q"': "it's", "tricky\\": "", "=": "="}
    scenario = world.scenario(injects=[{"kind": "alert", "minutes": 0, "title": "Slow", "labels": labels}])
    fay = signed_in(world.fay)
    assert sent(fay, f"/drills/scenarios/{scenario.slug}/edit").status_code == 302
    scenario.refresh_from_db()
    assert scenario.injects[0]["labels"] == labels
    for wrong, says in (("team", "That is not a label"), ('a="b', "A quote is not closed"), ('""=x', "has no name")):
        answer = sent(fay, f"/drills/scenarios/{scenario.slug}/edit", **{"i-labels-0": wrong})
        assert answer.status_code == 422 and says in answer.content.decode()


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"injects": [{"kind": "alert", "title": "A", "labels": ["a"]}]}, "That is not a list of names and values"),
        ({"injects": [{"kind": "explosion", "title": "A"}, "what"]}, "There is no such kind"),
        ({"injects": [{"kind": "alert", "title": "A"}, {"kind": "alert", "title": "A"}]}, "have the same name"),
        ({"expectations": [{"kind": "role", "role": "king", "minutes": 3}]}, "There is no such role"),
    ],
)
def test_a_scenario_that_makes_no_sense_as_it_was_saved_says_what_to_mend(
    world: World, fields: dict[str, Any], says: str
) -> None:
    scenario = world.scenario()
    planned = world.drill(scenario, begin=False)
    Scenario.objects.filter(pk=scenario.pk).update(**fields)
    fay = signed_in(world.fay)
    shown = text(fay.get(f"/drills/scenarios/{scenario.slug}"))
    assert "It can&#x27;t be practised as it is" in shown or "It can't be practised as it is" in shown
    assert says in shown and f"/drills/scenarios/{scenario.slug}/edit" in shown
    assert says in text(fay.get(f"/drills/scenarios/{scenario.slug}/edit"))
    text(fay.get(f"/drills/{planned.pk}"))
    started = fay.post(f"/drills/{planned.pk}/do", {"do": "start"}, HTTP_ACCEPT="text/html")
    assert started.status_code == 422
    assert fay.post(f"/api/v1/drills/{planned.pk}/start").json()["field"].startswith(("injects", "expectations"))
    assert fay.post("/api/v1/drills", {"scenario": scenario.slug, "participants": [world.pia.email]}, "application/json").status_code == 422  # fmt: skip
    assert Drill.objects.get(pk=planned.pk).state == "planned"


def test_every_team_is_found_in_the_filter(world: World) -> None:
    fay = signed_in(world.fay)
    Team.objects.bulk_create(Team(name=f"Team {n:04}", slug=f"one-of-many-{n:04}") for n in range(1200))
    ada = make.person("Ada", "administrator")
    admin = signed_in(ada)
    page = text(admin.get("/drills"))
    assert page.count("<option") < 20 and 'data-find="/choices/own-teams.json"' in page
    found = admin.get("/choices/own-teams.json", {"q": "1150"}).json()
    assert found == [{"value": "one-of-many-1150", "label": "Team 1150", "hint": ""}]
    assert 'value="one-of-many-1150" selected' in text(admin.get("/drills?team=one-of-many-1150"))
    assert text(admin.get("/drills?choices=all")).count("<option") > 1200
    assert fay.get("/choices/own-teams.json", {"q": "Team 1"}).json() == []
    scenario = world.scenario()
    assert [each["value"] for each in fay.get("/choices/own-scenarios.json", {"q": "slow"}).json()] == [
        str(scenario.pk)
    ]
    assert fay.get("/choices/own-scenarios.json", {"team": "one-of-many-0001"}).json() == []
    assert signed_in(world.zoe).get("/choices/own-scenarios.json").json() == []
