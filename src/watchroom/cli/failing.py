"""How a failure is said: in one line on standard error, and what to do about it in another."""

from __future__ import annotations

import errno
import os
import sys

import click
import httpx

from ..kernel.errors import Refused, WatchroomError


class Saying(click.Group):
    """The group of all commands: what goes wrong in one of them ends it with 1, and is said."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except Exception as error:
            if (known := _known(error)) is None:
                raise
            say(known)
            raise click.exceptions.Exit(1) from None


def say(error: WatchroomError) -> None:
    """What is wrong, and in another line how to mend it."""
    for line in filter(None, (error.message, error.fix)):
        click.echo(line, err=True)


def say_defect(error: Exception) -> None:
    """Nobody has thought of this one. Where it happened is of use only to whoever mends it."""
    click.echo(f"Watchroom has a defect here: {type(error).__name__}: {str(error).partition(chr(10))[0]}", err=True)
    if os.environ.get("WATCHROOM_DEBUG"):
        raise error
    click.echo("Set WATCHROOM_DEBUG=true to see where, and tell us.", err=True)


def _known(error: Exception) -> WatchroomError | None:
    """What can go wrong around every command, in words; None: it is something else, or click's."""
    if isinstance(error, WatchroomError):
        return error
    if isinstance(error, httpx.InvalidURL):
        return Refused(f"That is no address: {error}", fix="Check what was given as address, or as name.")
    if isinstance(error, UnicodeEncodeError):
        if "surrogates" in error.reason:
            return Refused("What was typed is not UTF-8.", fix="Check the encoding of the terminal or the script.")
        return Refused(f"The answer can't be printed in {error.encoding}.", fix="Set PYTHONIOENCODING=utf-8.")
    if isinstance(error, OSError) and error.errno != errno.EPIPE:  # who reads no further has seen enough
        return WatchroomError(f"{error.filename or 'What was named'}: {error.strerror or error}.")
    if (django := sys.modules.get("django.db")) and isinstance(error, django.DatabaseError):
        why = str(error).partition("\n")[0]
        return WatchroomError(f"The database can't be used: {why}", fix="Look at DATABASE_URL or WATCHROOM_DATA.")
    return None
