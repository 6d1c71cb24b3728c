"""Secrets that are not written on the command line, where others would see them."""

from __future__ import annotations

import sys

import click


def ask_secret(name: str) -> str:
    """What is typed unseen; where nobody types, the next line of standard input.

    :raises click.UsageError: there is none.
    """
    if sys.stdin.isatty():
        return str(click.prompt(name, hide_input=True)).strip()
    if line := sys.stdin.readline().strip():
        return line
    raise click.UsageError(f"The {name} is read from standard input, a line for each secret, and there is none.")


def _value(context: click.Context, _: click.Parameter, value: str | None) -> str | None:
    return ask_secret("value") if value is None and not context.resilient_parsing else value


value_option = click.option("--value", callback=_value, help="Left out, it is asked for (or read from standard input).")
