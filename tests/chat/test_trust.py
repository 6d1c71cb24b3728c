"""Whoever may change what proves that an answer comes from a chat could answer as anybody there: after such a change
nobody acts from it before they have confirmed their account anew."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

import factories as make
from chat.pressing import SIGNING_SECRET, TOKENS, pressed_in_slack, slack, text_of
from watchroom.accounts.actors import acting
from watchroom.accounts.models import AuditRecord
from watchroom.engine.loop import run_due
from watchroom.intake.commands.lifecycle import start_paging
from watchroom.intake.models import AlertGroup
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Refused
from watchroom.paging import commands as paging
from watchroom.paging.models import ContactMethod, Notification
from watchroom.workspaces.commands import save_workspace
from watchroom.workspaces.models import Workspace

pytestmark = pytest.mark.django_db
FORGED = "only-the-manager-knows-this-one"


@pytest.fixture
def owned(connect: Callable[[str], Any], reached: Callable[..., Any], clock: TravellingClock) -> Any:
    """A Slack workspace of a team, Max who manages the team, and Kim, who has confirmed an account there. She also gets
    mail, so that she can be told by another way."""
    server, workspace = connect("slack")
    team = make.team()
    Workspace.objects.filter(pk=workspace.pk).update(team=team)
    workspace.refresh_from_db()
    max_ = make.person("Max", "viewer")
    make.membership(team, max_, "manager")
    method = reached(workspace)
    make.contact_method(method.person)
    return server, workspace, acting(max_), method


def saved(by: Any, workspace: Workspace, **settings: Any) -> Workspace:
    row = Workspace.objects.get(pk=workspace.pk)
    given = {"url": row.settings["url"], **settings}
    return save_workspace(by, row, team=row.team, kind=row.kind, name=settings.pop("name", row.name), settings=given)


def paged(method: ContactMethod) -> AlertGroup:
    policy = make.policy((method.person, 3600))
    group = make.group("Checkout is slow", service=make.service(team=policy.team, policy=policy), policy=policy)
    start_paging([group])
    run_due()
    return group


def pressed(workspace: Workspace, about: str, *, secret: str, text: str = "") -> Any:
    """What the server is sent when Kim's user seems to have pressed "ack", or to have written ``text``."""
    if text:
        return slack(workspace.slug, {"command": "/watchroom", "user_id": "U0KIM00", "text": text}, secret=secret)
    form = pressed_in_slack("U0KIM00", "D1", "1.0", "ack", about, "")
    return slack(workspace.slug, form, secret=secret)


@pytest.mark.parametrize(
    "changed",
    [
        {"signing_secret": FORGED},
        {"token": "xoxb-2-another"},
        {"url": "https://elsewhere.example.org", "token": TOKENS["slack"], "signing_secret": SIGNING_SECRET},
    ],
    ids=["signing secret", "token", "address"],
)
def test_a_change_of_what_proves_answers_takes_back_who_confirmed_there(owned: Any, changed: dict[str, str]) -> None:
    _, workspace, by, method = owned
    elsewhere = make.contact_method(
        make.person("Ben"), "slack", {}, handle="slack:999:U0KIM00", verified_at=method.verified_at
    )
    saved(by, workspace, **changed)
    method.refresh_from_db()
    assert method.verified_at is None and "Max" in method.taken_back
    elsewhere.refresh_from_db()
    assert elsewhere.verified_at is not None  # another workspace's
    told = Notification.objects.filter(person=method.person, subject__contains="Confirm")
    assert {row.contact_method.channel for row in told} == {"slack", "webhook"}
    assert all("Max" in row.body for row in told)
    record = AuditRecord.objects.filter(action="workspace.changed").latest("id")
    assert record.person == by.person
    assert record.data["settings"] == sorted(
        name for name, value in changed.items() if value != SIGNING_SECRET and value != TOKENS["slack"]
    )
    assert record.data["confirmations_taken_back"] == [f"{method.person}: {method.label}"]
    for secret in (FORGED, "xoxb-2-another"):
        assert secret not in str(record.data)


def test_what_is_saved_unchanged_takes_nothing_back(owned: Any) -> None:
    _, workspace, by, method = owned
    saved(by, workspace)
    saved(by, workspace, signing_secret=SIGNING_SECRET, token=TOKENS["slack"])
    saved(by, workspace, name="Another name")
    method.refresh_from_db()
    assert method.verified_at is not None and method.taken_back == ""
    assert not Notification.objects.exists()


def test_a_forged_press_no_longer_acts_as_somebody(owned: Any) -> None:
    _, workspace, by, method = owned
    group = paged(method)
    row = Notification.objects.get(escalation__subject_id=group.pk, contact_method=method)
    saved(by, workspace, signing_secret=FORGED)
    answered = pressed(workspace, f"n{row.pk}", secret=FORGED)
    assert answered.status_code == 200
    pressed(workspace, f"e{row.escalation_id}", secret=FORGED)
    listed = pressed(workspace, "", secret=FORGED, text="list").json()["text"]
    assert "/me/contact" in listed and "Checkout" not in listed
    for each in (group, method, row):
        each.refresh_from_db()
    assert group.acknowledged_at is None and method.verified_at is None and row.seen_at is None


def test_a_forged_press_of_a_test_page_confirms_nothing(owned: Any) -> None:
    _, workspace, by, method = owned
    saved(by, workspace, signing_secret=FORGED)
    method.refresh_from_db()
    row = paging.test_contact_method(acting(method.person), method)
    run_due()
    pressed(workspace, f"n{row.pk}", secret=FORGED)
    method.refresh_from_db()
    assert method.verified_at is None


def test_its_owner_confirms_it_anew_by_a_code_and_can_answer_again(owned: Any, clock: TravellingClock) -> None:
    server, workspace, by, method = owned
    old = paging.send_code(acting(method.person), method)
    saved(by, workspace, signing_secret=FORGED)
    method.refresh_from_db()
    with pytest.raises(Refused, match="no code that counts"):
        paging.confirm_code(acting(method.person), method, old.body)
    clock.advance(timedelta(minutes=1))
    code = paging.send_code(acting(method.person), method)
    run_due()
    assert any(code.body in text_of(each) for each in server.messages.values())
    again = paging.confirm_code(acting(method.person), method, code.body)
    assert again.verified_at is not None and again.taken_back == ""
    group = paged(method)
    row = Notification.objects.get(escalation__subject_id=group.pk, contact_method=method)
    pressed(workspace, f"n{row.pk}", secret=FORGED)
    group.refresh_from_db()
    assert group.acknowledged_by == method.person


def test_the_page_says_why_it_has_to_be_confirmed_again(owned: Any, client: Any) -> None:
    _, workspace, by, method = owned
    saved(by, workspace, signing_secret=FORGED)
    client.force_login(method.person, backend="allauth.account.auth_backends.AuthenticationBackend")
    said = client.get("/me/contact").content.decode()
    assert "Max changed how Slack is connected" in said
    assert "Max changed" in client.get("/api/v1/contact-methods").json()[0]["taken_back"]


def test_two_who_change_it_at_once_can_not_slip_past(owned: Any) -> None:
    """Somebody whose copy of the settings is old compares with what is in the book, not with the copy."""
    _, workspace, by, method = owned
    old = Workspace.objects.get(pk=workspace.pk)
    saved(by, workspace, signing_secret=FORGED)
    ContactMethod.objects.filter(pk=method.pk).update(verified_at=method.created_at, taken_back="")
    save_workspace(by, old, team=old.team, kind="slack", name="Old copy", settings={"url": old.settings["url"]})
    method.refresh_from_db()
    assert Workspace.objects.get().settings["signing_secret"] == FORGED or method.verified_at is None


def test_many_accounts_are_taken_back_in_few_queries(
    owned: Any, reached: Callable[..., Any], django_assert_max_num_queries: Callable[..., Any]
) -> None:
    _, workspace, by, _ = owned
    for number in range(40):
        reached(workspace, user=f"U0ANY{number:02}", person=make.person(f"Any {number}"))
    with django_assert_max_num_queries(30):
        saved(by, workspace, signing_secret=FORGED)
    assert not ContactMethod.objects.filter(handle__startswith="slack:", verified_at__isnull=False).exists()
