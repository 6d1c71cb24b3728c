"""`watchroom demo`."""

from __future__ import annotations

import click

from ..kernel import settings
from ..kernel.clock import monotonic


@click.command()
@click.option("--seed", default=1, show_default=True, help="The same seed makes the same company.")
@click.option("--remove", "take_out", is_flag=True, help="Take the made-up company out again.")
def demo(seed: int, take_out: bool) -> None:
    """Fill the database with a made-up company to look around in."""
    from .serving import called, migrate

    migrate()
    from ..demo.make import first_stops, make  # models can be imported only once Django is set up
    from ..demo.remove import remove

    began = monotonic()
    if take_out:
        click.echo(f"Removed: {remove()} rows in {monotonic() - began:.1f} s.")
        return
    made = make(seed)
    click.echo(
        f"Fernweh is here: {', '.join(f'{count} {what}' for what, count in made.items())}, in {monotonic() - began:.1f} s."
    )
    running, proposed = (f"{settings.current().url}{path}" for path in first_stops())
    click.echo(f"Begin with the incident that runs, {running}, and the alert where a roll-back waits, {proposed}")
    click.echo("Sign in as yourself: nobody can sign in as one of its people, and nothing of it is sent anywhere.")
    click.echo(f"Take it out again with: {called()} demo --remove")
