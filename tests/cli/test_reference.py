"""The reference pages say what the code does."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from watchroom.cli.main import cli
from watchroom.cli.reference import pages

ROOT = Path(__file__).parents[2]
HOME = ROOT / "docs" / "reference"
_OPTION = re.compile(r"--[a-z-]+|-[a-z]")


@pytest.fixture(scope="module")
def now() -> dict[str, str]:
    return pages()


@pytest.mark.parametrize("name", ["cli.md", "configuration.md", "api.md", "config-file.md", "senders.md", "events.md"])
def test_the_pages_are_up_to_date(name: str, now: dict[str, str]) -> None:
    assert (HOME / name).read_text() == now[name], "run: python -m watchroom.cli.reference docs/reference"


def test_the_command_line_starts_without_django() -> None:
    said = "import sys, watchroom.cli.main; sys.exit('watchroom.accounts.models' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", said], timeout=60, check=False).returncode == 0


def _told() -> Iterator[tuple[str, str]]:
    """Every command line that a page, a manual or the program itself names, and where; not what is said in a chat."""
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "src").rglob("*.html")]
    for path in (*pages, *(ROOT / "src").rglob("*.py")):
        for found in re.finditer(
            r"(?:^|[`>]|bin/)watchroom ((?:[a-z][a-z-]*)[^`\n|&<]*)", path.read_text(), re.MULTILINE
        ):
            if not found[1].startswith("reword "):
                yield str(path.relative_to(ROOT)), found[1]


def test_every_command_that_is_named_exists_with_its_options() -> None:
    """A page once sent people to `watchroom login`, which there never was."""
    unknown = []
    for where, line in _told():
        command: click.Command = cli
        context, words = click.Context(cli), line.replace("=", " ").split()
        while words and isinstance(command, click.Group) and re.fullmatch(r"[a-z][a-z-]*", words[0]):
            if (inner := command.get_command(context, words[0])) is None:
                unknown.append(f"{where}: watchroom {line}")
                break
            command = inner
            words.pop(0)
        if not isinstance(command, click.Group):
            known = {each for option in command.params for each in (*option.opts, *option.secondary_opts)} | {"--help"}
            given = {word.strip(",.;:()[]") for word in words}
            unknown += [f"{where}: watchroom {line}" for each in given if _OPTION.fullmatch(each) and each not in known]
    assert not unknown, "\n".join(unknown)
