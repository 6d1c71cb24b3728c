"""PostgreSQL as the gate sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...kernel import wake
from .database import COLUMNS, INTEGRATIONS, LOCK_WAIT_SECONDS, Integration, Refused, Signal, Unavailable, by_key


class PostgreSQL:
    """A server. What hangs is given up after some seconds, so that senders are told in time."""

    # Whoever takes numbers for an integration holds its inbox until the commit: see `intake/models/integrations.py`.
    # All take them in the same order, so that two gates don't wait for each other.
    _LOCK = "SELECT 1 FROM intake_inbox WHERE integration_id = ANY(%s::bigint[]) ORDER BY integration_id FOR UPDATE"
    _INSERT = f"""
        WITH given AS (
            SELECT * FROM unnest(%s::bigint[], %s::timestamptz[], %s::text[], %s::text[], %s::text[], %s::jsonb[],
                %s::bytea[], %s::text[], %s::boolean[], %s::jsonb[]) WITH ORDINALITY
            AS g (integration_id, received_at, path, query, content_type, headers, body, remote, refused, problems, place)
        ), counted AS (
            UPDATE intake_inbox AS i SET stored = i.stored + c.new
            FROM (SELECT integration_id, count(*) AS new FROM given GROUP BY integration_id) AS c
            WHERE i.integration_id = c.integration_id RETURNING i.integration_id, i.stored - c.new AS before
        )
        INSERT INTO intake_signal ({COLUMNS})
        SELECT integration_id, received_at, path, query, content_type, headers, body, remote, refused, problems,
            before + row_number() OVER (PARTITION BY integration_id ORDER BY place)
        FROM given JOIN counted USING (integration_id) ORDER BY place"""

    def __init__(self, url: str) -> None:
        self.url = url
        self._connection: Any = None

    def integrations(self) -> dict[str, Integration]:
        import psycopg

        try:
            connection = self._open()
            rows = connection.execute(INTEGRATIONS).fetchall()
            connection.commit()
            return by_key(rows)
        except psycopg.Error as error:
            self.close()
            raise Unavailable(str(error)) from error

    def insert(self, signals: Sequence[Signal]) -> None:
        import psycopg

        columns = [list(c) for c in zip(*signals, strict=True)]
        try:
            connection = self._open()
            with connection.pipeline():
                connection.execute(self._LOCK, [sorted(set(columns[0]))])
                inserted = connection.execute(self._INSERT, columns)
                connection.execute("SELECT pg_notify(%s, %s)", [wake.CHANNEL, wake.SIGNALS])
            if inserted.rowcount != len(signals):
                connection.rollback()
                raise Refused("An integration of this batch has been deleted.")
            connection.commit()
        except (psycopg.IntegrityError, psycopg.DataError) as error:
            self.close()
            raise Refused(str(error)) from error
        except psycopg.Error as error:
            self.close()
            raise Unavailable(str(error)) from error

    def settle(self) -> bool:
        return True  # what is stored is where it belongs

    def close(self) -> None:
        import psycopg

        if self._connection is not None:
            try:
                self._connection.close()
            except psycopg.Error:
                pass
            self._connection = None

    def _open(self) -> Any:
        import psycopg

        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(
                self.url,
                connect_timeout=5,
                tcp_user_timeout=10_000,
                keepalives_idle=15,
                application_name="watchroom gate",
            )
            # A server may be set to confirm a commit before it is on disk; then "accepted" would not mean "durable".
            self._connection.execute(
                "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
            )
            self._connection.execute(f"SET lock_timeout = '{LOCK_WAIT_SECONDS}s'")
            self._connection.execute("SET statement_timeout = '10s'")
            self._connection.commit()
        return self._connection
