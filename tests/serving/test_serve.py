"""`watchroom serve` as its users run it."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from peers.programs import answers, wait_until

if TYPE_CHECKING:
    from peers.server import Server


@pytest.mark.peer
@pytest.mark.slow
def test_each_process_comes_back_and_all_end(start_server: Callable[..., Server]) -> None:
    server = start_server(fresh=True)
    assert len(server.processes()) >= 4
    for part in ("watchroom web", "watchroom engine", "watchroom gate"):
        (killed,) = server.kill9(part)
        wait_until(
            lambda part=part, killed=killed: any(
                part in command and pid != killed for pid, command in server.processes().items()
            ),
            60,
            f"{part} runs again",
        )
        wait_until(lambda: answers(f"{server.url}/readyz"), 60, "it is ready again")
    assert server.end() == 0
    assert not server.processes()


def test_it_begins_while_the_database_is_away(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """Status pages are answered from what the gate has kept, also after a restart in the middle of an outage."""
    from django.db import OperationalError

    from watchroom.cli import serving
    from watchroom.kernel import schema

    def away() -> bool:
        raise OperationalError("connection refused\nIs the server running?")

    monkeypatch.setattr(schema, "is_up_to_date", away)
    monkeypatch.setattr(serving.conf, "current", lambda: SimpleNamespace(is_postgresql=True))
    serving.prepare()
    said = capsys.readouterr().err
    assert "The database is away: connection refused" in said and "Is the server" not in said
