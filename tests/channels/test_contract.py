"""What every channel promises, ours and others' alike. Found by entry point; needs no network."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchroom.channels import (
    answers,
    apprise,
    browser,
    email,
    matrix,
    mattermost,
    ntfy,
    push,
    slack,
    sms,
    teams,
    telegram,
    voice,
    webhook,
)
from watchroom.channels.base import Delivery, DeliveryFailed, Field, Message
from watchroom.kernel import plugins
from watchroom.kernel.errors import Refused

OURS: dict[str, Any] = {
    each.channel.name: each.channel
    for each in (apprise, browser, email, matrix, mattermost, ntfy, push, slack, sms, teams, telegram, voice, webhook)
}
CHANNELS = {**OURS, **plugins.all_of("watchroom.channels")}
SECRET = "s3cretS3cretS3cret"

# Settings that a channel accepts, with SECRET wherever a secret may be.
GOOD: dict[str, dict[str, Any]] = {
    "apprise": {"url": f"tgram://123456789:{SECRET}abcdefghijklmnopq/987654321"},
    "browser": {"person": 7},
    "email": {"address": "kim@example.org"},
    "matrix": {"user": "@kim:example.org"},
    "mattermost": {"user": "k" * 26},
    "ntfy": {"topic": f"pages-{SECRET}", "token": f"tk_{SECRET}"},
    "push": {
        "endpoint": f"https://push.example.net/send/{SECRET}",
        # The receiver's public key of RFC 8291, section 5.
        "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        "auth": "czNjcmV0UzNjcmV0UzNjcg",
        "device": "Chrome on Android",
    },
    "slack": {"user": "U012AB3CD"},
    "sms": {"number": "+4930123456789"},
    "teams": {"url": f"https://prod-1.logic.azure.com/workflows/{SECRET}?sig={SECRET}"},
    "telegram": {"user": "123456789"},
    "voice": {"number": "+4930123456789"},
    "webhook": {"url": f"https://hooks.example.org/{SECRET}?key={SECRET}", "secret": SECRET},
}
MESSAGE = Message(key="k1", subject="Disk full", body="db-1", url="https://watchroom.example.org/a/1", purpose="page")

each_channel = pytest.mark.parametrize("name", sorted(CHANNELS))


CHATS = {
    "matrix": {"url": "http://127.0.0.1:9", "token": SECRET},
    "mattermost": {"url": "http://127.0.0.1:9", "token": SECRET},
    "slack": {"url": "http://127.0.0.1:9", "token": f"xoxb-{SECRET}", "signing_secret": SECRET},
    "telegram": {"url": "http://127.0.0.1:9", "token": f"123456:{SECRET}"},
}

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def connected(configured, db) -> None:
    """Every chat is connected, at addresses that Watchroom may no longer reach: nothing here asks the network."""
    from watchroom.workspaces.models import Workspace

    configured()
    for kind, settings in CHATS.items():
        Workspace.objects.create(kind=kind, name=kind, slug=kind, settings=settings, hook_key="wsk_0")


@each_channel
def test_it_says_what_it_is(name: str) -> None:
    channel = CHANNELS[name]
    assert channel.name == name
    assert channel.label.strip()
    assert channel.summary.strip().endswith(".")
    assert all(isinstance(each, Field) for each in channel.fields)
    assert {each.kind for each in channel.fields} <= {"text", "email", "url", "tel", "password"}
    assert len({each.name for each in channel.fields}) == len(channel.fields)
    assert list(inspect.signature(channel.send).parameters) == ["settings", "message"]


@each_channel
def test_secret_fields_are_asked_for_as_passwords(name: str) -> None:
    assert all(each.kind == "password" for each in CHANNELS[name].fields if each.secret)


@each_channel
@pytest.mark.parametrize("value", [None, "", " ", 0, [], {}, "\x00", "a\r\nb", "ünïcode ☃", "x" * 100_000])
def test_bad_settings_are_refused_by_field_and_fix(name: str, value: object) -> None:
    channel = CHANNELS[name]
    given_settings = {each.name: value for each in channel.fields} or {"person": value}
    with pytest.raises(Refused) as caught:
        channel.check(given_settings)
    assert caught.value.field in given_settings
    assert caught.value.message
    assert caught.value.fix


@each_channel
def test_missing_settings_are_refused(name: str) -> None:
    with pytest.raises(Refused) as caught:
        CHANNELS[name].check({})
    assert caught.value.field
    assert caught.value.fix


@pytest.mark.parametrize("name", sorted(OURS))
@given(text=st.text(max_size=80))
def test_any_text_is_accepted_or_refused_and_nothing_else(name: str, text: str) -> None:
    channel = OURS[name]
    for values in ({each.name: text for each in channel.fields}, {**GOOD[name], "person": text, "url": text}):
        try:
            cleaned = channel.check(values)
        except Refused as error:
            assert error.fix
        else:
            assert channel.describe(cleaned)


@pytest.mark.parametrize("name", sorted(OURS))
def test_good_settings_are_cleaned_once_and_for_all(name: str) -> None:
    cleaned = OURS[name].check(GOOD[name])
    assert OURS[name].check(cleaned) == cleaned


@pytest.mark.parametrize("name", sorted(OURS))
def test_the_description_is_short_and_holds_no_secret(name: str) -> None:
    described = OURS[name].describe(OURS[name].check(GOOD[name]))
    assert 0 < len(described) <= 200
    assert "\n" not in described
    assert SECRET not in described


@each_channel
def test_the_description_never_fails(name: str) -> None:
    for settings in (
        {},
        {"url": "", "address": "", "topic": "", "server": ""},
        {"url": "http://[", "server": "http://["},
    ):
        assert isinstance(CHANNELS[name].describe(settings), str)


@pytest.mark.parametrize("name", ["apprise", "ntfy", "webhook", "teams", *CHATS])
def test_a_forbidden_target_is_a_permanent_failure_that_names_the_setting(name: str) -> None:
    """The settings were accepted before an operator closed the network: sending says so instead of trying for ever."""
    settings = {
        "apprise": {"url": f"ntfy://127.0.0.1:9/{SECRET}"},
        "ntfy": {"topic": SECRET, "server": "http://127.0.0.1:9", "token": ""},
        "webhook": {"url": f"http://127.0.0.1:9/{SECRET}", "secret": SECRET},
        "teams": {"url": f"http://127.0.0.1:9/{SECRET}"},
    }.get(name) or OURS[name].check(GOOD[name])
    with pytest.raises(DeliveryFailed) as caught:
        OURS[name].send(settings, MESSAGE)
    assert caught.value.permanent
    assert "WATCHROOM_PRIVATE_TARGETS" in caught.value.fix
    assert SECRET not in str(caught.value)


def test_the_browser_channel_wakes_the_tabs_of_the_person(monkeypatch: pytest.MonkeyPatch) -> None:
    announced: list[set[str]] = []
    monkeypatch.setattr("watchroom.kernel.db.announce", lambda topics: announced.append(set(topics)))
    assert browser.channel.send({"person": 7}, MESSAGE) == Delivery(provider_id="", confirmed=False)
    assert announced == [{"person:7"}]


def test_our_entry_points_lead_to_our_channels() -> None:
    installed = plugins.all_of("watchroom.channels")
    if not installed:
        pytest.skip("Watchroom is not installed as a package")
    assert {name: installed.get(name) for name in OURS} == OURS


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"code": 42908, "http": 429, "error": "limit reached"}', "limit reached (42908)"),
        ('{"errcode": "M_UNKNOWN_TOKEN", "error": "Unrecognised access token"}', "Unrecognised access token (M_UNKNOWN_TOKEN)"),
        ('{"error": {"code": "WorkflowNotFound", "message": "It is\\ngone."}}', "It is gone. (WorkflowNotFound)"),
        ('{"api_id": "x", "error": "insufficient balance"}', "insufficient balance"),
        ('{"message": ["odd"], "code": null}', '{"message": ["odd"], "code": null}'),
        ("<h1>Bad gateway</h1>", "<h1>Bad gateway</h1>"),
        ("[1]", "[1]"),
        ("", ""),
    ],
)  # fmt: skip
def test_what_a_server_says_is_said_in_its_own_sentence(body: str, said: str) -> None:
    assert answers.what_it_says(body.encode()) == said
