"""Commands for what integrations are sent: signals, the tray of what was refused, mappings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from ..kernel.errors import Refused
from .client import Api, api_command
from .show import facts, table


@click.command()
@click.argument("integration")
@click.option("--state", help="pending, done or rejected.")
@click.option("--cursor", help="From the page before.")
@api_command
def signals(api: Api, integration: str, **query: Any) -> Any:
    """What an integration was sent, newest first."""
    return api.get(f"/integrations/{integration}/signals", **query), table(
        "id", "received_at", "state", "path", empty="Nothing."
    )


@click.group()
def signal() -> None:
    """A stored signal."""


@signal.command("replay")
@click.argument("id", type=int)
@api_command
def replay(api: Api, id: int) -> Any:
    """Read a stored signal again."""
    return api.call("POST", f"/signals/{id}/replay"), f"Signal {id} is read again."


@click.group()
def tray() -> None:
    """What was refused of an integration, and is kept."""


@tray.command("show")
@click.argument("integration")
@click.option("--cursor", help="From the page before.")
@api_command
def show_tray(api: Api, integration: str, cursor: str | None) -> Any:
    """What was refused, and why."""
    return api.get(f"/integrations/{integration}/tray", cursor=cursor), _refused


def _refused(answer: Any) -> None:
    if not answer["items"]:
        click.echo("Nothing was refused.")
    for each in answer["items"]:
        click.echo(f"{each['id']}  {each['received_at'][:19].replace('T', ' ')}")
        for problem in each["problems"]:
            click.echo(f"    {problem['field']}: {problem['value']!r}: {problem['fix']}")


@tray.command("replay")
@click.argument("integration")
@api_command
def replay_tray(api: Api, integration: str) -> Any:
    """Read everything in the tray again, 500 signals at most."""
    answer = api.call("POST", f"/integrations/{integration}/replay-tray")
    return answer, f"{answer['replayed']} signals are read again."


@click.group()
def mapping() -> None:
    """How an integration's payloads become alerts."""


@mapping.command("show")
@click.argument("integration")
@api_command
def show_mapping(api: Api, integration: str) -> Any:
    """Print a mapping as YAML."""
    return api.get(f"/integrations/{integration}/mapping"), _yaml


def _yaml(answer: Any) -> None:
    from ..sources.mapping import in_words

    click.echo(in_words(answer["mapping"]), nl=False)


@mapping.command("set")
@click.argument("integration")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@api_command
def set_mapping(api: Api, integration: str, file: Path) -> Any:
    """Set a mapping from a YAML file (- is standard input). Its tests are run first; an empty file takes it away."""
    answer = api.call("PUT", f"/integrations/{integration}/mapping", {"mapping": _read(file)})
    return answer, f"The mapping of {integration} is set." if answer[
        "mapping"
    ] else f"{integration} has no mapping now."


@mapping.command("try")
@click.argument("integration")
@click.option(
    "--file",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    help="Another mapping than the one that is set.",
)
@click.option(
    "--payload",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A JSON file instead of the last payloads that came.",
)
@api_command
def try_mapping(api: Api, integration: str, file: Path | None, payload: Path | None) -> Any:
    """What a mapping makes of the last payloads; changes nothing."""
    body: dict[str, Any] = {}
    if file is not None:
        body["mapping"] = _read(file)
    if payload is not None:
        try:
            body["payload"] = json.loads(payload.read_text())
        except ValueError as error:
            raise Refused(f"{payload} is no JSON: {error}.", fix="Give a JSON file.") from None
    return api.call("POST", f"/integrations/{integration}/mapping/try", body), _tried


def _read(file: Path) -> str:
    with click.open_file(str(file)) as opened:
        return str(opened.read())


def _tried(answer: Any) -> None:
    for each in answer["tests"]:
        click.echo(f"{'FAIL' if each['differences'] else 'ok  '} {each['name']}")
        for difference in each["differences"]:
            click.echo(f"     {difference}")
    for each in answer["payloads"]:
        click.echo(f"\nsignal {each['signal']}" if each["signal"] else "\nthe payload")
        for problem in each["problems"]:
            click.echo(f"  {problem['field']}: {problem['fix']}")
        for alert in each["alerts"]:
            facts(alert)
        if not each["alerts"] and not each["problems"]:
            click.echo("  no alert")


commands = [signals, signal, tray, mapping]
