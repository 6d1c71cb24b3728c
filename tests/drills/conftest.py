"""A team with somebody on call, a service and routes that lead to it."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def world(db: None, clock: object) -> Any:
    """See `practice.py`."""
    from drills.practice import world

    return world()
