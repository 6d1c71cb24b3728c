"""What several files ask for: a provider by SAML that is switched on, and somebody whom it vouches for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from django.test import Client

    from peers.saml_provider import SamlProvider
    from watchroom.accounts.models import IdentityProvider, Person


@pytest.fixture(scope="module")
def provider() -> Iterator[SamlProvider]:
    from peers.saml_provider import SamlProvider

    made = SamlProvider()
    yield made
    made.stop()


@pytest.fixture
def okta(provider: SamlProvider, client: Client) -> IdentityProvider:
    import factories
    from accounts.coming_in import connected

    factories.person("Root", "administrator", email="root@example.org")
    return connected(provider, client)


@pytest.fixture
def anna(okta: IdentityProvider) -> Person:
    from watchroom.accounts import commands
    from watchroom.accounts.actors import SYSTEM

    return commands.create_person(SYSTEM, email="anna@example.org", name="Anna")
