"""`watchroom incident link ...`: what incidents have to do with each other."""

from __future__ import annotations

from typing import Any

import click

from .client import Api, api_command
from .show import table

COLUMNS = table("id", "kind", "incident", "status", "severity", "title", empty="No links.")


@click.command()
@click.argument("id", type=int)
@click.argument("kind", type=click.Choice(["duplicate-of", "part-of", "related"]))
@click.argument("other", type=int)
@api_command
def link(api: Api, id: int, kind: str, other: int) -> Any:
    """Say what an incident has to do with another one: `watchroom incident link 7 duplicate-of 5`."""
    return api.post(f"/incidents/{id}/links", other=other, kind=kind.replace("-", "_")), COLUMNS


@click.command()
@click.argument("id", type=int)
@api_command
def links(api: Api, id: int) -> Any:
    """The other incidents that it has to do with."""
    return api.get(f"/incidents/{id}/links"), COLUMNS


@click.command()
@click.argument("id", type=int)
@click.argument("link", type=int)
@api_command
def unlink(api: Api, id: int, link: int) -> Any:
    """Take a link away."""
    return api.call("DELETE", f"/incidents/{id}/links/{link}"), f"Link {link} of incident {id} is gone."


commands = [link, links, unlink]
