"""What tests of evidence share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:  # Django is set up after this file has been read
    from peers.http import HttpPeer
    from watchroom.accounts.actors import Actor
    from watchroom.catalog.models import Service
    from watchroom.evidence.models import Connection
    from watchroom.intake.models import AlertGroup


@pytest.fixture(autouse=True)
def _alone(configured: Callable[..., None]) -> Iterator[None]:
    """Peers on this machine may be asked, and no test sees another's answers."""
    from watchroom.evidence.asking import desk

    configured(WATCHROOM_PRIVATE_TARGETS="127.0.0.0/8")
    desk.forget()
    yield
    desk.forget()


@pytest.fixture
def checkout(db: Any) -> Service:
    import factories as make

    return make.service("Checkout", slug="checkout", labels={"env": "prod"})


@pytest.fixture
def manager(checkout: Service) -> Actor:
    import factories as make

    return make.actor("Mona", "manager")


@pytest.fixture
def prom(manager: Actor, checkout: Service, http_peer: HttpPeer) -> Connection:
    """A Prometheus-like peer that knows one rising curve."""
    from evidence.parts import connection, matrix

    http_peer.otherwise = matrix
    return connection(manager, checkout, http_peer, "prometheus")


@pytest.fixture
def group(checkout: Service) -> AlertGroup:
    """A group whose alert has a Prometheus link."""
    from evidence.parts import alert_group

    return alert_group(checkout)
