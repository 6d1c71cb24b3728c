"""`watchroom mail-reply` and `watchroom mail-declare`: what a mail server pipes mail into."""

from __future__ import annotations

import sys

import click
import httpx

from ..kernel import clock
from ..kernel import settings as conf

TRY_LATER = 75  # EX_TEMPFAIL of sysexits.h: the mail server keeps the mail and tries again


@click.command("mail-reply")
@click.option("--to", "address", default="", help="Watchroom's address; without it, WATCHROOM_URL.")
def mail_reply(address: str) -> None:
    """Hand a reply to a page over: the mail comes on standard input.

    For a line in /etc/aliases: reply: "|/usr/bin/watchroom mail-reply". When Watchroom does not answer, it ends with 75, so
    that the mail server tries again.
    """
    _hand_over(address, "/mail/reply")


@click.command("mail-declare")
@click.option("--to", "address", default="", help="Watchroom's address; without it, WATCHROOM_URL.")
def mail_declare(address: str) -> None:
    """Declare an incident by the mail that comes on standard input.

    For a line in /etc/aliases: incidents: "|/usr/bin/watchroom mail-declare". When Watchroom does not answer, it ends with
    75, so that the mail server tries again.
    """
    _hand_over(address, "/mail/declare")


def _hand_over(address: str, path: str) -> None:
    from ..channels.webhook import signature

    settings = conf.current()
    if not settings.mail_reply_key:
        click.echo("WATCHROOM_MAIL_REPLY_KEY is not set. Set it to the same value as Watchroom's.", err=True)
        sys.exit(1)
    body = sys.stdin.buffer.read()
    headers = {
        "Content-Type": "message/rfc822",
        "Watchroom-Signature": signature(settings.mail_reply_key, int(clock.now().timestamp()), body),
    }
    try:
        answer = httpx.post(f"{address.rstrip('/') or settings.url}{path}", content=body, headers=headers, timeout=20)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        click.echo(f"Watchroom can't be reached: {error}.", err=True)
        sys.exit(TRY_LATER)
    if answer.status_code >= 500 or answer.status_code == 429:
        click.echo(f"Watchroom answered {answer.status_code}.", err=True)
        sys.exit(TRY_LATER)
    if answer.status_code >= 400:
        click.echo(f"Watchroom refused it ({answer.status_code}): is the key the same?", err=True)
        sys.exit(1)
    try:
        click.echo(answer.json()["text"])
    except (ValueError, KeyError, TypeError):
        click.echo("The answer was not Watchroom's: check --to or WATCHROOM_URL.", err=True)
        sys.exit(TRY_LATER)
