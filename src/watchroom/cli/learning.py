"""Commands for postmortems and action items."""

from __future__ import annotations

from typing import Any

import click

from .client import Api, api_command
from .show import facts, table


@click.group()
def postmortem() -> None:
    """Postmortems."""


@postmortem.command("list")
@click.option("--state", help="draft, in_review or published.")
@click.option("--team", help="Slug.")
@click.option("--q", metavar="WORDS", help="Words of the title, the summary or the cause.")
@click.option("--cursor", help="From the page before.")
@api_command
def list_postmortems(api: Api, **query: Any) -> Any:
    """List postmortems, the newest first."""
    return api.get("/postmortems", **query), table(
        "id", "state", "incident", "title", "created_at", "published_at", empty="No postmortems."
    )


@postmortem.command()
@click.argument("incident", type=int)
@api_command
def draft(api: Api, incident: int) -> Any:
    """Begin the postmortem of an incident."""
    answer = api.call("POST", f"/incidents/{incident}/postmortem")
    return answer, f"Postmortem {answer['id']} is a draft."


@postmortem.command()
@click.argument("id", type=int)
@api_command
def show(api: Api, id: int) -> Any:
    """Show one."""
    return api.get(f"/postmortems/{id}"), facts


@postmortem.command()
@click.argument("id", type=int)
@api_command
def export(api: Api, id: int) -> Any:
    """All of it as one document in Markdown."""
    answer = api.get(f"/postmortems/{id}/document")
    return answer, answer["markdown"].rstrip()


@postmortem.command()
@click.argument("id", type=int)
@api_command
def submit(api: Api, id: int) -> Any:
    """Ask for a review."""
    return api.call("POST", f"/postmortems/{id}/submit"), f"Postmortem {id} is in review."


@postmortem.command()
@click.argument("id", type=int)
@click.option("--verdict", required=True, help="approved or changes.")
@click.option("--comment")
@api_command
def review(api: Api, id: int, **fields: Any) -> Any:
    """Review one."""
    return api.post(f"/postmortems/{id}/review", **fields), f"Reviewed postmortem {id}."


@postmortem.command()
@click.argument("id", type=int)
@api_command
def publish(api: Api, id: int) -> Any:
    """Publish one."""
    return api.call("POST", f"/postmortems/{id}/publish"), f"Postmortem {id} is published."


@click.group()
def action() -> None:
    """Action items."""


@action.command("list")
@click.option("--show", help="mine, open, overdue or done; without it, all.")
@click.option("--team", help="Slug.")
@click.option("--incident", type=int, help="Its number.")
@click.option("--q", metavar="WORDS", help="Words of the title or the description.")
@click.option("--cursor", help="From the page before.")
@api_command
def list_(api: Api, **query: Any) -> Any:
    """List action items, the newest first."""
    return api.get("/action-items", **query), table("id", "state", "title", "owner", "due_on", empty="No action items.")


@action.command()
@click.argument("title")
@click.option("--owner", required=True, metavar="EMAIL")
@click.option("--due", "due_on", required=True, metavar="YYYY-MM-DD")
@click.option("--incident", type=int)
@click.option("--kind", help="prevent, detect, mitigate or process.")
@click.option("--priority", type=click.IntRange(1, 3))
@click.option("--team", help="Slug.")
@api_command
def create(api: Api, **fields: Any) -> Any:
    """Make an action item."""
    answer = api.post("/action-items", **fields)
    return answer, f"Made action item {answer['id']}."


@action.command()
@click.argument("id", type=int)
@api_command
def start(api: Api, id: int) -> Any:
    """Begin one."""
    return api.call("POST", f"/action-items/{id}/start"), f"Action item {id} has begun."


@action.command()
@click.argument("id", type=int)
@click.option("--note", default="", help="What was done.")
@api_command
def complete(api: Api, id: int, note: str) -> Any:
    """It is done."""
    return api.call("POST", f"/action-items/{id}/complete", {"note": note}), f"Action item {id} is done."


@action.command()
@click.argument("id", type=int)
@click.option("--reason", required=True)
@api_command
def drop(api: Api, id: int, reason: str) -> Any:
    """It won't be done."""
    return api.post(f"/action-items/{id}/drop", reason=reason), f"Action item {id} is dropped."


@action.command()
@click.argument("id", type=int)
@click.option("--in", "connection", metavar="SLUG", help="Make or link it by this connection.")
@click.option("--link", "issue", metavar="ADDRESS", help="The one that is there already: its address or key.")
@click.option("--look", is_flag=True, help="Ask the tracker now.")
@click.option("--unlink", is_flag=True, help="It is no issue any more; it stays in the tracker.")
@api_command
def issue(api: Api, id: int, connection: str | None, issue: str | None, look: bool, unlink: bool) -> Any:
    """Make an issue of it in a tracker, or link one; from then on, done is done in both."""
    if sum((bool(connection), look, unlink)) != 1 or (issue and not connection):
        raise click.UsageError("Say --in (perhaps with --link), --look or --unlink.")
    path = f"/action-items/{id}/issue"
    if unlink:
        return api.call("DELETE", path), f"Action item {id} is no issue any more."
    if look:
        return api.call("POST", f"{path}/look"), f"The tracker of action item {id} is asked."
    made = api.post(path, connection=connection, issue=issue)
    return made, f"Action item {id} is {made['key']}." if made[
        "key"
    ] else f"An issue of action item {id} is being made."


commands = [postmortem, action]
