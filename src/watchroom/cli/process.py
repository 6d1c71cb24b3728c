"""`watchroom process ...`: how people here respond to incidents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from ..kernel import yamls
from ..kernel.errors import Refused
from .client import Api, api_command
from .show import facts, table


@click.group()
def process() -> None:
    """How people here respond to incidents, and who has read it."""


@process.command("show")
@click.option("--version", "number", type=int, help="What a version said, and what was new in it.")
@api_command
def show(api: Api, number: int | None) -> Any:
    """Show the process."""
    if number is not None:
        return api.get(f"/process/versions/{number}"), facts
    return api.get("/process"), _page


def _page(answer: Any) -> None:
    for part in answer["sections"]:
        click.echo(click.style(part["title"], bold=True))
        for text in (part["before"], *(_line(fact) for fact in part["facts"]), part["after"]):
            for line in text.splitlines():
                click.echo(f"  {line}")
        click.echo("")
    version = answer["version"]
    said = f"Version {version['number']}. " if version else "Nothing is published. "
    click.echo(said + ("Say that you have read it: watchroom process read" if answer["asked"] else ""))


def _line(fact: dict[str, Any]) -> str:
    return f"{fact['name']}: {fact['text']}" if fact["name"] else str(fact["text"])


@process.command("read")
@click.option("--version", type=int, help="The version that you saw; without it, the newest.")
@api_command
def read(api: Api, version: int | None) -> Any:
    """Say that you have read it."""
    answer = api.call("POST", "/process/read", {"version": version})
    return answer, f"You have read version {answer['version']}."


@process.command("who")
@click.option("--team", help="Slug; without it, every team.")
@click.option("--all", "every", is_flag=True, help="Those who have read it, too.")
@click.option("--cursor", help="From the page before.")
@api_command
def who(api: Api, team: str | None, every: bool, cursor: str | None) -> Any:
    """Who has not read it."""
    found = api.get("/process/readers", team=team, state="all" if every else None, cursor=cursor, limit=200)
    return found, table("name", "email", "version", "at", empty="Everybody has read it, or nobody is asked.")


@process.command("versions")
@click.option("--cursor", help="From the page before.")
@api_command
def versions(api: Api, cursor: str | None) -> Any:
    """What was published when."""
    columns = ("number", "note", "asks_anew", "withdrawn", "published_by", "published_at")
    return api.get("/process/versions", cursor=cursor), table(*columns, empty="Nothing is published.")


@process.command("publish")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option("--note", default="", help="What is new.")
@click.option("--asks-anew", is_flag=True, help="A big change: everybody reads it again.")
@api_command
def publish(api: Api, file: Path | None, note: str, asks_anew: bool) -> Any:
    """Publish the process with the own words of a YAML file (section: before, after); without one, with those that it has."""
    if file is None:
        there = api.get("/process")["sections"]
        words = {part["key"]: {"before": part["before"], "after": part["after"]} for part in there}
    else:
        try:
            words = json.loads(json.dumps(yamls.read(file.read_text()) or {}, default=str))
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="FILE") from None
        if not isinstance(words, dict):
            raise Refused(
                "There are no words in it.", field="FILE", value=str(file), fix="Write sections with before, after."
            )
    answer = api.call("PUT", "/process", {"sections": words, "note": note, "asks_anew": asks_anew})
    return answer, f"Version {answer['version']['number']} is published."


@process.command("withdraw")
@api_command
def withdraw(api: Api) -> Any:
    """Ask nobody any more; its versions are kept."""
    return api.call("DELETE", "/process"), "Nobody is asked to read it any more."


commands = [process]
