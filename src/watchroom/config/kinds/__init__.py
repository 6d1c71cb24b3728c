"""Every kind of thing that a file may say: how it is read, found, saved and deleted stands in one place for each."""

from . import (
    announced,
    holding,
    incidents,
    mitigations,
    monitors,
    outside,
    paging,
    people,
    practising,
    preparing,
    put_offs,
    response,
    runbooks,
    schedules,
    services,
    sign_on,
    status,
)
from ._kind import Kind

_ROOMS = (
    people, sign_on, schedules, outside, paging, services, holding, monitors, mitigations, runbooks, status, announced, incidents,
    response, preparing, practising, put_offs,
)  # fmt: skip

KINDS: dict[str, Kind] = {kind.name: kind for room in _ROOMS for kind in room.KINDS}

__all__ = ["KINDS", "Kind"]
