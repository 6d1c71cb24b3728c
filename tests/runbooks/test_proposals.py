"""A policy's step proposes a runbook: nothing is done before somebody approves it, and then exactly that."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.db import connection

import factories as make
from paging.reached import reachable
from paging.stepping import fire, policy
from peers.http import HttpPeer
from runbooks.books import STEPS, fail_over, runbook, shop, version
from watchroom.accounts.actors import acting
from watchroom.cli.main import cli
from watchroom.config import current
from watchroom.engine.loop import run_due
from watchroom.incidents.commands import declare
from watchroom.incidents.models import Incident
from watchroom.intake import commands as intake
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Conflict, NotFound, Refused
from watchroom.mitigations.models import Execution, Mitigation, MitigationRun
from watchroom.paging import hooks
from watchroom.paging.commands import decide_approval, look_ahead
from watchroom.paging.models import Approval, EscalationPolicy, PagingDefect
from watchroom.paging.outlook import warnings_of
from watchroom.paging.queries import dry_run, trace
from watchroom.runbooks import proposals
from watchroom.runbooks.commands import start_run
from watchroom.runbooks.models import Runbook, RunbookRun

pytestmark = pytest.mark.django_db


@pytest.fixture
def proposed(clock: TravellingClock, hook: HttpPeer) -> Any:
    """Anna, who was paged, and what was proposed with it."""
    fail_over()
    runbook()
    anna = reachable(hook, "anna")
    made = policy(
        {"targets": [{"person": anna.pk}, {"runbook": "disk-full", "runbook_step": "fail-over"}]},
        team=shop(),
        repeats=1,
    )
    group = fire(made)
    run_due()
    return acting(anna), Approval.objects.get(), group, made


def test_a_runbook_is_proposed_once_and_started_with_its_step_when_somebody_approves_it(
    proposed: Any, clock: TravellingClock, hook: HttpPeer, client: Any
) -> None:
    anna, approval, group, made = proposed
    clock.advance(timedelta(seconds=300))
    run_due()
    assert len(hook.requests) == 2 and b"Proposed: Fail over, of the runbook Disk full" in hook.requests[0].body
    assert Approval.objects.count() == 1 and not Incident.objects.exists(), "nothing is done by itself"
    lines = [line["text"] for line in trace(group.escalations.get())]
    assert any("proposed the runbook disk-full, beginning fail-over" in line for line in lines)
    assert any("propose the runbook disk-full" in line["text"] for line in dry_run(made)[:1])
    client.force_login(make.person("Val", "viewer"))
    assert client.post(f"/approvals/{approval.pk}/approve").status_code == 403
    client.force_login(anna.person)
    page = client.get(f"/alerts/{group.pk}").content.decode()
    assert "Fail over, of the runbook Disk full (low risk)" in page and "Press the button." in page
    assert client.post(f"/approvals/{approval.pk}/approve").status_code == 302
    assert client.post(f"/approvals/{approval.pk}/approve").status_code == 302  # twice is once
    run, started = RunbookRun.objects.get(), MitigationRun.objects.get()
    assert (run.incident, run.version, run.started_by) == (started.incident, 1, anna.person)
    assert (started.title, started.incident.alert_groups.get()) == ("Fail over", group)
    approval.refresh_from_db()
    assert approval.outcome == f"Disk full was started in incident {run.incident_id}. Fail over was started."
    with pytest.raises(Conflict):
        decide_approval(anna, approval, approve=False)


def test_on_the_page_of_the_alert_it_stands_where_the_thumb_is(proposed: Any, client: Any) -> None:
    """Under Acknowledge while nobody has the alert; then it is the biggest thing on top, until it is decided."""
    anna, approval, group, _ = proposed
    client.force_login(anna.person)

    def page() -> str:
        whole: str = client.get(f"/alerts/{group.pk}").content.decode()
        return whole[whole.index("<h1") :]

    firing = page()
    places = [firing.index(words) for words in ("primary big full", "Approve and start it", "Escalate now", "Decline<")]
    assert places[0] < places[1] < places[2] and places[3] < places[2]
    assert firing.count("primary big full") == 1 and firing.count("Approve and start it") == 1
    intake.acknowledge(anna, group)
    taken = page()
    assert taken.index("Approve and start it") < taken.index("Resolve</button>")
    assert "big full primary" in taken and "primary big full" not in taken
    client.force_login(make.person("Val", "viewer"))
    assert "big full primary" not in page(), "who can't approve it reads what is proposed, and no more"
    decide_approval(anna, approval, approve=False)
    client.force_login(anna.person)
    assert "Approve and start it" not in page() and "Declined by anna" in page()


def test_without_a_step_only_the_runbook_begins(clock: TravellingClock, hook: HttpPeer) -> None:
    runbook()
    anna = reachable(hook, "anna")
    fire(policy({"targets": [{"person": anna.pk}, {"runbook": "disk-full"}]}, team=shop()))
    run_due()
    approval = Approval.objects.get()
    assert approval.title == "the runbook Disk full" and "3. Delete old logs" in approval.text
    decide_approval(acting(anna), approval, approve=True)
    assert RunbookRun.objects.get().incident is not None and not MitigationRun.objects.exists()


def other_steps() -> None:
    version(Runbook.objects.get(), *STEPS[1:])


def other_words() -> None:
    fail_over(how="Press the other one.")


@pytest.mark.parametrize("changed", [other_steps, other_words])
def test_what_has_changed_since_it_was_proposed_is_not_started(proposed: Any, changed: Callable[[], None]) -> None:
    anna, approval, *_ = proposed
    changed()
    with pytest.raises(Conflict, match="has changed since"):
        decide_approval(anna, approval, approve=True)
    approval.refresh_from_db()
    assert approval.state == "open" and not RunbookRun.objects.exists() and not Incident.objects.exists()
    assert decide_approval(anna, approval, approve=False).state == "declined"


def test_what_changes_while_it_is_being_approved_is_not_started(proposed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    anna, approval, *_ = proposed

    def late(*args: Any) -> str:
        fail_over(how="Press the other one.")
        return proposals.start_approved(*args)

    monkeypatch.setitem(hooks._proposals, "runbook", (proposals.describe, late))
    with pytest.raises(Conflict, match="has changed since"):
        decide_approval(anna, approval, approve=True)
    assert not RunbookRun.objects.exists() and not MitigationRun.objects.exists()


def test_one_that_is_gone_is_said_so_and_one_that_runs_in_an_older_version_is_not_mixed_with_it(proposed: Any) -> None:
    anna, approval, group, _ = proposed
    run = start_run(anna, Runbook.objects.get(), incident=declare(anna, alert_groups=[group]))
    RunbookRun.objects.filter(pk=run.pk).update(version=0)
    with pytest.raises(Conflict, match="Version 0 of it is being carried out"):
        decide_approval(anna, approval, approve=True)
    Runbook.objects.get().delete()
    with pytest.raises(NotFound, match="no longer there"):
        decide_approval(anna, approval, approve=True)


def test_a_runbook_that_will_not_be_there_is_a_defect_seen_ahead(clock: TravellingClock, hook: HttpPeer) -> None:
    fail_over()
    runbook()
    anna = reachable(hook, "anna")
    step = {"targets": [{"person": anna.pk}, {"runbook": "disk-full", "runbook_step": "fail-over"}]}
    made = policy(step, team=shop())
    assert warnings_of([made], clock())[made.pk] == []
    Mitigation.objects.get().delete()  # what the step starts
    clock.advance(timedelta(hours=1))
    assert look_ahead(10) == 1
    defect = PagingDefect.objects.get()
    assert "proposes the runbook disk-full/fail-over, which is not there" in defect.text
    fail_over()
    clock.advance(timedelta(hours=1))
    look_ahead(10)
    defect.refresh_from_db()
    assert defect.resolved_at is not None
    Runbook.objects.get().delete()
    group = fire(made)
    run_due()
    assert not Approval.objects.exists()
    assert any("is no longer there: nothing was proposed" in line["text"] for line in trace(group.escalations.get()))


def test_what_can_not_be_proposed_is_refused(clock: TravellingClock) -> None:
    runbook()
    anna = make.person("Anna")
    for targets, words in (
        ([{"runbook": "disk-full"}], "approve a runbook"),
        ([{"person": anna.pk}, {"runbook": "pray"}], "no runbook 'pray'"),
        ([{"person": anna.pk}, {"runbook": "disk-full", "runbook_step": "pray"}], "no runbook 'disk-full/pray'"),
        ([{"person": anna.pk}, {"runbook": "disk-full", "runbook_step": "fail-over"}], "no runbook"),
        ([{"person": anna.pk}, {"runbook": "disk/full"}], "names no runbook"),
        ([{"person": anna.pk}, {"runbook_step": "fail-over"}], "exactly one thing"),
        ([{"person": anna.pk}, {"runbook": "disk-full", "mitigation": "x"}], "exactly one thing"),
    ):
        with pytest.raises(Refused, match=words):
            policy({"targets": targets})


def test_the_form_the_api_and_the_file_know_it(clock: TravellingClock, client: Any, tmp_path: Path) -> None:
    fail_over()
    runbook()
    root = make.person("Root", "administrator")
    client.force_login(root)
    form = client.get("/policies/new?choices=all").content.decode()
    assert '<option value="disk-full/fail-over"' in form and "and start “Fail over”" in form
    offered = client.get("/choices/proposable.json", {"q": "disk"}).json()
    assert [each["value"] for each in offered] == ["disk-full", "disk-full/fail-over"]
    given = {
        "name": "P", "team": "shop", "rows": "1", "repeats": "1", "answers": "1", "minutes-0": "5",
        "targets-0": f"person:{root.pk}", "runbook-0": "disk-full/fail-over",
    }  # fmt: skip
    assert client.post("/policies/new", given).status_code == 302
    made = EscalationPolicy.objects.get()
    wanted = {"runbook": "disk-full", "runbook_step": "fail-over"}
    read = client.get("/api/v1/policies/p").json()
    target = read["steps"][0]["targets"][1]
    assert {name: target[name] for name in wanted} == wanted
    assert 'value="disk-full/fail-over" selected' in client.get("/policies/p/edit").content.decode()
    assert "propose the runbook disk-full, beginning fail-over" in client.get("/policies/p").content.decode()
    assert made.steps.get().targets.filter(runbook="disk-full", runbook_step="fail-over").exists()
    body = {name: value for name, value in read.items() if name not in ("slug", "version")}
    assert client.put("/api/v1/policies/p", body, content_type="application/json").status_code == 200
    assert made.steps.get().targets.filter(runbook="disk-full", runbook_step="fail-over").exists()
    written = current.read()
    kept = {name: value for name, value in written["policies"]["p"]["steps"][0]["targets"][1].items() if value}
    assert kept == wanted
    file = tmp_path / "policy.yaml"
    file.write_text(
        "version: 1\npolicies:\n  - {slug: q, name: Q, team: shop, steps: [{targets: "
        f"[{{person: {root.email}}}, {{runbook: written-later, runbook_step: first}}]}}]}}\n"
    )
    said = CliRunner().invoke(cli, ["apply", "-f", str(file)])
    assert said.exit_code == 0, said.output
    assert CliRunner().invoke(cli, ["apply", "-f", str(file)]).output.strip() == "Nothing to do."
    assert EscalationPolicy.objects.get(slug="q").steps.get().targets.filter(runbook_step="first").exists()


def test_the_api_and_the_command_line_list_and_decide_it(proposed: Any, client: Any) -> None:
    anna, approval, *_ = proposed
    client.force_login(anna.person)
    item = client.get("/api/v1/approvals").json()["items"][0]
    assert (item["runbook"], item["runbook_step"], item["mitigation"]) == ("disk-full", "fail-over", "")
    assert client.post(f"/api/v1/approvals/{approval.pk}/approve").json()["state"] == "approved"
    assert RunbookRun.objects.count() == 1


def test_it_is_withdrawn_when_the_alert_is_over(proposed: Any) -> None:
    anna, approval, group, _ = proposed
    intake.resolve(anna, group)
    approval.refresh_from_db()
    assert approval.state == "withdrawn"
    with pytest.raises(Conflict):
        decide_approval(anna, approval, approve=True)


@pytest.mark.django_db(transaction=True)
def test_two_who_approve_at_once_start_it_once(proposed: Any) -> None:
    _, approval, *_ = proposed
    people = [make.actor(f"Person {number}", "responder") for number in range(3)]
    together, failed = threading.Barrier(3), []

    def approve(by: Any) -> None:
        try:
            together.wait()
            decide_approval(by, Approval.objects.get(pk=approval.pk), approve=True)
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=approve, args=(by,)) for by in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert (RunbookRun.objects.count(), MitigationRun.objects.count(), Incident.objects.count()) == (1, 1, 1)
    assert not Execution.objects.exists()
