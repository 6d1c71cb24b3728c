"""Commands for runbooks: the library."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from rich.console import Group
from rich.markdown import Markdown
from rich.text import Text

from ..kernel import yamls
from ..runbooks.rules import END, PART_WORDS
from .client import Api, api_command
from .show import _console, facts, table
from .together import together

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path, allow_dash=True)
_what_it_is = together(
    click.option("--summary", help="When to use it."),
    click.option("--service", "services", multiple=True, metavar="SLUG", help="For which it is; again for another."),
    click.option(
        "--match", "matchers", multiple=True, metavar="MATCHER", help='Such as alertname="Slow"; again for more.'
    ),
    click.option("--owner", help="E-mail address of who keeps it right."),
    click.option(
        "--review-days", type=click.IntRange(0, 1000), help="After so many days it is looked at again; 0: never."
    ),
    click.option("--steps", type=_FILE, help="A YAML or JSON file with a list of steps."),
)


@click.command("list")
@click.option("--team", help="Slug.")
@click.option("--service", help="Slug.")
@click.option("--q", help="Words of its name or of when to use it.")
@click.option("--cursor")
@api_command
def list_runbooks(api: Api, **query: Any) -> Any:
    """The library, with what each lacks."""
    columns = ("slug", "name", "team", "services", "version", "reviewed_at", "lacks")
    return api.get("/runbooks", **query), table(*columns, empty="No runbooks.")


@click.command("show")
@click.argument("slug")
@api_command
def show_runbook(api: Api, slug: str) -> Any:
    """Read one in the terminal, with what it lacks."""
    return api.get(f"/runbooks/{slug}"), _read


def _read(found: dict[str, Any]) -> None:
    console = _console()
    console.print(Markdown("\n\n".join(_lines(found)), hyperlinks=False))
    if found["lacks"]:
        lacks = [Text(f"  {each['text']} {each['fix']}") for each in found["lacks"]]
        console.print(Group(Text("\nIt lacks:", style="bold"), *lacks))


_NAMED = {
    "url": "Look at",
    "indicator": "Look at the indicator",
    "mitigation": "Start the mitigation",
    "target": "Call",
}


def _about(minutes: int | None) -> str:
    return f" (about {minutes} min)" if minutes else ""


def _lines(found: dict[str, Any]) -> Iterator[str]:
    """A runbook as it is followed: steps are counted through, and answers lead to their numbers."""
    yield f"# {found['name']}"
    if found["summary"]:
        yield found["summary"]
    places = {step["key"]: f"{number}. {step['title']}" for number, step in enumerate(found["steps"], 1)}
    part = ""
    for step in found["steps"]:
        if step["part"] != part:
            part = step["part"]
            yield f"## {PART_WORDS[part]}"  # type: ignore[index]
        yield f"### {places[step['key']]}{_about(step['minutes'])}"
        if step["text"]:
            yield step["text"]
        for label in ("url", "indicator", "mitigation", "target"):
            if step[label]:
                yield f"**{_NAMED[label]}:** {step[label]}"
        if step["expect"]:
            yield f"**You should see:** {step['expect']}"
        leads = {"": "the next step", END: "you are done"} | places
        if step["answers"]:
            yield "\n".join(
                f"- **{each['text']}** → {leads.get(each['go_to'], each['go_to'])}" for each in step["answers"]
            )


@click.command("create")
@click.argument("name")
@click.option("--team", required=True, help="Slug.")
@_what_it_is
@click.option("--slug", help="Left out, it is made of the name.")
@api_command
def create_runbook(api: Api, steps: Path | None, **fields: Any) -> Any:
    """Write one: `watchroom runbook create "Checkout is slow" --team shop --service checkout --steps steps.yaml`."""
    body = {**fields, "review_days": fields["review_days"] or None}
    return api.post("/runbooks", **body, steps=_steps(steps)), facts


@click.command("change")
@click.argument("slug")
@click.option("--name")
@click.option("--team", help="Slug.")
@_what_it_is
@api_command
def change_runbook(api: Api, slug: str, steps: Path | None, **fields: Any) -> Any:
    """Change one. What is left out stays."""
    said = {name: value for name, value in fields.items() if value is not None and value != ()}
    said |= {} if steps is None else {"steps": _steps(steps)}
    return api.call("PATCH", f"/runbooks/{slug}", said), facts


@click.command("delete")
@click.argument("slug")
@api_command
def delete_runbook(api: Api, slug: str) -> Any:
    """Delete one, with its versions."""
    return api.call("DELETE", f"/runbooks/{slug}"), f"{slug} is deleted."


@click.command("import")
@click.argument("file", type=click.File())
@click.option("--team", default="", help="Slug; of a new one.")
@click.option("--into", "runbook", default="", metavar="SLUG", help="Replace the steps of this one.")
@click.option("--name", default="", help="Of a new one; left out, as its first heading says.")
@click.option("--dry-run", is_flag=True, help="Only say how it would be read.")
@api_command
def import_runbook(api: Api, file: Any, **fields: Any) -> Any:
    """Make one of what a wiki says, as Markdown: `watchroom runbook import page.md --team shop` (- is standard input)."""
    answer = api.post("/runbooks/markdown", markdown=file.read(), **fields)

    def show(found: dict[str, Any]) -> None:
        done = f"Saved as {found['slug']}" if found["slug"] else "It would be read like this"
        _console().print(Text(f"{done}: {found['name']}, {len(found['steps'])} steps."))
        table("part", "kind", "title", "expect")(found["steps"])
        for note in found["notes"]:
            _console().print(Text(note))

    return answer, show


@click.command("export")
@click.argument("slug")
@api_command
def export_runbook(api: Api, slug: str) -> Any:
    """Write one as Markdown; imported again, it has the same steps."""
    answer = api.get(f"/runbooks/{slug}/markdown")
    return answer, lambda found: click.echo(found["markdown"], nl=False)


@click.command("review")
@click.argument("slug")
@api_command
def review_runbook(api: Api, slug: str) -> Any:
    """Say that it is still right, after reading it."""
    answer = api.call("POST", f"/runbooks/{slug}/review")
    due = answer["review_due_at"]
    return answer, f"{slug} is right.{f' The next look is due on {due[:10]}.' if due else ''}"


@click.command("check-links")
@click.argument("slug")
@api_command
def check_links(api: Api, slug: str) -> Any:
    """Ask its links whether they answer."""
    answer = api.call("POST", f"/runbooks/{slug}/links")
    return answer, lambda found: table("ok", "url", "text", empty="It has no links.")(found["links"])


@click.command("versions")
@click.argument("slug")
@click.option("--take-back", type=click.IntRange(1), metavar="VERSION", help="Its steps become those of a new version.")
@api_command
def versions(api: Api, slug: str, take_back: int | None) -> Any:
    """Who changed what when; or take a version back."""
    if take_back is not None:
        answer = api.call("POST", f"/runbooks/{slug}/versions/{take_back}/take-back")
        return answer, f"{slug} has the steps of version {take_back} again."
    answer = api.get(f"/runbooks/{slug}/versions")

    def show(found: dict[str, Any]) -> None:
        rows = [
            {**each, "changed": "; ".join(f"{one['verb']} {one['title']}" for one in each["changed"])}
            for each in found["items"]
        ]
        table("version", "saved_at", "saved_by", "changed", empty="It has no steps yet.")(rows)

    return answer, show


def _steps(file: Path | None) -> list[Any]:
    if file is None:
        return []
    try:
        with click.open_file(str(file)) as said:
            found = yamls.read(said.read())
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--steps") from None
    found = found.get("steps") if isinstance(found, dict) else found
    if not isinstance(found, list):
        raise click.BadParameter("It is no list of steps.", param_hint="--steps")
    listed: list[Any] = json.loads(json.dumps(found, default=str))
    return listed


commands = [
    list_runbooks, show_runbook, create_runbook, change_runbook, delete_runbook, import_runbook, export_runbook, review_runbook,
    check_links, versions,
]  # fmt: skip
