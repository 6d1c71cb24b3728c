"""`watchroom agent run`: carries out, on this machine, the commands that its own file allows.

It asks Watchroom over HTTPS and opens no port. It knows nothing of Django and needs no database.
"""

from __future__ import annotations

from pathlib import Path

import click


@click.group()
def agent() -> None:
    """An agent: carries out mitigations on a machine that Watchroom can't reach."""


@agent.command()
@click.option("--config", "path", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def run(path: Path) -> None:
    """Ask for orders and carry them out, until it is stopped."""
    from .asking import serve
    from .config import load

    serve(load(path))


@agent.command()
@click.option("--config", "path", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check(path: Path) -> None:
    """Read the file and say what it allows; runs nothing."""
    from .config import load

    for command in load(path).commands.values():
        click.echo(f"{command.name}: {' '.join(command.argv)}")
