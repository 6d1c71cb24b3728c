"""How answers look in a terminal."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..kernel.errors import WatchroomError


def _console() -> Console:
    # Piped output is not cut at 80 columns.
    return Console(width=None if sys.stdout.isatty() else 200, highlight=False)


def text(value: Any) -> str:
    """A value in words: people by name, lists with commas, times to the second in UTC."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        for name in ("name", "title", "slug"):
            if value.get(name):
                return str(value[name])
        return ", ".join(f"{key}={text(each)}" for key, each in value.items())
    if isinstance(value, list):
        return ", ".join(text(each) for each in value)
    said = str(round(value, 2) if isinstance(value, float) else value)
    if len(said) >= 20 and said[4:5] == "-" and said[10:11] == "T" and said.endswith(("Z", "+00:00")):
        return f"{said[:10]} {said[11:19]} UTC"
    return said


def table(*columns: str, empty: str = "Nothing here.") -> Callable[[Any], None]:
    """Shows a list (or ``{"items": […]}``) with these columns; says ``empty`` when there is none."""

    def show(answer: Any) -> None:
        items = answer if isinstance(answer, list) else answer.get("items", [])
        if not items:
            _console().print(Text(empty))
            return
        made = Table(box=None, pad_edge=False, header_style="bold")
        for column in columns:
            made.add_column(column.replace("_", " "), overflow="fold")
        for each in items:
            made.add_row(*[Text(text(each.get(column))) for column in columns])
        _console().print(made)
        if isinstance(answer, dict) and answer.get("next_cursor"):
            _console().print(Text(f"More: --cursor {answer['next_cursor']}"))

    return show


def tried(answer: Any) -> None:
    """What came of trying something out.

    :raises WatchroomError: it failed.
    """
    if not answer["ok"]:
        raise WatchroomError(answer["text"])
    click.echo(answer["text"])


def sheet(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Rows as CSV, for a spreadsheet or another program."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(text(row.get(column))) for column in columns])


def _cell(said: str) -> str:
    # A spreadsheet takes a text that begins like a formula for one.
    return f"'{said}" if said.startswith(("=", "+", "-", "@", "\t", "\r")) else said


def facts(answer: Any) -> None:
    """One thing: each of its facts on a line, and what it has several of as tables below."""
    lists = {name: value for name, value in (answer or {}).items() if _has_no_names(value)}
    made = Table(box=None, pad_edge=False, show_header=False)
    made.add_column(style="bold")
    made.add_column(overflow="fold")
    for name, value in (answer or {}).items():
        if value not in (None, "", [], {}) and name not in lists:
            made.add_row(name.replace("_", " "), Text(text(value)))
    _console().print(made)
    for name, rows in lists.items():
        _console().print(f"\n{name.replace('_', ' ').capitalize()}")
        table(*(column for column in rows[0] if any(row.get(column) not in (None, "", [], {}) for row in rows)))(rows)


def _has_no_names(value: Any) -> bool:
    """Whether this is a list of things that no name stands for."""
    if not isinstance(value, list) or not value or not all(isinstance(row, dict) for row in value):
        return False
    return not any(value[0].get(name) for name in ("name", "title", "slug"))
