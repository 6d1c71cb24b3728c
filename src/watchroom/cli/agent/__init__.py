"""`watchroom agent run`: carries out, on this machine, the commands that its own file allows.

It asks Watchroom over HTTPS and opens no port. It knows nothing of Django and needs no database.
"""

from __future__ import annotations

from pathlib import Path

import click

from ...kernel.errors import WatchroomError


@click.group()
def agent() -> None:
    """An agent: carries out mitigations on a machine that Watchroom can't reach."""


def _config(path: Path) -> object:
    from .config import load

    try:
        return load(path)
    except WatchroomError as error:
        click.echo(str(error), err=True)
        raise click.exceptions.Exit(1) from None


@agent.command()
@click.option("--config", "path", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def run(path: Path) -> None:
    """Ask for orders and carry them out, until it is stopped."""
    from .asking import serve
    from .config import Config

    config = _config(path)
    assert isinstance(config, Config)
    serve(config)


@agent.command()
@click.option("--config", "path", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check(path: Path) -> None:
    """Read the file and say what it allows; runs nothing."""
    from .config import Config

    config = _config(path)
    assert isinstance(config, Config)
    for command in config.commands.values():
        click.echo(f"{command.name}: {' '.join(command.argv)}")
