"""Commands for integrations, and for the inhibition rules between their alerts."""

from __future__ import annotations

from typing import Any

import click

from .client import Api, api_command
from .show import facts, table


@click.group()
def integration() -> None:
    """Integrations: where signals come in."""


@integration.command("create")
@click.argument("name")
@click.option("--team", required=True, help="Slug.")
@click.option("--source", default="alertmanager", show_default=True)
@click.option("--service", help="Slug.")
@api_command
def create_integration(api: Api, **fields: Any) -> Any:
    """Make an integration; its key is shown this once."""
    return api.post("/integrations", **fields), facts


@integration.command("show")
@click.argument("slug")
@api_command
def show_integration(api: Api, slug: str) -> Any:
    """Show an integration, without its key and its secrets."""
    return api.get(f"/integrations/{slug}"), facts


@integration.command("setup")
@click.argument("slug")
@api_command
def setup(api: Api, slug: str) -> Any:
    """How to point its sender at it, to copy and paste; YOUR-KEY stands for its key."""
    answer = api.get(f"/integrations/{slug}/setup")
    return answer, answer["text"]


@integration.command("change")
@click.argument("slug")
@click.option("--name")
@click.option("--team", help="Slug.")
@click.option("--service", help="Slug; empty takes it away.")
@click.option("--rate", "rate_per_minute", type=int, help="Signals a minute at most; 0: as the installation says.")
@click.option("--set", "pairs", multiple=True, metavar="NAME=VALUE", help="A setting of its kind.")
@api_command
def change_integration(api: Api, slug: str, pairs: tuple[str, ...], **fields: Any) -> Any:
    """Change what is given of an integration."""
    there = api.get(f"/integrations/{slug}")
    kept = {name: there[name] for name in ("team", "name", "source", "service", "drill", "rate_per_minute")}
    wanted = kept | {name: value for name, value in fields.items() if value is not None}
    wanted["service"], wanted["rate_per_minute"] = wanted["service"] or None, wanted["rate_per_minute"] or None
    if pairs:
        wanted["settings"] = {**(there["settings"] or {}), **dict(pair.partition("=")[::2] for pair in pairs)}
    return api.call("PUT", f"/integrations/{slug}", wanted), f"{slug} is changed."


@integration.command("pause")
@click.argument("slug")
@api_command
def pause_integration(api: Api, slug: str) -> Any:
    """Refuse its signals until it is resumed."""
    return api.call("POST", f"/integrations/{slug}/pause"), f"{slug} is paused: its signals are refused."


@integration.command("resume")
@click.argument("slug")
@api_command
def resume_integration(api: Api, slug: str) -> Any:
    """Accept its signals again."""
    return api.call("POST", f"/integrations/{slug}/pause", paused="false"), f"{slug} takes signals again."


@integration.command("rotate-key")
@click.argument("slug")
@api_command
def rotate_key(api: Api, slug: str) -> Any:
    """Give it a new key, shown this once; the old one stops working at once."""
    return api.call("POST", f"/integrations/{slug}/rotate-key"), facts


@integration.command("delete")
@click.argument("slug")
@api_command
def delete_integration(api: Api, slug: str) -> Any:
    """Delete an integration."""
    return api.call("DELETE", f"/integrations/{slug}"), f"{slug} is deleted."


@click.group()
def inhibition() -> None:
    """Inhibition: while some alerts fire, others that only follow from them page nobody."""


@inhibition.command("list")
@click.option("--cursor", help="From the page before.")
@api_command
def list_inhibitions(api: Api, **query: Any) -> Any:
    """List inhibition rules."""
    return api.get("/inhibit-rules", **query), table(
        "id", "name", "source_matchers", "target_matchers", "equal", "team", empty="Nothing holds others back."
    )


@inhibition.command("add")
@click.argument("name")
@click.option("--while", "source_matchers", multiple=True, required=True, metavar="MATCHER", help="What must fire.")
@click.option("--hold", "target_matchers", multiple=True, required=True, metavar="MATCHER", help="What pages nobody.")
@click.option("--equal", multiple=True, metavar="LABEL", help="A label that both must have alike.")
@click.option("--team", help="Slug; without it, everybody's alerts.")
@api_command
def add_inhibition(api: Api, **fields: Any) -> Any:
    """Let some alerts hold others back."""
    lists = {name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()}
    answer = api.post("/inhibit-rules", **lists)
    return answer, f"Inhibition rule {answer['id']} is made."


@inhibition.command("delete")
@click.argument("id", type=int)
@api_command
def delete_inhibition(api: Api, id: int) -> Any:
    """Delete a rule: what it held and still fires pages at once."""
    return api.call("DELETE", f"/inhibit-rules/{id}"), f"Inhibition rule {id} is deleted."


commands = [integration, inhibition]
