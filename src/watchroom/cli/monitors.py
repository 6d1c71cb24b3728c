"""Commands for heartbeats and checks."""

from __future__ import annotations

from typing import Any

import click

from .client import Api, api_command
from .show import facts, table


def _of_its_alert(command: Any) -> Any:
    """What both kinds can be told about their alert."""
    for option in (
        click.option("--label", "labels", multiple=True, metavar="NAME=VALUE", help="A further label of its alert."),
        click.option("--alert-title", help="Title of its alert; else its name and what is wrong."),
        click.option("--description", help="What it is about, and what to do."),
        click.option("--severity", type=click.Choice(["critical", "error", "warning", "info"])),
    ):
        command = option(command)
    return command


def _pairs(words: tuple[str, ...]) -> dict[str, str]:
    for word in words:
        if "=" not in word:
            raise click.BadParameter(f"Write NAME=VALUE, not {word}.")
    return dict(word.split("=", 1) for word in words)


@click.group()
def heartbeat() -> None:
    """Jobs that must report."""


@heartbeat.command("list")
@click.option("--cursor")
@api_command
def heartbeats(api: Api, **query: Any) -> Any:
    """List heartbeats."""
    return api.get("/heartbeats", **query), table(
        "slug", "state", "name", "team", "last_ping_at", "due_at", empty="No heartbeats."
    )


@heartbeat.command("create")
@click.argument("name")
@click.option("--team", required=True, help="Slug.")
@click.option("--service", help="Slug.")
@click.option("--kind", type=click.Choice(["period", "cron", "oncalendar"]))
@click.option("--period", "period_seconds", type=int, help="Seconds.")
@click.option("--expression")
@click.option("--timezone")
@click.option("--grace", "grace_seconds", type=int, help="Seconds.")
@_of_its_alert
@api_command
def create_heartbeat(api: Api, labels: tuple[str, ...], **fields: Any) -> Any:
    """Make a heartbeat; shows its address."""
    answer = api.post("/heartbeats", labels=_pairs(labels), **fields)
    return answer, f"Made heartbeat {answer['slug']}. Ping {answer['ping_url']}"


@click.group()
def check() -> None:
    """What Watchroom tries itself."""


@check.command("list")
@click.option("--cursor")
@api_command
def checks(api: Api, **query: Any) -> Any:
    """List checks."""
    return api.get("/checks", **query), table(
        "slug", "state", "kind", "name", "message", "checked_at", empty="No checks."
    )


@check.command("create")
@click.argument("name")
@click.option("--team", required=True, help="Slug.")
@click.option("--service", help="Slug.")
@click.option("--kind", required=True, help="http, tcp, dns, icmp, promql or slo.")
@click.option("--set", "pairs", multiple=True, metavar="NAME=VALUE", help="A setting of its kind.")
@click.option("--every", "interval_seconds", type=int, help="Seconds.")
@_of_its_alert
@api_command
def create_check(api: Api, pairs: tuple[str, ...], labels: tuple[str, ...], **fields: Any) -> Any:
    """Make a check."""
    answer = api.post("/checks", settings=_pairs(pairs), labels=_pairs(labels), **fields)
    return answer, f"Made check {answer['slug']}."


@check.command("now")
@click.argument("slug")
@api_command
def check_now(api: Api, slug: str) -> Any:
    """Try a check now."""
    return api.call("POST", f"/checks/{slug}/run"), f"{slug} is being tried."


def _about(group: click.Group, noun: str) -> None:
    @group.command("show")
    @click.argument("slug")
    @api_command
    def show(api: Api, slug: str) -> Any:
        """Show one."""
        return api.get(f"/{noun}/{slug}"), facts

    @group.command("pause")
    @click.argument("slug")
    @api_command
    def pause(api: Api, slug: str) -> Any:
        """Pause one."""
        return api.call("POST", f"/{noun}/{slug}/pause"), f"{slug} is paused."

    @group.command("resume")
    @click.argument("slug")
    @api_command
    def resume(api: Api, slug: str) -> Any:
        """Resume one."""
        return api.call("POST", f"/{noun}/{slug}/resume"), f"{slug} is watched again."

    @group.command("delete")
    @click.argument("slug")
    @api_command
    def delete(api: Api, slug: str) -> Any:
        """Delete one with its history."""
        return api.call("DELETE", f"/{noun}/{slug}"), f"{slug} is deleted."


_about(heartbeat, "heartbeats")
_about(check, "checks")
commands = [heartbeat, check]
