"""Two at once, each with a connection of its own: they lock the same rows in the same order, so that neither waits for the
other in vain; and where that happens all the same, what the database gave up is done again."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

import factories as make
from watchroom.accounts.actors import SYSTEM, acting
from watchroom.channels.base import Delivery
from watchroom.incidents.commands import declare, link_groups
from watchroom.incidents.models import Incident
from watchroom.intake.commands import acknowledge, delete_route, read_signals, resolve, save_route
from watchroom.intake.commands.lifecycle import end_alerts, end_expired, start_paging
from watchroom.intake.commands.marking import mark
from watchroom.intake.models import Alert, AlertGroup, GroupEvent, Route
from watchroom.intake.rules import Declares
from watchroom.kernel import again
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.db import locked
from watchroom.kernel.errors import Conflict
from watchroom.mitigations.commands import save_mitigation
from watchroom.paging import commands as paging
from watchroom.paging.commands.escalations import finish
from watchroom.paging.models import Approval, Attempt, Escalation, Notification
from watchroom.workspaces.models import Post, Workspace

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres_only]
BLOCKED = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


class Other(threading.Thread):
    """Somebody else, who does one thing in a connection of their own; ``result`` is what came of it."""

    def __init__(self, act: Callable[[], Any]) -> None:
        super().__init__(daemon=True)
        self.act, self.result = act, None
        self.start()

    def run(self) -> None:
        try:
            self.result = self.act()
        except Exception as error:
            self.result = error
        finally:
            connection.close()

    def waits(self) -> None:
        """Until they wait for a row that we hold."""
        until = time.monotonic() + 60
        while time.monotonic() < until and self.is_alive():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_stat_clear_snapshot()")  # else a transaction sees what it saw first
                cursor.execute(BLOCKED)
                if cursor.fetchone() != (0,):
                    return
            time.sleep(0.01)
        raise AssertionError(f"They do not wait: {self.result!r}")

    def end(self) -> Any:
        self.join(60)
        assert not self.is_alive(), "They wait for ever."
        return self.result


@pytest.fixture
def once(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing is done again, so that a wrong order shows."""
    monkeypatch.setattr(again, "TRIES", 1)
    yield


@pytest.fixture
def group(clock: TravellingClock) -> AlertGroup:
    """A group that is being paged, with two alerts that run out in an hour."""
    policy = make.policy((make.person("Anna", "responder"), 300))
    made = make.group("Down", service=make.service(team=policy.team, policy=policy), policy=policy, firing=2)
    for _ in range(2):
        make.alert(made)
    with transaction.atomic():
        start_paging([made])
    return made


def held(row: Any) -> None:
    locked(type(row)._default_manager.filter(pk=row.pk)).get()


def test_a_proposal_is_approved_while_the_alert_is_resolved(once: None, group: AlertGroup) -> None:
    rollback = save_mitigation(make.actor(), None, team=make.team(), name="Roll back", how="Press.")
    escalation = Escalation.objects.get()
    from watchroom.paging.hooks import proposed_by
    from watchroom.paging.rules import Target

    proposed = proposed_by(Target("mitigation", 0, rollback.slug))
    assert proposed is not None
    approval = Approval.objects.create(
        escalation=escalation,
        mitigation=rollback.slug,
        title="Roll back",
        mark=proposed.mark,
        proposed_at=escalation.started_at,
    )
    by = make.actor("Ben", "administrator")
    with transaction.atomic():
        held(group)
        other = Other(lambda: paging.decide_approval(by, approval, approve=True))
        other.waits()
        resolve(SYSTEM, group)
    assert isinstance(other.end(), Conflict)
    approval.refresh_from_db()
    assert approval.state == "withdrawn" and not Incident.objects.exists()


def test_a_proposal_is_approved_while_its_alert_is_linked_to_an_incident(once: None, group: AlertGroup) -> None:
    """Approving starts something in the incident that is open for the alert; whoever links alerts holds the incident."""
    by = make.actor("Ben", "administrator")
    incident = declare(by, title="Down", alert_groups=[group])
    rollback = save_mitigation(make.actor(), None, team=make.team(), name="Roll back", how="Press.")
    from watchroom.paging.hooks import proposed_by
    from watchroom.paging.rules import Target

    proposed = proposed_by(Target("mitigation", 0, rollback.slug))
    assert proposed is not None
    escalation = Escalation.objects.get(subject_id=group.pk, kind="alert_group")
    approval = Approval.objects.create(
        escalation=escalation,
        mitigation=rollback.slug,
        title="x",
        mark=proposed.mark,
        proposed_at=escalation.started_at,
    )
    with transaction.atomic():
        held(incident)
        other = Other(lambda: paging.decide_approval(by, approval, approve=True))
        other.waits()
        link_groups(by, incident, [group, make.group("Slow")])
    assert other.end().state == "approved"


def test_alerts_run_out_while_somebody_resolves_their_group(
    once: None, group: AlertGroup, clock: TravellingClock
) -> None:
    clock.advance(timedelta(hours=2))
    with transaction.atomic():
        held(group)
        other = Other(lambda: end_expired(100))
        other.waits()
        resolve(SYSTEM, group)
    assert other.end() == 0  # they had ended by then
    assert not Alert.objects.filter(ended_at=None).exists()
    group.refresh_from_db()
    assert group.resolved_at is not None and group.firing == 0


def test_an_alert_that_is_seen_again_while_it_runs_out_goes_on(
    once: None, group: AlertGroup, clock: TravellingClock
) -> None:
    clock.advance(timedelta(hours=2))
    first = Alert.objects.order_by("id").first()
    assert first is not None
    with transaction.atomic():
        held(group)
        other = Other(lambda: end_expired(100))
        other.waits()
        Alert.objects.filter(pk=first.pk).update(expires_at=clock.instant + timedelta(hours=1))
    assert other.end() == 1
    first.refresh_from_db()
    group.refresh_from_db()
    assert first.ended_at is None and group.firing == 1 and group.resolved_at is None


def test_an_alert_that_has_run_out_meanwhile_is_not_ended_again_by_its_sender(
    once: None, clock: TravellingClock
) -> None:
    """Else its group would count it twice, and be closed while its other alert still fires."""
    sender = make.integration()
    first, second = ({"alertname": "Down", "instance": name} for name in "ab")
    make.signal(sender, json.dumps([{"labels": first}, {"labels": second}]).encode())
    assert read_signals(100) == 1
    group = AlertGroup.objects.get()
    alert = Alert.objects.get(labels__instance="a")
    make.signal(sender, json.dumps([{"labels": first, "endsAt": clock.instant.isoformat()}]).encode())
    with transaction.atomic():
        held(group)
        other = Other(lambda: read_signals(100))
        other.waits()
        end_alerts([(alert, clock.instant)], by=SYSTEM, why="not seen again in time")
    assert other.end() == 1
    group.refresh_from_db()
    assert group.firing == 1 and group.resolved_at is None
    assert GroupEvent.objects.filter(alert=alert, kind="ended").count() == 1


def test_an_escalation_ends_by_itself_while_its_group_is_resolved(once: None, group: AlertGroup) -> None:
    """Both mark the messages in chats, to be drawn anew."""
    workspace = Workspace.objects.create(kind="slack", name="W", slug="w", hook_key="k")
    for number in range(3):
        Post.objects.create(
            workspace=workspace, place="C", message=str(number), about="n1", kind="alert_group", subject_id=group.pk
        )
    escalation = Escalation.objects.get()
    with transaction.atomic():
        held(escalation)
        other = Other(lambda: resolve(SYSTEM, group))
        other.waits()
        finish(escalation, Escalation.End.EXHAUSTED, None, "nobody answered")
    assert not isinstance(other.end(), Exception)
    assert Post.objects.filter(due_at__isnull=False).count() == 3


def test_what_went_as_one_is_written_down_in_the_order_in_which_it_is_ended(once: None, group: AlertGroup) -> None:
    anna = make.person("Anna", "responder")
    method = make.contact_method(anna)
    rows = [
        Notification.objects.create(
            person=anna, contact_method=method, method_text="x", purpose="page", urgency="high", subject="x", body="",
            path="/", reason=f"r{number}", due_at=group.opened_at, created_at=group.opened_at, state="sending", tries=1,
        )
        for number in range(2)
    ]  # fmt: skip
    claimed = [(row, Attempt(notification=row, number=1, started_at=group.opened_at)) for row in reversed(rows)]
    for _, attempt in claimed:
        attempt.save()
    with transaction.atomic():
        held(rows[0])
        other = Other(lambda: paging.record_result(claimed, Delivery("x")))
        other.waits()
        held(rows[1])
    assert other.end() is None
    assert set(Notification.objects.values_list("state", flat=True)) >= {"sent"}


def test_a_route_is_deleted_while_it_declares_an_incident(once: None, group: AlertGroup) -> None:
    by = make.actor("Ben", "administrator")
    route = save_route(by, None, name="Shop", matchers=["a=b"], declares=Declares())
    incident = declare(by, title="Down", alert_groups=[group])
    Incident.objects.filter(pk=incident.pk).update(route=route)
    AlertGroup.objects.filter(pk=group.pk).update(route=route)
    with transaction.atomic():
        locked(Route.objects.filter(pk=route.pk), no_key=True).get()
        other = Other(lambda: delete_route(by, route))
        other.waits()
        held(incident)
        held(group)
    assert other.end() is None
    assert not Route.objects.exists()


def test_groups_are_marked_in_one_order(once: None, clock: TravellingClock) -> None:
    first, second = make.group("A"), make.group("B")
    AlertGroup.objects.filter(pk=first.pk).update(title="A moved behind B on the disk")
    with transaction.atomic():
        held(first)
        other = Other(lambda: _in_one_transaction(lambda: mark([second.pk, first.pk])))
        other.waits()
        held(second)
    assert other.end() == 2


def _in_one_transaction(act: Callable[[], Any]) -> Any:
    with transaction.atomic():
        return act()


# --- Where it happens all the same ----------------------------------------------------------------------------------


def test_what_the_database_gives_up_is_done_again_once_and_for_all(clock: TravellingClock) -> None:
    one, two = make.group("One"), make.group("Two")
    met = threading.Barrier(2)
    tries: list[str] = []

    def locking(first: AlertGroup, second: AlertGroup) -> Callable[[], None]:
        @again.retried
        def act() -> None:
            tries.append(first.title)
            with transaction.atomic():
                held(first)
                if len(tries) <= 2:
                    met.wait(60)
                held(second)
                for each in (first, second):
                    row = AlertGroup.objects.get(pk=each.pk)
                    AlertGroup.objects.filter(pk=each.pk).update(total=row.total + 1)

        return act

    others = [Other(locking(one, two)), Other(locking(two, one))]
    assert [each.end() for each in others] == [None, None]
    assert len(tries) == 3  # one of them began anew
    assert list(AlertGroup.objects.values_list("total", flat=True)) == [3, 3]


def test_inside_of_a_larger_transaction_it_is_for_that_one_to_begin_anew(clock: TravellingClock) -> None:
    tries = []

    @again.retried
    def gives_up() -> None:
        tries.append(1)
        with connection.cursor() as cursor:
            cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40P01'; END $$")

    with pytest.raises(Exception, match="x"), transaction.atomic():
        gives_up()
    assert len(tries) == 1
    with pytest.raises(Exception, match="x"):
        gives_up()
    assert len(tries) == 1 + again.TRIES


def test_people_answer_and_engines_work_at_once(clock: TravellingClock) -> None:
    """Many at once on the same few groups: all of them get through, and the books are right."""
    policy = make.policy((make.person("Anna", "responder"), 300))
    service = make.service(team=policy.team, policy=policy)
    groups = [make.group(f"G{number}", service=service, policy=policy, firing=3) for number in range(6)]
    for each in groups:
        for _ in range(3):
            make.alert(each, expires_at=clock.instant - timedelta(minutes=1))
    with transaction.atomic():
        start_paging(groups)
    ben = make.person("Ben", "administrator")
    work: list[Callable[[], Any]] = [
        lambda: end_expired(7),
        lambda: [acknowledge(acting(ben), each) for each in reversed(groups) if _open(each)],
        lambda: [resolve(acting(ben), each) for each in groups],
        lambda: _in_one_transaction(lambda: mark([each.pk for each in reversed(groups)])),
        lambda: paging.take_turn(10),
    ]
    others = [Other(each) for each in work]
    problems = [
        each.result for each in others if isinstance(each.end(), Exception) and not isinstance(each.result, Conflict)
    ]
    assert not problems
    assert not AlertGroup.objects.filter(resolved_at=None).exists()
    assert not Alert.objects.filter(ended_at=None).exists()
    assert not Escalation.objects.filter(ended_at=None).exists()
    assert set(AlertGroup.objects.values_list("firing", flat=True)) == {0}


def _open(group: AlertGroup) -> bool:
    return AlertGroup.objects.filter(pk=group.pk, resolved_at=None).exists()
