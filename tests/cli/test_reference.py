"""The reference pages say what the code does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from watchroom.cli.reference import pages

HOME = Path(__file__).parents[2] / "docs" / "reference"


@pytest.fixture(scope="module")
def now() -> dict[str, str]:
    return pages()


@pytest.mark.parametrize("name", ["cli.md", "configuration.md", "api.md", "config-file.md", "senders.md", "events.md"])
def test_the_pages_are_up_to_date(name: str, now: dict[str, str]) -> None:
    assert (HOME / name).read_text() == now[name], "run: python -m watchroom.cli.reference docs/reference"


def test_the_command_line_starts_without_django() -> None:
    said = "import sys, watchroom.cli.main; sys.exit('watchroom.accounts.models' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", said], timeout=60, check=False).returncode == 0
