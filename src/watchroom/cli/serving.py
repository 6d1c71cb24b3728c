"""`watchroom serve`, its parts alone, and `watchroom doctor`."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import click

from ..kernel import settings as conf
from ..kernel.errors import WatchroomError

PORT = click.IntRange(1, 65_535)


def _django() -> None:
    import django

    django.setup()


def called() -> str:
    """How this program is called from here: by its name where the shell finds this very one, else by its path."""
    program, found = Path(sys.argv[0]).absolute(), shutil.which("watchroom")
    if program.name != "watchroom" or (found and Path(found).absolute() == program):
        return "watchroom"
    here = Path.cwd()
    return str(program.relative_to(here) if program.is_relative_to(here) else program)


def migrate() -> None:
    """Bring the database up to date."""
    _django()
    from ..kernel.schema import bring_up_to_date

    bring_up_to_date(lambda text: click.echo(text, err=True))


def prepare() -> None:
    """What `serve` does before anything starts: on SQLite, migrate; then say where to go."""
    if not conf.current().is_postgresql:
        migrate()
    else:
        _django()
        from ..serving import ready

        if why := ready.look():
            # The gate answers status pages from what it has kept; web and engine wait (`ready.wait`).
            click.echo(f"\n  The database is away: {why}\n  Status pages are served from what was kept.\n", err=True)
            return
    from ..accounts.queries import is_set_up
    from ..intake.journal import mend

    if behind := mend():
        click.echo(f"  The journal of signals is older than the database: {behind} integrations read on from its end.")

    url = conf.current().url
    click.echo(f"\n  Watchroom: {url}\n")
    if is_set_up():
        click.echo("  Sign in with your e-mail address and password.\n")
    else:
        _say_where_to_begin()
    sys.stdout.flush()


def _say_where_to_begin() -> None:
    from ..accounts import first_run

    click.echo("  Open this address once to make the first account:\n")
    click.echo(f"  {first_run.setup_url()}\n")
    click.echo(f"  To look around with a made-up company first: {called()} demo\n")


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=PORT, default=8000, show_default=True, help="Port to listen on.")
def serve(host: str, port: int) -> None:
    """Run gate, web and engine together on one port."""
    from ..serving.serve import run_serve

    # Links lead to where it really listens, unless the operator has said how people reach it.
    reached = "127.0.0.1" if host in {"0.0.0.0", "::"} else host
    os.environ.setdefault("WATCHROOM_URL", f"http://{reached}:{port}")
    conf.current.cache_clear()
    sys.exit(run_serve(host, port, prepare=prepare))


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=PORT, default=8000, show_default=True)
@click.option(
    "--web-socket", type=click.Path(path_type=Path), default=None, help="Hand other requests to the web process here."
)
def gate(host: str, port: int, web_socket: Path | None) -> None:
    """Run a gate alone: it takes signals and serves live events."""
    from ..serving.gate import run_gate

    run_gate(host, port, web_socket)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=PORT, default=8001, show_default=True)
@click.option(
    "--socket", "socket_path", type=click.Path(path_type=Path), default=None, help="Listen on a Unix socket instead."
)
def web(host: str, port: int, socket_path: Path | None) -> None:
    """Run a web process alone: pages and API."""
    from ..serving.web import run_web

    run_web(host, port, socket_path)


@click.command()
def engine() -> None:
    """Run an engine alone: it does what is due."""
    from ..serving.engine import run_engine

    run_engine()


@click.command("migrate")
def migrate_command() -> None:
    """Bring the database up to date (PostgreSQL; `serve` does it by itself on SQLite)."""
    migrate()
    click.echo("The database is up to date.")
    from ..accounts.queries import is_set_up

    if not is_set_up():  # where gate, web and engine run apart, no `serve` says it
        _say_where_to_begin()


def checks() -> list[tuple[bool, str, str]]:
    """Each: is it well, what was looked at, and what to do where it is not."""
    found: list[tuple[bool, str, str]] = []
    settings = conf.current()
    free = shutil.disk_usage(settings.data if settings.data.exists() else Path.cwd()).free // 2**20
    found.append((free > 500, f"free disk space: {free} MB", "Free some: signals are refused when the disk is full."))
    try:
        _django()
        from django.db import connection

        from ..kernel.schema import is_up_to_date

        behind = not is_up_to_date()
        found.append((not behind, f"database: {connection.vendor}", "Run `watchroom migrate`."))
    except Exception as error:
        found.append((False, f"database: {error}", "Check DATABASE_URL or WATCHROOM_DATA."))
        return found
    if behind:
        return found
    from ..accounts import first_run
    from ..accounts.queries import is_set_up
    from ..engine.queries import health

    state, there = health(), is_set_up()
    found.append((there, "first account", "" if there else f"Open {first_run.setup_url()}"))
    found.append(
        (
            state["engines"] > 0,
            f"engines alive: {state['engines']}",
            "Start one: `watchroom serve` or `watchroom engine`.",
        )
    )
    found.append(
        (state["lag_seconds"] < 60, f"oldest overdue work: {state['lag_seconds']:.0f} s", "Look at the engine's log.")
    )
    found.append((bool(settings.smtp_url), "mail server", "Set WATCHROOM_SMTP_URL, or pages by e-mail can't be sent."))
    found.append((not settings.debug, "debug mode is off", "Unset WATCHROOM_DEBUG."))
    found.append(
        (
            state["failed_notifications"] == 0,
            f"notifications that failed in 24 h: {state['failed_notifications']}",
            "See the delivery log at /notifications.",
        )
    )
    return found


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def doctor(as_json: bool) -> None:
    """Check the installation and say what to fix."""
    import json

    try:
        found = checks()
    except WatchroomError as error:
        found = [(False, error.message, error.fix)]
    if as_json:
        click.echo(json.dumps([{"ok": ok, "what": what, "fix": "" if ok else fix} for ok, what, fix in found]))
    else:
        for ok, what, fix in found:
            click.echo(f"{'ok  ' if ok else 'FIX '} {what}" + ("" if ok else f"\n     {fix}"))
    sys.exit(0 if all(ok for ok, _, _ in found) else 1)


commands = [serve, gate, web, engine, migrate_command, doctor]
