"""The pages of paging: signed links, the page that waits in an open tab, contact methods, policies, the delivery log."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import factories
from watchroom.accounts.actors import acting
from watchroom.accounts.models import AuditRecord, Person
from watchroom.engine.loop import run_due
from watchroom.intake.commands.lifecycle import start_paging
from watchroom.intake.models import AlertGroup
from watchroom.kernel import clock
from watchroom.kernel.signing import sign
from watchroom.paging import commands, links
from watchroom.paging.models import (
    Attempt,
    ContactMethod,
    Escalation,
    EscalationPolicy,
    Notification,
    NotificationRule,
)

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def sign_in(client: Any, person: Person) -> Person:
    client.force_login(person, backend=BACKEND)
    return person


def sent(person: Person, escalation: Escalation | None = None, channel: str = "browser", **fields: Any) -> Notification:
    """A message that has been handed over."""
    method = ContactMethod.objects.filter(person=person, channel=channel).first()
    method = method or factories.contact_method(person, channel)
    now = clock.now()
    return Notification.objects.create(
        escalation=escalation,
        person=person,
        contact_method=method,
        method_text=str(method),
        purpose=fields.pop("purpose", Notification.Purpose.PAGE),
        subject=fields.pop("subject", "Checkout is slow"),
        path="/",
        reason=fields.pop("reason", f"test:{Notification.objects.count()}"),
        created_at=now,
        ended_at=now,
        state=Notification.State.SENT,
        **fields,
    )


def group_paging(person: Person) -> tuple[Any, Escalation]:
    """A firing alert group for which ``person`` is being paged."""
    group = factories.group(service=factories.service("Checkout"))
    escalation = commands.start_escalation(
        kind="alert_group",
        subject_id=group.pk,
        title="Checkout is slow",
        body="",
        path=f"/alerts/{group.pk}",
        team=group.team,
        policy=factories.policy((person, 300)),
    )
    return group, escalation


def link_of(notification: Notification) -> str:
    return "/respond/" + links.respond_url(notification).rpartition("/")[2]


# --- The signed link -------------------------------------------------------------------------------------------------


def test_a_link_shows_by_get_and_acts_once_by_post(client: Any) -> None:
    anna = factories.person("Anna", role="responder")
    group, escalation = group_paging(anna)
    link = link_of(sent(anna, escalation))
    audited = AuditRecord.objects.count()
    for _ in range(3):  # a mail scanner
        shown = client.get(link)
        assert (
            shown.status_code == 200
            and b"Acknowledge" in shown.content
            and b"Critical" in shown.content
            and b"Page Anna" in shown.content
        )
        assert len(shown.content) < 15_000
    group.refresh_from_db()
    assert group.acknowledged_at is None and AuditRecord.objects.count() == audited
    for _ in range(2):
        assert client.post(link, follow=True).status_code == 200
    group.refresh_from_db()
    assert group.acknowledged_by == anna
    assert AuditRecord.objects.filter(action="alert_group.acknowledged").count() == 1
    record = AuditRecord.objects.get(action="alert_group.acknowledged")
    assert (record.actor_kind, record.actor_name) == ("link", "Anna by link")
    answered = client.get(link).content.decode()
    assert "Acknowledged by Anna" in answered and "<form" not in answered
    assert '<a class="button primary big full" href="/' in answered  # what comes next: open it


def test_a_link_offers_the_runbook_and_first_of_all_once_it_is_yours(client: Any) -> None:
    anna = factories.person("Anna", role="responder")
    group, escalation = group_paging(anna)
    notification = sent(anna, escalation)
    link = link_of(notification)
    for said, offered in (("https://wiki.example/disk", True), ("javascript:alert(1)", False), ("Disk (ours)", False)):
        Notification.objects.filter(pk=notification.pk).update(body=f"Full.\nRunbook: {said}\nhost: a")
        assert (f'href="{said}" rel="noreferrer"><svg' in client.get(link).content.decode()) is offered
    Notification.objects.filter(pk=notification.pk).update(body="Runbook: https://wiki.example/disk")
    asked = client.get(link).content.decode()
    assert asked.index(">Acknowledge</button>") < asked.index("</svg> Runbook</a>") and "big full" in asked
    client.post(link)
    assert 'class="button primary big full" href="https://wiki.example/disk"' in client.get(link).content.decode()
    AlertGroup.objects.filter(pk=group.pk).update(firing=0)
    over = client.get(link).content.decode()
    assert "</svg> Runbook</a>" not in over and 'class="button primary big full" href="/"' in over


def test_a_link_says_who_already_did_it_and_needs_no_cookie() -> None:
    from django.test import Client

    anna, ben = factories.person("Anna", role="responder"), factories.person("Ben", role="responder")
    group, escalation = group_paging(anna)
    to_anna, to_ben = sent(anna, escalation), sent(ben, escalation)
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(link_of(to_anna)).status_code == 302
    assert "Acknowledged by Anna" in strict.post(link_of(to_ben), follow=True).content.decode()
    group.refresh_from_db()
    assert group.acknowledged_by == anna


def test_a_link_still_answers_after_paging_has_run_out(client: Any) -> None:
    anna = factories.person("Anna", role="responder")
    group, escalation = group_paging(anna)
    link = link_of(sent(anna, escalation))
    Escalation.objects.update(ended_at=clock.now(), due_at=None, end=Escalation.End.EXHAUSTED)
    assert b"Acknowledge" in client.get(link).content
    client.post(link)
    group.refresh_from_db()
    assert group.acknowledged_by == anna


def test_a_link_of_a_test_page_says_that_it_works(client: Any) -> None:
    test = sent(factories.person("Anna"), purpose=Notification.Purpose.TEST)
    assert b"I got it" in client.get(link_of(test)).content
    test.refresh_from_db()
    assert test.seen_at is None
    assert b"You got it" in client.post(link_of(test), follow=True).content
    test.refresh_from_db()
    assert test.seen_at is not None and test.state == Notification.State.DELIVERED


def test_a_link_that_is_old_or_made_up_is_refused_clearly(client: Any, clock: Any) -> None:
    anna = factories.person("Anna")
    link = link_of(sent(anna))
    clock.advance(timedelta(days=4))
    for bad in (link, "/respond/nonsense", "/respond/" + sign("other", 1, valid_for=timedelta(days=1))):
        for answer in (client.get(bad), client.post(bad)):
            assert answer.status_code == 403 and b"<h1" in answer.content


def test_a_link_of_somebody_who_has_left_does_nothing(client: Any) -> None:
    anna = factories.person("Anna", role="responder")
    group, escalation = group_paging(anna)
    link = link_of(sent(anna, escalation))
    anna.is_active = False
    anna.save()
    assert client.post(link).status_code == 403
    group.refresh_from_db()
    assert group.acknowledged_at is None


# --- The open tab ----------------------------------------------------------------------------------------------------


def test_the_page_that_waits_is_read_by_get_seen_by_post_and_answered_by_post(client: Any) -> None:
    anna = sign_in(client, factories.person("Anna", role="responder"))
    assert client.get("/me/pending-page").status_code == 204
    group, escalation = group_paging(anna)
    row = sent(anna, escalation)
    shown = client.get("/me/pending-page")
    assert shown.status_code == 200 and f'data-pending="{row.pk}"' in shown.content.decode()
    row.refresh_from_db()
    assert row.seen_at is None
    assert client.post(f"/me/pending-page/{row.pk}/seen").status_code == 204
    row.refresh_from_db()
    assert row.seen_at is not None
    assert "data-seen" not in client.get("/me/pending-page").content.decode()
    assert client.post(f"/me/pending-page/{row.pk}").headers["Location"] == row.path
    group.refresh_from_db()
    assert group.acknowledged_by == anna and client.get("/me/pending-page").status_code == 204


def test_whoever_answers_while_they_are_led_through_the_first_steps_is_led_on(client: Any) -> None:
    anna = sign_in(client, factories.person("Anna", role="responder"))
    row = sent(anna, group_paging(anna)[1])
    for before, after in (
        ("http://testserver/welcome/alert", "/welcome/alert"),
        ("https://example.org/welcome", row.path),
    ):
        answered = client.post(f"/me/pending-page/{row.pk}", headers={"referer": before})
        assert answered.headers["Location"] == after


def test_nobody_answers_for_somebody_else(client: Any) -> None:
    anna = factories.person("Anna", role="responder")
    _, escalation = group_paging(anna)
    row = sent(anna, escalation)
    sign_in(client, factories.person("Ben", role="responder"))
    assert client.get("/me/pending-page").status_code == 204
    for path in (f"/me/pending-page/{row.pk}", f"/me/pending-page/{row.pk}/seen"):
        assert client.post(path).status_code == 404


# --- How I am reached ------------------------------------------------------------------------------------------------


def test_contact_methods_from_first_to_last(client: Any) -> None:
    anna = sign_in(client, factories.person("Anna"))
    assert b"Nothing would reach you" in client.get("/me/contact").content
    added = client.post("/me/contact/add", {"channel": "browser", "label": "This laptop"}, follow=True)
    assert b"This laptop" in added.content and b"at once" in added.content
    method = anna.contact_methods.get()
    client.post(f"/me/contact/{method.pk}/test")
    assert Notification.objects.get(person=anna).purpose == Notification.Purpose.TEST
    client.post("/me/contact/rules", {"urgency": "low", f"wait-{method.pk}": "7"})
    assert NotificationRule.objects.get(person=anna, urgency="low").wait_seconds == 420
    for wait in ("x", "-1", "61"):
        assert client.post("/me/contact/rules", {"urgency": "low", f"wait-{method.pk}": wait}).status_code == 422
    client.post(f"/me/contact/{method.pk}/disable")
    method.refresh_from_db()
    assert not method.enabled
    client.post(f"/me/contact/{method.pk}/remove")
    assert not anna.contact_methods.exists()


def test_other_peoples_methods_are_not_mine(client: Any) -> None:
    method = factories.contact_method(factories.person())
    sign_in(client, factories.person(role="administrator"))
    assert client.post(f"/me/contact/{method.pk}/remove").status_code == 404
    assert ContactMethod.objects.filter(pk=method.pk).exists()


# --- Policies --------------------------------------------------------------------------------------------------------


def test_a_policy_is_made_without_a_script(client: Any) -> None:
    sign_in(client, factories.person(role="manager"))
    team, anna = factories.team("Payments"), factories.person("Anna")
    factories.contact_method(anna)
    given = {"team": team.slug, "name": "Payments", "repeats": "1", "rows": "2"}
    given |= {"targets-0": f"person:{anna.pk}", "minutes-0": "2.5", "minutes-1": "5"}
    more = client.post("/policies/new", given | {"more": "1"})
    assert more.status_code == 200 and b'id="targets-3"' in more.content and not EscalationPolicy.objects.exists()
    assert b'value="Payments"' in more.content
    made = client.post("/policies/new", given, follow=True)
    assert made.status_code == 200 and b"Page Anna" in made.content and b"at once" in made.content
    assert EscalationPolicy.objects.get().steps.get().wait_seconds == 150


def test_a_refused_policy_keeps_what_was_written(client: Any) -> None:
    sign_in(client, factories.person(role="manager"))
    team = factories.team()
    given = {
        "team": team.slug,
        "name": "Nights",
        "repeats": "2",
        "rows": "1",
        "minutes-0": "soon",
        "targets-0": f"team:{team.pk}",
    }
    for changes in ({}, {"minutes-0": "5", "repeats": "many"}, {"minutes-0": "5", "team": "none"}, {"targets-0": ""}):
        refused = client.post("/policies/new", given | changes)
        assert refused.status_code == 422 and b'value="Nights"' in refused.content
    assert not EscalationPolicy.objects.exists()


def test_steps_are_moved_inserted_and_left_out_before_anything_is_saved(client: Any) -> None:
    anna, ben = factories.person("Anna"), factories.person("Ben")
    policy = factories.policy((anna, 60), (ben, 120))
    sign_in(client, factories.person("Boss", role="administrator"))
    address = f"/policies/{policy.slug}/edit"
    typed = {
        "rows": "2", "name": "Nights", "team": policy.team.slug, "repeats": "1",
        "targets-0": f"person:{anna.pk}", "minutes-0": "7", "targets-1": f"person:{ben.pk}", "minutes-1": "9",
    }  # fmt: skip

    def waits(wish: str) -> list[str]:
        page = client.post(address, typed | {"row": wish}).content.decode()
        assert 'value="Nights"' in page, "what was typed stays"
        return re.findall(r'name="minutes-\d" inputmode="decimal" value="([^"]*)"', page)

    assert waits("up:1") == ["9", "7"] and waits("up:0") == ["7", "9"]
    assert waits("insert:1") == ["7", "5", "9"] and waits("remove:0") == ["9"]
    for nonsense in ("up:x", "remove:99", "remove:-1", "", "²:1"):
        assert waits(nonsense) == ["7", "9"]
    policy.refresh_from_db()
    assert policy.version == 1 and policy.steps.count() == 2


def test_a_viewer_may_look_at_policies_only(client: Any) -> None:
    policy = factories.policy(factories.person())
    sign_in(client, factories.person())
    assert client.get(f"/policies/{policy.slug}").status_code == 200
    assert b"New policy" not in client.get("/policies").content
    assert client.post(f"/policies/{policy.slug}/delete").status_code == 403
    for moment in ("x", "99999999999999", "0001-01-01T00:00", "9999-12-31T23:59", "2000-01-01T00:00"):
        assert client.get(f"/policies/{policy.slug}?at={moment}").status_code == 422


# --- Paging somebody, the delivery log -------------------------------------------------------------------------------


def test_somebody_is_paged_and_answers(client: Any) -> None:
    anna = factories.person("Anna")
    factories.contact_method(anna, "browser")
    sign_in(client, factories.person(role="responder"))
    refused = client.post("/page", {"title": "Look at the queue", "people": ["x"]})
    assert refused.status_code == 422 and b"Look at the queue" in refused.content
    client.post("/page", {"title": "Look at the queue", "people": [anna.pk], "urgency": "high"})
    escalation = Escalation.objects.get()
    commands.take_turn(1)
    sign_in(client, anna)
    assert b"I have it" in client.get(f"/escalations/{escalation.pk}").content
    client.post(f"/escalations/{escalation.pk}")
    escalation.refresh_from_db()
    assert escalation.ended_by == anna
    sign_in(client, factories.person())
    assert client.get(f"/escalations/{escalation.pk}").status_code == 404
    assert client.post("/page", {"title": "x", "people": [anna.pk]}).status_code == 403


def test_the_delivery_log(client: Any, django_assert_max_num_queries: Any) -> None:
    anna, ben = factories.person("Anna"), factories.person("Ben", role="administrator")
    for number in range(60):
        row = sent(anna, subject=f"Message {number}")
        Attempt.objects.create(
            notification=row, number=1, started_at=clock.now(), outcome="failed", error="mailbox is full"
        )
    sign_in(client, ben)
    with django_assert_max_num_queries(12):
        first = client.get("/notifications").content.decode()
    assert "mailbox is full" in first and "Message 59" in first and "Message 9<" not in first
    older = first.partition("after=")[2].partition('"')[0]
    assert "Message 9<" in client.get(f"/notifications?after={older}").content.decode()
    assert "Message" not in client.get("/notifications?who=me").content.decode().partition("<table")[2]
    assert "Message 59" in client.get(f"/notifications?person={anna.pk}&state=sent").content.decode()
    now = clock.now().astimezone(ZoneInfo(ben.timezone))
    before, after = (f"{now + timedelta(hours=each):%Y-%m-%dT%H:%M}" for each in (-1, 1))
    assert "Message 59" in client.get(f"/notifications?start={before}&end={after}").content.decode()
    assert "No message matches" in client.get(f"/notifications?start={after}").content.decode()
    assert "Message 59" not in client.get(f"/notifications?end={before}").content.decode()
    assert b"Message" not in b"".join(client.get(f"/notifications.csv?start={after}").streaming_content)
    wrong = client.get("/notifications?start=soon").content.decode()
    assert "Message 59" in wrong and "Enter a valid date/time." in wrong
    sign_in(client, factories.person())
    assert "Message 59" not in client.get("/notifications").content.decode()
    assert acting(anna).may("see")


def test_where_several_have_to_answer_the_biggest_button_is_the_answer_that_is_missing(client: Any) -> None:
    anna, ben = factories.person("Anna", "responder"), factories.person("Ben", "responder")
    policy = factories.policy((anna, 300), answers=2)
    for person in (anna, ben):
        factories.contact_method(person, "browser", settings={"person": person.pk})
        factories.membership(policy.team, person, "responder")
    group = factories.group(
        "Checkout is slow", service=factories.service(team=policy.team, policy=policy), policy=policy
    )
    group.team = policy.team
    group.save()
    start_paging([group])
    run_due()

    def page_of(person: Any) -> str:
        client.force_login(person, backend=BACKEND)
        return client.get(f"/alerts/{group.pk}").content.decode()

    page_of(anna)
    client.post(f"/alerts/{group.pk}/acknowledge")
    assert "I have it" not in page_of(anna)  # she has answered
    shown = page_of(ben)
    assert 'primary big full" data-key="a">I have it, too</button>' in shown and "Still paging until one more" in shown
    assert ", unless one more answers</span>" not in shown  # the heading says it once for all
    client.post(f"/alerts/{group.pk}/acknowledge")
    shown = page_of(ben)
    assert "Ben</span> has it, too" in shown or "Ben has it, too" in shown.replace("</span>", "")
    assert 'primary big full" data-key="r"' in shown
