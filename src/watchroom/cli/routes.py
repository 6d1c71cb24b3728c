"""Commands for the routing tree."""

from __future__ import annotations

from typing import Any

import click

from .client import Api, api_command

_VERDICTS = {"takes": "takes it", "passes": "passes it on", "refuses": "does not match", "unasked": "is not asked"}


@click.group()
def route() -> None:
    """The routing tree: where alerts go."""


def _labels(words: tuple[str, ...]) -> dict[str, str]:
    for word in words:
        if "=" not in word.strip("="):
            raise click.BadParameter(f"{word!r} is not NAME=VALUE.")
    return dict(word.split("=", 1) for word in words)


@route.command("test")
@click.argument("labels", nargs=-1, required=True, metavar="LABEL=VALUE...")
@api_command
def test(api: Api, labels: tuple[str, ...]) -> Any:
    """The way of an alert with these labels through the tree, node by node, and whom it would page now."""
    return api.post("/routes/test", labels=_labels(labels)), _shown


@route.command("drill")
@click.argument("labels", nargs=-1, required=True, metavar="LABEL=VALUE...")
@api_command
def drill(api: Api, labels: tuple[str, ...]) -> Any:
    """Send an alert with these labels, marked as a drill: it pages like a real one, and ends after 15 minutes."""
    answer = api.post("/routes/drill", labels=_labels(labels))

    def show(found: dict[str, Any]) -> None:
        click.echo(f"The drill is on its way, as signal {found['signal']} of {found['integration']}.\n")
        _shown(found)

    return answer, show


def _shown(way: dict[str, Any]) -> None:
    for visit in way["visits"]:
        click.echo(f"{'  ' * visit['depth']}{visit['name']} {_VERDICTS[visit['verdict']]}: {visit['why']}")
        for test in visit["tests"]:
            seen = repr(test["value"]) if test["value"] else "no such label"
            click.echo(f"{'  ' * visit['depth']}    {'yes' if test['accepted'] else 'no '} {test['matcher']}  ({seen})")
    for end in way["outcomes"]:
        click.echo(f"\n{' → '.join(end['path'])}")
        click.echo(f"  service {end['service'] or 'of the integration'}, policy {end['policy'] or 'of the service'}")
        shared = ", ".join(f"{name}={value}" for name, value in end["group_labels"].items()) or "nothing"
        click.echo(f"  {end['severity']}, urgency {end['urgency']}; one group for what shares {shared}")
        if end["muted"]:
            click.echo(f"  pages nobody now: {end['muted']}")
        elif end["waits"]:
            click.echo(f"  waits now: {end['waits']}")
        if end["declares"]:
            click.echo(f"  declares {end['declares']}")
        for line in end["pages"]:
            click.echo(f"  {line}")


commands = [route]
