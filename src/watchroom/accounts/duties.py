"""What the engine does for accounts: reads anew what identity providers say of themselves."""

from __future__ import annotations

import logging
from datetime import datetime

from ..kernel import clock
from ..kernel.duty import Duty
from ..kernel.errors import WatchroomError
from . import commands
from .actors import SYSTEM
from .commands.identity_providers import READ_EVERY
from .models import IdentityProvider

log = logging.getLogger(__name__)


def _waiting() -> list[IdentityProvider]:
    return list(IdentityProvider.objects.exclude(metadata_url="").order_by("read_at", "id"))


def _next() -> datetime | None:
    return min(((row.read_at or row.created_at) + READ_EVERY for row in _waiting()), default=None)


def read_again() -> int:
    """Bring providers up to date of which that is due; returns how many. One that can't be read keeps what is known of it."""
    due = [row for row in _waiting() if (row.read_at or row.created_at) + READ_EVERY <= clock.now()]
    for row in due:
        try:
            commands.read_again(SYSTEM, row)
        except WatchroomError as error:
            log.warning("The metadata of %s could not be read: %s", row, error)
    return len(due)


duties = [Duty("accounts.read_providers", _next, read_again)]
