"""`watchroom incident type ...`: of which type an incident is, and which types there are."""

from __future__ import annotations

import json
from typing import Any

import click

from .client import Api, api_command
from .show import facts, table


def said(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> dict[str, str | None]:
    """``region=eu`` as an answer; ``region=`` clears it."""
    found: dict[str, str | None] = {}
    for each in values:
        key, sign, value = each.partition("=")
        if not sign or not key:
            raise click.BadParameter(f"{each!r} is no answer; write region=eu.")
        found[key] = value or None
    return found


def asked(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> list[dict[str, Any]]:
    """A field as JSON, or ``key:label``, or ``key:label:kind``."""
    found = []
    for each in values:
        if each.lstrip().startswith("{"):
            try:
                found.append(json.loads(each))
            except ValueError:
                raise click.BadParameter(f"{each!r} is not JSON.") from None
            continue
        key, _sign, rest = each.partition(":")
        label, _sign, kind = rest.partition(":")
        found.append({"key": key, "label": label or key.capitalize(), "kind": kind or "text"})
    return found


field_option = click.option(
    "--field", "fields", multiple=True, callback=said, metavar="KEY=VALUE", help="What its type asks."
)


@click.group("type")
def type_() -> None:
    """Incident types, each with its own fields."""


@type_.command("list")
@click.option("--cursor")
@api_command
def list_types(api: Api, **query: Any) -> Any:
    """List incident types."""
    found = api.get("/incident-types", **query)
    columns = ("slug", "name", "team", "private", "offered")
    return found, table(*columns, empty="No incident types.")


@type_.command("show")
@click.argument("slug")
@api_command
def show_type(api: Api, slug: str) -> Any:
    """Show a type with its fields."""
    return api.get(f"/incident-types/{slug}"), facts


@type_.command("create")
@click.argument("name")
@click.option("--team", required=True, help="Slug of the team that keeps it.")
@click.option("--slug")
@click.option("--description", help="When to choose it.")
@click.option("--private", is_flag=True, help="Incidents of this type begin as private ones.")
@click.option(
    "--field",
    "fields",
    multiple=True,
    callback=asked,
    metavar="KEY:LABEL[:KIND]",
    help="A field; or all of it as JSON.",
)
@api_command
def create_type(api: Api, **fields: Any) -> Any:
    """Make an incident type."""
    answer = api.post("/incident-types", **fields)
    return answer, f"Made the incident type {answer['slug']}."


@type_.command("delete")
@click.argument("slug")
@api_command
def delete_type(api: Api, slug: str) -> Any:
    """Delete a type that no incident has."""
    return api.call("DELETE", f"/incident-types/{slug}"), f"Deleted the incident type {slug}."


@type_.command("set")
@click.argument("id", type=int)
@click.argument("slug", required=False)
@field_option
@api_command
def set_type(api: Api, id: int, slug: str | None, fields: dict[str, str | None]) -> Any:
    """Say of which type an incident is, and answer its fields."""
    body: dict[str, Any] = {"fields": fields} | ({"type": slug} if slug else {})
    answer = api.call("PATCH", f"/incidents/{id}", body)
    return answer, f"Incident {id}: {answer['type'] or 'no type'}, {json.dumps(answer['fields'], ensure_ascii=False)}."
