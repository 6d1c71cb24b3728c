"""Commands about the configuration as a file."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click
import yaml

from .client import Api, api_command
from .moving import grafana_oncall, opsgenie, pagerduty, taken_over


def _django() -> None:
    """What a file may say of alerts is checked by their own rules, and those stand on Django."""
    import django
    from django.apps import apps

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "watchroom.settings")
    if not apps.ready:
        django.setup()


@click.command()
@click.option(
    "-f",
    "--file",
    "path",
    type=click.Path(exists=True, path_type=Path),
    required=True,
    help="A file, or a directory of them.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--prune", is_flag=True, help="Take back what the file says no more: its lines, and things of its kinds.")
@click.option("--source", help="The name that tells this file from others, in the place of its own `source`.")
@api_command
def apply(api: Api, path: Path, dry_run: bool, prune: bool, source: str | None) -> Any:
    """Make the configuration what a file says; doing it twice changes nothing."""
    _django()
    from ..config.text import load

    document = load(path).model_dump(exclude_unset=True, mode="json")
    if source is not None:
        document["source"] = source
    answer = api.call("POST", "/config/plan" if dry_run else "/config/apply", {"document": document, "prune": prune})
    lines = [step["text"] for step in answer["steps"]] or ["Nothing to do."]
    if answer["left"]:
        lines += ["No longer said, and left as it is without --prune:", *(f"  {each}" for each in answer["left"])]
    lines += [f"Key of {slug}, shown once: {key}" for slug, key in answer["keys"].items()]
    return answer, "\n".join(lines)


@click.command()
@api_command
def export(api: Api) -> Any:
    """Write the whole configuration as YAML, without secrets."""
    found = api.get("/config/export")
    return found, yaml.safe_dump(found, sort_keys=False, allow_unicode=True, width=120).rstrip()


@click.command()
def schema() -> None:
    """Print the JSON Schema of a configuration file."""
    _django()
    from ..config.schema import Document

    click.echo(json.dumps(Document.model_json_schema(), indent=2))


@click.group("import")
def import_() -> None:
    """Take over the configuration of another tool."""


@import_.command("alertmanager")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="ALERTMANAGER.YML")
@click.option("--team", required=True, help="Slug of the team that gets the policies made of its receivers.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the file for `watchroom apply` there.")
@click.option("--apply", "do_apply", is_flag=True, help="Apply it; without this nothing is changed.")
@api_command
def alertmanager(api: Api, path: Path, team: str, output: Path | None, do_apply: bool) -> Any:
    """Translate an alertmanager.yml: routes, receivers, inhibition rules and time intervals; and say what could not be."""
    found = api.post("/config/import/alertmanager", text=path.read_text(errors="replace"), team=team)
    lines = [f"{path}:{note['line']}: {note['path']}: {note['text']} {note['fix']}" for note in found["notes"]]
    lines += ["", *(step["text"] for step in found["steps"])] if found["steps"] else ["", "Nothing to do."]
    return found, "\n".join([*lines, "", taken_over(api, found, output, do_apply)]).strip()


for command in (pagerduty, opsgenie, grafana_oncall):
    import_.add_command(command)
commands = [apply, export, schema, import_]
