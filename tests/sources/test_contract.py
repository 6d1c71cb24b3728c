"""What every kind of sender must do, whichever it is; and what the webhooks of each become, as their vendors document them."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import factories as make
from sources.said import CASES, SENTRY_EVENT, STATUSPAGE, azure, inbound, merged
from watchroom.intake.commands.receive import read_signals
from watchroom.intake.models import Alert, AlertGroup
from watchroom.kernel.errors import Refused
from watchroom.kernel.plugins import all_of
from watchroom.sources.base import Configured, Inbound, Keyed, Source, short_key
from watchroom.sources.webhook import Webhook

SOURCES = sorted(all_of("watchroom.sources"))
WEBHOOKS = sorted(name for name, source in all_of("watchroom.sources").items() if isinstance(source, Webhook))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=5),
    max_leaves=15,
)


def a_path_of(source: Source) -> str:
    paths = ("", "/api/v2/alerts", "/v2/enqueue", "/v2/alerts", "/v1/logs")
    return next((path for path in paths if source.accepts("POST", path)), "")


def check(source: Source, said: Inbound) -> None:
    parsed = source.parse(said)
    assert parsed == source.parse(said)
    for draft in parsed.drafts:
        assert draft.dedup_key and draft.starts_at.tzinfo and (draft.act != "fire" or (draft.title and draft.labels))
        assert all(name and isinstance(value, str) for name, value in draft.labels.items())
        said = [draft.dedup_key, draft.title, draft.link, *draft.labels, *draft.labels.values(), *draft.annotations]
        assert not any("\0" in text for text in [*said, *draft.annotations.values()]) and len(draft.title) <= 300
        assert draft.ends_at is None or draft.ends_at >= draft.starts_at
    assert 200 <= source.reply(parsed).status < 500
    assert parsed.problems == () or source.reply(parsed).status >= 400


def test_keys_that_differ_only_far_behind_are_two_problems(db: None) -> None:
    assert (short_key("k" * 255), len(short_key("k" * 256))) == ("k" * 255, 255)
    arm = "/subscriptions/" + "s" * 300 + "/virtualMachines/"
    for kind, said in (
        ("azure", [azure({}, originAlertId=arm + name) for name in ("one", "two", "one")]),
        ("json", [{"title": "Down", "key": arm + name} for name in ("one", "two", "one")]),
    ):
        source = all_of("watchroom.sources")[kind]
        keys = [source.parse(inbound(json.dumps(each).encode())).drafts[0].dedup_key for each in said]
        assert len(set(keys)) == 2 and keys[0] == keys[2] and all(len(key) <= 255 for key in keys)
    integration = make.integration(source="json")
    for name, state in (("one", "firing"), ("two", "firing"), ("two", "ok")):
        said_now = json.dumps({"title": "Down", "key": arm + name, "state": state}).encode()
        make.signal(integration, said_now, path="")
    read_signals(10)
    assert [alert.ended_at is None for alert in Alert.objects.order_by("id")] == [True, False]


def test_a_nul_is_never_stored() -> None:
    said = {"title": "a\0b", "labels": {"x\0y": "z\0"}, "description": "\0", "key": "k\0"}
    check(all_of("watchroom.sources")["json"], inbound(json.dumps(said).encode()))


@pytest.mark.parametrize("name", SOURCES)
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(body=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_read_or_refused(name: str, body: bytes) -> None:
    source: Source = all_of("watchroom.sources")[name]
    check(source, inbound(body, a_path_of(source)))


@pytest.mark.parametrize("name", SOURCES)
def test_the_instructions_lead_to_the_integration(name: str) -> None:
    source: Source = all_of("watchroom.sources")[name]
    told = source.instructions("https://watch.example.org/in/wri_abc")
    assert "wri_abc" in told or name == "monitors"
    assert not re.search(r"[A-Za-z]https://watch|wri_abc[$A-Za-z]", told), (
        "the address is put into the middle of a word"
    )
    assert not re.search(r"]\((?!https?:)", told), "it is shown on a page, where a link to a file leads nowhere"
    assert source.name == name and source.label and source.summary.endswith(".")
    assert isinstance(source, Configured) or not hasattr(source, "asks")
    assert not isinstance(source, Keyed) or source.without_key().status >= 400


@pytest.mark.django_db
@pytest.mark.parametrize("case", CASES)
def test_a_vendors_webhook_fires_and_ends(case: str, clock: Any) -> None:
    name, headers, fires, ends, title, severity, label, link = CASES[case]
    integration = make.integration(source=name)
    source: Source = all_of("watchroom.sources")[name]
    for said in (fires, ends):
        check(source, inbound(json.dumps(said).encode(), headers=headers))
    make.signal(integration, json.dumps(fires).encode(), "", headers=headers)
    read_signals(10)
    alert = Alert.objects.get()
    assert (alert.title, alert.severity, alert.link) == (title, severity, link)
    assert alert.labels[label[0]] == label[1]
    assert alert.ended_at is None and alert.starts_at <= clock()
    make.signal(integration, json.dumps(fires).encode(), "", headers=headers)  # said twice, it is still one
    clock.advance(timedelta(minutes=1))
    headers = {"sentry-hook-resource": ends["resource"]} if "resource" in ends else headers
    make.signal(integration, json.dumps(ends).encode(), "", headers=headers)
    read_signals(10)
    alert = Alert.objects.get()
    assert alert.ended_at is not None and alert.ended_at >= alert.starts_at


@pytest.mark.parametrize("name", WEBHOOKS)
def test_a_webhook_is_taken_at_the_integrations_own_address(name: str) -> None:
    source: Webhook = all_of("watchroom.sources")[name]
    assert source.accepts("POST", "") and source.accepts("POST", "/")
    assert not source.accepts("GET", "") and not source.accepts("POST", "/else")
    assert source.reply(source.parse(inbound(b"[]"))).status == 400


@pytest.mark.parametrize(
    ("name", "header", "prefix"),
    [
        ("github", "x-hub-signature-256", "sha256="),
        ("sentry", "sentry-hook-signature", ""),
        ("grafana", "x-grafana-alerting-signature", ""),
        ("checkly", "x-checkly-signature", ""),
    ],
)
def test_a_signature_is_checked_where_a_secret_is_set(name: str, header: str, prefix: str) -> None:
    source: Webhook = all_of("watchroom.sources")[name]
    case = next(each for each in CASES.values() if each[0] == name)
    body, secret = json.dumps(case[2]).encode(), "It's a Secret to Everybody"
    right = prefix + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()

    def drafts(signature: str | None, body: bytes = body) -> int:
        headers = case[1] | ({header: signature} if signature is not None else {})
        parsed = source.parse(inbound(body, headers=headers, settings={"secret": secret}))
        assert bool(parsed.drafts) == (source.reply(parsed).status == 200)
        assert parsed.drafts or source.reply(parsed).status == 401
        return len(parsed.drafts)

    assert drafts(right) == 1
    for wrong in (None, "", prefix, right[:-1] + ("0" if right[-1] != "0" else "1"), "ü"):
        assert drafts(wrong) == 0
    assert drafts(right, body + b" ") == 0
    assert header in source.headers
    assert source.check({"secret": " x "}) == {"secret": "x"}
    with pytest.raises(Refused):
        source.check({"other": "x"})


@pytest.mark.parametrize(
    ("case", "other"),
    [
        ("uptimekuma", {"monitor": {"id": 2, "name": "Mail"}}),
        ("healthchecks", {"code": "77", "name": "Reports"}),
        ("statuspage", {"incident": STATUSPAGE["incident"] | {"id": "x", "name": "Mails are late"}}),  # type: ignore[operator]
        ("github", {"repository": {"full_name": "shop/mail"}}),
        ("sentry event", {"data": SENTRY_EVENT["data"] | {"event": SENTRY_EVENT["data"]["event"] | {"issue_id": "2"}}}),  # type: ignore[index, operator]
        ("azure itself", azure({"properties": {"trackingId": "X"}}, monitoringService="ServiceHealth")),
    ],
)
@pytest.mark.django_db
def test_two_problems_that_have_nothing_to_do_with_each_other_are_two_pages(case: str, other: dict[str, Any]) -> None:
    """Also where no route says how to group: what a sender is asked to look at is no rule that many things break."""
    name, headers, fires, *_ = CASES[case]
    integration = make.integration(source=name)
    for said in (fires, merged(fires, **other)):
        make.signal(integration, json.dumps(said).encode(), "", headers=headers)
    read_signals(10)
    assert [group.total for group in AlertGroup.objects.order_by("id")] == [1, 1]


@pytest.mark.parametrize(
    ("case", "name", "word"),
    [
        ("github", "kind", "WorkflowFailed"),
        ("healthchecks", "kind", "Down"),
        ("uptimekuma", "kind", "Down"),
        ("statuspage", "kind", "ThirdPartyIncident"),
        ("sentry event", "rule", "Very important"),
    ],
)
def test_all_of_one_kind_can_be_routed_together(case: str, name: str, word: str) -> None:
    """Each has a name of its own; what they have in common is a label of its own, and the instructions say which."""
    source, headers, fires, *_ = CASES[case]
    kind: Webhook = all_of("watchroom.sources")[source]
    (draft,) = kind.parse(inbound(json.dumps(fires).encode(), headers=headers)).drafts
    assert draft.labels[name] == word and draft.labels.get("alertname") != word
    assert f'{name}="{word}"' in kind.instructions("https://watchroom.example.org/in/KEY")
