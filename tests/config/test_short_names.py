"""A file names things by what can stand in an address: what can't is refused, before a page that lists it breaks."""

from __future__ import annotations

import pytest
import yaml

import factories as make
from watchroom.config.carry_out import apply
from watchroom.config.text import parse
from watchroom.kernel.errors import Refused

pytestmark = pytest.mark.django_db

THINGS = {
    "policies": {"steps": [{"targets": [{"team": "shop"}]}]},
    "integrations": {},
    "heartbeats": {},
    "checks": {"kind": "tcp", "settings": {"host": "shop.example.org", "port": 443}},
    "mitigations": {"how": "Press the button."},
    "incident_states": {"phase": "active"},
}


@pytest.mark.parametrize("kind", THINGS)
@pytest.mark.parametrize("slug", ["on call/first", "Büro"])
def test_what_is_no_short_name_is_refused(kind: str, slug: str) -> None:
    thing = {"name": "First", "team": "shop", **THINGS[kind]}
    teams = [{"slug": "shop", "name": "Shop", "members": []}]

    def applied(slug: str) -> None:
        text = yaml.safe_dump({"version": 1, "teams": teams, kind: [{"slug": slug, **thing}]})
        apply(make.actor(), parse(yaml.safe_load(text), "test"))

    with pytest.raises(Refused) as refused:
        applied(slug)
    assert refused.value.value == slug
    applied("first")
