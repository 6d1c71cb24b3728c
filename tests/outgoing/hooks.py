"""A webhook in one line, and what the engine does for it."""

from __future__ import annotations

from typing import Any

from watchroom.accounts.actors import Actor
from watchroom.engine.loop import run_due
from watchroom.outgoing import commands
from watchroom.outgoing.duties import duties
from watchroom.outgoing.models import Webhook

SECRET = "a secret of sixteen letters"
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def hook(by: Actor, url: str, **fields: Any) -> Webhook:
    said = {"team": None, "name": "Warehouse", "url": url, "events": ["incident.*"], "secret": SECRET} | fields
    return commands.save_webhook(by, None, **said)[0]


def deliver() -> int:
    return run_due(duties)
