"""`watchroom backup` and `watchroom restore`."""

from __future__ import annotations

from pathlib import Path

import click

from ..kernel import settings
from ..serving import backup as backups


@click.command()
@click.argument("to", type=click.Path(path_type=Path, file_okay=False))
@click.option("--without-attachments", is_flag=True, help="Leave out the files of incidents.")
def backup(to: Path, without_attachments: bool) -> None:
    """Write a backup into a new directory below TO, also while Watchroom runs.

    The secret key is not in it: keep a copy of that apart.
    """
    made = backups.make(to.resolve(), attachments=not without_attachments)
    click.echo(made)
    if not settings.current().secret_key:
        click.echo(
            f"The secret key is not in it. Keep a copy of it apart: {settings.current().data / 'secret.key'}", err=True
        )


@click.command()
@click.argument("source", metavar="FROM", type=click.Path(path_type=Path, file_okay=False))
@click.option("--check", is_flag=True, help="Only look whether it is whole.")
@click.option("--replace", is_flag=True, help="Set aside what is there (SQLite).")
@click.option("--other-key", is_flag=True, help="Even if the secret key that belongs to it is not here.")
def restore(source: Path, check: bool, replace: bool, other_key: bool) -> None:
    """Put the backup in the directory FROM back. Stop Watchroom first."""
    if check:
        about = backups.check(source)
        click.echo(f"It is whole: {about.database}, made at {about.made_at} by version {about.version}.")
        return
    about = backups.restore(source, replace=replace, other_key=other_key)
    next_step = "watchroom serve" if about.database == "sqlite" else "watchroom migrate"
    click.echo(f"Everything of {about.made_at} is back. Next: {next_step}")


commands = [backup, restore]
