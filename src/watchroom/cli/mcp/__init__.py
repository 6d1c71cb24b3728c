"""Watchroom for assistants: a server of the Model Context Protocol, started by the program that talks to the assistant.

It is a client of the API as the other commands are: what it may see and do is what the token, or the person, may.
"""

from __future__ import annotations

from typing import Any

import click

from ..client import connection_command


@click.command()
@click.option(
    "--act",
    is_flag=True,
    help="Offer also what changes something: acknowledge, write into the log, declare. Without it, it only reads.",
)
@connection_command
def mcp(api: Any, act: bool) -> None:
    """Serve an assistant over standard input and output (Model Context Protocol)."""
    from .server import serve

    serve(api, act=act)
