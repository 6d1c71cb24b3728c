"""On call over the API."""

from ninja import Router

from . import desk, handoffs, planning, schedules, temporaries, worked

router = Router()
for _part in (schedules, desk, planning, handoffs, temporaries, worked):
    router.add_router("", _part.router)

__all__ = ["router"]
