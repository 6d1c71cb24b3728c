"""Whether PostgreSQL can be worked with: it is there, and its tables are those of this version."""

from __future__ import annotations

import logging
import time

from ..kernel import settings as conf
from ..kernel.errors import Refused

log = logging.getLogger("watchroom.serve")

_LOOK_SECONDS, _CONNECT_SECONDS = 1.0, 5


def look() -> str:
    """Why the server can't be reached; empty: it answers, and all is well.

    :raises Refused: it answers but does not let us in, or its tables are of another version.
    """
    from django.db import OperationalError, connection

    from ..kernel.schema import require_up_to_date

    try:
        require_up_to_date()
    except OperationalError as error:
        why = str(error).partition("\n")[0]
        if _answers():
            raise Refused(f"The database can't be used: {why}", fix="Look at DATABASE_URL.") from None
        return why
    finally:
        connection.close()
    return ""


def wait() -> bool:
    """What web and engine do before they begin: `serve` starts them also while PostgreSQL is away, and then nobody has looked
    at it. Whether they had to wait. A database in files is there, but may be of another version.

    :raises Refused: see :func:`look`.
    """
    if not conf.current().is_postgresql:
        from ..kernel.schema import require_up_to_date

        require_up_to_date()
        return False
    waited = False
    while why := look():
        if not waited:
            log.warning("The database is away: %s. It is tried again until it answers.", why)
        waited = True
        time.sleep(_LOOK_SECONDS)
    return waited


def _answers() -> bool:
    """Whether a server is there that takes connections, whoever may use it: a wrong password is no outage, one that is just
    starting is (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PQPING)."""
    from psycopg import pq
    from psycopg.conninfo import make_conninfo

    where = make_conninfo(conf.current().database_url, connect_timeout=_CONNECT_SECONDS)
    return pq.PGconn.ping(where.encode()) not in {pq.Ping.REJECT, pq.Ping.NO_RESPONSE}
