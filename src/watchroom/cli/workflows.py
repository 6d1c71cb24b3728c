"""Commands for workflows: what happens by itself in incidents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from . import from_file
from .client import Api, api_command
from .show import facts, table


@click.command()
@click.option("--cursor", help="From the page before.")
@api_command
def workflows(api: Api, cursor: str | None) -> Any:
    """List workflows: what happens by itself in incidents."""
    return api.get("/workflows", cursor=cursor), table("slug", "name", "team", "enabled", "triggers")


@click.group()
def workflow() -> None:
    """Workflows: when something happens in an incident, these things are done."""


@workflow.command("actions")
@api_command
def actions(api: Api) -> Any:
    """What a workflow can do, and what each action takes."""
    return api.get("/workflow-actions"), table("do", "label", "takes")


@workflow.command("show")
@click.argument("slug")
@api_command
def show(api: Api, slug: str) -> Any:
    """One workflow."""
    return api.get(f"/workflows/{slug}"), facts


@workflow.command("save")
@from_file.FILE
@api_command
def save(api: Api, file: Path) -> Any:
    """Make or change a workflow as a YAML (or JSON) file says: name, slug, team, triggers, conditions, actions."""
    return from_file.save(api, "/workflows", file, "a workflow"), facts


def _switched(api: Api, slug: str, enabled: bool) -> Any:
    return api.call("PUT", f"/workflows/{slug}", api.get(f"/workflows/{slug}") | {"enabled": enabled}), facts


@workflow.command("on")
@click.argument("slug")
@api_command
def on(api: Api, slug: str) -> Any:
    """Switch a workflow on."""
    return _switched(api, slug, True)


@workflow.command("off")
@click.argument("slug")
@api_command
def off(api: Api, slug: str) -> Any:
    """Switch a workflow off."""
    return _switched(api, slug, False)


@workflow.command("dry-run")
@click.argument("slug")
@click.argument("incident", type=int)
@api_command
def dry_run(api: Api, slug: str, incident: int) -> Any:
    """What it would have done for an incident. Changes nothing."""
    found = api.get(f"/workflows/{slug}/dry-run", incident=incident)
    said = "It would have run." if found["would_run"] else "It would not have run."
    why = [] if found["times"] else ["What it waits for has not happened there."]
    return found, "\n".join([said, *why, *found["unmet"], *(f"{n}. {text}" for n, text in enumerate(found["plan"], 1))])


@workflow.command("runs")
@click.argument("slug", default="")
@click.option("--incident", type=int, help="Only in this incident.")
@click.option("--cursor", help="From the page before.")
@api_command
def runs(api: Api, slug: str, **query: Any) -> Any:
    """What a workflow did, or all of them."""
    return api.get("/workflow-runs", workflow=slug, **query), table(
        "id", "at", "workflow", "incident", "state", "results"
    )


@workflow.command("retry")
@click.argument("id", type=int)
@api_command
def retry(api: Api, id: int) -> Any:
    """Do again what a run could not do."""
    return api.post(f"/workflow-runs/{id}/retry"), facts


@workflow.command("delete")
@click.argument("slug")
@api_command
def delete(api: Api, slug: str) -> Any:
    """With its run log."""
    return api.call("DELETE", f"/workflows/{slug}"), f"Deleted {slug}."


commands = [workflows, workflow]
