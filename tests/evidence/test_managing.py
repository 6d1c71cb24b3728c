"""Connections, indicators, changes: pages, API and command line; and the first look that Watchroom takes by itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

import factories as make
from evidence.parts import alert_group, matrix
from peers.http import Answer, HttpPeer
from watchroom.accounts.actors import Actor, acting
from watchroom.catalog.models import Service
from watchroom.cli.main import cli
from watchroom.engine.loop import run_due
from watchroom.evidence import commands
from watchroom.evidence.duties import duties
from watchroom.evidence.models import Change, Connection, FirstLook, Indicator, Snapshot
from watchroom.incidents.commands import declare
from watchroom.incidents.models import LogEntry
from watchroom.intake.models import AlertGroup
from watchroom.kernel import clock
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Conflict, NotAllowed, Refused

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
pytestmark = pytest.mark.django_db


def test_the_form_tries_and_saves_and_never_shows_a_secret(
    client: Any, checkout: Service, manager: Actor, http_peer: HttpPeer
) -> None:
    client.force_login(manager.person, backend=BACKEND)
    assert "Connect Prometheus" in client.get("/connections").content.decode()
    assert "Loki" in client.get("/connections/new").content.decode()
    path = "/connections/new?kind=prometheus"
    fields = {"name": "Prom", "team": checkout.team_id, "url": http_peer.url, "token": "very-secret"}
    http_peer.answer(Answer(status=500, body="on fire"))
    tried = client.post(path, fields | {"do": "try"}).content.decode()
    assert "It answered 500: on fire" in tried and "very-secret" not in tried and not Connection.objects.exists()
    http_peer.answer(Answer(body={"status": "success", "data": {"result": []}}))
    assert "It answers queries" in client.post(path, fields | {"do": "try"}).content.decode()
    assert client.post(path, fields | {"url": "x"}).status_code == 422
    assert client.post(path, fields).status_code == 302
    row = Connection.objects.get()
    assert row.settings == {"url": http_peer.url, "token": "very-secret"}
    assert "very-secret" not in client.get("/connections/prom").content.decode()
    # An empty secret stays while the address does; a new address needs it anew.
    assert client.post("/connections/prom", fields | {"name": "P", "token": ""}).status_code == 302
    row.refresh_from_db()
    assert row.settings["token"] == "very-secret" and row.name == "P"
    client.post("/connections/prom", fields | {"url": "https://evil.example.org", "token": "", "do": "try"})
    assert all("evil" not in r.headers["host"] for r in http_peer.requests)
    assert (
        client.post("/connections/prom", fields | {"url": "https://other.example.org", "token": ""}).status_code == 302
    )
    row.refresh_from_db()
    assert "token" not in row.settings
    client.force_login(make.person(role="responder"), backend=BACKEND)
    assert client.get("/connections/prom").status_code == 403
    assert client.post("/connections/prom/delete").status_code == 403
    client.force_login(manager.person, backend=BACKEND)
    assert client.post("/connections/prom/delete").status_code == 302 and not Connection.objects.exists()


def test_connections_are_checked(checkout: Service, manager: Actor) -> None:
    fields: dict[str, Any] = {
        "team": checkout.team,
        "kind": "loki",
        "name": "L",
        "settings": {"url": "https://l.example.org"},
    }
    row = commands.save_connection(manager, None, **fields)
    for wrong in ({"kind": "abacus"}, {"name": " "}, {"settings": {}}, {"slug": "Not A Slug"}):
        with pytest.raises(Refused):
            commands.save_connection(manager, None, **fields | wrong)
    with pytest.raises(Conflict):
        commands.save_connection(manager, None, **fields)
    with pytest.raises(Refused, match="kind of a connection"):
        commands.save_connection(manager, row, **fields | {"kind": "tempo"})
    with pytest.raises(NotAllowed):
        commands.save_connection(make.actor(role="responder"), None, **fields | {"slug": "x"})


def test_the_list_has_a_constant_number_of_queries(
    client: Any, checkout: Service, manager: Actor, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    for number in range(30):
        commands.save_connection(
            manager, None, team=checkout.team, kind="loki", name=f"L{number}", settings={"url": "https://l.example.org"}
        )
    client.force_login(manager.person, backend=BACKEND)
    with django_assert_max_num_queries(10):
        assert b"L29" in client.get("/connections").content
    for number in range(30):
        commands.record_change(manager, checkout, title=f"v{number}")
    with django_assert_max_num_queries(10):
        assert b"v29" in client.get("/changes").content
    assert b"v29" not in client.get("/changes?kind=flag").content


def test_indicators_are_managed_with_their_service(
    client: Any, checkout: Service, manager: Actor, prom: Connection
) -> None:
    client.force_login(manager.person, backend=BACKEND)
    path = f"/services/{checkout.slug}/indicators/new"
    fields = {
        "kind": "latency",
        "connection": prom.pk,
        "expression": "up",
        "unit": "seconds",
        "threshold": "0.5",
        "worse": "above",
    }
    assert client.get(path).status_code == 200
    assert client.post(path, fields | {"expression": ""}).status_code == 422
    assert client.post(path, fields | {"kind": "logs"}).status_code == 422  # Prometheus has none
    assert client.post(path, fields).status_code == 302
    row = Indicator.objects.get()
    assert (row.name, row.threshold) == ("Latency", 0.5)
    assert client.post(path, fields).status_code == 422  # the name is taken
    assert client.get(f"/indicators/{row.pk}").status_code == 200
    assert client.post(f"/indicators/{row.pk}", fields | {"name": "p99", "threshold": ""}).status_code == 302
    row.refresh_from_db()
    assert (row.name, row.threshold) == ("p99", None)
    assert "p99" in client.get("/services/checkout").content.decode()
    client.force_login(make.person(), backend=BACKEND)
    assert client.get(path).status_code == 403 and client.post(f"/indicators/{row.pk}/delete").status_code == 403
    client.force_login(manager.person, backend=BACKEND)
    assert client.post(f"/indicators/{row.pk}/delete").status_code == 302 and not Indicator.objects.exists()


def test_changes_are_recorded_once_and_checked(checkout: Service, manager: Actor) -> None:
    responder = make.actor("Rita", "responder")
    one = commands.record_change(responder, checkout, title=" v1 ", client_key="build-1", version="1")
    assert commands.record_change(responder, checkout, title="v1", client_key="build-1") == one
    assert (one.title, one.author, Change.objects.count()) == ("v1", "Rita", 1)
    for wrong in (
        {"title": ""},
        {"title": "x" * 201},
        {"kind": "magic"},
        {"at": clock.now() + timedelta(hours=1)},
        {"at": clock.now().replace(tzinfo=None)},
        {"link": "javascript:alert(1)"},
        {"link": "http://["},
        {"version": "x" * 101},
    ):
        with pytest.raises(Refused):
            commands.record_change(responder, checkout, **{"title": "x", **wrong})
    with pytest.raises(NotAllowed):
        commands.record_change(make.actor(role="viewer"), checkout, title="x")


def test_snapshots_are_bounded(checkout: Service, manager: Actor) -> None:
    incident = declare(manager, title="x")
    with pytest.raises(Refused, match="too large"):
        commands.keep(manager, incident, kind="logs", title="x", data={"x": "y" * 2_000_000})
    with pytest.raises(Refused):
        commands.keep(manager, incident, kind="film", title="x", data={})


def test_an_incident_declared_from_an_alert_keeps_its_metric_by_itself(
    clock: TravellingClock, checkout: Service, prom: Connection, http_peer: HttpPeer, group: AlertGroup
) -> None:
    run_due(duties)
    assert not FirstLook.objects.exists()
    incident = declare(make.actor("Rita", "responder"), title="x", alert_groups=[group])
    http_peer.otherwise = Answer(status=503)
    run_due(duties)
    look = FirstLook.objects.get()
    assert "503" in look.error and look.due_at and look.tries == 1 and not Snapshot.objects.exists()
    http_peer.otherwise = matrix
    clock.advance(timedelta(minutes=1))
    run_due(duties)
    run_due(duties)
    snapshot = Snapshot.objects.get()
    assert snapshot.incident == incident and snapshot.taken_by is None and snapshot.data["series"]
    assert LogEntry.objects.get(type="evidence.kept").text.startswith("Watchroom kept evidence: The alert's own metric")
    look.refresh_from_db()
    assert look.due_at is None and not look.error


def test_a_dead_server_is_given_up_and_nothing_is_due(
    clock: TravellingClock, checkout: Service, prom: Connection, http_peer: HttpPeer, group: AlertGroup
) -> None:
    declare(make.actor("Rita", "responder"), title="x", alert_groups=[group])
    http_peer.otherwise = Answer(hang_up=True)
    for _ in range(8):
        run_due(duties)
        clock.advance(timedelta(minutes=10))
    assert FirstLook.objects.get().due_at is None and len(http_peer.requests) == 4
    assert all(duty.next_due() is None for duty in duties)


def test_only_some_groups_of_a_storm_are_looked_at(
    clock: TravellingClock, checkout: Service, prom: Connection, http_peer: HttpPeer
) -> None:
    groups = [alert_group(checkout) for _ in range(9)]
    declare(make.actor("Rita", "responder"), title="x", alert_groups=groups)
    run_due(duties)
    assert FirstLook.objects.count() == 5 and Snapshot.objects.count() == 5


def call(client: Any, method: str, path: str, body: Any = None) -> Any:
    data = json.dumps(body) if body is not None else None
    return getattr(client, method)(f"/api/v1{path}", data=data, content_type="application/json")


@pytest.fixture
def api(client: Any) -> Any:
    from watchroom.accounts.commands import make_token

    _, key = make_token(make.actor("Ada"), name="t", scope="admin")
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {key}"
    return client


def test_the_api(api: Any, checkout: Service, http_peer: HttpPeer, group: AlertGroup) -> None:
    http_peer.otherwise = matrix
    body = {
        "name": "Prom",
        "team": checkout.team.slug,
        "kind": "prometheus",
        "settings": {"url": http_peer.url, "token": "hidden"},
    }
    made = call(api, "post", "/connections", body)
    assert made.status_code == 201 and "hidden" not in made.content.decode()
    assert made.json()["secrets_set"] == ["token"]
    assert call(api, "put", "/connections/prom", body | {"name": "P"}).json()["name"] == "P"
    assert [each["slug"] for each in call(api, "get", "/connections").json()["items"]] == ["prom"]
    http_peer.answer(Answer(status=500))
    assert call(api, "post", "/connections/prom/try").json() == {"ok": False, "text": "It answered 500."}
    indicator_ = {"service": "checkout", "connection": "prom", "kind": "traffic", "expression": "up"}
    row = call(api, "post", "/indicators", indicator_).json()
    assert row["name"] == "Traffic"
    changed = call(api, "put", f"/indicators/{row['id']}", indicator_ | {"unit": "per_second"})
    assert changed.json()["unit"] == "per_second"
    assert len(call(api, "get", "/indicators?service=checkout").json()["items"]) == 1
    assert call(api, "get", "/indicators?service=nothing").json()["items"] == []
    change = call(api, "post", "/changes", {"service": "checkout", "title": "v1", "source": "CI"})
    assert (change.status_code == 201 and change.json()["author"] == "Ada by token t") or change.json()["author"]
    assert call(api, "post", "/changes", {"service": "none", "title": "v1"}).status_code == 404
    assert call(api, "get", "/changes?service=checkout").json()["items"][0]["title"] == "v1"
    seen = call(api, "get", f"/alert-groups/{group.pk}/evidence").json()
    assert [each["kind"] for each in seen["items"]] == ["chart", "chart"] and seen["changes"][0]["title"] == "v1"
    key = seen["items"][1]["key"]
    assert call(api, "get", f"/alert-groups/{group.pk}/evidence/{key}").json()["data"]["series"]
    incident = declare(make.actor(), title="x", alert_groups=[group])
    assert call(api, "get", f"/incidents/{incident.pk}/evidence/{key}").json()["error"] == ""
    kept = call(api, "post", "/snapshots", {"incident": incident.pk, "item": key})
    assert kept.status_code == 201 and kept.json()["data"]["series"]
    listed = call(api, "get", f"/snapshots?incident={incident.pk}").json()["items"]
    assert [each["id"] for each in listed] == [kept.json()["id"]] and listed[0]["data"] is None
    assert call(api, "get", f"/snapshots/{kept.json()['id']}").json()["query"] == "up"
    assert call(api, "post", "/snapshots", {"item": key}).status_code == 422
    assert call(api, "delete", f"/snapshots/{kept.json()['id']}").status_code == 204
    assert call(api, "delete", f"/indicators/{row['id']}").status_code == 204
    assert call(api, "delete", "/connections/prom").status_code == 204


def test_the_command_line(checkout: Service, http_peer: HttpPeer) -> None:
    make.person("Root", "administrator")
    http_peer.otherwise = Answer(body={"status": "success", "data": {"result": []}})

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(cli, arguments)
        assert result.exit_code == 0, result.output
        return result.output

    out = run(
        "change", "checkout", "checkout 4.18", "--version", "4.18", "--key", "b1", "--link", "https://ci.example.org/1"
    )
    assert "checkout 4.18" in out
    run("change", "checkout", "checkout 4.18", "--key", "b1")
    assert Change.objects.get().version == "4.18"
    assert "checkout 4.18" in run("changes", "--service", "checkout")
    team = checkout.team.slug
    run("connection", "create", "Prom", "--team", team, "--kind", "prometheus", "--setting", f"url={http_peer.url}")
    assert "prom" in run("connections")
    assert "0 targets" in run("connection", "try", "prom")
    run("indicator", "create", "checkout", "--connection", "prom", "--kind", "traffic", "--expression", "up")
    assert "Traffic" in run("indicators", "--service", "checkout")
    group = alert_group(checkout)
    incident = declare(acting(make.person(role="responder")), title="x", alert_groups=[group])
    http_peer.otherwise = matrix
    key = f"indicator-{Indicator.objects.get().pk}"
    assert key in run("evidence", "list", "--incident", str(incident.pk))
    run("evidence", "keep", key, "--incident", str(incident.pk))
    assert "Traffic" in run("snapshots", "--incident", str(incident.pk))
    run("indicator", "delete", str(Indicator.objects.get().pk))
    run("connection", "delete", "prom")


def test_a_file_says_connections_and_indicators(checkout: Service) -> None:
    from watchroom.config.carry_out import apply, preview
    from watchroom.config.current import read
    from watchroom.config.text import dump, parse

    by = make.actor("Root")
    text = f"""
version: 1
connections:
  - {{slug: prom, name: Prom, team: {checkout.team.slug}, kind: prometheus, settings: {{url: "https://p.example.org"}}}}
indicators:
  - {{service: checkout, name: Errors, kind: error_rate, connection: prom, expression: up, unit: ratio, threshold: 0.01}}
"""
    apply(by, parse(yaml.safe_load(text), "f"))
    row = Connection.objects.get()
    assert Indicator.objects.get().threshold == 0.01
    commands.save_connection(
        by, row, team=row.team, kind=row.kind, name=row.name, settings={**row.settings, "token": "s3cret"}
    )
    exported = read()
    assert "s3cret" not in dump(exported)
    assert exported["connections"]["prom"]["settings"] == {"url": "https://p.example.org"}
    assert exported["indicators"]["checkout/Errors"]["expression"] == "up"
    again = parse(yaml.safe_load(dump({kind: exported[kind] for kind in ("connections", "indicators")})), "f")
    assert preview(again) == []
    apply(by, parse(yaml.safe_load(text.replace("name: Prom,", "name: Prometheus,")), "f"))
    row.refresh_from_db()
    assert (row.name, row.settings["token"]) == ("Prometheus", "s3cret")
    with pytest.raises(Refused, match="not accepted") as refused:
        parse(yaml.safe_load(text.replace('.org"}', '.org", token: geheim}')), "f")
    assert "secret" in refused.value.fix and "geheim" not in str(refused.value.value)
    apply(by, parse({"version": 1, "indicators": []}, "f"), prune=True)
    assert not Indicator.objects.exists()


def test_odd_requests_are_refused_not_broken(api: Any, checkout: Service, manager: Actor, prom: Connection) -> None:
    huge = 10**30
    for path in (
        f"/snapshots?incident={huge}",
        f"/snapshots?alert_group=-{huge}",
        f"/snapshots/{huge}",
        f"/alert-groups/{huge}/evidence",
        f"/incidents/{huge}/evidence/x",
        f"/indicators?service={'x' * 500}",
        "/changes?cursor=nonsense",
        "/changes?limit=0",
        "/connections/none",
    ):
        assert call(api, "get", path).status_code in {200, 404, 422}, path
    change = {"service": "checkout", "title": "x"}
    for wrong in (
        {"at": "0001-01-01T00:00:00+14:00"},
        {"at": "9999-12-31T23:59:59-14:00"},
        {"link": "//x"},
        {"title": " "},
    ):
        assert call(api, "post", "/changes", change | wrong).status_code == 422, wrong
    body = {"service": "checkout", "connection": "prometheus", "kind": "metric", "expression": "up"}
    for wrong in (
        {"threshold": "inf"},
        {"position": -1},
        {"unit": "apples"},
        {"expression": "  "},
        {"name": "x" * 101},
    ):
        assert call(api, "post", "/indicators", body | wrong).status_code == 422, wrong
    assert call(api, "post", "/snapshots", {"incident": huge, "item": "x"}).status_code in {404, 422}
    api.force_login(manager.person, backend=BACKEND)
    for path in (
        f"/evidence/groups/{huge}",
        f"/snapshots/{huge}",
        f"/indicators/{huge}",
        "/connections/new?kind=abacus",
    ):
        assert api.get(path).status_code in {404, 422}, path
