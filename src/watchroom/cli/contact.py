"""Commands for how I am reached."""

from __future__ import annotations

from typing import Any

import click

from .client import Api, api_command
from .show import table


@click.group()
def contact() -> None:
    """How you are reached."""


@contact.command("list")
@api_command
def list_methods(api: Api) -> Any:
    """Your ways to be reached, and which of them are confirmed."""
    found = {"items": api.get("/contact-methods")}
    return found, table("id", "channel", "label", "description", "enabled", "verified_at", empty="Nothing reaches you.")


@contact.command()
@click.argument("id", type=int)
@api_command
def test(api: Api, id: int) -> Any:
    """Send a test page by one of them."""
    return api.call("POST", f"/contact-methods/{id}/test"), "A test page is on its way."


@contact.command()
@click.argument("id", type=int)
@api_command
def code(api: Api, id: int) -> Any:
    """Have a code sent by one of them."""
    return api.call(
        "POST", f"/contact-methods/{id}/send-code"
    ), f"A code is on its way: watchroom contact confirm {id} CODE"


@contact.command()
@click.argument("id", type=int)
@click.argument("code")
@api_command
def confirm(api: Api, id: int, code: str) -> Any:
    """Give the code that came by one of them."""
    return api.post(f"/contact-methods/{id}/confirm", code=code), "Confirmed: it reaches you."
