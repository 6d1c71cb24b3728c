"""Whatever is typed: what is wrong is said in one line, and nobody sees where in the program it was noticed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder

import factories as make
from cli.shell import run
from watchroom.cli.main import cli
from watchroom.kernel.clock import TravellingClock

pytestmark = pytest.mark.django_db

_ENDLESS = {"serve", "gate", "web", "engine", "agent run", "room", "mcp"}
_PLACES = 2  # of each command
_PLAIN = ("1", "x", "2026-03-04")
# What no program may ever get (a NUL) is not here. Some are numbers, times or addresses in the eyes of one reader only.
_ODD = [
    *[
        "",
        " ",
        "x" * 9_000,
        "a\nb",
        "³",
        "٣",
        "\udcff",
        "💥",
        "-",
        "=",
        "a=b",
        "a=~(",
        "@x",
        "{",
        "[]",
        "null",
        "'; --",
        "%00",
    ],
    *["-1", "0", "1", "9" * 30, str(2**63), "1e400", "nan", "-inf", "1d", "9" * 25 + "d", "٣d", "1,2", "true", "all"],
    *["2026-13-45", "2026-02-30T25:00:00Z", "0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-23:00", "99:99", "24:00"],
    *[
        "http://[",
        "http://a\nb",
        "::",
        "//",
        "?a=b#c",
        "1/../../system",
        "../../etc/passwd",
        "/nonexistent/x",
        "/proc/self/mem",
    ],
]


@pytest.fixture(autouse=True)
def _somebody(clock: TravellingClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make.person("Anna", "administrator", email="anna@example.org")


def _commands(group: click.Group, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            yield from _commands(command, *path, name)
        elif " ".join((*path, name)) not in _ENDLESS:
            yield (*path, name), command


def _typed(command: click.Command, odd: click.Parameter, value: str, file: Path, chance: random.Random) -> list[str]:
    """Arguments for ``command``: what it can't do without, and ``value`` for ``odd``."""
    options: list[str] = []
    arguments: list[str] = []
    for each in command.params:
        said = value if each is odd else chance.choice(_PLAIN)
        if each is not odd and isinstance(each.type, click.Choice):
            said = str(each.type.choices[0])
        elif each is not odd and isinstance(each.type, click.Path):
            said = str(file)
        if isinstance(each, click.Argument):
            arguments.append(said)
        elif each is odd or each.required:
            options += [each.opts[0]] if getattr(each, "is_flag", False) else [each.opts[0], *[said] * each.nargs]
    return [*options, *(["--", *arguments] if arguments else [])]


def test_no_command_shows_where_it_broke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each command with something odd in some of its places."""
    chance = random.Random(20261126)
    file = tmp_path / "file"
    file.write_text("x: 1")
    monkeypatch.setenv("WATCHROOM_TOKEN", "t")
    broken = []
    for path, command in _commands(cli):
        for odd in chance.sample(command.params, min(_PLACES, len(command.params))):
            value = chance.choice(_ODD)
            arguments = [*path, *_typed(command, odd, value, file, chance)]
            with transaction.atomic():
                result = CliRunner().invoke(cli, arguments, input=f"{value[:100]}\n".encode(errors="replace"))
                transaction.set_rollback(True)
            if result.exit_code not in {0, 1, 2} or "answered 5" in result.output or "Traceback" in result.output:
                broken.append((arguments, result.exit_code, repr(result.exception), result.output[-200:]))
            elif not isinstance(result.exception, SystemExit | None):
                broken.append((arguments, result.exit_code, repr(result.exception), ""))
    assert broken == []


@pytest.mark.parametrize("url", ["http://[", "http://a\nb", "::", "http://x:99999", "ftp://x", "\udcff"])
def test_an_address_that_is_none_is_named(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHROOM_TOKEN", "t")
    monkeypatch.setenv("PAGERDUTY_TOKEN", "t")
    for arguments in (["alerts", "--url", url], ["import", "pagerduty", "--team", "x", "--api", url]):
        result = run(*arguments)
        assert result.exit_code == 1 and isinstance(result.exception, SystemExit)
        assert len(result.stderr.splitlines()) <= 2 + url.count("\n")


def test_a_name_that_is_not_latin_reaches_what_it_names() -> None:
    make.team("Öl", slug="öl")
    for name in ("öl", "ø", "油", "💥"):
        result = run("integration", "show", name)
        assert (result.exit_code, result.stdout) == (1, "") and "500" not in result.stderr


def test_a_database_of_before_is_said_to_be_one() -> None:
    newest = MigrationRecorder(connection).migration_qs.order_by("-name").filter(app="incidents").first()
    assert newest is not None
    newest.delete()
    result = run("incident", "list")
    assert result.exit_code == 1 and result.stdout == ""
    assert result.stderr.splitlines() == [
        "The database is not up to date.",
        "Run `watchroom migrate` on one node first.",
    ]


@pytest.mark.parametrize("part", ["serve", "gate", "web"])
@pytest.mark.parametrize("port", ["99999", "-1", "0", "x"])
def test_a_port_that_is_none_is_wrong_usage(part: str, port: str) -> None:
    result = run(part, "--port", port)
    assert (result.exit_code, result.stdout) == (2, "") and "--port" in result.stderr


def test_a_file_that_cannot_be_read_is_named() -> None:
    result = run("oncall", "import-absences", "/proc/self/mem")
    assert (result.exit_code, result.stderr) == (1, "What was named: Input/output error.\n")


def test_no_name_leads_to_another_thing() -> None:
    """What is typed as a name is a part of an address."""
    for name in ("../system", "1/../../system", "a?b", "a#b", "", "."):
        result = run("webhook", "on", name)
        assert (result.exit_code, result.stdout) == (1, "") and "There can't be anything at" in result.stderr
    assert run("api", "GET", "/incidents?status=open").exit_code == 0


def test_no_argument_has_the_name_of_an_option_that_all_commands_have() -> None:
    assert [
        path for path, command in _commands(cli) if len({each.name for each in command.params}) < len(command.params)
    ] == []
