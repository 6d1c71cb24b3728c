"""Carrying out: ordered, approved, claimed once, followed, and written down."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import yaml

import factories as make
from peers.http import Answer, HttpPeer
from watchroom.accounts.actors import Actor, acting
from watchroom.evidence.models import Connection, Indicator
from watchroom.incidents.commands import declare
from watchroom.incidents.models import Incident, LogEntry
from watchroom.incidents.views._saying import say
from watchroom.kernel import clock as kernel_clock
from watchroom.kernel.errors import Conflict, NotAllowed, Refused
from watchroom.mitigations import commands, duties, queries
from watchroom.mitigations.commands.carrying_out import claim, record
from watchroom.mitigations.models import Execution, Mitigation, MitigationRun, Runner
from watchroom.runners.base import Progress

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
SECRET = "a secret of sixteen letters"
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


@pytest.fixture(autouse=True)
def _loopback(configured: Callable[..., None]) -> None:
    configured(WATCHROOM_PRIVATE_TARGETS="127.0.0.0/8")


@pytest.fixture
def by() -> Actor:
    return make.actor("Rita", "responder")


@pytest.fixture
def hook(http_peer: HttpPeer) -> Runner:
    return commands.save_runner(
        make.actor(),
        None,
        team=make.team(),
        kind="webhook",
        name="Deployer",
        settings={"url": http_peer.url, "secret": SECRET},
    )


def saved(runner: Runner, **fields: Any) -> Mitigation:
    service = make.service("checkout", team=runner.team)
    return commands.save_mitigation(
        make.actor(),
        None,
        **{"team": runner.team, "service": service, "name": "Roll back", "how": "Press.", "runner": runner} | fields,
    )


def incident_of(by: Actor, mitigation: Mitigation, **fields: Any) -> Incident:
    return declare(by, title="x", services=[mitigation.service], **fields)


def log_of(incident: Incident) -> list[str]:
    rows = LogEntry.objects.filter(incident=incident, type__startswith="mitigation.").order_by("id")
    return list(rows.values_list("text", flat=True))


def execution_of(run: MitigationRun) -> Execution:
    return Execution.objects.get(run=run)


def test_the_room_asks_whether_it_worked_and_how_it_is_undone(hook: Runner, http_peer: HttpPeer, client: Any) -> None:
    kim = make.person("Kim", "responder")
    by = acting(kim)
    mitigation = saved(hook, undo="Deploy the newest release.", risk="high")
    fields = {"team": hook.team, "service": mitigation.service, "name": "Block them", "how": "x"}
    commands.save_mitigation(make.actor(), None, **fields, managers_only=True)
    incident = incident_of(by, mitigation)
    client.force_login(kim, backend=BACKEND)
    room = client.get(f"/incidents/{incident.pk}").content.decode()
    assert "High risk. Now?" in room
    assert "Only a manager of" in room and 'value="block-them"' not in room  # nobody is offered what is refused
    run = commands.start(by, incident, mitigation=mitigation)
    assert duties.carry_out() == 1
    top = client.get(f"/incidents/{incident.pk}?part=top").content.decode()
    assert "Did it work?" in top and f"/mitigation-runs/{run.pk}" in top and "It made things worse" in top
    commands.finish(by, run, outcome="worse")
    side = client.get(f"/incidents/{incident.pk}?part=side").content.decode()
    assert "To undo it: Deploy the newest release." in side


def test_what_is_typed_by_its_name_in_the_catalog_is_carried_out(by: Actor, hook: Runner, http_peer: HttpPeer) -> None:
    incident = incident_of(by, saved(hook))
    assert say(by, incident, "/mitigate roll back", client_key="k").text == "Roll back: About to start."
    say(by, incident, "/mitigate roll back", client_key="k")
    assert duties.carry_out() == 1
    assert len(http_peer.requests) == 1
    assert say(by, incident, "/mitigate Ask the vendor").text == "Started: Ask the vendor. Record what came of it."
    assert list(MitigationRun.objects.order_by("id").values_list("mitigation__slug", flat=True)) == ["roll-back", None]


def test_a_started_mitigation_is_carried_out_once_and_said_in_the_log(
    by: Actor, hook: Runner, http_peer: HttpPeer
) -> None:
    mitigation = saved(hook, inputs={"inputs": "version=4.17"})
    incident = incident_of(by, mitigation)
    http_peer.answer(Answer(body={"output": "all\nrolled back"}))
    run = commands.start(by, incident, mitigation=mitigation, client_key="k")
    commands.start(by, incident, mitigation=mitigation, client_key="k")  # a double click
    assert duties.carry_out() == 1 and duties.carry_out() == 0
    assert len(http_peer.requests) == 1
    assert http_peer.requests[0].json()["person"] == "Rita"
    row = execution_of(run)
    assert (row.state, row.output) == ("succeeded", "all\nrolled back")
    assert log_of(incident)[-1] == "Roll back was carried out. rolled back"
    assert MitigationRun.objects.get().ended_at is None  # whether it helped is for people to say


def test_a_second_person_approves(by: Actor, hook: Runner, http_peer: HttpPeer) -> None:
    mitigation = saved(hook, needs_approval=True)
    incident = incident_of(by, mitigation)
    run = commands.start(by, incident, mitigation=mitigation)
    assert duties.carry_out() == 0 and http_peer.requests == []
    with pytest.raises(NotAllowed):
        commands.decide(by, run, approve=True)
    with pytest.raises(NotAllowed):
        commands.decide(make.actor("V", "viewer"), run, approve=True)
    second = make.actor("Sam", "responder")
    commands.decide(second, run, approve=True)
    commands.decide(second, run, approve=True)
    assert duties.carry_out() == 1 and len(http_peer.requests) == 1
    assert execution_of(run).approved_by == second.person
    assert "Sam approved: Roll back" in log_of(incident)
    with pytest.raises(Conflict):
        commands.decide(second, run, approve=False)


def test_what_is_declined_is_never_sent(by: Actor, hook: Runner, http_peer: HttpPeer) -> None:
    mitigation = saved(hook, needs_approval=True)
    run = commands.start(by, incident_of(by, mitigation), mitigation=mitigation)
    commands.decide(by, run, approve=False)  # withdrawn by who started it
    with pytest.raises(Conflict):
        commands.decide(make.actor("Sam", "responder"), run, approve=True)
    assert duties.carry_out() == 0 and http_peer.requests == []
    run.refresh_from_db()
    assert (run.outcome, execution_of(run).state) == ("failed", "declined")


def test_an_outcome_recorded_before_it_was_sent_calls_it_off(by: Actor, hook: Runner, http_peer: HttpPeer) -> None:
    mitigation = saved(hook)
    run = commands.start(by, incident_of(by, mitigation), mitigation=mitigation)
    commands.finish(by, run, outcome="no_effect")
    assert duties.carry_out() == 0 and http_peer.requests == []
    assert execution_of(run).state == "cancelled"


def test_what_was_cut_off_is_not_repeated_blindly(by: Actor, hook: Runner, http_peer: HttpPeer, clock: Any) -> None:
    mitigation = saved(hook)
    incident = incident_of(by, mitigation)
    run = commands.start(by, incident, mitigation=mitigation)
    held = claim()
    assert held is not None and held.do == "start"  # and then the engine dies
    assert claim() is None
    clock.advance(timedelta(minutes=2))
    duties.carry_out()
    assert http_peer.requests == [] and execution_of(run).state == "unknown"
    assert "may or may not have been carried out" in log_of(incident)[-1]
    assert not record(held.execution, Progress("succeeded", "late"))  # the first engine wakes up
    assert execution_of(run).state == "unknown"
    run.refresh_from_db()
    assert run.ended_at is None


def test_what_drops_repeats_is_sent_again_under_the_same_key(
    by: Actor, hook: Runner, http_peer: HttpPeer, clock: Any
) -> None:
    settings = {"url": hook.settings["url"], "repeats": "dropped"}
    commands.save_runner(make.actor(), hook, team=hook.team, kind="webhook", name="Deployer", settings=settings)
    mitigation = saved(hook)
    run = commands.start(by, incident_of(by, mitigation), mitigation=mitigation)
    http_peer.answer(Answer(hang_up=True), Answer(503), Answer(200))
    for _ in range(3):
        duties.carry_out()
        clock.advance(timedelta(minutes=1))
    keys = {request.headers["idempotency-key"] for request in http_peer.requests}
    assert len(http_peer.requests) == 3 and len(keys) == 1
    assert execution_of(run).state == "succeeded"


def test_a_lost_answer_is_unknown_and_a_refusal_is_the_outcome(by: Actor, hook: Runner, http_peer: HttpPeer) -> None:
    mitigation = saved(hook)
    incident = incident_of(by, mitigation)
    http_peer.answer(Answer(hang_up=True), Answer(409, {"message": "a deploy is running"}))
    lost = commands.start(by, incident, mitigation=mitigation)
    duties.carry_out()
    assert execution_of(lost).state == "unknown"
    commands.finish(by, lost, outcome="no_effect")
    refused = commands.start(by, incident, mitigation=mitigation)
    duties.carry_out()
    refused.refresh_from_db()
    assert (execution_of(refused).state, refused.outcome) == ("failed", "failed")
    assert "a deploy is running" in refused.note


def test_it_is_followed_until_it_has_ended_or_takes_too_long(
    by: Actor, hook: Runner, http_peer: HttpPeer, clock: Any
) -> None:
    mitigation = saved(hook, timeout_seconds=60)
    incident = incident_of(by, mitigation)
    http_peer.answer(Answer(202, headers={"Location": "/job"}))
    http_peer.otherwise = Answer(body={"state": "running", "output": "1 of 9"})
    run = commands.start(by, incident, mitigation=mitigation)
    duties.carry_out()
    for _ in range(3):
        clock.advance(timedelta(seconds=5))
        assert duties.carry_out() == 1
    assert (execution_of(run).state, execution_of(run).output) == ("running", "1 of 9")
    clock.advance(timedelta(seconds=60))
    duties.carry_out()
    assert execution_of(run).state == "timed_out" and duties.carry_out() == 0
    assert sum(request.method == "POST" for request in http_peer.requests) == 1


def test_output_is_bounded_and_without_nul(by: Actor, hook: Runner, http_peer: HttpPeer) -> None:
    mitigation = saved(hook)
    run = commands.start(by, incident_of(by, mitigation), mitigation=mitigation)
    http_peer.answer(Answer(body="x" * 50_000 + "\0the end"))
    duties.carry_out()
    output = execution_of(run).output
    assert len(output) <= 20_001 and output.endswith("the end") and "\0" not in output


def test_who_may_run_what(by: Actor, hook: Runner) -> None:
    mitigation = saved(hook, managers_only=True)
    incident = incident_of(by, mitigation)
    with pytest.raises(NotAllowed):
        commands.start(by, incident, mitigation=mitigation)
    manager = make.person()
    make.membership(hook.team, manager, "manager")
    commands.start(acting(manager), incident, mitigation=mitigation)
    # Somebody who leads an incident of another team does not get this team's keys.
    stranger, other = make.person(), make.team()
    make.membership(other, stranger, "responder")
    own = commands.save_mitigation(make.actor(), None, team=hook.team, name="Restart", how="x", runner=hook)
    elsewhere = declare(acting(stranger), title="y", team=other)
    with pytest.raises(NotAllowed):
        commands.start(acting(stranger), elsewhere, mitigation=own)


def test_nothing_is_carried_out_in_a_drill(by: Actor, hook: Runner) -> None:
    mitigation = saved(hook)
    with pytest.raises(Refused):
        commands.start(by, incident_of(by, mitigation, drill=True), mitigation=mitigation)
    assert not MitigationRun.objects.exists()


def test_a_runner_is_managed_by_its_team_and_keeps_its_secret(hook: Runner) -> None:
    manager = make.person()
    make.membership(hook.team, manager, "manager")
    team, url = hook.team, hook.settings["url"]
    fields = {"team": team, "kind": "webhook", "name": "New name"}
    changed = commands.save_runner(acting(manager), hook, **fields, settings={"url": url})
    assert changed.settings["secret"] == SECRET
    with pytest.raises(Refused):  # a new address never gets the old secret
        commands.save_runner(acting(manager), hook, **fields, settings={"url": "https://evil.example.org"})
    with pytest.raises(NotAllowed):
        commands.save_runner(make.actor(role="responder"), hook, **fields, settings={"url": url})
    with pytest.raises(NotAllowed):  # another team's keys are not for one's own mitigation
        other = make.team()
        person = make.person()
        make.membership(other, person, "manager")
        commands.save_mitigation(acting(person), None, team=other, name="x", how="x", runner=hook)
    saved(hook)
    with pytest.raises(Conflict):
        commands.delete_runner(acting(manager), hook)


def test_its_effect_is_measured_and_said(by: Actor, hook: Runner, http_peer: HttpPeer, clock: Any) -> None:
    service = make.service("checkout", team=hook.team)
    connection = Connection.objects.create(
        team=hook.team, kind="prometheus", name="P", slug="p", settings={"url": http_peer.url}
    )
    indicator = Indicator.objects.create(
        service=service, connection=connection, kind="error_rate", name="Errors", expression="e", threshold=0.05
    )
    mitigation = saved(hook, service=service, indicator=indicator)
    incident = declare(by, title="x", services=[service])
    started = kernel_clock.now()
    run = commands.start(by, incident, mitigation=mitigation)
    http_peer.answer(Answer(200))
    duties.carry_out()
    assert duties.look_at_effects() == 0
    clock.advance(timedelta(minutes=3, seconds=1))
    at = started.timestamp()
    points = [[at - 60, "0.4"], [at - 15, "0.2"], [at + 150, "0.03"], [at + 165, "0.01"]]
    http_peer.answer(
        Answer(500), Answer(body={"status": "success", "data": {"result": [{"metric": {}, "values": points}]}})
    )
    assert duties.look_at_effects() == 1
    clock.advance(timedelta(seconds=1))
    MitigationRun.objects.update(look_at=kernel_clock.now())
    assert duties.look_at_effects() == 1
    run.refresh_from_db()
    assert (run.before, run.after, run.look_at) == (pytest.approx(0.3), pytest.approx(0.02), None)
    said = "Roll back: Errors got better: 0.3 before, 0.02 after. It is within its threshold."
    assert log_of(incident)[-1] == said


def test_by_page(client: Any, hook: Runner, http_peer: HttpPeer, django_assert_max_num_queries: Any) -> None:
    manager, responder = make.person(role="manager"), make.person("Rita", role="responder")
    client.force_login(manager, backend=BACKEND)
    new = {
        "name": "Hook",
        "team": hook.team_id,
        "url": http_peer.url,
        "secret": "",
        "repeats": "dropped",
        "dry_runs": "yes",
    }
    assert client.post("/runners/new?kind=webhook", new).status_code == 422
    assert client.post("/runners/new?kind=webhook", new | {"secret": SECRET}).status_code == 302
    assert SECRET.encode() not in client.get("/runners/hook").content
    with django_assert_max_num_queries(10):
        assert b"Deployer" in client.get("/runners").content
    fields = {"name": "Roll back", "team": hook.team_id, "kind": "roll_back", "risk": "low", "how": "Press"}
    runner = str(Runner.objects.get(slug="hook").pk)
    asked = client.post("/mitigations/new", fields | {"runner": runner, "needs_approval": "on"})
    assert b"input_inputs" in asked.content and not Mitigation.objects.exists()
    whole = fields | {"runner": runner, "shown": runner, "needs_approval": "on", "input_inputs": "a=b"}
    assert client.post("/mitigations/new", whole | {"input_inputs": "wrong"}).status_code == 422
    assert client.post("/mitigations/new", whole).status_code == 302
    mitigation = Mitigation.objects.get()
    assert (mitigation.inputs, mitigation.needs_approval) == ({"inputs": "a=b"}, True)
    http_peer.answer(Answer(body={"output": "I would."}))
    assert b"I would." in client.post("/mitigations/roll-back/dry-run").content

    incident = declare(acting(responder), title="x", team=hook.team)
    client.force_login(responder, backend=BACKEND)
    assert b"What can stop the bleeding?" in client.get(f"/incidents/{incident.pk}").content
    assert client.post(f"/incidents/{incident.pk}/mitigations", {"mitigation": "roll-back"}).status_code == 302
    run = MitigationRun.objects.get()
    room = client.get(f"/incidents/{incident.pk}").content.decode()
    assert "Somebody else has to approve it." in room and 'value="approve"' not in room
    assert "with a=b." in room  # what is approved is said in full
    assert 'value="no_effect"' not in room  # nothing has been done yet
    assert client.post(f"/mitigation-runs/{run.pk}/decide", {"answer": "approve"}).status_code == 403
    client.force_login(manager, backend=BACKEND)
    assert 'value="approve"' in client.get(f"/incidents/{incident.pk}").content.decode()
    assert client.post(f"/mitigation-runs/{run.pk}/decide", {"answer": "approve"}).status_code == 302
    assert execution_of(run).state == "due"
    client.force_login(make.person(), backend=BACKEND)
    assert client.get("/runners/hook").status_code == 403
    assert client.post(f"/mitigation-runs/{run.pk}/decide", {"answer": "decline"}).status_code == 403


def test_what_helped_before_is_offered_first(by: Actor, hook: Runner) -> None:
    first = saved(hook, name="A restart")
    second = commands.save_mitigation(
        make.actor(), None, team=hook.team, service=first.service, name="Roll back", how="x", risk="medium"
    )
    past = declare(by, title="before", services=[first.service])
    commands.finish(by, commands.start(by, past, mitigation=second), outcome="worked")
    incident = declare(by, title="now", services=[first.service])
    offered = queries.offered_in(by, incident)
    assert offered == [second, first]
    assert offered[0].reason == "It helped in 1 of 1 earlier incident."
    commands.finish(by, commands.start(by, incident, mitigation=second), outcome="no_effect")
    assert queries.offered_in(by, incident) == [first, second]


def test_by_api(client: Any, hook: Runner, http_peer: HttpPeer) -> None:
    manager, second = make.person(role="manager"), make.person("Sam", role="responder")
    service = make.service("checkout", slug="checkout", team=hook.team)

    def post(url: str, **body: Any) -> Any:
        return client.post(f"/api/v1{url}", body, content_type="application/json")

    client.force_login(manager, backend=BACKEND)
    kinds = {each["kind"]: each for each in client.get("/api/v1/runners/kinds").json()}
    assert {"github", "kubernetes", "webhook"} <= set(kinds) and kinds["kubernetes"]["has_dry_run"]
    runner = {"name": "Cluster", "team": hook.team.slug, "kind": "kubernetes"}
    made = post("/runners", **runner, settings={"url": http_peer.url, "token": "very secret"})
    assert made.status_code == 201 and "very secret" not in client.get("/api/v1/runners").content.decode()
    http_peer.answer(Answer(body={"gitVersion": "v1.33.1"}))
    assert post("/runners/cluster/try").json() == {"ok": True, "text": "It is Kubernetes v1.33.1."}
    fields = {"team": hook.team.slug, "service": "checkout", "name": "Restart", "how": "x", "needs_approval": True}
    wrong = post("/mitigations", **fields, runner="cluster", inputs={"name": "UPPER"})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "name")
    assert post("/mitigations", **fields, runner="cluster", inputs={"name": "web"}).status_code == 201
    assert client.delete("/api/v1/runners/cluster").status_code == 409
    incident = declare(acting(manager), title="x", services=[service])
    offered = client.get(f"/api/v1/incidents/{incident.pk}/mitigations/offered").json()
    assert [each["slug"] for each in offered] == ["restart"]
    run = post(f"/incidents/{incident.pk}/mitigations", mitigation="restart").json()
    assert run["execution"]["state"] == "waiting"
    assert run["execution"]["plan"] == "Restarts deployment default/web, one pod after another."
    assert post(f"/mitigation-runs/{run['id']}/decide", approve=True).status_code == 403
    client.force_login(second, backend=BACKEND)
    approved = post(f"/mitigation-runs/{run['id']}/decide", approve=True).json()["execution"]
    assert (approved["state"], approved["approved_by"]) == ("due", "Sam")
    assert client.get(f"/api/v1/mitigation-runs/{run['id']}").json()["execution"]["state"] == "due"


def test_by_file(hook: Runner) -> None:
    from watchroom.config.carry_out import apply
    from watchroom.config.current import read
    from watchroom.config.text import parse

    text = f"""
runners:
- {{slug: shop, name: Shop, team: {hook.team.slug}, kind: github, settings: {{repository: acme/shop}}}}
mitigations:
- slug: back
  name: Roll back
  team: {hook.team.slug}
  how: Press
  runner: shop
  inputs: {{workflow: back.yml}}
  needs_approval: true
"""
    admin = make.actor()
    apply(admin, parse(yaml.safe_load(text), "test"))
    assert apply(admin, parse(yaml.safe_load(text), "test"))[0] == []
    found = read()
    assert found["mitigations"]["back"]["inputs"] == {"workflow": "back.yml", "ref": "main"}
    assert found["runners"]["shop"]["settings"]["url"] == "https://api.github.com"
    mitigation = Mitigation.objects.get(slug="back")
    with pytest.raises(Refused, match="no token yet"):
        commands.start(admin, declare(admin, title="x", team=hook.team), mitigation=mitigation)
    with pytest.raises(Refused):
        parse(yaml.safe_load(text.replace("acme/shop}", "acme/shop, token: secret}")), "test")


def test_a_proposal_of_a_policy_is_the_same_run(by: Actor, hook: Runner, http_peer: HttpPeer) -> None:
    from watchroom.mitigations.proposals import start_approved
    from watchroom.paging.models import Escalation
    from watchroom.paging.rules import Target

    saved(hook)
    group = make.group(service=make.service(team=hook.team))
    escalation = Escalation(kind="alert_group", subject_id=group.pk, title="x", team=hook.team)
    for _ in range(2):
        start_approved(by, escalation, Target("mitigation", 0, "roll-back"), "approval-1")
    assert duties.carry_out() == 1 and duties.carry_out() == 0
    assert len(http_peer.requests) == 1 and execution_of(MitigationRun.objects.get()).state == "succeeded"
