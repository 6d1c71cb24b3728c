"""Drills by API, command line and configuration file."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

import factories as make
from drills.practice import EXPECTATIONS, INJECTS, World
from watchroom.accounts.actors import acting
from watchroom.accounts.models import Person
from watchroom.config.carry_out import apply
from watchroom.config.current import read
from watchroom.config.text import parse
from watchroom.drills.models import Drill, Scenario
from watchroom.engine.loop import run_due
from watchroom.kernel.errors import Conflict, Refused

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture
def call() -> Callable[..., Any]:
    def send(person: Person, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        client = Client()
        client.force_login(person, BACKEND)
        data = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        answer = getattr(client, method.lower())(f"/api/v1{path}", **data)
        assert answer.status_code == status, answer.content
        return answer.json() if answer.content else None

    return send


def test_by_api(world: World, call: Callable[..., Any]) -> None:
    fay, pia = world.fay, world.pia
    assert len(call(fay, "GET", "/scenario-library")) == 8
    call(fay, "POST", "/scenario-library", {"key": "dns", "team": "shop", "services": ["shop"]}, 201)
    call(fay, "POST", "/scenario-library", {"key": "dns", "team": "shop", "services": ["nothing"]}, 404)
    call(world.zoe, "POST", "/scenario-library", {"key": "dns", "team": "shop"}, 403)
    body = {
        "name": "Ours",
        "team": "shop",
        "story": "x",
        "services": ["shop"],
        "injects": INJECTS,
        "expectations": EXPECTATIONS,
    }
    made = call(fay, "POST", "/scenarios", body, 201)
    assert made["slug"] == "ours" and made["injects"][0]["kind"] == "alert"
    wrong = call(fay, "POST", "/scenarios", {**body, "injects": [{"kind": "x"}]}, 422)
    assert wrong["field"] == "injects[0].kind"
    plan = {"scenario": "ours", "participants": [pia.email], "facilitator": fay.email}
    drill = call(fay, "POST", "/drills", plan, 201)
    assert drill["state"] == "planned" and drill["scenario"] == "ours"
    hidden = call(pia, "GET", f"/drills/{drill['id']}")
    assert hidden["scenario"] is None and hidden["name"] == "Drill of Shop team"
    assert call(pia, "GET", "/scenarios/ours")["story"] is None
    for path in (f"/drills/{drill['id']}/injects", f"/drills/{drill['id']}/score"):
        call(pia, "GET", path, status=404)
    call(pia, "PUT", "/scenarios/ours", body, 404)
    call(pia, "POST", f"/drills/{drill['id']}/start", status=403)
    call(fay, "POST", f"/drills/{drill['id']}/start")
    run_due()
    injects = call(fay, "GET", f"/drills/{drill['id']}/injects")
    assert [each["state"] for each in injects] == ["delivered", *["waiting"] * 4]
    waiting = injects[1]["id"]
    call(pia, "POST", f"/drill-injects/{waiting}/deliver", status=404)
    call(world.zoe, "POST", f"/drill-injects/{waiting}/skip", status=404)
    call(fay, "POST", f"/drill-injects/{waiting}/delay", {"minutes": 5})
    call(fay, "POST", f"/drill-injects/{waiting}/deliver")
    call(fay, "POST", f"/drill-injects/{waiting}/deliver", status=409)
    call(fay, "POST", f"/drills/{drill['id']}/hint", {"text": "Look there"})
    assert call(fay, "POST", f"/drills/{drill['id']}/pause")["state"] == "paused"
    call(fay, "POST", f"/drills/{drill['id']}/resume")
    call(world.zoe, "POST", f"/drills/{drill['id']}/stop", status=403)
    assert call(pia, "POST", f"/drills/{drill['id']}/stop")["state"] == "ended"
    assert call(pia, "GET", f"/drills/{drill['id']}/score")["results"][0]["outcome"] == "not_reached"
    note = call(pia, "POST", f"/drills/{drill['id']}/notes", {"kind": "mend", "text": "Nobody knew the page"}, 201)
    call(world.zoe, "POST", f"/drills/{drill['id']}/notes", {"kind": "mend", "text": "x"}, 403)
    call(world.zoe, "DELETE", f"/drill-notes/{note['id']}", status=403)
    item = {"title": "Link the page in the room", "due_on": "2026-03-20"}
    assert call(pia, "POST", f"/drill-notes/{note['id']}/action", item, 201)["action"]
    assert call(pia, "GET", f"/drills/{drill['id']}/debrief")["notes"]
    call(pia, "POST", f"/drills/{drill['id']}/share")
    assert {each["name"] for each in call(fay, "GET", "/teams/shop/practised")} == {"Fay", "Pia", "Otto", "Max"}
    call(world.zoe, "GET", "/teams/shop/practised", status=403)
    other = call(fay, "POST", "/drills", {"team": "shop", "participants": [pia.email]}, 201)
    assert other["scenario"] == "shop-dns", "by chance, and not the last one again"
    call(fay, "PATCH", f"/drills/{other['id']}", {"pages": "policy"})
    call(fay, "POST", f"/drills/{other['id']}/call-off")
    assert [each["state"] for each in call(fay, "GET", "/drills?team=shop")["items"]] == ["called_off", "ended"]
    call(fay, "DELETE", "/scenarios/ours", status=409)


def test_by_configuration_file(world: World) -> None:
    by = make.actor("Ada")
    said = {
        "slug": "ours",
        "name": "Ours",
        "team": "shop",
        "services": ["shop"],
        "injects": INJECTS,
        "expectations": EXPECTATIONS,
    }
    document = {"scenarios": [said]}
    steps, _ = apply(by, parse(document, "x.yaml"))
    assert [(each.verb, each.kind) for each in steps] == [("create", "scenarios")]
    assert not apply(by, parse(document, "x.yaml"))[0], "twice changes nothing"
    exported = read()["scenarios"]
    assert not apply(by, parse({"scenarios": list(exported.values())}, "x.yaml"))[0]
    said["minutes"] = 20
    assert apply(by, parse({"scenarios": [said]}, "x.yaml"))[0][0].verb == "change"
    assert Scenario.objects.get().minutes == 20 and Scenario.objects.get().services.get() == world.service
    with pytest.raises(Refused):
        parse({"scenarios": [{**said, "injects": [{"kind": "magic"}]}]}, "x.yaml")
    drill = world.drill(Scenario.objects.get(), begin=False)
    with pytest.raises(Conflict):
        apply(by, parse({"scenarios": []}, "x.yaml"), prune=True)
    Drill.objects.all().delete()
    apply(by, parse({"scenarios": []}, "x.yaml"), prune=True)
    assert not Scenario.objects.exists() and acting(world.fay) and drill
