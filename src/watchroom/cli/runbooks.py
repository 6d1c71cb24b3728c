"""Commands for runbooks."""

from __future__ import annotations

import click

from . import runbook_library, runbook_runs


@click.group()
def runbook() -> None:
    """Runbooks: what to look at, do, ask and whom to call, step by step."""


for _command in (*runbook_library.commands, *runbook_runs.commands):
    runbook.add_command(_command)

commands = [runbook]
