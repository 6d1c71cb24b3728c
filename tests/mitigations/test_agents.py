"""Agents: orders handed out once, commands from a list only, and what comes of them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

import factories as make
from watchroom.accounts.actors import Actor
from watchroom.cli.agent.asking import Asker
from watchroom.cli.agent.config import Command, Config, Parameter, load
from watchroom.cli.agent.journal import Journal
from watchroom.cli.agent.running import KEPT, carry_out
from watchroom.cli.main import cli
from watchroom.incidents.commands import declare
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Refused
from watchroom.mitigations import commands, duties
from watchroom.mitigations.models import Agent, AgentOrder, Execution, MitigationRun, Runner
from watchroom.wsgi import application

pytestmark = pytest.mark.usefixtures("clock")
KEY = "a-key-of-more-than-24-letters"
FILE = """
url = "https://watchroom.example.org"
runner = "box"
key_file = "agent.key"

[[command]]
name = "restart"
argv = ["/usr/bin/systemctl", "restart", "{unit}.service"]
timeout_seconds = 60
[command.parameters.unit]
one_of = ["nginx", "php-fpm"]

[[command]]
name = "echo"
argv = ["/bin/echo", "--", "{words}", "to", "{whom}"]
[command.parameters.words]
[command.parameters.whom]
pattern = "[a-z ]+"
"""


def written(folder: Path, text: str = FILE, mode: int = 0o600) -> Path:
    (folder / "agent.key").write_text(KEY + "\n")
    (folder / "agent.key").chmod(mode)
    (folder / "agent.toml").write_text(text)
    return folder / "agent.toml"


# --- The file ---


def test_the_file_says_all_that_is_ever_run(tmp_path: Path) -> None:
    config = load(written(tmp_path))
    assert (config.url, config.runner, config.key) == ("https://watchroom.example.org", "box", KEY)
    assert config.commands["restart"].filled({"unit": "nginx"}) == ["/usr/bin/systemctl", "restart", "nginx.service"]
    assert config.commands["echo"].filled({"words": "x", "whom": "all of you"})[2:] == ["x", "to", "all of you"]
    shown = CliRunner().invoke(cli, ["agent", "check", "--config", str(tmp_path / "agent.toml")])
    assert shown.exit_code == 0 and "restart: /usr/bin/systemctl restart {unit}.service" in shown.output


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("restart", {"unit": "sshd"}),
        ("restart", {}),
        ("restart", {"unit": "nginx", "more": "x"}),
        ("echo", {"words": "--version", "whom": "a"}),
        ("echo", {"words": "a;b", "whom": "a"}),
        ("echo", {"words": "a", "whom": "$(id)"}),
        ("echo", {"words": "a\0b", "whom": "a"}),
        ("echo", {"words": "a", "whom": "a\nb"}),
    ],
)
def test_other_values_are_refused(tmp_path: Path, name: str, given: dict[str, str]) -> None:
    with pytest.raises(Refused):
        load(written(tmp_path)).commands[name].filled(given)


@given(st.text(max_size=30))
def test_a_value_stays_one_argument_and_no_option(value: str) -> None:
    command = Command("x", ("/bin/x", "{v}", "a{v}b"), {"v": Parameter("v")})
    try:
        filled = command.filled({"v": value})
    except Refused:
        return
    assert filled == ["/bin/x", value, f"a{value}b"] and not value.startswith("-")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("https://watchroom.example.org", "watchroom"),
        ('runner = "box"', ""),
        ("agent.key", "no.key"),
        ("/usr/bin/systemctl", "systemctl"),
        ("/usr/bin/systemctl", "/usr/bin/{unit}"),
        ("{unit}.service", "nginx"),
        ('"{words}"', '"{other}"'),
        ('name = "echo"', 'name = "restart"'),
        ('name = "echo"', 'name = "a b"'),
        ("timeout_seconds = 60", "timeout_seconds = 0"),
        ("timeout_seconds = 60", "shell = true"),
        ('pattern = "[a-z ]+"', 'pattern = "["'),
        ("[[command]]", "[command"),
    ],
)
def test_what_makes_no_sense_is_named(tmp_path: Path, old: str, new: str) -> None:
    assert old in FILE
    with pytest.raises(Refused):
        load(written(tmp_path, FILE.replace(old, new)))


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="Others can read"):
        load(written(tmp_path, mode=0o644))


def test_its_journal_lies_beside_it_from_wherever_it_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "etc").mkdir()
    written(tmp_path / "etc")
    monkeypatch.chdir(tmp_path)
    assert load(Path("etc/agent.toml")).journal == Path("etc/agent.journal")
    assert load(Path("etc/agent.toml")).journal.parent.is_dir()


# --- Running ---


def python(code: str, *more: str, **fields: Any) -> Command:
    return Command("x", (sys.executable, "-c", code, *more), **fields)


def run(command: Command, seconds: int = 60, **given: str) -> tuple[str, str]:
    return carry_out(command, given, seconds, lambda state, output: None)


def test_a_command_ends_with_its_code_and_its_output() -> None:
    assert run(python("print('done')")) == ("succeeded", "done\n\nIt ended with 0.")
    state, output = run(python("import sys; print('no'); sys.stderr.write('why'); sys.exit(3)"))
    assert state == "failed" and "why" in output and output.endswith("It ended with 3.")
    assert run(Command("x", ("/no/such/program",)))[0] == "failed"


def test_no_shell_reads_a_value(tmp_path: Path) -> None:
    command = python("import sys; print(sys.argv[1])", "{v}", parameters={"v": Parameter("v", pattern=".*")})
    assert f"$(touch {tmp_path}/x); `id`" in run(command, v=f"$(touch {tmp_path}/x); `id`")[1]
    assert not (tmp_path / "x").exists()


def test_only_a_few_variables_are_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHROOM_SECRET", "x")
    output = run(python("import os; print(sorted(os.environ))", environment={"COLOUR": "red"}))[1]
    assert "COLOUR" in output and "WATCHROOM_SECRET" not in output


def test_what_takes_too_long_is_stopped_and_long_output_is_cut() -> None:
    begins = Command("x", ("sh", "-c", "echo begun; exec sleep 600"))  # at once, however busy the machine is
    state, output = run(begins, seconds=2)
    assert state == "failed" and "begun" in output and "stopped after 2 seconds" in output
    state, output = run(python("print('x' * 200_000); print('the end')"))
    assert state == "succeeded" and output.startswith("…") and "the end" in output and len(output) < KEPT + 100


def test_the_journal_survives_and_knows_what_was_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    first = Journal(path)
    assert first.begin(1, "a") and first.begin(2, "b") and not first.begin(1, "a")
    first.end("a")
    path.write_text(path.read_text() + '{"order": 3, "tok')  # cut off while it was written
    second = Journal(path)
    assert second.cut_off == [(2, "b")]
    assert not second.begin(1, "a") and not second.begin(2, "b") and second.begin(3, "c")


# --- With Watchroom ---


@pytest.fixture
def by(db: None) -> Actor:
    return make.actor("Rita", "responder")


@pytest.fixture
def box(db: None) -> Runner:
    return commands.save_runner(
        make.actor(), None, team=make.team(), kind="agent", name="Box", slug="box", settings={"key": KEY}
    )


def ordered(by: Actor, box: Runner, **inputs: str) -> MitigationRun:
    service = make.service("checkout", team=box.team)
    mitigation = commands.save_mitigation(
        make.actor(),
        None,
        team=box.team,
        service=service,
        name="Say it",
        how="Say.",
        runner=box,
        inputs=inputs,
        timeout_seconds=600,
    )
    started = commands.start(by, declare(by, title="x", services=[service]), mitigation=mitigation)
    duties.carry_out()
    return started


def fetch(key: str = KEY, slug: str = "box") -> Any:
    body = {"version": "1", "commands": ["echo"]}
    return Client().post(
        f"/api/v1/agents/{slug}/fetch", body, "application/json", headers={"Authorization": f"Bearer {key}"}
    )


def tell(order: dict[str, Any], state: str, output: str = "", key: str = KEY) -> int:
    body = {"token": order["token"], "state": state, "output": output}
    url = f"/api/v1/agents/box/orders/{order['id']}"
    return Client().post(url, body, "application/json", headers={"Authorization": f"Bearer {key}"}).status_code


def test_an_order_is_handed_out_once_and_followed(by: Actor, box: Runner, clock: TravellingClock) -> None:
    run = ordered(by, box, command="echo", parameters="words=hello\nwhom=all")
    row = Execution.objects.get(run=run)
    assert (row.state, row.output) == ("running", "Waits for the agent to fetch it.")
    order = fetch().json()["order"]
    assert (order["command"], order["parameters"]) == ("echo", {"words": "hello", "whom": "all"})
    assert order["seconds"] == 600 and order["title"] == "Say it"
    assert fetch().json()["order"] is None
    clock.advance(timedelta(seconds=30))
    duties.carry_out()  # the engine looks meanwhile, and hands nothing out again
    assert fetch().json()["order"] is None
    assert tell(order, "running", "half") == 204
    assert tell(order, "succeeded", "all of it") == 204
    row.refresh_from_db()
    assert (row.state, row.output) == ("succeeded", "all of it")
    assert run.incident.log.filter(type="mitigation.succeeded").count() == 1
    assert tell(order, "failed", "no") == 409  # it has ended
    row.refresh_from_db()
    assert row.state == "succeeded"


def test_only_its_own_agent_is_told_anything(by: Actor, box: Runner) -> None:
    commands.save_runner(
        make.actor(), None, team=box.team, kind="agent", name="Other", slug="other", settings={"key": KEY + "2"}
    )
    ordered(by, box, command="echo", parameters="words=hello\nwhom=all")
    for key, slug in (("wrong", "box"), (KEY, "nobody"), (KEY, "other"), (KEY + "2", "box")):
        assert fetch(key, slug).status_code == 401
    assert fetch(KEY + "2", "other").json()["order"] is None
    order = fetch().json()["order"]
    assert tell({**order, "token": "guessed"}, "succeeded") == 404
    assert tell(order, "succeeded", key=KEY + "2") == 401
    assert Client().post("/api/v1/agents/box/fetch", {}, "application/json").status_code == 401
    assert AgentOrder.objects.count() == 1


def test_an_agent_that_says_nothing_more_is_not_asked_again(by: Actor, box: Runner, clock: TravellingClock) -> None:
    run = ordered(by, box, command="echo", parameters="words=hello\nwhom=all")
    order = fetch().json()["order"]
    clock.advance(timedelta(minutes=11))
    duties.carry_out()
    assert Execution.objects.get(run=run).state == "timed_out"
    assert fetch().json()["order"] is None
    assert tell(order, "succeeded") == 409


def test_what_is_closed_before_it_is_fetched_is_not_handed_out(by: Actor, box: Runner, clock: TravellingClock) -> None:
    ordered(by, box, command="echo", parameters="words=hello\nwhom=all")
    clock.advance(timedelta(minutes=11))
    assert fetch().json()["order"] is None


def test_its_page_says_when_it_was_heard_of(by: Actor, box: Runner) -> None:
    manager = make.person("Max", "manager")
    browser = Client()
    browser.force_login(manager, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert "has not asked yet" in browser.get("/runners/box").content.decode()
    fetch()
    assert Agent.objects.get().commands == ["echo"]
    page = browser.get("/runners/box").content.decode()
    assert "echo" in page and KEY not in page
    assert browser.get("/api/v1/runners").json()["items"][0]["agent"]["commands"] == ["echo"]


@pytest.mark.parametrize(
    ("inputs", "field"),
    [({"command": "a b"}, "command"), ({}, "command"), ({"command": "x", "parameters": "a b=c"}, "parameters")],
)
def test_an_order_is_checked_here_too(box: Runner, inputs: dict[str, str], field: str) -> None:
    with pytest.raises(Refused) as raised:
        commands.save_mitigation(make.actor(), None, team=box.team, name="x", how="x", runner=box, inputs=inputs)
    assert raised.value.field == field


@pytest.fixture
def asker(box: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Asker]:
    def made() -> Asker:
        config: Config = load(written(tmp_path))
        http = httpx.Client(
            transport=httpx.WSGITransport(app=application),
            base_url="http://127.0.0.1",
            headers={"Authorization": f"Bearer {KEY}"},
        )
        asker = Asker(config, http, pause=0)
        monkeypatch.setattr(
            asker._pool, "submit", lambda work, order: work(order)
        )  # here, so that it sees this database
        return asker

    return made


def test_the_agent_runs_what_its_file_allows_once(by: Actor, box: Runner, asker: Callable[[], Asker]) -> None:
    run = ordered(by, box, command="echo", parameters="words=hello\nwhom=all of you")
    agent = asker()
    assert agent.once() == ""
    assert agent.once().startswith("/live?token=")
    row = Execution.objects.get(run=run)
    assert (row.state == "succeeded" and row.output.startswith("-- hello to all of you")) or row.output.startswith(
        "hello"
    )
    sent = {"id": row.pk, "token": AgentOrder.objects.get().token, "command": "echo", "parameters": {}, "seconds": 9}
    agent.carry_out(sent)  # sent a second time by whatever mistake: it is in the journal
    assert Execution.objects.get(run=run).output == row.output


def test_without_a_journal_nothing_is_run(
    by: Actor, box: Runner, asker: Callable[[], Asker], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = ordered(by, box, command="echo", parameters="words=hello\nwhom=all")
    agent = asker()

    def full(said: dict[str, object]) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(agent.journal, "_write", full)
    agent.once()
    row = Execution.objects.get(run=run)
    assert row.state == "failed" and "Nothing was run" in row.output


def test_the_agent_refuses_what_its_file_does_not_allow(by: Actor, box: Runner, asker: Callable[[], Asker]) -> None:
    first = ordered(by, box, command="reboot")
    agent = asker()
    agent.once()
    assert "allows no command 'reboot'" in Execution.objects.get(run=first).output
    assert Execution.objects.get(run=first).state == "failed"


def test_what_was_cut_off_is_said_to_be_unknown(by: Actor, box: Runner, asker: Callable[[], Asker]) -> None:
    run = ordered(by, box, command="echo", parameters="words=hello\nwhom=all")
    agent = asker()
    order = agent._http.post("/api/v1/agents/box/fetch", json={}).json()["order"]
    agent.journal.begin(order["id"], order["token"])  # and then the machine lost its power
    again = asker()
    again.stop.set()
    again.run()
    assert Execution.objects.get(run=run).state == "unknown"
    assert json.loads(again.config.journal.read_text().splitlines()[-1])["ended"] is True
