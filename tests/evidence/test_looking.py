"""Evidence on the pages of alert groups and incidents."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

import factories as make
from evidence.parts import connection, indicator, until
from peers.http import Answer, HttpPeer
from watchroom.accounts.actors import Actor, acting
from watchroom.catalog.models import Dependency, Service
from watchroom.evidence import commands, items
from watchroom.evidence.models import Connection, Snapshot
from watchroom.incidents.commands import declare
from watchroom.incidents.models import LogEntry
from watchroom.intake.models import AlertGroup
from watchroom.kernel import clock
from watchroom.kernel.errors import NotAllowed

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
HX = {"HX-Request": "true"}
pytestmark = pytest.mark.django_db


@pytest.fixture
def responder(client: Any) -> Actor:
    made = make.person("Rita", "responder")
    client.force_login(made, backend=BACKEND)
    return acting(made)


def settled(text: str) -> bool:
    return "aria-busy" not in text


def fetched(client: Any, path: str) -> str:
    return until(lambda: client.get(path, headers=HX), settled)


def item_path(group: AlertGroup) -> str:
    alert = group.alerts.get()
    return f"/evidence/groups/{group.pk}/items/alert-{alert.pk}"


def test_the_alerts_own_metric_is_drawn_without_its_comparison(
    clock: Any,
    client: Any,
    responder: Actor,
    group: AlertGroup,
    prom: Connection,
    http_peer: HttpPeer,
    checkout: Service,
) -> None:
    page = client.get(f"/alerts/{group.pk}").content.decode()
    assert f'hx-get="/evidence/groups/{group.pk}"' in page
    listed = client.get(f"/evidence/groups/{group.pk}", headers=HX).content.decode()
    assert f'hx-get="{item_path(group)}"' in listed and not http_peer.requests
    text = fetched(client, item_path(group))
    assert 'class="line s0"' in text and "&gt; 0.1" in text and 'class="mark start"' in text
    assert "As a table" in text and "Keep" in text and "style=" not in text
    assert b"http_errors_total" in http_peer.requests[0].body and b"0.1" not in http_peer.requests[0].body
    client.get(item_path(group), headers=HX)
    assert len(http_peer.requests) == 1  # remembered


def test_the_page_does_not_wait_for_a_dead_connection(
    client: Any, responder: Actor, group: AlertGroup, prom: Connection, http_peer: HttpPeer
) -> None:
    release = threading.Event()
    http_peer.otherwise = Answer(wait_for=release)
    try:
        first = client.get(item_path(group), headers=HX).content.decode()  # while Prometheus still keeps its answer
        assert "aria-busy" in first and "Asking Prometheus" in first and "?n=1" in first
        late = client.get(f"{item_path(group)}?n=99", headers=HX).content.decode()
        assert "did not answer in time" in late and "Try again" in late
    finally:
        release.set()


def test_a_failure_is_said_with_a_way_to_try_again(
    client: Any, responder: Actor, group: AlertGroup, prom: Connection, http_peer: HttpPeer
) -> None:
    works = http_peer.otherwise
    http_peer.otherwise = Answer(status=401)
    text = fetched(client, item_path(group))
    assert "could not show this" in text and "refused our credentials" in text and "Try again" in text
    prom.refresh_from_db()
    assert "refused our credentials" in prom.error and prom.tried_at
    assert "Fails" in client.get("/connections").content.decode()
    http_peer.otherwise = works
    # Left alone for a moment, whatever is asked; "Try again" asks at once.
    assert "refused" in fetched(client, item_path(group))
    text = until(lambda: client.get(f"{item_path(group)}?again=1", headers=HX), lambda text: "line s0" in text)
    assert "line s0" in text
    prom.refresh_from_db()
    assert prom.error == ""


def test_keeping_what_was_seen(
    client: Any, responder: Actor, group: AlertGroup, prom: Connection, http_peer: HttpPeer
) -> None:
    incident = declare(responder, title="Errors", alert_groups=[group])
    text = fetched(client, item_path(group))
    seen = text.partition('name="seen" value="')[2].partition('"')[0]
    http_peer.otherwise = Answer(status=500)  # what was shown is kept, without asking again
    for _ in range(2):
        assert b"Kept" in client.post(f"{item_path(group)}/keep", {"seen": seen}, headers=HX).content
    snapshot = Snapshot.objects.get()
    assert snapshot.incident == incident and snapshot.taken_by == responder.person and snapshot.data["series"]
    entry = LogEntry.objects.get(type="evidence.kept")
    assert "Rita kept evidence: The alert's own metric" in entry.text and entry.data["snapshot"] == snapshot.pk
    shown = client.get(f"/snapshots/{snapshot.pk}").content.decode()
    assert 'class="line s0"' in shown and "http_errors_total" in shown
    assert f"/snapshots/{snapshot.pk}" in client.get(f"/evidence/incidents/{incident.pk}", headers=HX).content.decode()
    viewer = make.person()
    client.force_login(viewer, backend=BACKEND)
    assert client.post(f"/snapshots/{snapshot.pk}/delete").status_code == 403
    with pytest.raises(NotAllowed):
        commands.keep(acting(viewer), incident, kind="chart", title="x", data={})
    assert client.post(f"{item_path(group)}/keep", {"seen": seen}, headers=HX).status_code in {403, 502}
    client.force_login(responder.person, backend=BACKEND)
    assert client.post(f"/snapshots/{snapshot.pk}/delete").status_code == 302 and not Snapshot.objects.exists()


def test_what_was_kept_is_drawn_in_the_list_where_nothing_can_be_asked(
    client: Any, responder: Actor, group: AlertGroup, prom: Connection
) -> None:
    data = {"lines": [{"at": clock.now().timestamp(), "text": "no free connection", "labels": {}}], "full": False}
    kept = commands.keep(responder, group, kind="logs", title="Errors", data=data, source="Loki")
    drawn = f'hx-get="/snapshots/{kept.pk}"'
    path = f"/evidence/groups/{group.pk}"
    asked = client.get(path, headers=HX).content.decode()
    assert f'href="/snapshots/{kept.pk}"' in asked and drawn not in asked
    prom.delete()
    unasked = client.get(path, headers=HX).content.decode()
    assert drawn in unasked and "No tool is connected" in unasked and 'href="/connections"' in unasked
    picture = client.get(f"/snapshots/{kept.pk}", headers=HX).content.decode()
    assert "no free connection" in picture and "from Loki" in picture and "<html" not in picture
    client.force_login(make.person(role="responder"), backend=BACKEND)
    secret = declare(responder, title="Secret", private=True)
    hidden = commands.keep(responder, secret, kind="logs", title="Errors", data=data)
    assert client.get(f"/snapshots/{hidden.pk}", headers=HX).status_code == 404


def test_what_was_shown_elsewhere_can_not_be_kept_here(
    client: Any, responder: Actor, group: AlertGroup, prom: Connection, http_peer: HttpPeer, manager: Actor
) -> None:
    text = fetched(client, item_path(group))
    seen = text.partition('name="seen" value="')[2].partition('"')[0]
    other = make.service("Other", team=group.team)
    elsewhere = make.group("Other", service=other)
    own = indicator(manager, other, prom, "traffic", "up")
    client.post(f"/evidence/groups/{elsewhere.pk}/items/indicator-{own.pk}/keep", {"seen": seen}, headers=HX)
    kept = Snapshot.objects.get()
    assert kept.query == "up" and len(http_peer.requests) == 2  # asked anew
    assert kept.group == elsewhere


def test_private_incidents_show_nothing_to_others(client: Any, group: AlertGroup, prom: Connection) -> None:
    owner = make.actor("Olga", "responder")
    incident = declare(owner, title="Secret", alert_groups=[group], private=True)
    snapshot = commands.keep(owner, incident, kind="changes", title="x", data={"changes": []})
    client.force_login(make.person(role="responder"), backend=BACKEND)
    for path in (
        f"/evidence/incidents/{incident.pk}",
        f"/evidence/incidents/{incident.pk}/items/alert-1",
        f"/snapshots/{snapshot.pk}",
    ):
        assert client.get(path).status_code == 404


def test_indicators_logs_traces_annotations_and_changes(
    client: Any, responder: Actor, manager: Actor, group: AlertGroup, checkout: Service, http_peer: HttpPeer
) -> None:
    at = (clock.now() - timedelta(minutes=10)).timestamp()
    us = int(at * 1e6)
    span = {"spanID": "a", "operationName": "GET /pay", "processID": "p", "startTime": us, "duration": 5_000_000}
    trace = {"traceID": "abc", "spans": [span], "processes": {"p": {"serviceName": "web"}}}

    def answer(request: Any) -> Answer:
        if "/loki/" in request.path:
            line = [str(int(at * 1e9)), "boom <script>"]
            return Answer(body={"data": {"resultType": "streams", "result": [{"stream": {}, "values": [line]}]}})
        if "/api/annotations" in request.path:
            return Answer(body=[{"time": at * 1000, "text": "flag on", "tags": ["deploy"]}])
        return Answer(body={"data": [trace]})

    http_peer.otherwise = answer
    rows = [
        indicator(
            manager,
            checkout,
            connection(manager, checkout, http_peer, "loki"),
            "logs",
            '{app="$service",z="$labels.zone"}',
        ),
        indicator(manager, checkout, connection(manager, checkout, http_peer, "jaeger"), "traces", "$service"),
        indicator(manager, checkout, connection(manager, checkout, http_peer, "grafana"), "changes", "deploy,$service"),
    ]
    below = make.service("Ledger", team=checkout.team)
    Dependency.objects.create(service=checkout, needs=below)
    commands.record_change(manager, below, title="ledger 2.0", at=clock.now() - timedelta(minutes=25), version="2.0")
    listed = client.get(f"/evidence/groups/{group.pk}", headers=HX).content.decode()
    assert "ledger 2.0" in listed and "Log lines" in listed and "Traces" in listed
    base = f"/evidence/groups/{group.pk}/items/indicator-"
    logs = fetched(client, f"{base}{rows[0].pk}")
    assert "boom &lt;script&gt;" in logs and "zone" not in logs
    assert any("eu%5C%221" in request.path for request in http_peer.requests)
    assert "flag on" in fetched(client, f"{base}{rows[2].pk}")
    traces = fetched(client, f"{base}{rows[1].pk}")
    assert "GET /pay" in traces and "5 s" in traces and f"{base}{rows[1].pk}/traces/abc" in traces
    waterfall = fetched(client, f"{base}{rows[1].pk}/traces/abc")
    assert 'class="waterfall"' in waterfall and 'width="100.00%"' in waterfall
    client.post(f"{base}{rows[1].pk}/keep", {"trace": "abc"}, headers=HX)
    kept = Snapshot.objects.get()
    assert kept.kind == "trace" and "waterfall" in client.get(f"/snapshots/{kept.pk}").content.decode()
    for row, kind in ((rows[0], "logs"), (rows[1], "traces"), (rows[2], "changes")):
        client.post(f"{base}{row.pk}/keep", {}, headers=HX)
        assert client.get(f"/snapshots/{Snapshot.objects.get(kind=kind).pk}").status_code == 200
    for path in (f"{base}{rows[1].pk}", f"{base}{rows[1].pk}/traces/abc", f"/evidence/groups/{group.pk}"):
        assert "<h1" in client.get(path).content.decode()  # without script: pages


def test_marks_stand_on_the_chart_and_queries_stay_few(
    client: Any,
    responder: Actor,
    manager: Actor,
    group: AlertGroup,
    prom: Connection,
    checkout: Service,
    django_assert_max_num_queries: Callable[..., Any],
) -> None:
    for number in range(20):
        commands.record_change(
            manager,
            checkout,
            title=f"v{number}",
            at=clock.now() - timedelta(minutes=number + 1),
            client_key=str(number),
        )
        indicator(manager, checkout, prom, "metric", f"m{number}", name=f"M {number}", threshold=5, unit="seconds")
    incident = declare(responder, title="x", alert_groups=[group])
    fetched(client, item_path(group))  # the connection's outcome is written down now
    with django_assert_max_num_queries(16):
        client.get(f"/evidence/groups/{group.pk}", headers=HX)
    with django_assert_max_num_queries(18):
        client.get(f"/evidence/incidents/{incident.pk}", headers=HX)
    with django_assert_max_num_queries(16):
        text = client.get(item_path(group), headers=HX).content.decode()
    assert "Checkout: v3" in text and 'circle class="mark change"' in text
    with django_assert_max_num_queries(30):
        page = client.get(f"/services/{checkout.slug}").content.decode()
    assert "M 3" in page and "bad above 5 s" in page


def test_without_anything_it_says_what_to_do(client: Any, responder: Actor) -> None:
    lonely = make.group("x")
    text = client.get(f"/evidence/groups/{lonely.pk}", headers=HX).content.decode()
    assert "Connect Prometheus" in text and "belong to services" in text
    assert client.get("/evidence/groups/999999", headers=HX).status_code == 404
    assert client.get(f"/evidence/groups/{lonely.pk}/items/nothing", headers=HX).status_code == 404


def test_whom_to_ask_for_an_alert(manager: Actor, checkout: Service) -> None:
    def made(name: str, team: Any, **settings: str) -> Connection:
        return commands.save_connection(
            make.actor(),
            None,
            team=team,
            kind="prometheus",
            name=name,
            settings={"url": f"https://{name}.example.org", **settings},
        )

    link = "http://Front.example.org:9090/graph?g0.expr=up"
    one = made("one", make.team())
    assert items.metrics_connection([one], link, checkout.team_id) == one  # the only one
    two = made("two", make.team())
    assert items.metrics_connection([one, two], link, checkout.team_id) is None
    own = made("own", checkout.team)
    assert items.metrics_connection([one, two, own], link, checkout.team_id) == own
    named = made("named", one.team, public_url="http://front.example.org:9090")
    assert items.metrics_connection([one, two, own, named], link, checkout.team_id) == named


def test_the_window(group: AlertGroup) -> None:
    now = clock.now()
    for began, ended in ((0, None), (5, None), (600, None), (600, 590), (60 * 24 * 9, None), (60, 59)):
        start = now - timedelta(minutes=began)
        end = now - timedelta(minutes=ended) if ended else None
        window = items.window_around(start, end, now)
        assert window.start == start - items.BEFORE and start < window.end <= max(now, start + timedelta(minutes=1))
        assert window.seconds <= items.LONGEST.total_seconds()


def test_odd_answers_are_shown_and_kept(
    client: Any, responder: Actor, manager: Actor, group: AlertGroup, checkout: Service, http_peer: HttpPeer
) -> None:
    """Ids that fit no address and the character NUL, which PostgreSQL can't keep."""
    span = {"spanID": "a", "operationName": "x\0y", "processID": "p", "startTime": 1, "duration": 5}
    trace = {"traceID": "../a b/?", "spans": [span], "processes": {}}
    http_peer.otherwise = Answer(body={"data": [trace]})
    row = indicator(manager, checkout, connection(manager, checkout, http_peer, "jaeger"), "traces", "x")
    path = f"/evidence/groups/{group.pk}/items/indicator-{row.pk}"
    text = fetched(client, path)
    assert "xy" in text and "/traces/.." not in text
    assert client.post(f"{path}/keep", {}, headers=HX).status_code == 200
    assert Snapshot.objects.get().data["traces"][0]["name"] == "xy"
    http_peer.otherwise = Answer(status=401, body={"message": "a\0b"})
    text = until(lambda: client.get(f"{path}?again=1", headers=HX), lambda text: "could not" in text)
    assert "could not show this" in text
