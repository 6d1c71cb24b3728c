"""`watchroom demo`."""

from __future__ import annotations

import click

from ..kernel.clock import monotonic


@click.command()
@click.option("--seed", default=1, show_default=True, help="The same seed makes the same company.")
@click.option("--remove", "take_out", is_flag=True, help="Take the made-up company out again.")
def demo(seed: int, take_out: bool) -> None:
    """Fill the database with a made-up company to look around in."""
    from .serving import called, migrate

    migrate()
    from ..demo.make import make  # models can be imported only once Django is set up
    from ..demo.remove import remove

    began = monotonic()
    if take_out:
        click.echo(f"Removed: {remove()} rows in {monotonic() - began:.1f} s.")
        return
    made = make(seed)
    click.echo(
        f"Fernweh is here: {', '.join(f'{count} {what}' for what, count in made.items())}, in {monotonic() - began:.1f} s."
    )
    click.echo(f"Take it out again with: {called()} demo --remove")
