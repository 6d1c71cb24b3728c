"""On call over the API."""

from ninja import Router

from . import desk, planning, schedules

router = Router(tags=["On call"])
for _part in (schedules, desk, planning):
    router.add_router("", _part.router)

__all__ = ["router"]
