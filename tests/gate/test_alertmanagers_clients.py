"""What karma, Grafana and Thanos ask of an Alertmanager, in their manner, and a real Alertmanager asked the same.

Their requests are as in github.com/prymitive/karma (internal/mapper, its silence form), github.com/grafana/grafana
(pkg/services/ngalert/api/lotex_am.go, the Alertmanager data source) and github.com/thanos-io/thanos (pkg/alert).
"""

from __future__ import annotations

import base64
import json
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml

import factories
from gate.answering import answering_gate
from gate.running import Answer, Running
from peers.alertmanager import Alertmanager
from peers.programs import wait_until
from watchroom.intake.commands.holds import review
from watchroom.intake.commands.receive import read_signals
from watchroom.intake.models import Alert, Integration, Route, Silence
from watchroom.kernel import clock

Make = Callable[..., tuple[Integration, str]]
KARMA = "https://karma.example.org"


@pytest.fixture
def answering(transactional_db: None) -> Iterator[Running]:
    factories.person()
    with answering_gate() as running:
        yield running


def said(at: datetime) -> str:
    """A time as JavaScript's ``toISOString`` and Go's strfmt have it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def silence(**changed: Any) -> dict[str, Any]:
    now = clock.now()
    return {
        "matchers": [{"name": "instance", "value": "(db1|db2)", "isRegex": True, "isEqual": True}],
        "startsAt": said(now),
        "endsAt": said(now + timedelta(hours=1)),
        "createdBy": "kim",
        "comment": "new disks",
    } | changed


def post(gate: Running, key: str, body: object, **headers: str) -> Answer:
    return gate.ask(
        "POST", f"/in/{key}/api/v2/silences", json.dumps(body).encode(), Content_Type="application/json", **headers
    )


def test_karma_asks_from_its_server_and_silences_from_the_browser(answering: Running, integration: Make) -> None:
    _, key = integration()
    assert answering.send(key, [{"labels": {"alertname": "Disk", "instance": "db1"}}]).status == 200
    read_signals(10)
    metrics = answering.ask("GET", f"/in/{key}/metrics", Accept_Encoding="gzip")
    assert b'alertmanager_build_info{branch="watchroom",version="0.' in metrics.body

    # Its page is another origin, and its requests include credentials: the browser asks first.
    asked = answering.ask(
        "OPTIONS", f"/in/{key}/api/v2/silences", Origin=KARMA,
        Access_Control_Request_Method="POST", Access_Control_Request_Headers="content-type",
    )  # fmt: skip
    assert asked.status == 204
    assert asked.headers["Access-Control-Allow-Origin"] == KARMA
    assert asked.headers["Access-Control-Allow-Credentials"] == "true"
    assert "POST" in asked.headers["Access-Control-Allow-Methods"]
    assert "content-type" in asked.headers["Access-Control-Allow-Headers"].lower()

    made = post(answering, key, silence(), Origin=KARMA)
    assert (made.status, made.headers["Access-Control-Allow-Origin"]) == (200, KARMA)
    review(100)
    groups = answering.ask("GET", f"/in/{key}/api/v2/alerts/groups").json
    assert groups[0]["alerts"][0]["status"]["silencedBy"] == [made.json["silenceID"]]

    refused = post(answering, key, silence(comment=""), Origin=KARMA)  # karma shows the text of a refusal
    assert (refused.status, refused.headers["Access-Control-Allow-Origin"]) == (400, KARMA)
    link = answering.ask(
        "GET", f"/in/{key}/", Accept="text/html,application/xhtml+xml"
    )  # "/#/silences/ID", to a browser
    assert (link.status, link.headers["Location"]) == (303, "/alerts")
    gone = answering.ask("DELETE", f"/in/{key}/api/v2/silence/{made.json['silenceID']}", Origin=KARMA)
    assert (gone.status, gone.headers["Access-Control-Allow-Origin"]) == (200, KARMA)
    assert Silence.objects.get().state == "expired"


def test_other_pages_are_let_in_by_the_key_in_the_address_alone(answering: Running, integration: Make) -> None:
    _, key = integration()
    _, generic = integration(source="json")
    bearer = {"Authorization": f"Bearer {key}", "Origin": KARMA}
    assert "Access-Control-Allow-Origin" not in answering.ask("GET", "/api/v2/silences", **bearer).headers
    ask = {"Origin": KARMA, "Access_Control_Request_Method": "DELETE"}
    for path in (f"/in/{key}/api/v2/status", f"/in/{generic}", f"/in/{key}/elsewhere", "/in/wri_wrong/api/v2/silences"):
        answer = answering.ask("OPTIONS", path, **ask)
        assert answer.status >= 400, path
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_an_alert_names_all_its_receivers_in_each_of_its_groups(answering: Running, integration: Make) -> None:
    _, key = integration()
    first, second = factories.policy(name="First"), factories.policy(name="Second")
    Route.objects.create(name="a", matchers=['alertname="Disk"'], policy=first, goes_on=True, position=0)
    Route.objects.create(name="b", matchers=['alertname="Disk"'], policy=second, position=1)
    assert answering.send(key, [{"labels": {"alertname": "Disk", "instance": "db1"}}]).status == 200
    read_signals(10)
    groups = answering.ask("GET", f"/in/{key}/api/v2/alerts/groups").json
    both = [{"name": first.slug}, {"name": second.slug}]
    assert [(each["receiver"], each["alerts"][0]["receivers"]) for each in groups] == [
        (both[0], both),
        (both[1], both),
    ]
    narrowed = answering.ask("GET", f"/in/{key}/api/v2/alerts/groups?receiver={second.slug}").json
    assert [each["receiver"] for each in narrowed] == [both[1]]


def test_grafana_tests_the_data_source_reads_and_silences(answering: Running, integration: Make) -> None:
    _, key = integration()
    base = f"/in/{key}"
    proxied = {"User_Agent": "Grafana/12.0.0", "X_Forwarded_For": "10.1.2.3", "X_Grafana_Org_Id": "1"}
    # "Save & test" of the implementation Prometheus: the first must fail, the second must not.
    assert answering.ask("GET", f"{base}/alertmanager/api/v2/status", **proxied).status == 404
    status = answering.ask("GET", f"{base}/api/v2/status", **proxied)
    assert "json" in status.headers["Content-Type"]
    assert set(status.json) == {"cluster", "config", "uptime", "versionInfo"}
    assert all(isinstance(value, str) for value in status.json["versionInfo"].values())
    config = yaml.safe_load(status.json["config"]["original"])
    assert config["route"]["receiver"] in {each["name"] for each in config["receivers"]}

    firing = {
        "labels": {"alertname": "Disk", "instance": "db1"},
        "annotations": {},
        "generatorURL": "http://g/alerting",
    }
    assert answering.send(key, [firing]).status == 200
    read_signals(10)
    listed = answering.ask(
        "GET",
        f"{base}/api/v2/alerts?silenced=true&active=true&inhibited=true&filter=instance%3D~%22db.%2A%22",
        **proxied,
    )
    assert [each["generatorURL"] for each in listed.json] == ["http://g/alerting"]

    sent = silence(matchers=[{"isEqual": None, "isRegex": False, "name": "instance", "value": "db1"}])
    made = post(answering, key, sent, **proxied)
    assert (made.status, "json" in made.headers["Content-Type"]) == (200, True), made.body
    number = made.json["silenceID"]
    before = answering.ask("GET", f"{base}/api/v2/silence/{number}").json
    assert before["matchers"] == [{"isEqual": True, "isRegex": False, "name": "instance", "value": "db1"}]
    # Its form for an edit starts "now"; what comes of it is another silence, as with an Alertmanager.
    later = clock.now() + timedelta(hours=5)
    kept = {name: before[name] for name in ("id", "matchers", "createdBy", "comment")}
    again = post(answering, key, silence(**kept, startsAt=said(clock.now() + timedelta(minutes=1)), endsAt=said(later)))
    states = {each["id"]: each["status"]["state"] for each in answering.ask("GET", f"{base}/api/v2/silences").json}
    assert states == {number: "expired", again.json["silenceID"]: "pending"}
    wrong = post(answering, key, silence(matchers=[{"name": "a", "value": "(", "isRegex": True, "isEqual": True}]))
    assert (wrong.status, "json" in wrong.headers["Content-Type"]) == (400, True)
    assert answering.ask("DELETE", f"{base}/api/v2/silence/{again.json['silenceID']}", **proxied).status == 200


def test_two_thanos_rulers_are_one_sender_by_whichever_way_the_key_comes(
    answering: Running, integration: Make, clock: Any
) -> None:
    """As Thanos Ruler 0.41 sends it: twice, when two rulers watch the same and their replica label is dropped, each with a
    start of its own; and what is over again and again, with its end."""
    _, key = integration()
    login = base64.b64encode(f"thanos:{key}".encode()).decode()
    ways: list[tuple[str, dict[str, str]]] = [
        (f"/in/{key}/api/v2/alerts", {}),
        ("/api/v2/alerts", {"Authorization": f"Bearer {key}"}),
        ("/api/v2/alerts", {"Authorization": f"Basic {login}"}),
    ]

    def sends(way: int, starts_at: datetime, ends_at: datetime) -> int:
        path, headers = ways[way]
        body = (
            '[{"annotations":{"description":"Über 0 — “set by hand”","summary":"The value of cart is 500"},'
            f'"endsAt":"{said(ends_at)}","startsAt":"{said(starts_at)}",'
            '"generatorURL":"http://query.example.org/graph?g0.expr=test_value+%3E+0\\u0026g0.tab=1",'
            '"labels":{"alertname":"ValueTooHigh","cluster":"eu","instance":"127.0.0.1:9100","job":"test","service":"cart",'
            '"severity":"critical"}}]'
        ).encode()
        headers = {"Content_Type": "application/json", "User_Agent": "Thanos/0.41.0", **headers}
        return answering.ask("POST", path, body, **headers).status

    first = clock()
    ahead = timedelta(seconds=20)
    assert sends(0, first, first + ahead) == 200
    clock.advance(timedelta(milliseconds=213))
    assert sends(1, clock(), clock() + ahead) == 200
    assert sends(2, clock(), clock() + ahead) == 200
    read_signals(10)
    [alert] = answering.ask("GET", f"/in/{key}/api/v2/alerts").json
    assert (alert["startsAt"], alert["endsAt"]) == (said(first), said(clock() + ahead))
    assert alert["generatorURL"] == "http://query.example.org/graph?g0.expr=test_value+%3E+0&g0.tab=1"

    clock.advance(timedelta(seconds=10))
    over = clock()
    for way in (0, 1):
        assert sends(way, first, over) == 200
        clock.advance(timedelta(seconds=5))
    read_signals(10)
    assert answering.ask("GET", f"/in/{key}/api/v2/alerts").json == []
    assert Alert.objects.get().ended_at == over


def test_grafana_sends_its_own_rules_alerts_to_an_external_alertmanager(
    answering: Running, integration: Make, clock: Any
) -> None:
    """As Grafana 8.4 sends it, through Prometheus' notifier: labels that begin with ``__``, values as JSON in an annotation,
    an end that it moves on until it says nothing more or stops, and a query that fails as an alert of another name."""
    _, key = integration()
    ends_at = clock() + timedelta(seconds=90)
    value = "{__name__=test_value, service=cart} value=500"
    fires = {
        "annotations": {
            "__Values__": json.dumps([{"evaluationState": 1, "evaluationString": f"[ var='C' labels={value} ]"}]),
            "__value_string__": f"[ var='C' labels={value} ]",
            "description": "Über 0: “look”\nsecond line",
            "summary": "Value of cart is 500",
        },
        "endsAt": said(ends_at),
        "startsAt": said(clock()),
        "generatorURL": "http://grafana8.example.org/alerting/blBzg0gdk/edit",
        "labels": {
            "__alert_rule_namespace_uid__": "shop",
            "__alert_rule_uid__": "blBzg0gdk",
            "__name__": "test_value",
            "alertname": "Value too high",
            "service": "cart",
            "severity": "critical",
            "bad tag": "x y",
        },
    }
    fails = fires | {
        "annotations": {"__value_string__": "", "summary": "Value of <no value> is <no value>"},
        "labels": {"__alert_rule_uid__": "blBzg0gdk", "alertname": "DatasourceError", "rulename": "Value too high"},
    }
    sender = {"Content_Type": "application/json", "User_Agent": "Prometheus/"}
    path = f"/in/{key}/api/v2/alerts"
    assert answering.ask("POST", path, json.dumps([fires, fails]).encode(), **sender).status == 200
    read_signals(10)
    listed = {each["labels"]["alertname"]: each for each in answering.ask("GET", path).json}
    assert set(listed) == {"Value too high", "DatasourceError"}
    assert listed["Value too high"]["labels"] == fires["labels"]
    assert listed["Value too high"]["annotations"] == fires["annotations"]
    assert {each["endsAt"] for each in listed.values()} == {said(ends_at)}
    well = [each | {"endsAt": said(clock.advance(timedelta(seconds=10)))} for each in (fires, fails)]
    assert answering.ask("POST", path, json.dumps(well).encode(), **sender).status == 200
    read_signals(10)
    assert answering.ask("GET", path).json == []
    assert not Alert.objects.filter(ended_at__isnull=True).exists()


def test_grafana_s_notifier_sends_by_the_old_api_and_ends_what_it_does_not_name(
    answering: Running, integration: Make, clock: Any
) -> None:
    """As Grafana 7.5 sends it (and each before 10.4: `/api/v1/alerts`). Each evaluation gives a new ``startsAt`` and no
    end; once all is well comes one alert without the labels of its series, which says nothing of those that fired."""
    _, key = integration()
    login = base64.b64encode(f"grafana:{key}".encode()).decode()
    link = "http://grafana.example.org/d/checkout/checkout?tab=alert\\u0026viewPanel=1\\u0026orgId=1"
    told = '"annotations":{"description":"Über 0: “look”\\nsecond line","summary":"Value too high"}'
    tags = '"alertname":"Value too high","bad tag":"x y","größe":"xl","severity":"critical"'
    series = f'{tags},"__name__":"test_value","instance":"127.0.0.1:9100","job":"test"'
    sender = {"Content_Type": "application/json", "User_Agent": "Grafana"}

    def fires(at: datetime) -> bytes:
        alerts = (
            f'{{{told},"generatorURL":"{link}","labels":{{{series},"service":"{name}"}},"startsAt":"{at:%FT%TZ}"}}'
            for name in ("cart", "checkout")
        )
        return f"[{','.join(alerts)}]".encode()

    began = clock()
    assert answering.ask("POST", f"/in/{key}/api/v1/alerts", fires(began), **sender).status == 200
    clock.advance(timedelta(minutes=1))
    login_too = {**sender, "Authorization": f"Basic {login}"}
    assert answering.ask("POST", "/api/v1/alerts", fires(clock()), **login_too).status == 200
    read_signals(10)
    listed = answering.ask("GET", f"/in/{key}/api/v2/alerts").json
    assert {each["labels"]["service"] for each in listed} == {"cart", "checkout"}
    assert {each["labels"]["größe"] for each in listed} == {"xl"}
    assert {each["startsAt"] for each in listed} == {f"{began:%FT%T}.000Z"}
    assert listed[0]["generatorURL"] == link.replace("\\u0026", "&")

    well = f'[{{{told},"endsAt":"{clock():%FT%TZ}","generatorURL":"{link}","labels":{{{tags}}},"startsAt":"{clock():%FT%TZ}"}}]'
    assert answering.ask("POST", f"/in/{key}/api/v1/alerts", well.encode(), **sender).status == 200
    read_signals(10)
    assert len(answering.ask("GET", f"/in/{key}/api/v2/alerts").json) == 2
    assert Alert.objects.count() == 2


def test_a_real_alertmanager_and_this_one_answer_alike(answering: Running, integration: Make) -> None:
    """The same alerts and the same silence in both. What newer Alertmanagers add, and what is another's own, is left out."""
    _, key = integration(name="Twin")
    now = clock.now()
    alerts = [
        {"labels": {"alertname": "Disk", "instance": name, "job": job}, "annotations": {"summary": f"{name} full"},
         "startsAt": said(now), "endsAt": said(now + timedelta(hours=1)), "generatorURL": "http://prometheus/graph"}
        for name, job in (("db3", "a"), ("db1", "b"), ("db2", "a"))
    ] + [{"labels": {"alertname": "Slow"}}]  # fmt: skip
    config = {
        "route": {"receiver": "watchroom", "group_by": ["alertname"], "group_wait": "0s"},
        "receivers": [{"name": "watchroom"}],
    }
    real = Alertmanager(config=config).start()

    def asked(path: str) -> tuple[Any, Any]:
        with urllib.request.urlopen(f"{real.url}/api/v2{path}", timeout=10) as answer:
            theirs = json.load(answer)
        return _comparable(theirs), _comparable(answering.ask("GET", f"/in/{key}/api/v2{path}").json)

    try:
        real.post(alerts)
        assert answering.send(key, alerts).status == 200
        read_signals(10)
        wait_until(lambda: len(asked("/alerts/groups")[0]) == 2, 60, "Alertmanager has grouped them")
        body = json.dumps(silence(startsAt=said(now), endsAt=said(now + timedelta(hours=1)))).encode()
        request = urllib.request.Request(
            f"{real.url}/api/v2/silences", data=body, headers={"Content-Type": "application/json"}
        )
        urllib.request.urlopen(request, timeout=10).close()
        assert post(answering, key, json.loads(body)).status == 200
        review(100)
        for path in (
            "/alerts", "/alerts?silenced=false", "/alerts?filter=instance%3D~%22db.%22&active=0", "/alerts/groups",
            "/alerts/groups?filter=alertname%3DDisk", "/silences", "/silences?filter=instance%3D~%22(db1%7Cdb2)%22",
            "/receivers",
        ):  # fmt: skip
            theirs, ours = asked(path)
            assert ours == theirs, path
    finally:
        real.stop()


def _comparable(said: Any) -> Any:
    """Without what differs by nature: moments and numbers of one's own, and whose a silence is."""
    if isinstance(said, list):
        return [_comparable(each) for each in said]
    if not isinstance(said, dict):
        return said
    own = {"id", "updatedAt", "startsAt", "endsAt", "mutedBy", "routeLabels", "createdBy"}
    found = {name: _comparable(value) for name, value in said.items() if name not in own}
    return found | ({"silencedBy": len(said["silencedBy"])} if "silencedBy" in said else {})
