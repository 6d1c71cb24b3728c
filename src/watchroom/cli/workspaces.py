"""Commands for chat workspaces."""

from __future__ import annotations

from typing import Any

import click

from .asking import ask_secret, value_option
from .client import Api, api_command
from .evidence import pairs
from .show import facts, table, tried


@click.command()
@click.option("--cursor", help="From the page before.")
@api_command
def workspaces(api: Api, cursor: str | None) -> Any:
    """List chat workspaces: where people are reached in a chat."""
    return api.get("/workspaces", cursor=cursor), table("slug", "name", "kind", "team", "tried_at", "error")


@click.group()
def workspace() -> None:
    """Chat workspaces: where people are reached in a chat."""


@workspace.command("create")
@click.argument("name")
@click.option("--kind", required=True, help="slack, mattermost, matrix, telegram or teams.")
@click.option("--team", help="Slug. Left out, it is everybody's.")
@click.option("--slug", default="", help="Left out, it is made of the name.")
@click.option(
    "--setting", "settings", multiple=True, metavar="NAME=VALUE", help="Such as url=https://chat.example.org."
)
@click.option("--secret", "secrets", multiple=True, metavar="NAME", help="Is asked for (or read from standard input).")
@api_command
def create(api: Api, settings: tuple[str, ...], secrets: tuple[str, ...], **fields: Any) -> Any:
    """Connect a chat: `watchroom workspace create Acme --kind slack --secret token --secret signing_secret`."""
    said = pairs(settings)
    for name in secrets:
        said[name] = ask_secret(name)
    return api.post("/workspaces", settings=said, **fields), facts


@workspace.command("secret")
@click.argument("slug")
@click.argument("name")
@value_option
@api_command
def set_secret(api: Api, slug: str, name: str, value: str) -> Any:
    """Set a workspace's secret, such as its token."""
    now = api.get(f"/workspaces/{slug}")
    settings = {**now["settings"], name: value.strip()}
    body = {key: now[key] for key in ("name", "team", "kind", "slug")} | {"settings": settings}
    return api.call("PUT", f"/workspaces/{slug}", body), facts


@workspace.command("try")
@click.argument("slug")
@api_command
def try_it(api: Api, slug: str) -> Any:
    """Ask the chat who we are, and set up what it needs to send answers."""
    return api.post(f"/workspaces/{slug}/try"), tried


@workspace.command("delete")
@click.argument("slug")
@api_command
def delete(api: Api, slug: str) -> Any:
    """Post there no more."""
    return api.call("DELETE", f"/workspaces/{slug}"), f"Deleted {slug}."


commands = [workspaces, workspace]
