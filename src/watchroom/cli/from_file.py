"""A thing that is made or changed as a file says it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from ..kernel import yamls
from .client import Api

FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))


def save(api: Api, path: str, file: Path, what: str) -> Any:
    """Make ``what`` (such as “a workflow”) at ``path`` as a YAML or JSON file says, or change the one that has its slug.

    :raises click.BadParameter: it can't be read.
    """
    try:
        body = yamls.read(file.read_text())
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="FILE") from None
    if not isinstance(body, dict):
        raise click.BadParameter(f"It is not {what}.", param_hint="FILE")
    body = json.loads(json.dumps(body, default=str))
    if slug := body.get("slug"):
        listed = api.get(path, limit=200)
        while not (there := any(each["slug"] == slug for each in listed["items"])) and listed["next_cursor"]:
            listed = api.get(path, limit=200, cursor=listed["next_cursor"])
        if there:
            return api.call("PUT", f"{path}/{slug}", body)
    return api.call("POST", path, body)
