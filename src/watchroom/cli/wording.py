"""Words that blame, shown to whoever writes them before anybody else reads them."""

from __future__ import annotations

import sys

import click

from .client import Api


def look_first(api: Api, *texts: str | None) -> None:
    """Show what in ``texts`` asks who, not what. At a terminal, ask whether it shall go so; in a script, only say it.

    :raises click.Abort: whoever writes wants to put it better.
    """
    found = api.post("/wording", text="\n".join(text for text in texts if text))
    for each in found:
        click.echo(f"“{each['phrase']}”: {each['why']} {each['better']}", err=True)
        click.echo(f"  For example: {each['instead']}", err=True)
    if found and _asks():
        click.confirm("Nobody has seen it yet. Send it as it stands?", abort=True, err=True)


def _asks() -> bool:
    """Whether somebody sits there who can answer."""
    return sys.stdin.isatty()
