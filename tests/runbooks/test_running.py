"""A runbook is carried out: in an incident, or for an alert group without one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

import factories as make
from runbooks.books import STEPS, fail_over, runbook, shop, version
from watchroom.accounts.actors import Actor, acting
from watchroom.incidents.commands import declare, link_groups, resolve
from watchroom.incidents.models import Incident, LogEntry, RoleAssignment
from watchroom.kernel import clock
from watchroom.kernel.errors import Conflict, NotAllowed, NotFound, Refused
from watchroom.mitigations import commands as mitigations
from watchroom.mitigations.models import MitigationRun
from watchroom.paging.models import ContactMethod, Escalation
from watchroom.runbooks.commands import call, finish_run, say, start_run, start_step, take_back
from watchroom.runbooks.models import RunbookRun, StepOutcome
from watchroom.runbooks.rules import progress, steps_of
from watchroom.runbooks.runs import past_of, run_for, runs_visible_to, said_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def responder(name: str = "Ada") -> Actor:
    return make.actor(name, "responder")


def next_of(run: RunbookRun) -> str | None:
    return progress.standing(steps_of(run.steps), said_of(run)).next


def lines(incident: Incident) -> list[str]:
    return list(LogEntry.objects.filter(incident=incident, type__startswith="runbook.").values_list("text", flat=True))


@pytest.fixture
def by() -> Actor:
    return responder()


@pytest.fixture
def incident(by: Actor) -> Incident:
    return declare(by, title="Disk full", team=shop())


def test_each_step_is_written_to_the_log_and_the_end_says_whether_it_helped(by: Actor, incident: Incident) -> None:
    run = start_run(by, runbook(), incident=incident)
    assert start_run(by, run.runbook, incident=incident) == run, "what runs there already is that one"  # type: ignore[arg-type]
    say(by, run, "look", outcome="done", note="94 %")
    say(by, run, "which", outcome="answered", answer="2")
    assert next_of(run) == "fail-over"
    say(by, run, "fail-over", outcome="skipped", note="Not at noon")
    say(by, run, "dba", outcome="failed")
    assert next_of(run) is None
    finish_run(by, run, helped="partly", note="The dashboard is gone")
    finish_run(by, run, helped="partly")
    assert lines(incident) == [
        "Ada began the runbook Disk full (version 1)",
        "Disk full, step 1 of 5, Is the disk full?: done: 94 %",
        "Disk full, step 2 of 5, Which disk?: “Data”",
        "Disk full, step 4 of 5, Fail over: skipped: Not at noon",
        "Disk full, step 5 of 5, Call the database team: did not work",
        "Ada ended the runbook Disk full: it helped in part. The dashboard is gone",
    ]
    with pytest.raises(Conflict, match="over already"):
        finish_run(by, run, helped="no")
    with pytest.raises(Conflict, match="over"):
        say(by, run, "purge", outcome="done")
    assert start_run(by, run.runbook, incident=incident) != run  # type: ignore[arg-type]


def test_a_run_keeps_the_version_with_which_it_began(by: Actor, incident: Incident) -> None:
    book = runbook()
    run = start_run(by, book, incident=incident)
    version(book, STEPS[0])
    say(by, run, "purge", outcome="done")
    run.refresh_from_db()
    assert (run.version, len(run.steps)) == (1, 5)
    book.delete()
    run.refresh_from_db()
    assert run.runbook is None and say(by, run, "look", outcome="done").name == "Disk full"


def test_what_was_said_can_be_taken_back_and_said_otherwise(by: Actor, incident: Incident) -> None:
    run = start_run(by, runbook(), incident=incident)
    say(by, run, "look", outcome="done")
    say(by, run, "look", outcome="done")
    with pytest.raises(Conflict, match="Ada has already said what came of it: done"):
        say(responder("Ben"), run, "look", outcome="failed")
    take_back(responder("Ben"), run, "look")
    take_back(by, run, "look")
    assert next_of(run) == "look" and not StepOutcome.objects.exclude(outcome="undone").exists()
    say(by, run, "look", outcome="failed")
    assert lines(incident)[2] == "Ben took back: Disk full, Is the disk full?" and len(lines(incident)) == 4


def test_an_answer_that_leads_back_has_the_steps_done_again(by: Actor, incident: Incident) -> None:
    from watchroom.runbooks.rules import Answer, Step

    book = runbook(
        "Loop",
        Step("do", "do", "mitigate", "Restart it"),
        Step("well", "ask", "resolve", "Does it answer?", answers=(Answer("Yes", "end"), Answer("No", "do"))),
    )
    run = start_run(by, book, incident=incident)
    for _ in range(2):
        say(by, run, "do", outcome="done")
        say(by, run, "well", outcome="answered", answer="no")
    assert next_of(run) == "do"
    say(by, run, "do", outcome="done")
    assert next_of(say(by, run, "well", outcome="answered", answer="Yes")) is None
    assert StepOutcome.objects.filter(key="do").count() == 3


@pytest.mark.parametrize(
    ("key", "given", "words"),
    [
        ("look", {"outcome": "skipped"}, "Why is it skipped"),
        ("look", {"outcome": "vanished"}, "not what can come of a step"),
        ("look", {"outcome": "answered", "answer": "Yes"}, "asks nothing"),
        ("which", {"outcome": "done"}, "choose an answer"),
        ("which", {"outcome": "answered", "answer": "Perhaps"}, "none of the answers"),
        ("look", {"outcome": "done", "note": "x" * 1001}, "too long"),
    ],
)
def test_what_can_not_come_of_a_step_is_refused(
    by: Actor, incident: Incident, key: str, given: Any, words: str
) -> None:
    run = start_run(by, runbook(), incident=incident)
    with pytest.raises(Refused, match=words):
        say(by, run, key, **given)
    with pytest.raises(NotFound):
        say(by, run, "nowhere", outcome="done")
    with pytest.raises(Refused, match="Did it help"):
        finish_run(by, run, helped="perhaps")


def test_what_can_not_be_started_is_refused(by: Actor, incident: Incident) -> None:
    with pytest.raises(Refused, match="For what"):
        start_run(by, runbook())
    with pytest.raises(Refused, match="no steps"):
        start_run(by, runbook("Empty", version=0, slug="empty"), incident=incident)
    resolve(by, incident)
    with pytest.raises(Conflict, match="resolved"):
        start_run(by, runbook("Other"), incident=incident)
    group = make.group("x", team=shop(), resolved_at=clock.now())
    with pytest.raises(Conflict, match="resolved"):
        start_run(by, runbook("Another"), group=group)


def test_a_step_starts_its_mitigation_once_and_its_outcome_is_recorded_with_the_step(
    by: Actor, incident: Incident
) -> None:
    fail_over()
    run = start_run(by, runbook(), incident=incident)
    started = start_step(by, run, "fail-over")
    assert start_step(responder("Ben"), run, "fail-over") == started
    assert (started.title, started.incident) == ("Fail over", incident)
    say(by, run, "fail-over", outcome="failed", note="The replica lags")
    started.refresh_from_db()
    assert (started.outcome, started.note) == ("no_effect", "The replica lags")
    with pytest.raises(Refused, match="starts nothing"):
        start_step(by, run, "look")
    with pytest.raises(Conflict, match="said of this step already"):
        start_step(by, run, "fail-over")  # a late press starts nothing
    take_back(by, run, "fail-over")
    again = start_step(by, run, "fail-over")
    assert again != started and again.ended_at is None, "it is to be done again"
    assert start_step(by, run, "fail-over") == again
    say(by, run, "fail-over", outcome="skipped", note="Not now")
    take_back(by, run, "fail-over")
    assert start_step(by, run, "fail-over") == again, "what still runs is that one"


def test_a_mitigation_that_is_for_others_is_not_started_by_a_step(incident: Incident) -> None:
    fail_over(managers_only=True)
    run = start_run(responder(), runbook(), incident=incident)
    with pytest.raises(NotAllowed):
        start_step(responder(), run, "fail-over")
    assert not MitigationRun.objects.exists()
    mitigations.delete_mitigation(make.actor(), fail_over())
    with pytest.raises(NotFound, match="any more"):
        start_step(responder(), run, "fail-over")


def test_without_an_incident_it_is_carried_out_for_the_alerts_and_goes_on_in_the_incident(by: Actor) -> None:
    fail_over()
    group = make.group("Disk full", team=shop())
    run = start_run(by, runbook(), group=group)
    say(by, run, "look", outcome="done")
    assert run.incident is None and group.events.filter(text__contains="Is the disk full?: done").exists()
    with pytest.raises(Conflict, match="there is none yet"):
        start_step(by, run, "fail-over")
    incident = declare(by, alert_groups=[group])
    run.refresh_from_db()
    assert run.incident == incident
    assert lines(incident) == ["The runbook Disk full (version 1) goes on here: 1 of 5 steps done"]
    say(by, run, "purge", outcome="done")
    assert lines(incident)[1].endswith("Delete old logs: done")
    assert start_run(by, run.runbook, group=group) == run  # type: ignore[arg-type]


def test_a_run_goes_into_an_incident_to_which_its_alerts_are_linked_or_which_a_step_declares(by: Actor) -> None:
    fail_over()
    first, second = make.group("Disk full", team=shop()), make.group("Disk full", team=shop())
    one, other = start_run(by, runbook(), group=first), start_run(by, runbook("Other"), group=second)
    incident = declare(by, title="x", team=shop())
    link_groups(by, incident, [first])
    one.refresh_from_db()
    assert one.incident == incident
    started = start_step(by, other, "fail-over", declaring=True)
    other.refresh_from_db()
    assert other.incident == started.incident != incident
    assert list(started.incident.alert_groups.all()) == [second]


def test_a_step_calls_whom_it_names_once(by: Actor, incident: Incident) -> None:
    dana = make.person("Dana", "responder")
    ContactMethod.objects.create(person=dana, channel="browser", label="Browser", settings={"person": dana.pk})
    run = start_run(by, runbook(), incident=incident)
    with pytest.raises(NotFound, match="no team 'databases' any more"):
        call(by, run, "dba")
    make.membership(make.team("Databases", slug="databases"), dana)
    call(by, run, "dba")
    call(by, run, "dba")
    paged = Escalation.objects.get(kind="direct")
    assert paged.title == f"{incident}: Call the database team" and "by the runbook Disk full" in paged.body
    assert lines(incident)[-1] == "Disk full, step 5 of 5, Call the database team: done: paged everybody in Databases"
    assert paged.path == f"/incidents/{incident.pk}"
    with pytest.raises(Refused, match="calls nobody"):
        call(by, run, "look")


def test_whoever_may_work_on_it_may_call_and_of_a_private_incident_no_title_is_told(incident: Incident) -> None:
    dana = make.person("Dana", "viewer")
    ContactMethod.objects.create(person=dana, channel="browser", label="Browser", settings={"person": dana.pk})
    make.membership(make.team("Databases", slug="databases"), dana, "responder")
    pia = make.person("Pia", "viewer")
    make.membership(incident.team, pia, "responder")
    Incident.objects.filter(pk=incident.pk).update(private=True)
    incident.refresh_from_db()
    RoleAssignment.objects.create(incident=incident, person=pia, role="scribe", assigned_at=clock.now())
    run = start_run(acting(pia), runbook(), incident=incident)
    call(acting(pia), run, "dba")
    paged = Escalation.objects.get(kind="direct")
    assert paged.title == f"Private incident #{incident.pk}: Call the database team"
    assert incident.title not in paged.title


def test_a_drill_is_marked_and_never_counts(by: Actor) -> None:
    book = runbook()
    dana = make.person("Dana", "responder")
    make.membership(make.team("Databases", slug="databases"), dana)
    practised = start_run(by, book, incident=declare(by, title="x", team=shop(), drill=True))
    call(by, practised, "dba")
    assert practised.drill and Escalation.objects.get(kind="direct").drill
    finish_run(by, practised, helped="helped")
    real = start_run(by, book, incident=declare(by, title="y", team=shop()))
    assert past_of([book.pk])[book.pk].text == ""
    finish_run(by, real, helped="no")
    assert past_of([book.pk])[book.pk].text == "Helped 0 of 1 time."


def test_who_may_not_act_there_may_not_work_on_it(by: Actor) -> None:
    """Object by object: who only reads, and who may not even see it."""
    book, viewer = runbook(), make.actor("Val", "viewer")
    incident = declare(by, title="x", team=shop(), private=True)
    run = start_run(make.actor(), book, incident=incident)
    other = responder("Olaf")
    assert not runs_visible_to(other).exists()
    for do in _works(run):
        with pytest.raises(NotFound):
            do(other)
    with pytest.raises(NotFound):
        start_run(other, book, incident=incident)
    with pytest.raises(NotFound):
        run_for(other, run.pk)
    open_run = start_run(by, runbook("Open"), incident=declare(by, title="y", team=shop()))
    group_run = start_run(by, runbook("Grouped"), group=make.group("z", team=shop()))
    assert {open_run, group_run} == set(runs_visible_to(viewer))
    for each in (open_run, group_run):
        for do in _works(each):
            with pytest.raises(NotAllowed):
                do(viewer)


def _works(run: RunbookRun) -> list[Callable[[Actor], object]]:
    return [
        lambda by: say(by, run, "look", outcome="done"),
        lambda by: take_back(by, run, "look"),
        lambda by: call(by, run, "dba"),
        lambda by: finish_run(by, run, helped="no"),
    ]


@pytest.mark.django_db(transaction=True)
def test_two_who_do_the_same_step_at_once_do_it_once(by: Actor) -> None:
    fail_over()
    run = start_run(by, runbook(), incident=declare(by, title="x", team=shop()))
    people = [responder(f"Person {number}") for number in range(3)]
    together, said = threading.Barrier(3), []

    def work(who: Actor) -> None:
        try:
            together.wait()
            start_step(who, run, "fail-over")
            together.wait()
            say(who, run, "fail-over", outcome="done")
        except Exception as error:
            said.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(who,)) for who in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == []
    assert (MitigationRun.objects.count(), StepOutcome.objects.count()) == (1, 1)
