"""Mappings: what they may say, what becomes of a payload, and that a hostile one costs nobody anything."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from watchroom.kernel.errors import Refused
from watchroom.sources import mapping
from watchroom.sources.base import Inbound, Parsed
from watchroom.sources.json import source
from watchroom.sources.mapping import running

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MAPPING = """
items: payload.alerts
when: "!has(item.kind) || item.kind != 'test'"
key: item.id
title: "{{ item.name }} on {{ item.host.name|upper }}"
state: item.status
severity: "{'sev-a': 'critical', 'sev-b': 'error'}[item.sev]"
link: item.url
since: item.at
labels:
  host: item.host.name
  team: "'payments'"
  tags: join(item.tags, ',')
  gone: item.no.such.thing
annotations:
  all: item.host
tests:
  - name: a disk
    payload: {alerts: [{id: 7, name: Disk, host: {name: db1}, status: open, sev: sev-a, tags: [a, b]}]}
    expect: [{key: 7, title: Disk on DB1, state: firing, severity: critical, labels: {host: db1, tags: "a,b"}}]
"""
PAYLOAD = {
    "alerts": [
        {"id": 1, "name": "CPU", "host": {"name": "web1"}, "status": "open", "sev": "sev-b", "tags": [], "at": "2026-03-02T08:00:00Z"},
        {"id": 2, "name": "Disk", "host": {"name": "db1"}, "status": "closed", "url": "https://a.example"},
        {"id": 3, "name": "X", "host": {}, "kind": "test"},
    ]
}  # fmt: skip


def said(said: object) -> dict[str, Any]:
    return mapping.checked(said)


def read(body: bytes, said: object, kind: str = "application/json") -> Parsed:
    return source.parse(Inbound("", body, kind, NOW, settings={"mapping": mapping.checked(said)}))


def test_one_payload_becomes_many_alerts() -> None:
    found = mapping.read(said(MAPPING), PAYLOAD, Inbound("", b"", "", NOW))
    assert not found.problems
    one, two = found.drafts
    assert (one.dedup_key, one.title, one.severity, one.act) == ("1", "CPU on WEB1", "error", "fire")
    assert one.labels == {"host": "web1", "team": "payments"} and one.starts_at.hour == 8
    assert one.annotations["all"] == '{"name": "web1"}'
    assert (two.dedup_key, two.act, two.link, two.severity) == ("2", "end", "https://a.example", "warning")
    assert mapping.run_tests(said(MAPPING)) == [mapping.Tested("a disk", ())]


PATHS = """
items: $.alerts[*]
when: $.host.name
key: $.id
title: "{{ item.name }}: {{ payload.receiver }}"
severity: "{'sev-a': 'critical', 'sev-b': 'error'}[item.sev]"
description: $['details','name']
labels:
  host: $.host.name
  gone: $.no.such.thing
  env: $.tags[?@.key=='env'].value
  tags: $.tags[*].value
  first: $.tags[0].value
  matching: $..value[?match(@, 'p.*')]
"""


def test_fields_are_picked_by_paths_too() -> None:
    tags = [{"key": "env", "value": "prod"}, {"key": "team", "value": "shop"}]
    alerts = [{"id": 1, "name": "Disk", "host": {"name": "db1"}, "tags": tags}, {"id": 2, "name": "X", "host": {}}]
    found = mapping.read(said(PATHS), {"receiver": "ops", "alerts": alerts}, Inbound("", b"", "", NOW))
    assert not found.problems
    (draft,) = found.drafts
    assert (draft.dedup_key, draft.title) == ("1", "Disk: ops")
    assert draft.labels == {"host": "db1", "env": "prod", "tags": '["prod", "shop"]', "first": "prod"}
    one = mapping.read(said(PATHS), {"alerts": alerts[:1]}, Inbound("", b"", "", NOW))
    assert [each.dedup_key for each in one.drafts] == ["1"]
    assert not mapping.read(said(PATHS), {}, Inbound("", b"", "", NOW)).drafts
    whole = said({"items": "$.alerts", "key": "$.id", "title": "'t'", "when": "$.tags[?@.key=='env']"})
    assert [each.dedup_key for each in mapping.read(whole, {"alerts": alerts}, Inbound("", b"", "", NOW)).drafts] == [
        "1"
    ]
    tested = {"tests": [{"payload": {"alerts": alerts}, "expect": [{"key": 1, "labels": {"env": "prod"}}]}]}
    assert source.check({"mapping": {**said(PATHS), **tested}})


def test_what_is_kept_reads_the_same_when_it_is_read_again() -> None:
    kept = said(MAPPING)
    assert said(mapping.in_words(kept)) == kept == said(kept)
    assert said("") == said(None) == said({}) == {} and mapping.in_words({}) == ""


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ("- a list", "mapping"),
        ("key: [", "mapping"),
        ("a: &a [*a]", "mapping"),  # a thing that is part of itself
        ("title: x", "mapping.key"),
        ({"key": "payload.id"}, "mapping.title"),
        ({"key": "a", "title": "b", "colour": "c"}, "mapping.colour"),
        ({"key": ["a"], "title": "b"}, "mapping.key"),
        ({"key": "a", "title": "b" * 5_000}, "mapping.title"),
        ({"key": "a", "title": "b", "labels": {"x": {}}}, "mapping.labels.x"),
        ({"key": "a", "title": "b", "labels": {"": "x"}}, "mapping.labels"),
        ({"key": "a", "title": "b", "tests": [{"expect": []}]}, "mapping.tests[0]"),
        ({"key": "a", "title": "b", "tests": [{"payload": 1, "expect": [{"colour": 1}]}]}, "mapping.tests[0].expect[0].colour"),
        ({"key": "payload.a(", "title": "'b'"}, "mapping.key"),
        ({"key": "$.a[", "title": "'b'"}, "mapping.key"),
        ({"key": "$nonsense", "title": "'b'"}, "mapping.key"),
        ({"key": "$", "title": "'b'", "labels": {"x": "$.a[?nope(@)]"}}, "mapping.labels.x"),
        ({"key": "paylod.a", "title": "'b'"}, "mapping.key"),
        ({"key": "'a'", "title": "{{ payload.x"}, "mapping.title"),
        ({"key": "'a'", "title": "{% include 'x' %}", "tests": [{"payload": 1}]}, "mapping.tests[0]"),
        ({"key": "'a'", "title": "'b'", "tests": [{"payload": 1, "expect": []}]}, "mapping.tests[0]"),
    ],
)  # fmt: skip
def test_what_is_not_accepted_names_its_field(wrong: object, field: str) -> None:
    with pytest.raises(Refused) as refused:
        source.check({"mapping": wrong})
    assert refused.value.field == field and refused.value.fix


@pytest.mark.parametrize(
    ("fields", "payload", "field"),
    [
        ({"items": "payload.alerts"}, {}, "mapping.items"),
        ({"when": "payload.kind != 'test'"}, {}, "mapping.when"),
        ({"key": "payload.id"}, {}, "mapping.key"),
        ({"title": "payload.name"}, {}, "mapping.title"),
        ({"title": "$.name"}, {}, "mapping.title"),
        ({"items": "$.alerts"}, {}, "mapping.items"),
        ({"state": "payload.a + 1"}, {"a": "x"}, "mapping.state"),
        ({"title": "{{ payload.a // 0 }}"}, {"a": 1}, "mapping.title"),
    ],
)
def test_what_a_payload_lacks_is_a_problem_that_is_told(fields: dict[str, str], payload: object, field: str) -> None:
    found = mapping.read(said({"key": "'k'", "title": "'t'", **fields}), payload, Inbound("", b"", "", NOW))
    assert not found.drafts and found.problems[0].field == field


@pytest.mark.parametrize(
    "hostile",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ payload.__init__.__globals__ }}",
        "{{ self.__init__.__globals__ }}",
        "{{ lipsum.__globals__ }}",
        "{% for a in [].append.__self__.__class__.__base__.__subclasses__() %}{{ a }}{% endfor %}",
        "{{ payload.items.__func__ }}",
        "{% import 'os' as os %}{{ os }}",
        "{{ range(9) }}",
    ],
)
def test_a_template_reaches_nothing_but_its_payload(hostile: str) -> None:
    outcome = mapping.try_on(said({"key": "'k'", "title": f"x{hostile}"}), {"a": 1})
    assert outcome.problems or [each["title"] for each in outcome.alerts] == ["x"]


LOOPS = "{% for a in payload %}" * 5 + "{% endfor %}" * 5


@pytest.mark.parametrize(
    "hostile",
    [
        {"title": f"x{LOOPS}"},
        {"title": "{{ 'a' * 10000000000 }}"},
        {"key": "payload.map(a, payload.map(b, payload.map(c, payload.map(d, 'xxxxxxxxxxxxxxxxxxxxxxxx'))))"},
    ],
)
def test_a_hostile_mapping_is_ended_and_then_left_alone(hostile: dict[str, str]) -> None:
    evil, good = said({"key": "'k'", "title": "'t'", **hostile}), said({"key": "'k'", "title": "'t'"})
    payload = list(range(500))
    outcome = mapping.try_on(evil, payload)
    assert not outcome.alerts and outcome.problems[0].field.startswith("mapping")
    asked = running.worker._process
    assert mapping.try_on(evil, payload).problems and running.worker._process is asked  # it costs nothing any more
    assert mapping.try_on(good, payload).alerts[0]["title"] == "t"


def test_a_path_that_branches_without_end_is_ended() -> None:
    payload: Any = {"a": 1}
    for _ in range(60):
        payload = [payload, 1]
    outcome = mapping.try_on(said({"key": "'k'", "title": "$" + "..*" * 8}), payload)
    assert not outcome.alerts and "takes more than" in outcome.problems[0].fix


def test_a_payload_that_takes_too_long_costs_no_other_payload_anything() -> None:
    slow_for_some = said({"key": "'k'", "title": f"x{LOOPS}"})
    assert mapping.try_on(slow_for_some, list(range(400))).problems
    assert mapping.try_on(slow_for_some, [1]).alerts[0]["title"] == "x"


def test_only_so_many_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "_RESTING_LIMIT", 2)
    worker = running.Worker()

    def gone(question: bytes) -> Any:
        asked.append(question)
        raise running._Gone

    asked: list[bytes] = []
    monkeypatch.setattr(worker, "_answer", gone)
    for payload in (1, 2, 1, 3, 2, 3, 1):  # the third pushes the first out
        assert "why" in worker.ask({"key": "'k'"}, payload)
    assert len(asked) == 4 and asked[0] == asked[3] and len(worker._resting) == 2


def test_the_names_of_an_object_are_joined_in_their_order() -> None:
    joined = said({"key": "'k'", "title": "join(payload, ',')"})
    payload = dict.fromkeys("hgfedcba", 1)
    assert mapping.try_on(joined, payload).alerts[0]["title"] == "a,b,c,d,e,f,g,h"


def test_the_worker_knows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHROOM_SECRET_KEY", "a secret")
    running.worker.close()
    assert mapping.try_on(said({"key": "'k'", "title": "'t'"}), 1).alerts
    process = running.worker._process
    assert process is not None
    with open(f"/proc/{process.pid}/environ", "rb") as environment:  # noqa: PTH123
        assert b"a secret" not in environment.read()


def test_a_worker_that_died_is_started_again() -> None:
    good = said({"key": "'k'", "title": "'t'"})
    assert mapping.try_on(good, 1).alerts
    process = running.worker._process
    assert process is not None
    process.kill()
    process.wait()
    assert mapping.try_on(good, 1).alerts


def test_forms_and_texts_are_payloads_too() -> None:
    (form,) = read(
        b"host=db1&what=Disk+full",
        {"key": "payload.host", "title": "payload.what"},
        "application/x-www-form-urlencoded",
    ).drafts
    assert (form.dedup_key, form.title) == ("db1", "Disk full")
    (text,) = read(
        b"db1: Disk full", {"key": "split(payload, ':')[0]", "title": "{{ payload.split(': ')[1] }}"}, "text/plain"
    ).drafts
    assert (text.dedup_key, text.title) == ("db1", "Disk full")


def test_without_a_mapping_a_text_is_an_alert_until_it_says_ok() -> None:
    def draft(text: str, kind: str = "text/plain") -> Any:
        return source.parse(Inbound("", text.encode(), kind, NOW)).drafts[0]

    fires, ends = draft("CRITICAL: Disk of db1 is full\nonly 2 %"), draft("[OK] Disk of db1 is full")
    assert (fires.title, fires.severity, fires.annotations["description"]) == (
        "Disk of db1 is full",
        "critical",
        "only 2 %",
    )
    assert (ends.act, ends.dedup_key) == ("end", fires.dedup_key)
    assert draft("title=Full&key=7", "application/x-www-form-urlencoded").dedup_key == "7"
    assert (
        draft('{"title": "Full"}', "application/x-www-form-urlencoded").title == "Full"
    )  # what `curl -d` says and sends
    assert draft("OK").title == "OK" and draft("Updates are available").act == "fire"


def test_the_gate_only_glances_at_what_a_mapping_is_for() -> None:
    broken = {"mapping": said({"key": "payload.id", "title": f"x{LOOPS}"})}
    assert source.glance(Inbound("", b'{"id": 1}', "application/json", NOW, settings=broken)) == Parsed()
    refused = source.glance(Inbound("", b"[", "application/json", NOW, settings=broken))
    assert refused.problems[0].field == "body" and source.reply(refused).status == 400


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(("alerts", "id", "name", "host", "tags", "sev")), inner, max_size=5)
    ),
    max_leaves=15,
)


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(payload=JSON)
def test_whatever_comes_gives_alerts_or_problems(payload: object) -> None:
    found = mapping.read(said(MAPPING), payload, Inbound("", b"", "", NOW))
    assert found == mapping.read(said(MAPPING), payload, Inbound("", b"", "", NOW))
    for draft in found.drafts:
        assert draft.dedup_key and draft.title and draft.labels and "\0" not in draft.title
