"""Commands about the configuration as a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import yaml

from ..config.schema import Document
from ..config.text import load
from .client import Api, api_command


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
@click.option("--prune", is_flag=True, help="Delete what the file does not name, of the kinds that it has.")
@api_command
def apply(api: Api, path: Path, dry_run: bool, prune: bool) -> Any:
    """Make the configuration what a file says; doing it twice changes nothing."""
    document = load(path).model_dump(exclude_unset=True, mode="json")
    answer = api.call("POST", "/config/plan" if dry_run else "/config/apply", {"document": document, "prune": prune})
    lines = [step["text"] for step in answer["steps"]] or ["Nothing to do."]
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
    click.echo(json.dumps(Document.model_json_schema(), indent=2))


commands = [apply, export, schema]
