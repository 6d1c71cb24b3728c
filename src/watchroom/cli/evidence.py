"""Commands for evidence: changes, connections, indicators, snapshots."""

from __future__ import annotations

from typing import Any

import click

from ..kernel.errors import Refused
from .asking import value_option
from .client import Api, api_command, given
from .show import facts, table, tried


@click.command()
@click.argument("service")
@click.argument("title")
@click.option("--kind", type=click.Choice(["deploy", "config", "flag", "other"]), default="deploy", show_default=True)
@click.option("--version", help="What was deployed.")
@click.option("--at", metavar="TIME", help="Such as 2026-03-02T09:00:00Z; left out: now.")
@click.option("--author", help="Left out: whoever the token belongs to.")
@click.option("--link", metavar="URL", help="The pipeline's run, the pull request, …")
@click.option("--source", help="What tells, such as “GitHub Actions”.")
@click.option("--key", "client_key", help="Told again with the same key, it is one change.")
@api_command
def change(api: Api, **fields: Any) -> Any:
    """Say that a service was changed: a deploy, a configuration, a flag."""
    answer = api.post("/changes", **fields)
    return answer, f"Recorded change {answer['id']} of {answer['service']}: {answer['title']}."


@click.command()
@click.option("--service", help="Slug.")
@click.option("--kind", type=click.Choice(["deploy", "config", "flag", "other"]))
@click.option("--cursor", help="From the page before.")
@api_command
def changes(api: Api, **query: Any) -> Any:
    """List changes, the newest first."""
    return api.get("/changes", **query), table("at", "service", "kind", "title", "version", "author")


@click.command()
@click.option("--cursor", help="From the page before.")
@api_command
def connections(api: Api, cursor: str | None) -> Any:
    """List connections: whom Watchroom asks for evidence."""
    return api.get("/connections", cursor=cursor), table("slug", "name", "kind", "team", "tried_at", "error")


@click.group()
def connection() -> None:
    """Connections: whom Watchroom asks for evidence."""


def pairs(settings: tuple[str, ...]) -> dict[str, str]:
    """Settings as they are given on the command line, NAME=VALUE each.

    :raises Refused: one that is none.
    """
    if wrong := [each for each in settings if "=" not in each]:
        raise Refused(f"{wrong[0]!r} is no setting.", field="setting", value=wrong[0], fix="Write NAME=VALUE.")
    return dict(each.split("=", 1) for each in settings)


@connection.command("create")
@click.argument("name")
@click.option("--team", required=True, help="Slug.")
@click.option("--kind", required=True, help="grafana, jaeger, loki, prometheus, tempo or zipkin.")
@click.option(
    "--setting", "settings", multiple=True, metavar="NAME=VALUE", help="Such as url=https://prom.example.org."
)
@api_command
def create_connection(api: Api, settings: tuple[str, ...], **fields: Any) -> Any:
    """Make a connection. Give its secrets afterwards, with `watchroom connection secret`."""
    return api.post("/connections", settings=pairs(settings), **fields), facts


@connection.command("secret")
@click.argument("slug")
@click.argument("name")
@value_option
@api_command
def set_secret(api: Api, slug: str, name: str, value: str) -> Any:
    """Set a connection's secret, such as its token."""
    now = api.get(f"/connections/{slug}")
    settings = {**now["settings"], name: value.strip()}
    body = {key: now[key] for key in ("name", "team", "kind", "slug")} | {"settings": settings}
    return api.call("PUT", f"/connections/{slug}", body), facts


@connection.command("try")
@click.argument("slug")
@api_command
def try_connection(api: Api, slug: str) -> Any:
    """Ask it something small and show what it answers."""
    return api.post(f"/connections/{slug}/try"), tried


@connection.command("delete")
@click.argument("slug")
@api_command
def delete_connection(api: Api, slug: str) -> Any:
    """Delete a connection with its indicators."""
    return api.call("DELETE", f"/connections/{slug}"), f"Deleted {slug}."


@click.command()
@click.option("--service", help="Slug.")
@click.option("--cursor", help="From the page before.")
@api_command
def indicators(api: Api, **query: Any) -> Any:
    """List indicators: what services are judged by."""
    return api.get("/indicators", **query), table(
        "id", "service", "name", "kind", "connection", "threshold", "expression"
    )


@click.group()
def indicator() -> None:
    """Indicators: what services are judged by."""


_KINDS = [
    "error_rate",
    "latency",
    "availability",
    "traffic",
    "saturation",
    "metric",
    "logs",
    "traces",
    "changes",
    "dashboards",
]


@indicator.command("create")
@click.argument("service")
@click.option("--connection", required=True, help="Slug.")
@click.option("--kind", type=click.Choice(_KINDS), required=True)
@click.option("--expression", required=True, help="$service, $labels and $labels.NAME are filled in.")
@click.option("--name", help="Left out: the kind's.")
@click.option("--unit", help="ratio, percent, seconds, milliseconds, bytes, per_second or bytes_per_second.")
@click.option("--threshold", type=float)
@click.option("--worse", type=click.Choice(["above", "below"]), help="Which side of the threshold is bad.")
@api_command
def create_indicator(api: Api, **fields: Any) -> Any:
    """Say what a service is judged by."""
    return api.call("POST", "/indicators", given(fields)), facts


@indicator.command("delete")
@click.argument("id", type=int)
@api_command
def delete_indicator(api: Api, id: int) -> Any:
    """Delete an indicator."""
    return api.call("DELETE", f"/indicators/{id}"), f"Deleted indicator {id}."


@click.group()
def evidence() -> None:
    """What there is to see for an incident or an alert group."""


def _place(incident: int | None, group: int | None) -> str:
    if (incident is None) == (group is None):
        raise Refused("Say of what.", field="incident", fix="Give either --incident or --group.")
    return f"/incidents/{incident}/evidence" if incident is not None else f"/alert-groups/{group}/evidence"


@evidence.command("list")
@click.option("--incident", type=int)
@click.option("--group", type=int)
@api_command
def list_evidence(api: Api, incident: int | None, group: int | None) -> Any:
    """List what can be looked at."""
    return api.get(_place(incident, group)), table("key", "kind", "title", "connection")


@evidence.command("show")
@click.argument("key")
@click.option("--incident", type=int)
@click.option("--group", type=int)
@api_command
def show_evidence(api: Api, key: str, incident: int | None, group: int | None) -> Any:
    """Ask for one item (see it whole with --json)."""
    return api.get(f"{_place(incident, group)}/{key}"), facts


@evidence.command("keep")
@click.argument("key")
@click.option("--incident", type=int)
@click.option("--group", type=int)
@api_command
def keep_evidence(api: Api, key: str, incident: int | None, group: int | None) -> Any:
    """Keep an item with the incident or the alert group."""
    answer = api.post("/snapshots", item=key, incident=incident, alert_group=group)
    return answer, f"Kept snapshot {answer['id']}: {answer['title']}."


@click.command()
@click.option("--incident", type=int)
@click.option("--group", "alert_group", type=int)
@click.option("--cursor", help="From the page before.")
@api_command
def snapshots(api: Api, **query: Any) -> Any:
    """List what was kept."""
    return api.get("/snapshots", **query), table("id", "taken_at", "kind", "title", "source", "incident", "alert_group")


commands: list[click.Command] = [
    change,
    changes,
    connections,
    connection,
    indicators,
    indicator,
    evidence,
    snapshots,
]
