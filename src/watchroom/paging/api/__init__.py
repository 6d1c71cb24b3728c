"""Paging over the API."""

from ninja import Router

from . import deliveries, escalations, policies, reaching

router = Router()
for _part in (policies, reaching, escalations, deliveries):
    router.add_router("", _part.router)

__all__ = ["router"]
