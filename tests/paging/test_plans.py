"""In what order somebody is to be reached, said before their ways are there: the rules by themselves, then by every door."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

import factories as make
from watchroom.accounts.actors import SYSTEM, acting
from watchroom.cli.main import cli
from watchroom.config.carry_out import apply, preview
from watchroom.config.current import read
from watchroom.config.text import parse
from watchroom.kernel.errors import NotAllowed, Refused
from watchroom.paging import order
from watchroom.paging.commands import add_contact_method, remove_contact_method, set_plan, set_rules
from watchroom.paging.models import NotificationRule
from watchroom.paging.queries import missing_ways

P256DH = (
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"  # a device's public key
)
CHANNELS = ("push", "sms", "email")
entries = st.lists(
    st.fixed_dictionaries(
        {
            "channel": st.sampled_from(CHANNELS),
            "label": st.sampled_from(["", "Work"]),
            "wait_seconds": st.sampled_from([0, 60, 120]),
        }
    ),
    max_size=5,
)
ways = st.lists(st.tuples(st.sampled_from(CHANNELS), st.sampled_from(["", "Work", "Home"])), max_size=4)


@given(entries, ways)
def test_what_is_urgent_goes_at_once_by_whatever_of_the_plan_is_there(raw: Any, have: Any) -> None:
    there = [(number, *way) for number, way in enumerate(have)]
    plan = order.plain({"high": raw, "low": raw})
    high, low = (order.ways_by(plan[urgency], there, urgent=urgency == "high") for urgency in ("high", "low"))
    named = {number for number, channel, label in there for each in raw if each["channel"] == channel
             and each["label"] in ("", label)}  # fmt: skip
    assert {number for number, _ in high} == {number for number, _ in low} == named
    assert not high or high[0][1] == 0
    assert [wait for _, wait in high] == sorted(wait for _, wait in high)
    # Nothing that is planned is forgotten: it is there, or it is missing.
    absent = {(each["channel"], each["label"]) for each in order.missing(plan, there)}
    assert absent == {
        (each["channel"], each["label"])
        for each in raw
        if not any(each["channel"] == channel and each["label"] in ("", label) for _, channel, label in there)
    }


@given(entries, ways)
def test_what_is_written_means_the_same_rules_again(raw: Any, have: Any) -> None:
    # Two ways that nothing tells apart can't have different rules in a file.
    there = [(number, *way) for number, way in enumerate(dict.fromkeys(have))]
    plan = order.plain({"high": raw, "low": raw})
    rules = {urgency: order.ways_by(plan[urgency], there, urgent=urgency == "high") for urgency in ("high", "low")}
    if any(label == "" for _, _, label in there):
        return  # a way without a label is meant by every entry without one
    said = order.written(None, there, rules)
    for urgency in ("high", "low"):
        again = order.ways_by(said[urgency], there, urgent=urgency == "high") if said else []
        assert again == rules[urgency]


@pytest.fixture
def anna(db: None) -> Any:
    make.person("Root", "administrator")
    return make.person("Anna", "responder", email="anna@example.org")


def rules(person: Any, urgency: str = "high") -> list[tuple[str, int]]:
    rows = NotificationRule.objects.filter(person=person, urgency=urgency).order_by("wait_seconds", "id")
    return list(rows.values_list("contact_method__channel", "wait_seconds"))


def add(person: Any, channel: str, label: str = "") -> Any:
    settings = {
        "email": {"address": "anna@example.org"},
        "ntfy": {"topic": "anna-pages"},
        "push": {"endpoint": "https://push.example.net/anna", "p256dh": P256DH, "auth": "AAAAAAAAAAAAAAAAAAAAAA"},
    }[channel]
    return add_contact_method(acting(person), person, channel=channel, label=label, settings=settings)


def planned(**urgencies: Any) -> dict[str, Any]:
    return {
        "version": 1,
        "people": [{"email": "anna@example.org", "name": "Anna", "role": "responder", "notification_rules": urgencies}],
    }


def test_a_file_says_it_before_the_ways_are_there(anna: Any) -> None:
    wanted = planned(high=[{"channel": "email", "wait_seconds": 120}, {"channel": "ntfy"}], low=[{"channel": "email"}])
    apply(SYSTEM, parse(wanted, "file"))
    assert preview(parse(wanted, "file")) == [] and rules(anna) == []
    assert [each["channel"] for each in missing_ways(anna)] == ["ntfy", "email"]
    add(anna, "email")
    # Until the first one is there, the second one rings at once.
    assert rules(anna) == [("email", 0)] and preview(parse(wanted, "file")) == []
    add(anna, "ntfy")
    assert rules(anna) == [("ntfy", 0), ("email", 120)] and rules(anna, "low") == [("email", 0)]
    exported = read()["people"]["anna@example.org"]["notification_rules"]
    assert exported["high"][1] == {"channel": "email", "label": "", "wait_seconds": 120}
    assert "anna-pages" not in str(exported) and preview(parse(wanted, "file")) == []
    # What somebody sets by themselves counts, and is what is exported, until the file says otherwise again.
    method = anna.contact_methods.get(channel="email").pk
    set_rules(acting(anna), anna, "high", [(method, 0)])
    assert read()["people"]["anna@example.org"]["notification_rules"]["high"] == [
        {"channel": "email", "label": "", "wait_seconds": 0}
    ]
    add(anna, "ntfy", "Second")
    assert ("ntfy", 0) in rules(anna) and len(rules(anna)) == 2
    assert len(preview(parse(wanted, "file"))) == 1
    apply(SYSTEM, parse(wanted, "file"))
    assert rules(anna) == [("ntfy", 0), ("ntfy", 0), ("email", 120)] and preview(parse(wanted, "file")) == []
    silent = {"version": 1, "people": [{"email": "anna@example.org", "name": "Anna", "notification_rules": None}]}
    assert preview(parse(silent, "file")) == []


def test_a_plan_is_followed_still_when_a_way_goes_and_comes_back(anna: Any) -> None:
    apply(SYSTEM, parse(planned(high=[{"channel": "ntfy"}, {"channel": "email", "wait_seconds": 120}], low=[]), "file"))
    add(anna, "email")
    ntfy = add(anna, "ntfy")
    assert rules(anna) == [("ntfy", 0), ("email", 120)]
    remove_contact_method(acting(anna), ntfy)
    assert rules(anna) == [("email", 0)]  # what is urgent goes at once by what is left
    add(anna, "ntfy")
    assert rules(anna) == [("ntfy", 0), ("email", 120)] and rules(anna, "low") == []


def test_a_plan_is_followed_still_when_a_device_subscribes_again(anna: Any) -> None:
    apply(SYSTEM, parse(planned(high=[{"channel": "push"}, {"channel": "email", "wait_seconds": 120}], low=[]), "file"))
    add(anna, "email")
    for _ in range(2):
        add(anna, "push")
        assert rules(anna) == [("push", 0), ("email", 120)] and rules(anna, "low") == []


def test_of_several_the_label_tells_which(anna: Any) -> None:
    add(anna, "email", "Work")
    add(anna, "email", "Home")
    assert {each["label"] for each in read()["people"]["anna@example.org"]["notification_rules"]["high"]} == {
        "Work",
        "Home",
    }
    wanted = planned(
        high=[{"channel": "email", "label": "Home"}, {"channel": "email", "label": "Work", "wait_seconds": 60}]
    )
    apply(SYSTEM, parse(wanted, "file"))
    found = NotificationRule.objects.filter(urgency="high").order_by("wait_seconds")
    assert list(found.values_list("contact_method__label", "wait_seconds")) == [("Home", 0), ("Work", 60)]


def test_what_is_no_plan_is_refused_by_its_name(anna: Any) -> None:
    for high, field in (
        ([{"channel": "pigeon", "wait_seconds": 0}], None),
        ([{"channel": "email", "wait_seconds": 60}], "high.wait_seconds"),
        ([{"channel": "email", "wait_seconds": 0}, {"channel": "ntfy", "wait_seconds": 7200}], "high.wait_seconds"),
    ):
        with pytest.raises(Refused) as refused:
            set_plan(acting(anna), anna, {"high": high})
        assert field in (None, refused.value.field)
    with pytest.raises(NotAllowed):
        set_plan(acting(make.person("Ben", "responder")), anna, {"high": []})


def test_by_api_and_page(anna: Any) -> None:
    client, other = Client(), Client()
    backend = "allauth.account.auth_backends.AuthenticationBackend"
    client.force_login(anna, backend=backend)
    other.force_login(make.person("Ben", "manager"), backend=backend)
    path, api = "/api/v1/people/anna@example.org/notification-plan", {"content_type": "application/json"}
    assert client.get(path).status_code == 404
    body = {"high": [{"channel": "ntfy"}, {"channel": "email", "wait_seconds": 60}]}
    assert other.put(path, body, **api).status_code == 403 and other.get(path).status_code == 403
    assert [each["channel"] for each in client.put(path, body, **api).json()["missing"]] == ["ntfy", "email"]
    add(anna, "email")
    assert [each["channel"] for each in client.get(path).json()["missing"]] == ["ntfy"]
    assert "Planned for you, and not here yet: <strong>ntfy</strong>" in client.get("/me/contact").content.decode()
    assert client.delete(path).status_code == 204 and rules(anna) == [("email", 0)]


def test_by_command(anna: Any) -> None:
    def run(*words: str, code: int = 0) -> str:
        answer = CliRunner().invoke(cli, ["contact", "plan", "anna@example.org", *words])
        assert answer.exit_code == code, answer.output
        return answer.output

    assert "ntfy" in run("--high", "ntfy", "--high", "email:60", "--low", "email")
    run("--high", "ntfy:soon", code=1)
    add(anna, "email")
    assert rules(anna) == [("email", 0)] and "Missing" in run()
    run("--none")
    run(code=1)
