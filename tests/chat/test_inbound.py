"""What comes in from outside: who may say what, and what is refused."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

import factories as make
from chat import pressing
from chat.pressing import STRANGERS, USERS
from peers import chats
from watchroom.channels.chat import handle_of
from watchroom.engine.loop import run_due
from watchroom.incidents.models import Incident
from watchroom.kernel.clock import TravellingClock
from watchroom.paging.models import ContactMethod
from watchroom.workspaces.models import Workspace

pytestmark = pytest.mark.django_db
Connect = Callable[[str], tuple[Any, Workspace]]
Reached = Callable[..., ContactMethod]


def ephemeral(answer: Any) -> str:
    assert answer.status_code == 200
    assert answer.json()["response_type"] == "ephemeral"
    return str(answer.json()["text"])


def test_slack_is_believed_only_when_it_has_signed_within_five_minutes(
    connect: Connect, clock: TravellingClock
) -> None:
    _, workspace = connect("slack")
    form = {"command": "/watchroom", "text": "list", "user_id": "U0KIM00"}
    now = clock.instant.timestamp()
    assert pressing.slack(workspace.slug, form).status_code == 200
    assert pressing.slack(workspace.slug, form, at=now - 299).status_code == 200
    assert pressing.slack(workspace.slug, form, at=now - 301).status_code == 403
    assert pressing.slack(workspace.slug, form, at=now + 301).status_code == 403
    assert pressing.slack(workspace.slug, form, secret="another").status_code == 403
    assert Client().post(f"/chat/{workspace.slug}", form).status_code == 403
    assert pressing.slack("nowhere", form).status_code == 404
    assert Client().get(f"/chat/{workspace.slug}").status_code == 405


def test_a_workspace_without_its_signing_secret_believes_nobody(connect: Connect, clock: TravellingClock) -> None:
    """An empty secret signs as well as any other."""
    _, workspace = connect("slack")
    Workspace.objects.filter(pk=workspace.pk).update(settings={**workspace.settings, "signing_secret": ""})
    body, stamp = "command=%2Fwatchroom", str(int(clock.instant.timestamp()))
    signature = "v0=" + hmac.new(b"", f"v0:{stamp}:{body}".encode(), "sha256").hexdigest()
    headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": signature}
    assert Client().post(f"/chat/{workspace.slug}", body, content_type=FORM, headers=headers).status_code == 403


@pytest.mark.parametrize("payload", ["", "{", "[]", "1", '{"type": "block_actions"}', '{"type": "view_submission"}'])
def test_a_signed_request_that_makes_no_sense_breaks_nothing(connect: Connect, payload: str) -> None:
    _, workspace = connect("slack")
    assert pressing.slack(workspace.slug, {"payload": payload}).status_code in (200, 422)


@pytest.mark.parametrize("about", ["", "n", "n0", "x1", "e999999", "n" + "9" * 30, "nn", "e²"])
def test_a_button_of_nothing_breaks_nothing(connect: Connect, reached: Reached, about: str) -> None:
    server, workspace = connect("slack")
    reached(workspace)
    form = pressing.pressed_in_slack("U0KIM00", "D1", "1.1", "ack", about, f"{server.peer.url}/respond")
    assert pressing.slack(workspace.slug, form).status_code == 200


def test_telegram_is_believed_only_with_the_secret(connect: Connect) -> None:
    _, workspace = connect("telegram")
    message = {"message": {"chat": {"id": 4711, "type": "private"}, "from": {"id": 4711}, "text": "/start"}}
    answer = pressing.telegram(workspace, message)
    assert answer.json()["method"] == "sendMessage" and "4711" in answer.json()["text"]
    assert pressing.telegram(workspace, message, key="another").status_code == 403
    message["message"]["chat"]["type"] = "group"
    assert pressing.telegram(workspace, message).content == b""


def test_mattermost_is_believed_only_with_our_own_seal(connect: Connect, reached: Reached) -> None:
    _, workspace = connect("mattermost")
    reached(workspace)
    context = {"press": "ack", "about": "e1", "seal": "0" * 64}
    body = {"user_id": USERS["mattermost"], "context": context}
    answer = Client().post(f"/chat/{workspace.slug}", json.dumps(body), content_type="application/json")
    assert answer.status_code == 403
    assert Client().post(f"/chat/{workspace.slug}", "[]", content_type="application/json").status_code == 422


def test_products_that_send_nothing_are_not_listened_to(connect: Connect) -> None:
    _, workspace = connect("matrix")
    assert Client().post(f"/chat/{workspace.slug}", "{}", content_type="application/json").status_code == 403


def test_the_slash_command_acts_as_whoever_wrote_it(connect: Connect, reached: Reached, clock: TravellingClock) -> None:
    _, workspace = connect("slack")
    kim = reached(workspace).person
    schedule = make.schedule("Shop", people=(kim,))
    group = make.group("Disk full", service=make.service())

    def write(text: str, user: str = "U0KIM00") -> str:
        return ephemeral(pressing.slack(workspace.slug, {"command": "/watchroom", "text": text, "user_id": user}))

    assert "Disk full" in write("list") and f"/alerts/{group.pk}" in write("list")
    assert "Shop: Kim" in write("oncall") and "Shop: Kim" in write(f"oncall who {schedule.slug}")
    assert "no schedule" in write("oncall nowhere")
    assert "Acknowledged: Disk full" in write(f"ack {group.pk}")
    group.refresh_from_db()
    assert group.acknowledged_by == kim
    assert "Nothing fires" in write("list")
    assert "not an alert group" in write("ack me") and "no alert group" in write("ack 999999")
    assert "Snoozed" in write(f"snooze {group.pk}") and "paged" in write(f"escalate #{group.pk}")
    assert "Resolved" in write(f"resolve {group.pk}")
    assert "title" in write("declare")
    assert "Declared SEV" in write("declare Checkout is down")
    assert Incident.objects.get().declared_by == kim
    assert "declare TITLE" in write("") and "declare TITLE" in write("what")
    assert "/me/contact" in write("list", STRANGERS["slack"])


def test_a_viewer_may_look_but_not_acknowledge(connect: Connect, reached: Reached) -> None:
    _, workspace = connect("mattermost")
    reached(workspace, person=make.person("Vic", "viewer"))
    group = make.group("Disk full", service=make.service())

    def write(text: str, token: str = "token-of-the-command") -> Any:
        form = {"command": "/watchroom", "text": text, "user_id": USERS["mattermost"], "token": token}
        return Client().post(f"/chat/{workspace.slug}", form_data(form), content_type=FORM)

    assert "Disk full" in ephemeral(write("list"))
    assert "responder" in ephemeral(write(f"ack {group.pk}"))
    group.refresh_from_db()
    assert group.acknowledged_at is None
    assert write("list", token="guessed").status_code == 403


FORM = "application/x-www-form-urlencoded"


def form_data(form: dict[str, str]) -> str:
    from urllib.parse import urlencode

    return urlencode(form)


def test_matrix_is_asked_and_only_what_is_new_counts(
    connect: Connect, reached: Reached, clock: TravellingClock
) -> None:
    server, workspace = connect("matrix")
    assert isinstance(server, chats.Matrix)
    kim = reached(workspace).person
    first, second = make.group("Disk full"), make.group("Disk fuller")
    room = "!alerts:example.org"
    server.rooms[room] = {"members": []}
    server.say("@kim:example.org", room, f"!watchroom ack {first.pk}")  # before we listened
    pressing.listen(workspace)
    server.say("@kim:example.org", room, "just talking, ack")
    server.say("@kim:example.org", room, f"!watchroom ack {second.pk}")
    server.say("@eve:example.org", room, f"!watchroom ack {first.pk}")
    server.react("@kim:example.org", room, "$not-ours", "✅")
    pressing.listen(workspace)
    first.refresh_from_db()
    second.refresh_from_db()
    assert first.acknowledged_at is None and second.acknowledged_by == kim
    said = [event["content"]["body"] for _, event in server.timeline if event["sender"] == server.ME]
    assert any("Acknowledged: Disk fuller" in each for each in said)
    assert any("/me/contact" in each for each in said) and len(said) == 2
    before = len(server.timeline)
    pressing.listen(workspace)
    pressing.listen(workspace)
    assert len(server.timeline) == before


def test_a_reply_to_a_message_answers_it(connect: Connect, reached: Reached, clock: TravellingClock) -> None:
    from watchroom.intake.commands.lifecycle import start_paging

    server, workspace = connect("matrix")
    kim = reached(workspace).person
    policy = make.policy((kim, 3600))
    group = make.group("Disk full", service=make.service(team=policy.team, policy=policy), policy=policy)
    start_paging([group])
    run_due()
    (room, event), _ = server.only()
    server.say("@kim:example.org", room, "> <@watchroom:example.org> Disk full\n\nack!", answering=event)
    pressing.listen(workspace)
    group.refresh_from_db()
    assert group.acknowledged_by == kim


def test_a_server_that_can_not_be_asked_is_shown_and_asked_again(connect: Connect, clock: TravellingClock) -> None:
    server, workspace = connect("matrix")
    server.token = "another"
    run_due()
    workspace.refresh_from_db()
    assert "401" in workspace.error
    assert workspace.due_at is not None and (workspace.due_at - clock.instant).total_seconds() == 30
    server.token = pressing.TOKENS["matrix"]
    pressing.listen(workspace)
    workspace.refresh_from_db()
    assert workspace.error == ""


def test_the_latest_confirmation_counts(connect: Connect, reached: Reached, clock: TravellingClock) -> None:
    from datetime import timedelta

    from watchroom.chat.answering import whose

    _, workspace = connect("slack")
    reached(workspace)
    clock.advance(timedelta(days=1))
    later = reached(workspace, person=make.person("Lee", "responder"))
    assert whose(workspace, "U0KIM00") == later.person
    later.person.is_active = False
    later.person.save()
    found = whose(workspace, "U0KIM00")
    assert found is not None and found.name == "Kim"
    assert whose(workspace, "U0EVE00") is None
    assert later.handle == handle_of("slack", workspace.pk, "U0KIM00")
