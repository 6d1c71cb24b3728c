"""Who may carry out what of the API: a table (`permissions.txt`), each line of which is tried by six kinds of people in the
tests. The page of the API says what stands there, and nothing where the table does not know."""

from __future__ import annotations

from functools import cache
from pathlib import Path

# By the words of the table: who may, and for what a token has to be good.
_SAID = {
    "administrator": ("An administrator.", "admin"),
    "manager": ("A manager of the team whose it is.", "manage"),
    "responder": ("A responder of the team whose it is.", "respond"),
    "everybody": ("Anybody who is signed in, for what they may see.", ""),
    "everybody, reading": ("Anybody who is signed in, for what they may see.", "read"),
}
_OR_WHOSE_IT_IS = "An administrator, or whoever it belongs to."


@cache
def decided() -> dict[str, str]:
    """What the table says of each operation that changes something (``POST policies``)."""
    lines = Path(__file__).with_name("permissions.txt").read_text(encoding="utf-8").splitlines()
    parts = (line.split(maxsplit=2) for line in lines if not line.startswith("#"))
    return {f"{method} {path}": said for method, path, said in parts}


def needs(method: str, path: str) -> tuple[str, str]:
    """Who may carry out an operation, and for what a token has to be good; empty: it is not known here. ``path`` begins behind
    ``/api/v1/``."""
    said = decided().get(f"{method} {path}", "")
    if said == "administrator" and "{" in path:
        return _OR_WHOSE_IT_IS, ""
    return _SAID.get(said, ("", ""))
