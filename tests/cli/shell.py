"""The command line, inside this process on the test database."""

from __future__ import annotations

import json
from typing import Any

from click.testing import CliRunner, Result

from watchroom.cli.main import cli


def run(*arguments: str) -> Result:
    """``watchroom ARGUMENTS``."""
    return CliRunner().invoke(cli, arguments)


def data(*arguments: str) -> Any:
    """What ``watchroom ARGUMENTS --json`` says."""
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output + repr(result.exception)
    return json.loads(result.output)
