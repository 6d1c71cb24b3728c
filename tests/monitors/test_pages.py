"""Pages and API of monitors."""

import json

import pytest

import factories
from watchroom.monitors import commands
from watchroom.monitors.models import Check, Heartbeat

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_in(client, clock):
    client.force_login(factories.person(role="administrator"))
    return client


def test_forms_make_and_change_both(signed_in):
    team = factories.team()
    common = {"team": team.pk, "severity": "critical"}
    beat = {
        "name": "Job",
        "kind": "cron",
        "expression": "0 3 * * *",
        "timezone": "Europe/Berlin",
        "period_seconds": 60,
        "grace_seconds": 60,
        "description": "Ask in #storage.",
        "labels": "tier=gold\n\nzone=eu",
    }
    assert signed_in.post("/monitors/heartbeats/new", common | beat).status_code == 302
    assert Heartbeat.objects.get().key in signed_in.get("/monitors/heartbeats/job").content.decode()
    assert Heartbeat.objects.get().labels == {"tier": "gold", "zone": "eu"}
    assert "Ask in #storage." in signed_in.get("/monitors/heartbeats/job").content.decode()
    assert "tier=gold\nzone=eu" in signed_in.get("/monitors/heartbeats/job/edit").content.decode()
    assert signed_in.post("/monitors/heartbeats/job/edit", common | beat | {"labels": "gold"}).status_code == 422
    bad = signed_in.post("/monitors/heartbeats/job/edit", common | beat | {"expression": "x"})
    assert bad.status_code == 422 and Heartbeat.objects.get().expression == "0 3 * * *"
    check = {
        "name": "Shop",
        "settings_url": "https://shop.example.org",
        "settings_method": "GET",
        "settings_status": "200",
        "interval_seconds": 60,
        "timeout_seconds": 5,
        "for_seconds": 0,
    }
    assert signed_in.get("/monitors/checks/new").status_code == 200
    assert signed_in.get("/monitors/checks/new/slo").status_code == 200
    assert signed_in.post("/monitors/checks/new/http", common | check).status_code == 302
    assert signed_in.get("/monitors/checks/shop").status_code == 200
    assert signed_in.get("/monitors/checks/shop/edit").status_code == 200
    signed_in.post("/monitors/checks/shop/do", {"do": "pause"})
    assert Check.objects.get().due_at is None
    signed_in.post("/monitors/checks/shop/do", {"do": "delete"})
    assert not Check.objects.exists()


def test_the_list_costs_the_same_however_long(signed_in, django_assert_max_num_queries):
    team, by = factories.team(), factories.actor()
    assert "No heartbeats" in signed_in.get("/monitors").content.decode()
    for n in range(5):
        commands.save_heartbeat(by, None, team=team, name=f"B{n}")
        commands.save_check(by, None, team=team, name=f"C{n}", kind="tcp", settings={"host": "example.org", "port": 1})
    with django_assert_max_num_queries(16):
        assert signed_in.get("/monitors").status_code == 200


def test_the_api(signed_in):
    team = factories.team(slug="web")

    def post(path, **body):
        return signed_in.post(f"/api/v1{path}", json.dumps(body), content_type="application/json")

    made = post("/heartbeats", team="web", name="Job")
    assert made.status_code == 201 and "/ping/wrh_" in made.json()["ping_url"]
    assert post("/heartbeats/job/pause").json()["state"] == "paused"
    made = post(
        "/checks",
        team="web",
        name="Shop",
        kind="http",
        settings={"url": "https://shop.example.org", "headers": "X-Key: secret"},
    )
    assert made.status_code == 201 and "headers" not in made.json()["settings"]
    assert post("/checks/shop/run").status_code == 202
    assert signed_in.get("/api/v1/checks/shop/results").json()["items"] == []
    assert signed_in.get("/api/v1/heartbeats/job/pings").json()["items"] == []
    assert team.name and [each["slug"] for each in signed_in.get("/api/v1/checks").json()["items"]] == ["shop"]
