"""An alertmanager.yml taken over: what it becomes, what is said about the rest, and that it routes as it did."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

import factories as make
from peers.programs import find
from watchroom.cli.main import cli
from watchroom.config.alertmanager import Imported, translate
from watchroom.config.text import parse
from watchroom.intake.asked.alertmanager.status import configuration
from watchroom.intake.matchers import matcher
from watchroom.intake.models import InhibitRule, Route, TimeInterval
from watchroom.intake.routing import tree
from watchroom.intake.rules import Node, routes_of
from watchroom.kernel.errors import Refused
from watchroom.paging.models import EscalationPolicy

CLASSIC = """\
global:
  resolve_timeout: 5m
  smtp_smarthost: 'localhost:25'
  smtp_from: 'alertmanager@example.org'
templates: ['/etc/alertmanager/template/*.tmpl']
route:
  group_by: ['alertname', 'cluster', 'service']
  group_wait: 30s
  group_interval: 5m
  repeat_interval: 3h
  receiver: team-X-mails
  routes:
    - match_re:
        service: ^(foo1|foo2|baz)$
      receiver: team-X-mails
      routes:
        - match:
            severity: critical
          receiver: team-X-pager
    - match:
        service: files
      receiver: team-Y-mails
      routes:
        - match: {severity: critical}
          receiver: team-Y-pager
    - match:
        service: database
      receiver: team-DB-pager
      group_by: [alertname, cluster, database]
      routes:
        - match: {owner: team-X}
          receiver: team-X-pager
          continue: true
        - match: {owner: team-Y}
          receiver: team-Y-pager
inhibit_rules:
  - source_match: {severity: 'critical'}
    target_match: {severity: 'warning'}
    equal: ['alertname', 'cluster', 'service']
receivers:
  - name: 'team-X-mails'
    email_configs: [{to: 'team-X+alerts@example.org'}]
  - name: 'team-X-pager'
    email_configs: [{to: 'anna@example.org'}]
    pagerduty_configs: [{service_key: a}]
  - name: 'team-Y-mails'
    email_configs: [{to: 'team-Y+alerts@example.org'}]
  - name: 'team-Y-pager'
    pagerduty_configs: [{service_key: b}]
  - name: 'team-DB-pager'
    pagerduty_configs: [{service_key: c}]
"""

OPERATOR = """\
global: {resolve_timeout: 10m}
route:
  receiver: Default
  group_by: [namespace]
  routes:
    - matchers: ['alertname = Watchdog']
      receiver: Watchdog
    - matchers: ['alertname="InfoInhibitor"']
      receiver: "null"
    - matchers: ['severity =~ "critical|page"', 'namespace!~"dev-.*"']
      receiver: Critical
      mute_time_intervals: [maintenance]
    - matchers: ['{team="web", env="prod"}']
      receiver: hooks
      active_time_intervals: [office hours]
      group_by: ['...']
      group_wait: 1d
      group_interval: 500ms
      continue: true
      routes:
        - receiver: slack
          matchers: [tier=front]
receivers:
  - name: Default
  - name: Watchdog
    webhook_configs: [{url: 'https://nosnch.in/abc', max_alerts: 5}, {url_file: /etc/secret}]
  - name: Critical
    opsgenie_configs: [{api_key: x}]
  - name: "null"
  - name: hooks
    webhook_configs: [{url: 'https://hooks.example.org/a'}]
  - name: slack
    slack_configs: [{channel: '#ops', api_url: 'http://chat.example.org'}]
inhibit_rules:
  - source_matchers: ['severity = critical']
    target_matchers: ['severity =~ warning|info']
    equal: [namespace, alertname]
  - source_matchers: [alertname = InfoInhibitor]
    target_matchers: [severity = info]
    equal: [namespace]
time_intervals:
  - name: office hours
    time_intervals:
      - times: [{start_time: 09:00, end_time: 17:00}]
        weekdays: ['monday:friday']
        location: Europe/Berlin
mute_time_intervals:
  - name: maintenance
    time_intervals:
      - {days_of_month: [1:2], months: [1, 6:7]}
tracing: {endpoint: x}
"""

FILES = {"classic": CLASSIC, "operator": OPERATOR}


def made_of(text: str, **more: Any) -> Imported:
    return translate(text, team="ops", **more)


def receivers(imported: Imported, root: Node, labels: dict[str, str], policies: dict[int, str]) -> list[str]:
    names = {slug: name for name, slug in imported.policies.items()}
    found = [names[policies[each.policy]] for each in routes_of(root, labels) if each.policy is not None]
    return list(dict.fromkeys(found))


def asked_of_amtool(file: Path, labels: dict[str, str]) -> list[str]:
    amtool = find("amtool", package="prometheus-alertmanager")
    words = [f"{name}={value}" for name, value in labels.items()]
    run = subprocess.run(
        [amtool, "config", "routes", "test", f"--config.file={file}", *words],
        capture_output=True,
        text=True,
        check=True,
    )
    return list(dict.fromkeys(run.stdout.strip().split(",")))


@pytest.mark.parametrize("name", FILES)
def test_what_it_becomes_can_be_applied_and_says_what_it_is_not(name: str) -> None:
    imported = made_of(FILES[name], people={"anna@example.org"})
    parse(imported.document, "document")
    assert all(note.line > 0 and note.path and note.text and note.fix for note in imported.notes)


def test_each_thing_that_is_not_taken_over_is_named_with_its_line() -> None:
    notes = {(note.line, note.path): note for note in made_of(CLASSIC, people={"anna@example.org"}).notes}
    assert "resolve timeout" in notes[2, "global.resolve_timeout"].text
    assert "smtp_from" in notes[4, "global.smtp_from"].text
    assert "Templates" in notes[5, "templates[0]"].text
    assert "team-X+alerts@example.org" in notes[42, "receivers[0].email_configs[0].to"].text
    assert "PagerDuty" in notes[45, "receivers[1].pagerduty_configs[0]"].text
    assert (44, "receivers[1].email_configs[0].to") not in notes  # Anna is known
    texts = " ".join(note.text for note in made_of(OPERATOR).notes)
    for word in ("tracing", "Slack", "null notifies nobody", "no plain address", "max_alerts", "1d becomes 3600", "500ms becomes 1"):  # fmt: skip
        assert word in texts


def test_routes_waits_intervals_and_rules_are_as_they_were() -> None:
    document = made_of(OPERATOR, people=()).document
    routes = {each["name"]: each for each in document["routes"]}
    root, hooks = routes["Alertmanager"], routes['team="web", env="prod"']
    assert (root["group_by"], root["group_wait_seconds"], root["group_interval_seconds"]) == (["namespace"], 30, 300)
    assert root["mute_intervals"] == ["always"]  # its receiver notifies nobody
    assert (hooks["group_by"], hooks["goes_on"], hooks["active_intervals"]) == (["..."], True, ["office hours"])
    assert "mute_intervals" not in hooks and routes['tier="front"']["parent"] == hooks["name"]
    assert document["time_intervals"][0]["intervals"] == [
        {
            "times": [{"start_time": "09:00", "end_time": "17:00"}],
            "weekdays": ["monday:friday"],
            "location": "Europe/Berlin",
        }
    ]
    assert document["time_intervals"][1]["intervals"] == [
        {"days_of_month": ["1:2"], "months": ["january", "june:july"]}
    ]
    assert document["inhibit_rules"][0]["target_matchers"] == ['severity=~"warning|info"']
    policies = {each["slug"]: each["steps"][0]["targets"] for each in document["policies"]}
    assert policies["hooks"] == [{"webhook": "https://hooks.example.org/a"}, {"team": "ops"}]
    assert [each["slug"] for each in made_of(OPERATOR, policies={"hooks", "slack"}).document["policies"]] == [
        "default",
        "watchdog",
        "critical",
        "null",
    ]


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("", "file"),
        ("a: [", "file"),
        ("- a", ""),
        ("receivers: []", ""),
        ("route: {group_by: [a]}", "route"),
        ("route: {receiver: x}", "route.receiver"),
        ("receivers: [{name: x}]\nroute: {receiver: x, matchers: [a=b]}", "route.matchers"),
        ("receivers: [{name: x}]\nroute: {receiver: x, group_wait: 5}", "route.group_wait"),
        ("receivers: [{name: x}]\nroute: {receiver: x, routes: [{matchers: ['a=~\"(\"']}]}", "route.routes[0].matchers[0]"),
        ("receivers: [{name: x}]\nroute: {receiver: x, routes: [{mute_time_intervals: [y]}]}", "route.routes[0].mute_time_intervals[0]"),
        ("receivers: [{name: x}, {name: x}]\nroute: {receiver: x}", "receivers[1]"),
        ("receivers: [{name: x}]\nroute: {receiver: x}\ntime_intervals: [{name: t, time_intervals: [{weekdays: [x]}]}]", "time_intervals[0]"),
        ("a: &a [*a]", "a[0]"),
    ],
)  # fmt: skip
def test_what_alertmanager_would_not_load_is_refused_with_its_place(text: str, field: str) -> None:
    with pytest.raises(Refused) as refused:
        made_of(text)
    assert refused.value.field == field and refused.value.fix


@pytest.mark.django_db
def test_the_command_shows_a_plan_writes_a_file_and_applies(tmp_path: Path) -> None:
    make.person("Root", "administrator")
    make.team("Ops", slug="ops")
    path, out = tmp_path / "alertmanager.yml", tmp_path / "watchroom.yaml"
    path.write_text(OPERATOR)

    def run(*more: str) -> Any:
        return CliRunner().invoke(cli, ["import", "alertmanager", str(path), "--team", "ops", *more])

    dry = run()
    assert dry.exit_code == 0, dry.output
    assert f"{path}:" in dry.output and "+ routes Alertmanager" in dry.output and not Route.objects.exists()
    assert run("-o", str(out)).exit_code == 0 and yaml.safe_load(out.read_text())["routes"]
    assert "Applied: " in run("--apply").output
    assert TimeInterval.objects.count() == 3 and InhibitRule.objects.count() == 2
    assert "Nothing to do." in run("--apply").output
    again = CliRunner().invoke(cli, ["apply", "-f", str(out)])
    assert again.output.strip() == "Nothing to do."
    path.write_text("route: {}")
    refused = run()
    assert refused.exit_code == 1 and "Line 1" in refused.output
    nobody = CliRunner().invoke(cli, ["import", "alertmanager", str(path), "--team", "none"])
    assert nobody.exit_code == 1 and "none" in nobody.output


@pytest.mark.peer
@pytest.mark.django_db
def test_the_page_shows_what_would_come_of_it_and_applies_just_that(client: Client, db: None) -> None:
    team = make.team("Shop")
    client.force_login(make.person("Manager", "manager"))
    assert client.get("/import/alertmanager").status_code == 403
    client.force_login(make.person("Root", "administrator"))
    assert "Take over an Alertmanager" in client.get("/routes").content.decode()
    assert "See what would come of it" in client.get("/import/alertmanager").content.decode()
    file = SimpleUploadedFile("alertmanager.yml", CLASSIC.replace("\n", "\r\n").encode())
    shown = client.post("/import/alertmanager", {"team": team.slug, "file": file})
    page = shown.content.decode()
    assert "team-x-pager" in page and "Templates are not taken over." in page and "Line 5" in page
    assert "New" in page and not Route.objects.exists()
    wrong = client.post("/import/alertmanager", {"team": team.slug, "text": "route: [", "apply": "1"})
    assert wrong.status_code == 422
    for empty in ({"text": " "}, {"text": "x" * 600_000}, {"text": CLASSIC, "team": "no-such-team"}):
        assert client.post("/import/alertmanager", {"team": team.slug, **empty}).status_code == 422
    given = {"team": team.slug, "text": shown.context["text"], "seen": shown.context["made"].seen, "apply": "1"}
    make.person("Anna", "responder", email="anna@example.org")  # now a receiver would become another policy
    again = client.post("/import/alertmanager", given)
    assert "Something has changed since you looked" in again.content.decode() and not Route.objects.exists()
    done = client.post("/import/alertmanager", {**given, "seen": again.context["made"].seen})
    assert done.status_code == 302 and Route.objects.filter(name="Alertmanager").exists()
    assert EscalationPolicy.objects.filter(slug="team-x-pager").exists() and InhibitRule.objects.count() == 1
    assert "all of it is here already" in client.post("/import/alertmanager", given).content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("name", FILES)
def test_what_was_applied_routes_as_amtool_says(name: str, tmp_path: Path) -> None:
    make.person("Root", "administrator")
    make.team("Ops", slug="ops")
    path = tmp_path / "alertmanager.yml"
    known = FILES[name].replace(", {url_file: /etc/secret}", "").replace("tracing: {endpoint: x}", "")
    path.write_text(known)  # without what this amtool is too old for
    done = CliRunner().invoke(cli, ["import", "alertmanager", str(path), "--team", "ops", "--apply"])
    assert done.exit_code == 0, done.output
    imported, root = made_of(known), tree()
    policies = dict(EscalationPolicy.objects.values_list("pk", "slug"))
    for labels in (
        {"x": "y"},
        {"service": "foo1", "severity": "critical"},
        {"service": "foo12"},
        {"service": "database", "owner": "team-X"},
        {"service": "database", "owner": "team-Y"},
        {"alertname": "Watchdog"},
        {"severity": "page", "namespace": "dev-1"},
        {"severity": "page", "namespace": "prod"},
        {"team": "web", "env": "prod", "tier": "front"},
    ):
        assert receivers(imported, root, labels, policies) == asked_of_amtool(path, labels), labels


@pytest.mark.peer
@pytest.mark.django_db
def test_what_is_shown_as_configuration_is_one_that_alertmanager_loads(tmp_path: Path) -> None:
    make.person("Root", "administrator")
    make.team("Ops", slug="ops")
    path, shown = tmp_path / "alertmanager.yml", tmp_path / "shown.yml"
    path.write_text(OPERATOR)
    done = CliRunner().invoke(cli, ["import", "alertmanager", str(path), "--team", "ops", "--apply"])
    assert done.exit_code == 0, done.output
    shown.write_text(configuration(make.integration()))
    amtool = find("amtool", package="prometheus-alertmanager")
    checked = subprocess.run([amtool, "check-config", str(shown)], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr + shown.read_text()
    said = yaml.safe_load(shown.read_text())
    first = said["route"]["routes"][0]
    assert (first["group_interval"], first["mute_time_intervals"]) == ("300s", ["always"])
    assert {each["name"] for each in said["time_intervals"]} == {"always", "maintenance", "office hours"}
    assert asked_of_amtool(shown, {"severity": "page", "namespace": "prod"}) == ["critical"]


# --- Random trees ----------------------------------------------------------------------------------------------------

NAMES, VALUES = ("a", "b", "c"), ("", "x", "y", "xy")
labels_of = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES[1:]), min_size=1)
test_of = st.one_of(
    st.builds(lambda name, op, value: f'{name}{op}"{value}"', st.sampled_from(NAMES), st.sampled_from(("=", "!=")), st.sampled_from(VALUES)),
    st.builds(lambda name, op, value: f'{name}{op}"{value}"', st.sampled_from(NAMES), st.sampled_from(("=~", "!~")), st.sampled_from(("x", "x|y", ".*", ".+", "x.*", ""))),
)  # fmt: skip
RECEIVERS = ("one", "two", "three", "Four five")


def _node(children: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"routes": st.lists(children, max_size=3)},
        optional={
            "receiver": st.sampled_from(RECEIVERS),
            "continue": st.booleans(),
            "matchers": st.lists(test_of, max_size=2),
            "match": st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES), max_size=1),
            "match_re": st.dictionaries(st.sampled_from(NAMES), st.sampled_from(("x|y", "^x$", "")), max_size=1),
        },
    )


trees = st.recursive(st.just({"matchers": ['a="x"'], "receiver": "two"}), _node, max_leaves=8)


def _nodes(document: dict[str, Any]) -> Node:
    """The tree of a document, without a database."""
    slugs = {each["slug"]: number for number, each in enumerate(document["policies"], 1)}

    def node(route: dict[str, Any], key: int) -> Node:
        below = [each for each in document["routes"] if each["parent"] == route["name"]]
        return Node(
            key=key,
            name=route["name"],
            matchers=tuple(map(matcher, route["matchers"])),
            goes_on=route.get("goes_on", False),
            policy=slugs.get(route.get("policy", "")),
            children=tuple(
                node(each, key * 10 + n) for n, each in enumerate(sorted(below, key=lambda r: r["position"]))
            ),
        )

    return Node(0, "root", children=(node(document["routes"][0], 1),))


@pytest.mark.peer
@settings(max_examples=25)
@given(st.lists(trees, max_size=3), st.lists(labels_of, min_size=1, max_size=3))
def test_any_tree_routes_as_amtool_says(
    tmp_path_factory: pytest.TempPathFactory, routes: list[dict[str, Any]], labels: list[dict[str, str]]
) -> None:
    said = {
        "route": {"receiver": "one", "routes": routes},
        "receivers": [{"name": name, "webhook_configs": [{"url": "http://x.example.org/"}]} for name in RECEIVERS],
    }
    file = tmp_path_factory.getbasetemp() / "alertmanager.yml"
    file.write_text(json.dumps(said))
    imported = made_of(file.read_text())
    policies = dict(enumerate((each["slug"] for each in imported.document["policies"]), 1))
    for each in labels:
        assert receivers(imported, _nodes(imported.document), each, policies) == asked_of_amtool(file, each)
