"""Events from the change to the receiver: written with it, signed, tried again, replayed, and kept from whom they are not for."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from jsonschema import Draft202012Validator

import factories as make
from outgoing.hooks import SECRET, deliver, hook
from peers.http import Answer, HttpPeer
from watchroom.accounts.actors import Actor, acting
from watchroom.accounts.models import AuditRecord
from watchroom.channels.webhook import verify
from watchroom.engine.loop import run_due
from watchroom.incidents import commands as incidents
from watchroom.kernel import clock as kernel_clock
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Conflict, NotAllowed, Refused
from watchroom.outgoing import commands, delivering, queries, recording
from watchroom.outgoing.catalog import TYPES, schema_of
from watchroom.outgoing.models import Dispatch, DispatchAttempt, Event, Webhook
from watchroom.outgoing.sending import payload
from watchroom.paging import commands as paging
from watchroom.paging.models import Notification
from watchroom.venues.models import Bridge, VenuePlan
from watchroom.web.answers import answer
from watchroom.workflows.commands import save_workflow

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock", "loopback")]


def test_nothing_is_written_while_nobody_listens(admin: Actor, http_peer: HttpPeer) -> None:
    incidents.declare(admin, title="Checkout is slow")
    assert not Event.objects.exists()
    hook(admin, http_peer.url, events=["task.*"])
    incidents.declare(admin, title="Another")
    assert not Event.objects.exists() and deliver() == 0 and http_peer.requests == []


def test_an_event_reaches_its_receiver_signed_and_as_its_schema_says(admin: Actor, http_peer: HttpPeer) -> None:
    team = make.team("Payments", slug="payments")
    hook(admin, f"{http_peer.url}/in", events=["*"])
    incident = incidents.declare(admin, title="Checkout is slow", severity=2, team=team)
    incidents.change_severity(admin, incident, 1)
    incidents.log(admin, incident, "note", "Looking")
    incidents.publish_update(admin, incident, happening="Slow", wordings={"customers": {"impact": "Pay later"}})
    incidents.resolve(admin, incident)
    deliver()
    found = {each.json()["type"]: each for each in http_peer.requests}
    assert {
        "incident.declared",
        "incident.severity_changed",
        "log.written",
        "update.published",
        "incident.resolved",
    } <= set(found)
    for type, request in found.items():
        said = request.json()
        Draft202012Validator(schema_of(TYPES[type])).validate(said)
        assert verify(SECRET, request.headers["watchroom-signature"], request.body, at=kernel_clock.now())
        assert request.headers["watchroom-event"] == type
        assert request.headers["idempotency-key"] == said["id"]
    told = found["update.published"].json()["data"]
    assert (told["happening"], told["wordings"]) == ("Slow", {"customers": {"impact": "Pay later"}})
    assert "Slow" not in str(AuditRecord.objects.get(action="update.published").data)
    said = found["incident.severity_changed"].json()
    assert said["data"] == {"before": 2, "after": 1} and said["team"] == "payments"
    assert said["object"]["severity"] == 1 and said["actor"]["name"] == "Ada"
    assert said["url"].endswith(f"/incidents/{incident.pk}")
    assert set(Dispatch.objects.values_list("state", flat=True)) == {"sent"}


def test_while_nobody_listens_a_change_asks_once_and_while_somebody_does_not_more(
    admin: Actor, http_peer: HttpPeer
) -> None:
    def asked() -> list[str]:
        with CaptureQueriesContext(connection) as captured:
            incidents.log(admin, incident, "note", "Looking")
        tables = ("outgoing_webhook", "workflows_workflow", "venues_venueplan")
        return [each["sql"] for each in captured if each["sql"].startswith(("SELECT", "(SELECT")) and any(t in each["sql"] for t in tables)]  # fmt: skip

    incident = incidents.declare(admin, title="Checkout is slow")
    assert len(asked()) == 1
    hook(admin, http_peer.url, events=["log.*"])
    assert len(asked()) == 1
    assert Event.objects.filter(type="log.written").count() == 1


def test_all_who_listen_are_asked_together(admin: Actor, http_peer: HttpPeer) -> None:
    """Webhooks, workflows and places to meet, each with what it wants, of its team or of everybody."""
    team = make.team(slug="shop")
    hook(admin, http_peer.url, events=["task.*"], team=team)
    assert [tuple(each) for each in recording.wishes()] == [(["task.*"], team.pk)]
    save_workflow(admin, None, team=None, name="x", triggers=["role.*"], actions=[{"do": "log", "text": "x"}])
    bridge = Bridge.objects.create(kind="jitsi", name="J", slug="j")
    for slug in ("meet", "meet-too"):
        VenuePlan.objects.create(name=slug, slug=slug, bridge=bridge)
    found = {(tuple(patterns), whose) for patterns, whose in recording.wishes()}
    everybodys = next(patterns for patterns, whose in found if "venue.*" in patterns)
    assert found == {(("task.*",), team.pk), (("role.*",), None), (everybodys, None)}
    assert len(recording.wishes()) == 3


def test_a_secret_is_exchanged_with_an_overlap(admin: Actor, http_peer: HttpPeer, clock: TravellingClock) -> None:
    target = hook(admin, http_peer.url)
    new = commands.renew_secret(admin, target, overlap_hours=24)

    def told() -> tuple[bool, bool, int]:
        incidents.declare(admin, title="Checkout is slow")
        deliver()
        last = http_peer.requests[-1]
        header = last.headers["watchroom-signature"]
        right = [verify(each, header, last.body, at=kernel_clock.now()) for each in (SECRET, new)]
        return right[0], right[1], header.count("v1=")

    assert told() == (True, True, 2)
    clock.advance(timedelta(hours=23, minutes=59))
    assert told() == (True, True, 2)
    clock.advance(timedelta(minutes=1))
    assert told() == (False, True, 1)
    target.refresh_from_db()
    assert (target.old_secret, target.old_secret_until) == (None, None)  # forgotten by the engine


def test_an_overlap_ends_when_somebody_says_so_and_with_another_address(admin: Actor, http_peer: HttpPeer) -> None:
    target = hook(admin, http_peer.url)
    for end in (
        lambda: commands.drop_old_secret(admin, target),
        lambda: commands.renew_secret(admin, target),
        lambda: commands.save_webhook(
            admin, target, team=None, name="Warehouse", url=f"{http_peer.url}/other", events=["incident.*"]
        ),
    ):
        commands.renew_secret(admin, target, overlap_hours=1)
        assert target.old_secret is not None
        end()
        target.refresh_from_db()
        assert (target.old_secret, target.old_secret_until) == (None, None)
    for hours in (-1, 169):
        with pytest.raises(Refused) as refused:
            commands.renew_secret(admin, target, overlap_hours=hours)
        assert refused.value.field == "overlap_hours"
    team, kim = make.team(), make.person("Kim", "viewer")
    make.membership(team, kim, "manager")
    with pytest.raises(NotAllowed):
        commands.drop_old_secret(acting(kim), target)


def test_what_is_rolled_back_was_never_told(admin: Actor, http_peer: HttpPeer) -> None:
    hook(admin, http_peer.url)
    incident = incidents.declare(admin, title="x")
    before = Event.objects.count()
    with pytest.raises(Refused):
        incidents.change_severity(admin, incident, 9)
    assert Event.objects.count() == before


def test_alerts_that_begin_and_end_by_themselves_are_told(admin: Actor, http_peer: HttpPeer) -> None:
    hook(admin, http_peer.url, events=["alert_group.*"])
    integration = make.integration()
    at = kernel_clock.now().isoformat()
    alert = {"labels": {"alertname": "Disk", "severity": "critical"}, "startsAt": at}
    make.signal(integration, json.dumps([alert]).encode())
    run_due()
    make.signal(integration, json.dumps([alert | {"endsAt": at}]).encode())
    run_due()
    types = [each.json()["type"] for each in http_peer.requests]
    assert types == ["alert_group.opened", "alert_group.resolved"]
    for request in http_peer.requests:
        Draft202012Validator(schema_of(TYPES[request.json()["type"]])).validate(request.json())
    assert http_peer.requests[0].json()["actor"]["kind"] == "integration"
    assert http_peer.requests[1].json()["object"]["state"] == "resolved"


def test_a_page_that_is_withdrawn_or_answered_is_told_with_the_number_it_had(
    admin: Actor, http_peer: HttpPeer, client: Client
) -> None:
    team = make.team(slug="payments")
    ben = make.person("Ben", "responder")
    make.membership(team, ben)
    make.contact_method(ben)
    hook(admin, http_peer.url, team=team, events=["team.paged", "page.*"])
    withdrawn = paging.page(admin, teams=[team], title="Help")
    for _ in range(2):
        withdrawn.refresh_from_db()
        paging.withdraw_page(admin, withdrawn)
    answered = paging.page(admin, teams=[team], title="Help again")
    run_due()
    answer(acting(ben), answered)
    deliver()
    told = [each.json() for each in http_peer.requests]
    assert [(each["type"], each["data"]["page"], each["team"]) for each in told] == [
        ("team.paged", withdrawn.pk, "payments"),
        ("page.withdrawn", withdrawn.pk, "payments"),
        ("team.paged", answered.pk, "payments"),
        ("page.answered", answered.pk, "payments"),
    ]
    assert told[1]["url"].endswith(f"/escalations/{withdrawn.pk}") and told[1]["actor"]["name"] == "Ada"
    for each in told:
        Draft202012Validator(schema_of(TYPES[each["type"]])).validate(each)


def test_a_team_hears_of_its_own_only(admin: Actor, http_peer: HttpPeer) -> None:
    mine, theirs = make.team(), make.team()
    hook(admin, http_peer.url, team=mine)
    incidents.declare(admin, title="Mine", team=mine)
    incidents.declare(admin, title="Theirs", team=theirs)
    incidents.declare(admin, title="Nobody's")
    deliver()
    assert [each.json()["object"]["title"] for each in http_peer.requests] == ["Mine"]


def test_private_incidents_and_drills_only_for_those_that_ask(admin: Actor, http_peer: HttpPeer) -> None:
    hook(admin, f"{http_peer.url}/plain", name="Plain")
    hook(admin, f"{http_peer.url}/all", name="All", private=True, drills=True)
    incidents.declare(admin, title="Secret", private=True)
    incidents.declare(admin, title="Practice", drill=True)
    deliver()
    assert {(each.path, each.json()["object"]["title"]) for each in http_peer.requests} == {
        ("/all", "Secret"),
        ("/all", "Practice"),
    }


def test_what_becomes_private_before_it_is_sent_stays_inside(
    admin: Actor, http_peer: HttpPeer, clock: TravellingClock
) -> None:
    hook(admin, http_peer.url)
    http_peer.answer(Answer(503))
    incident = incidents.declare(admin, title="Leak")
    deliver()
    incidents.edit(admin, incident, private=True)
    clock.advance(timedelta(minutes=5))
    deliver()
    assert len(http_peer.requests) == 1
    row = Dispatch.objects.get()
    assert (row.state, row.note) == ("dropped", "The incident has become private.")


def test_what_fails_is_tried_again_and_one_that_is_down_gets_one_knock(
    admin: Actor, http_peer: HttpPeer, clock: TravellingClock
) -> None:
    row = hook(admin, http_peer.url)
    for _ in range(3):
        http_peer.answer(Answer(500, "down"))
    incident = incidents.declare(admin, title="One")
    deliver()
    incidents.change_severity(admin, incident, 1)
    incidents.mitigate(admin, incident)
    deliver()
    assert len(http_peer.requests) == 1, "what comes meanwhile waits with it"
    row.refresh_from_db()
    assert row.failures == 1 and row.failing_since is not None
    clock.advance(timedelta(hours=1))
    deliver()
    deliver()
    clock.advance(timedelta(hours=1))
    deliver()
    row.refresh_from_db()
    assert (row.failures, row.failing_since, row.rests_until) == (0, None, None)
    assert set(Dispatch.objects.values_list("state", flat=True)) == {"sent"}
    ids = [each.json()["id"] for each in http_peer.requests]
    assert len(set(ids)) == 3 < len(ids), "the same id at every try"
    attempt = DispatchAttempt.objects.filter(ok=False).first()
    assert attempt is not None and attempt.status == 500 and "down" in attempt.detail


def test_what_waits_for_its_next_try_goes_at_once_when_somebody_asks(
    admin: Actor, http_peer: HttpPeer, clock: TravellingClock
) -> None:
    hook(admin, http_peer.url)
    http_peer.otherwise = lambda request: Answer(500)
    incidents.declare(admin, title="x")
    deliver()
    row = Dispatch.objects.filter(state="waiting").first()
    assert row is not None and row.tried == 1
    http_peer.otherwise = Answer()
    deliver()
    row.refresh_from_db()
    assert row.state == "waiting"
    commands.replay(admin, row)
    deliver()
    row.refresh_from_db()
    assert row.state == "sent"


def test_after_days_of_failing_it_is_switched_off_and_its_owner_told(
    admin: Actor, http_peer: HttpPeer, clock: TravellingClock
) -> None:
    assert admin.person is not None
    make.contact_method(admin.person, "email", {"address": admin.person.email})
    row = hook(admin, http_peer.url)
    http_peer.otherwise = lambda request: Answer(500)
    for _ in range(4):
        incidents.declare(admin, title="x")
        deliver()
        clock.advance(timedelta(days=1, minutes=1))
    deliver()
    row.refresh_from_db()
    assert not row.enabled and "500" in row.disabled_why
    told = Notification.objects.get(purpose="reminder")
    assert told.person == admin.person and "Warehouse" in told.subject
    assert not Dispatch.objects.filter(due_at__isnull=False).exists()
    knocks = len(http_peer.requests)
    incidents.declare(admin, title="y")
    deliver()
    assert len(http_peer.requests) == knocks
    with pytest.raises(Conflict):
        commands.test(admin, row)
    commands.switch(admin, row, on=True)
    http_peer.otherwise = Answer()
    assert commands.replay_since(admin, row, clock.instant - timedelta(days=7)) == 4
    deliver()
    assert set(Dispatch.objects.values_list("state", flat=True)) == {"sent"}


def test_a_receiver_inside_the_walls_is_never_asked(
    admin: Actor, configured: Callable[..., None], http_peer: HttpPeer
) -> None:
    row = hook(admin, http_peer.url)
    configured(WATCHROOM_PRIVATE_TARGETS="")
    with pytest.raises(Refused):
        hook(admin, http_peer.url, name="Two")
    incidents.declare(admin, title="x")
    deliver()
    assert http_peer.requests == [] and Dispatch.objects.get().state == "failed"
    assert Webhook.objects.get(pk=row.pk).failing_since is not None


def test_a_try_that_was_cut_off_is_made_again_and_the_late_one_changes_nothing(
    admin: Actor, http_peer: HttpPeer, clock: TravellingClock
) -> None:
    hook(admin, http_peer.url)
    incidents.declare(admin, title="x")
    delivering.hand_on()
    (first,) = delivering.claim(10, {})
    assert delivering.claim(10, {}) == []
    clock.advance(timedelta(minutes=2))
    deliver()
    assert len(http_peer.requests) == 1
    delivering.record(first, delivering.Outcome(False, 500, "late"))
    assert Dispatch.objects.get().state == "sent" and Webhook.objects.get().failures == 0


def test_one_webhook_has_two_requests_at_once_at_most(admin: Actor, http_peer: HttpPeer) -> None:
    slow, quick = hook(admin, f"{http_peer.url}/slow", name="Slow"), hook(admin, f"{http_peer.url}/quick", name="Quick")
    for number in range(5):
        incidents.declare(admin, title=f"{number}")
    delivering.hand_on()
    taken = [each.dispatch.webhook_id for each in delivering.claim(100, {slow.pk: 1})]
    assert sorted(taken) == sorted([slow.pk, quick.pk, quick.pk])


def test_old_events_are_forgotten(admin: Actor, http_peer: HttpPeer, clock: TravellingClock) -> None:
    hook(admin, http_peer.url)
    incidents.declare(admin, title="x")
    deliver()
    clock.advance(timedelta(days=31))
    incidents.declare(admin, title="y")
    deliver()
    assert [each.object["title"] for each in Event.objects.all()] == ["y"]


def test_facts_that_are_not_for_everybody_are_not_told(admin: Actor, http_peer: HttpPeer) -> None:
    hook(admin, http_peer.url, events=["*"])
    escalation_title = "Commander of #1 Secret"
    from watchroom.accounts.changes import change
    from watchroom.accounts.roles import Action

    with change(admin, "page.answered", None, needs=Action.SEE) as made:
        made.note(title=escalation_title)
    assert "Secret" not in json.dumps(payload(Event.objects.get(type="page.answered")))


def test_what_was_said_while_it_was_everybodys_stays_there(admin: Actor, http_peer: HttpPeer) -> None:
    shop, books = make.team("Shop"), make.team("Books")
    manager = make.person("Max")
    make.membership(shop, manager, "manager")
    row = hook(admin, http_peer.url)
    incidents.declare(admin, title="Ours", team=shop)
    incidents.declare(admin, title="Theirs", team=books)
    delivering.hand_on()
    commands.save_webhook(
        admin, row, team=shop, name=row.name, url=row.url, events=row.events, secret="another one, as long"
    )
    deliver()
    assert {each.json()["object"]["title"] for each in http_peer.requests} == {"Ours"}
    seen = queries.dispatches_visible_to(acting(manager))
    assert [each.event.subject_name.partition(" ")[2] for each in seen] == ["Ours"]
