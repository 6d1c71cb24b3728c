"""Connected chats, as in the tests of chats, and who configures workflows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chat.conftest import connect as connect
from chat.conftest import our_address as our_address

if TYPE_CHECKING:
    from watchroom.accounts.actors import Actor


@pytest.fixture
def admin() -> Actor:
    import factories as make

    return make.actor("Ada")
