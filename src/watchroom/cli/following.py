"""`watchroom incident follow ...` and `watchroom follow-rule ...`."""

from __future__ import annotations

from typing import Any

import click

from .client import Api, api_command
from .show import table

LEVELS = ["updates", "important", "everything"]
_FOLLOWERS = table("person", "at", "by_rule", "level", empty="Nobody follows it.")


@click.command()
@click.argument("id", type=int)
@click.option("--leave", is_flag=True, help="Follow it no longer.")
@click.option(
    "--level",
    type=click.Choice(LEVELS),
    help="How much: updates and states; decisions and pinned lines, too; every line.",
)
@api_command
def follow(api: Api, id: int, leave: bool, level: str | None) -> Any:
    """Be told the updates and states of an incident, without being paged. Shows who follows."""
    if leave:
        return api.call("DELETE", f"/incidents/{id}/follow"), _FOLLOWERS
    return api.call("PUT", f"/incidents/{id}/follow", {"level": level or ""}), _FOLLOWERS


@click.command()
@click.argument("id", type=int)
@api_command
def followers(api: Api, id: int) -> Any:
    """Who follows an incident."""
    return api.get(f"/incidents/{id}/followers"), _FOLLOWERS


@click.group("follow-rule")
def follow_rule() -> None:
    """Who follows which incidents by itself."""


@follow_rule.command("list")
@click.option("--cursor")
@api_command
def list_rules(api: Api, **query: Any) -> Any:
    """List the rules."""
    columns = ("slug", "person", "group", "least_severity", "team", "service", "type", "level")
    return api.get("/follow-rules", **query), table(*columns, empty="No rules.")


@follow_rule.command("create")
@click.option("--person", metavar="EMAIL")
@click.option("--group", help="Slug of a team: everybody in it.")
@click.option("--least-severity", type=click.IntRange(1, 5), default=2, help="SEV1 up to this one.")
@click.option("--team", help="Slug: only incidents of this team.")
@click.option("--service", help="Slug: only incidents about this service.")
@click.option("--type", help="Slug: only incidents of this type.")
@click.option("--level", type=click.Choice(LEVELS), help="How much they are told until they say otherwise.")
@click.option("--slug")
@api_command
def create_rule(api: Api, **fields: Any) -> Any:
    """Have a person, or everybody in a team, follow by itself."""
    answer = api.post("/follow-rules", **fields)
    return answer, f"Made the rule {answer['slug']}."


@follow_rule.command("delete")
@click.argument("slug")
@api_command
def delete_rule(api: Api, slug: str) -> Any:
    """Delete a rule; who follows an incident by now goes on."""
    return api.call("DELETE", f"/follow-rules/{slug}"), f"Deleted the rule {slug}."


incident_commands = [follow, followers]
commands = [follow_rule]
