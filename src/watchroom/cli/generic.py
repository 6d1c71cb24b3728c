"""`watchroom status`, and `watchroom api` for everything that has no command of its own."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs

import click

from .client import Api, api_command
from .show import facts


@click.command()
@api_command
def status(api: Api) -> Any:
    """How Watchroom itself is."""
    return api.get("/system"), facts


@click.command()
@click.argument("method", type=click.Choice(["GET", "POST", "PUT", "PATCH", "DELETE"], case_sensitive=False))
@click.argument("path")
@click.option("--data", help="JSON body.")
@api_command
def api(api: Api, method: str, path: str, data: str | None) -> Any:
    """Call the API: `watchroom api GET /incidents`."""
    try:
        body = json.loads(data) if data is not None else None
    except ValueError:
        raise click.BadParameter("It is not JSON.", param_hint="--data") from None
    place, _, asked = path.partition("?")
    answer = api.call(method.upper(), place.removeprefix("/api/v1").rstrip("/"), body, **parse_qs(asked))
    return answer, json.dumps(answer, indent=2, ensure_ascii=False)


commands = [status, api]
