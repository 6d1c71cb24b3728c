"""The agent's file: where Watchroom is, and the only commands that are ever run, each a list of arguments.

A parameter is put into an argument as it is, never through a shell, after it has been checked against its pattern or its list.
Where neither is given, a value may not begin with ``-``: it would be read as an option.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ...kernel.errors import Refused

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
PLACE = re.compile(r"\{([A-Za-z0-9][A-Za-z0-9_.-]*)\}")
PLAIN = r"[A-Za-z0-9][A-Za-z0-9._:@/+-]{0,199}"
MOST_SECONDS = 86_400


@dataclass(frozen=True)
class Parameter:
    """What a value may be: one of these, or what matches in full."""

    name: str
    one_of: tuple[str, ...] = ()
    pattern: str = PLAIN

    def check(self, value: str) -> str:
        """:raises Refused: it may not be that."""
        if "\0" in value or (value not in self.one_of if self.one_of else not re.fullmatch(self.pattern, value)):
            fix = f"Use one of {', '.join(self.one_of)}." if self.one_of else f"It has to match {self.pattern}."
            raise Refused("That value is not allowed here.", field=self.name, value=value[:80], fix=fix)
        return value


@dataclass(frozen=True)
class Command:
    """One allowed command."""

    name: str
    argv: tuple[str, ...]
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    seconds: int = 300
    directory: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)

    def filled(self, given: Mapping[str, str]) -> list[str]:
        """Its arguments with the parameters put in.

        :raises Refused: one is unknown, missing or not allowed.
        """
        if unknown := sorted(set(given) - set(self.parameters)):
            raise Refused("There is no such parameter.", field=unknown[0], value=given[unknown[0]][:80])
        if missing := sorted(set(self.parameters) - set(given)):
            raise Refused("A parameter is missing.", field=missing[0], fix="Give it as name=value.")
        checked = {name: self.parameters[name].check(value) for name, value in given.items()}
        return [PLACE.sub(lambda place: checked[place[1]], argument) for argument in self.argv]


@dataclass(frozen=True)
class Config:
    """All that the file says."""

    url: str
    runner: str
    key: str
    commands: Mapping[str, Command]
    journal: Path
    at_once: int = 2


def load(path: Path) -> Config:
    """Read the file and the key file that it names.

    :raises Refused: something in it can't be followed; names it.
    """
    try:
        said = tomllib.loads(path.read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Refused(f"{path} can't be read: {error}", field="config", value=str(path)) from None
    _known(said, {"url", "runner", "key_file", "journal", "at_once", "command"}, str(path))
    url = str(said.get("url", "")).rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in {"https", "http"} or not parts.netloc:
        raise Refused("That is no address.", field="url", value=url, fix="Write https://watchroom.example.org.")
    runner = str(said.get("runner", ""))
    if not NAME.fullmatch(runner):
        raise Refused("The runner is missing.", field="runner", value=runner, fix="Write its short name in Watchroom.")
    commands = said.get("command", [])
    if not isinstance(commands, list) or not commands:
        raise Refused("No command is allowed.", field="command", fix="Add at least one [[command]].")
    read = [_command(each) for each in commands]
    names = [each.name for each in read]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise Refused("Two commands have this name.", field="command.name", value=twice)
    at_once = said.get("at_once", 2)
    if not isinstance(at_once, int) or not 1 <= at_once <= 20:
        raise Refused("That is no number of commands.", field="at_once", value=at_once, fix="Use 1 to 20.")
    journal = Path(str(said.get("journal") or path.with_suffix(".journal").name))
    key = _key(path.parent / str(said.get("key_file", "")), str(said.get("key_file", "")))
    return Config(url, runner, key, {each.name: each for each in read}, path.parent / journal, at_once)


def _key(path: Path, said: str) -> str:
    try:
        key = path.read_text().strip() if said else ""
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"The key can't be read: {error}", field="key_file", value=said) from None
    if not key:
        raise Refused("There is no key.", field="key_file", value=said, fix="Name a file that holds the runner's key.")
    if path.stat().st_mode & 0o077:
        raise Refused("Others can read the key.", field="key_file", value=said, fix=f"chmod 600 {path}")
    return key


def _known(said: Mapping[str, Any], names: set[str], where: str) -> None:
    if unknown := sorted(set(said) - names):
        raise Refused(f"{where} says something unknown.", field=unknown[0], fix=f"Use {', '.join(sorted(names))}.")


def _command(said: Any) -> Command:
    if not isinstance(said, dict):
        raise Refused("A command is a table.", field="command", fix="Begin it with [[command]].")
    name = str(said.get("name", ""))
    if not NAME.fullmatch(name):
        raise Refused(
            "That is no name of a command.", field="command.name", value=name[:80], fix="For example restart-web."
        )
    where = f"The command {name}"
    _known(said, {"name", "argv", "parameters", "timeout_seconds", "directory", "environment"}, where)
    argv = said.get("argv")
    if not isinstance(argv, list) or not argv or not all(isinstance(each, str) and "\0" not in each for each in argv):
        raise Refused(
            f"{where} has no arguments.", field="argv", fix='Write a list: ["/usr/bin/systemctl", "restart"].'
        )
    if not argv[0].startswith("/") or PLACE.search(argv[0]):
        raise Refused(f"{where} names no program.", field="argv", value=argv[0], fix="Begin with its full path, fixed.")
    parameters = {key: _parameter(key, each) for key, each in _table(said, "parameters").items()}
    places = {place for each in argv for place in PLACE.findall(each)}
    if places != set(parameters):
        raise Refused(
            f"{where}: its arguments and its parameters do not fit.",
            field="parameters",
            value=", ".join(sorted(places ^ set(parameters))),
            fix="Each {name} of an argument needs [command.parameters.name], and the other way round.",
        )
    seconds = said.get("timeout_seconds", 300)
    if not isinstance(seconds, int) or not 1 <= seconds <= MOST_SECONDS:
        raise Refused(
            f"{where}: that is no time-out.", field="timeout_seconds", value=seconds, fix=f"1 to {MOST_SECONDS}."
        )
    environment = {str(k): str(v) for k, v in _table(said, "environment").items()}
    return Command(name, tuple(argv), parameters, seconds, str(said.get("directory", "")), environment)


def _table(said: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = said.get(name, {})
    if not isinstance(found, dict):
        raise Refused("That is no table.", field=name)
    return found


def _parameter(name: str, said: Any) -> Parameter:
    if not NAME.fullmatch(name) or not isinstance(said, dict):
        raise Refused("That is no parameter.", field=name, fix="Write [command.parameters.unit] and one_of or pattern.")
    _known(said, {"one_of", "pattern"}, f"The parameter {name}")
    one_of = said.get("one_of", [])
    if not isinstance(one_of, list) or not all(isinstance(each, str) for each in one_of):
        raise Refused("That is no list of values.", field=f"{name}.one_of")
    pattern = str(said.get("pattern", PLAIN))
    try:
        re.compile(pattern)
    except re.error as error:
        raise Refused(f"That is no pattern: {error}.", field=f"{name}.pattern", value=pattern) from None
    return Parameter(name, tuple(one_of), pattern)
