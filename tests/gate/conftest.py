from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from gate.running import Running
    from watchroom.intake.models import Integration


@pytest.fixture
def integration(transactional_db: None) -> Callable[..., tuple[Integration, str]]:
    """``integration()`` makes one, and gives its key too."""
    import factories

    def make(**fields: Any) -> tuple[Integration, str]:
        made = factories.integration(**fields)
        return made, made.key

    return make


@pytest.fixture
def gate(transactional_db: None) -> Iterator[Running]:
    """A gate in this process, on the test's database."""
    from gate.running import running_gate

    with running_gate() as running:
        yield running
