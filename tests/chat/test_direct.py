"""A page as a direct message with buttons, in every product: sent, answered, drawn anew; strangers get nowhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

import factories as make
from chat.pressing import PEERS, STRANGERS, USERS, press, text_of
from peers import chats
from peers.http import Answer
from watchroom.accounts.actors import acting
from watchroom.engine.loop import run_due
from watchroom.intake.commands import acknowledge, resolve
from watchroom.intake.commands.lifecycle import start_paging
from watchroom.intake.models import AlertGroup
from watchroom.kernel.clock import TravellingClock
from watchroom.paging import commands as paging
from watchroom.paging.models import ContactMethod, Escalation, Notification
from watchroom.workspaces.models import Post, Workspace

pytestmark = pytest.mark.django_db
Connect = Callable[[str], tuple[chats.Chat, Workspace]]
Reached = Callable[..., ContactMethod]
each_product = pytest.mark.parametrize("kind", sorted(PEERS))


def page(method: ContactMethod, title: str = "Checkout <is> slow & *bold*", **fields: Any) -> AlertGroup:
    policy = make.policy((method.person, 3600))
    group = make.group(title, service=make.service(team=policy.team, policy=policy), policy=policy, **fields)
    start_paging([group])
    run_due()
    return group


@pytest.fixture(params=sorted(PEERS))
def chat(request: pytest.FixtureRequest, connect: Connect, reached: Reached, clock: TravellingClock) -> Any:
    """A connected chat, and Kim, who is reached there."""
    server, workspace = connect(request.param)
    yield server, workspace, reached(workspace)
    assert not server.problems


def test_a_page_is_acknowledged_by_a_button_and_says_so(chat: Any, clock: TravellingClock) -> None:
    server, workspace, method = chat
    group = page(method)
    notification = Notification.objects.get(escalation__subject_id=group.pk)
    assert notification.state == Notification.State.SENT
    (place, number), content = server.only()
    assert notification.attempts.get().provider_id == f"{place}/{number}"
    assert "Checkout" in text_of(content) and "Acknowledge" in text_of(content)
    clock.advance(timedelta(minutes=4))
    press(server, workspace, USERS[workspace.kind], "ack")
    group.refresh_from_db()
    assert group.acknowledged_by == method.person
    run_due()
    said = text_of(server.only()[1])
    assert "Acknowledged by Kim at 09:04" in said
    assert "Resolve" in said and 'Acknowledge"' not in said
    notification.refresh_from_db()
    assert notification.state == Notification.State.DELIVERED and notification.seen_at is not None
    assert not Post.objects.filter(due_at__isnull=False).exists()


def test_snoozed_escalated_and_resolved_by_buttons(chat: Any, clock: TravellingClock) -> None:
    server, workspace, method = chat
    user, group = USERS[workspace.kind], page(method)
    press(server, workspace, user, "snooze")
    run_due()
    group.refresh_from_db()
    assert group.snoozed and group.returns_at == clock.instant + timedelta(hours=1)
    assert "Snoozed by Kim until 10:00" in text_of(server.only()[1])
    press(server, workspace, user, "escalate")
    run_due()
    assert Escalation.objects.get(subject_id=group.pk).ended_at is None
    press(server, workspace, user, "resolve")
    run_due()
    group.refresh_from_db()
    assert group.resolved_by == method.person
    for each in list(server.messages.values())[:2]:  # both pages; the third says that it is over
        assert "Resolved by Kim" in text_of(each) and "Escalate" not in text_of(each)


def test_a_stranger_is_refused_and_told_what_to_do(chat: Any) -> None:
    server, workspace, method = chat
    group = page(method)
    answer = press(server, workspace, STRANGERS[workspace.kind], "ack")
    group.refresh_from_db()
    assert group.acknowledged_at is None
    if workspace.kind in ("mattermost", "telegram"):
        assert "/me/contact" in answer.content.decode()
    else:  # said in the chat itself
        assert any(b"/me/contact" in each.body for each in server.peer.requests)


def test_the_message_follows_what_others_do(chat: Any, clock: TravellingClock) -> None:
    server, _, method = chat
    group = page(method)
    other = make.person("Ben", "responder")
    acknowledge(acting(other), group)
    run_due()
    assert "Acknowledged by Ben at 09:00" in text_of(server.only()[1])
    resolve(acting(other), group)
    run_due()
    assert any("Resolved by Ben at 09:00" in text_of(each) for each in server.messages.values())


def test_a_refused_redraw_is_tried_again_and_then_left(chat: Any, clock: TravellingClock) -> None:
    server, _, method = chat
    group = page(method)
    server.broken = Answer(429, {"error": "slow down"}, {"Retry-After": "40"})
    acknowledge(acting(make.person("Ben", "responder")), group)
    run_due()
    post = Post.objects.get()
    assert post.due_at == clock.instant + timedelta(seconds=40) and post.error
    server.broken = None
    clock.advance(timedelta(seconds=41))
    run_due()
    post.refresh_from_db()
    assert (post.due_at, post.error) == (None, "")
    assert "Acknowledged by Ben" in text_of(server.only()[1])


def test_a_server_that_says_wait_is_asked_again_after_that(chat: Any, clock: TravellingClock) -> None:
    server, _, method = chat
    server.broken = Answer(
        429, {"ok": False, "error": "ratelimited", "parameters": {"retry_after": 50}}, {"Retry-After": "50"}
    )
    group = page(method)
    row = Notification.objects.get(escalation__subject_id=group.pk)
    assert row.state == Notification.State.WAITING
    assert row.due_at == clock.instant + timedelta(seconds=50)
    server.broken = None
    clock.advance(timedelta(seconds=51))
    run_due()
    row.refresh_from_db()
    assert row.state == Notification.State.SENT
    assert len(server.messages) == 1


def test_a_wrong_token_is_a_failure_for_good_that_names_the_fix(chat: Any) -> None:
    server, _, method = chat
    server.token = "another"
    group = page(method)
    row = Notification.objects.get(escalation__subject_id=group.pk)
    assert row.state == Notification.State.FAILED
    assert row.attempts.get().error


def test_confirmed_by_the_code_that_comes_there(chat: Any) -> None:
    server, _, method = chat
    ContactMethod.objects.filter(pk=method.pk).update(verified_at=None)
    method.refresh_from_db()
    paging.send_code(acting(method.person), method)
    run_due()
    _, content = server.only()
    code = Notification.objects.get(purpose="verify").body
    assert f"{code} is your code for Watchroom" in text_of(content)
    assert not any(each in text_of(content) for each in ("Acknowledge", "I got it", "Resolve"))  # a code has no buttons
    method.refresh_from_db()
    assert paging.confirm_code(acting(method.person), method, code).verified_at is not None


def test_a_test_page_is_answered_and_proves_the_account(chat: Any) -> None:
    server, workspace, method = chat
    ContactMethod.objects.filter(pk=method.pk).update(verified_at=None)
    method.refresh_from_db()
    paging.test_contact_method(acting(method.person), method)
    run_due()
    press(server, workspace, USERS[workspace.kind], "ack")
    run_due()
    method.refresh_from_db()
    assert method.verified_at is not None
    assert "It reaches you." in text_of(server.only()[1])


def test_a_drill_is_marked(chat: Any) -> None:
    server, _, method = chat
    page(method, drill=True)
    assert "[Drill]" in text_of(server.only()[1])


def test_somebody_elses_unconfirmed_claim_gives_no_power(chat: Any, reached: Reached) -> None:
    """Who merely says that an account is theirs does not act when its owner presses, nor the owner as them."""
    server, workspace, method = chat
    group = page(method)
    claimed = reached(
        workspace, user=STRANGERS[workspace.kind], verified=False, person=make.person("Eve", "administrator")
    )
    press(server, workspace, STRANGERS[workspace.kind], "ack")
    group.refresh_from_db()
    claimed.refresh_from_db()
    assert group.acknowledged_at is None and claimed.verified_at is None


def test_where_two_are_needed_the_second_still_has_a_button(
    connect: Connect, reached: Reached, clock: TravellingClock
) -> None:
    server, workspace = connect("slack")
    method = reached(workspace)
    second = reached(workspace, user="U0LEE00", person=make.person("Lee", "responder"))
    policy = make.policy((method.person, 60), (second.person, 3600), answers=2)
    group = make.group("Disk full", service=make.service(team=policy.team, policy=policy), policy=policy)
    start_paging([group])
    run_due()
    press(server, workspace, "U0KIM00", "ack")
    run_due()
    said = text_of(server.only()[1])
    assert "Acknowledged by Kim" in said and "More are being paged." in said and '"Acknowledge"' in said
    clock.advance(timedelta(minutes=2))
    run_due()
    press(server, workspace, "U0LEE00", "ack")
    run_due()
    assert Escalation.objects.get().end == Escalation.End.ACKNOWLEDGED
    for each in server.messages.values():
        assert "More are being" not in text_of(each) and '"Acknowledge"' not in text_of(each)
