"""Commands for the room of an incident: write into its log, its tasks and parking lot, or sit in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..kernel.errors import Refused
from ..kernel.numbers import whole
from .chosen import choose, chosen
from .client import Api, api_command
from .show import table
from .wording import look_first


def send_file(api: Api, incident: int, path: Path) -> int:
    """Send a file; its number, to be named in an entry."""
    answer = api.http.post(
        f"/api/v1/incidents/{incident}/attachments", params={"name": path.name}, content=path.read_bytes()
    )
    said = answer.json()
    if answer.status_code >= 400:
        raise Refused(
            said.get("detail", "The file was refused."), field="attach", value=str(path), fix=said.get("fix", "")
        )
    return int(said["id"])


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="[ID] TEXT")
@click.option(
    "--kind", default="note", show_default=True, help="symptom, hypothesis, action, result, decision, note or question."
)
@click.option("--at", help="When it happened, if not now: 2026-03-02T09:00:00Z.")
@click.option("--parent", type=int, help="Entry that it belongs to.")
@click.option("--attach", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A file.")
@click.option("--key", "client_key", help="Made by you; sent again, it is done once.")
@click.option("--as-is", is_flag=True, help="Do not look at its wording first.")
@api_command
def log(api: Api, words: tuple[str, ...], attach: tuple[Path, ...], as_is: bool, **fields: Any) -> Any:
    """Write into the running log, or carry out a /-command. Without ID: the incident chosen last, or the only open one."""
    named = whole(words[0].lstrip("#")) if len(words) > 1 else None
    id = chosen(api) if named is None else choose(named)
    line = " ".join(words if named is None else words[1:])
    if not as_is:
        look_first(api, line)
    files = [send_file(api, id, path) for path in attach]
    answer = api.post(f"/incidents/{id}/say", text=line, attachments=files or None, **fields)
    return answer["entry"] or answer, f"#{id}: {answer['text']}"


@click.command()
@click.argument("id", type=int, required=False)
@api_command
def room(api: Api, id: int | None) -> Any:
    """Sit in the room of an incident: see what is written as it is written, and write, /-commands and @people included.
    Without ID: the incident chosen last, or the only open one. What is piped in is written line by line."""
    from .terminal_room import sit

    number = choose(id) if id else chosen(api)
    return sit(api, number), ""


@click.group()
def task() -> None:
    """Tasks of incidents."""


@task.command("list")
@click.argument("incident", type=int)
@api_command
def list_tasks(api: Api, incident: int) -> Any:
    """What is to be done."""
    return api.get(f"/incidents/{incident}/tasks"), table("id", "state", "text", "assignee", empty="No tasks.")


@task.command("add")
@click.argument("incident", type=int)
@click.argument("text")
@click.option("--assignee", metavar="EMAIL")
@api_command
def add_task(api: Api, incident: int, **fields: Any) -> Any:
    """Add a task."""
    answer = api.post(f"/incidents/{incident}/tasks", **fields)
    return answer, f"Task {answer['id']}: {answer['text']}."


@task.command("set")
@click.argument("id", type=int)
@click.option("--state", help="open, doing, done or dropped.")
@click.option("--assignee", metavar="EMAIL")
@click.option("--text")
@api_command
def set_task(api: Api, id: int, **fields: Any) -> Any:
    """Say how far a task is, who does it, or what it is."""
    answer = api.call("PATCH", f"/tasks/{id}", {name: value for name, value in fields.items() if value is not None})
    return answer, f"Task {id} is {answer['state']}."


@click.group()
def parking() -> None:
    """Parking lots: what was noticed in an incident and is not it."""


@parking.command("list")
@click.argument("incident", type=int)
@api_command
def list_parking(api: Api, incident: int) -> Any:
    """What is parked, and what became of it."""
    return api.get(f"/incidents/{incident}/parking"), table("id", "text", "by", "became", empty="Nothing parked.")


@parking.command("add")
@click.argument("incident", type=int)
@click.argument("text")
@api_command
def park(api: Api, incident: int, **fields: Any) -> Any:
    """Park something."""
    answer = api.post(f"/incidents/{incident}/parking", **fields)
    return answer, f"Parked as {answer['id']}."


@parking.command("take-up")
@click.argument("id", type=int)
@click.option("--title", help="What will be done.")
@click.option("--owner", metavar="EMAIL", help="Without it, yourself.")
@click.option("--due", "due_on", metavar="DATE", help="2026-03-20; without it, in two weeks.")
@api_command
def take_up(api: Api, id: int, **fields: Any) -> Any:
    """Make an action item of it."""
    answer = api.post(f"/parking/{id}/take-up", **fields)
    return answer, f"See {answer['became']}."


@parking.command("drop")
@click.argument("id", type=int)
@api_command
def drop(api: Api, id: int) -> Any:
    """It is not needed any more."""
    return api.call("DELETE", f"/parking/{id}"), "Dropped."


commands = [log, room, task, parking]
