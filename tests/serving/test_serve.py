"""`watchroom serve` as its users run it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

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
