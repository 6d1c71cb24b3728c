"""Insights over the API."""

from ninja import Router

from . import grouping, limits, pay, reading

router = Router(tags=["Insights"])
for _part in (reading, limits, pay, grouping):
    router.add_router("", _part.router)

__all__ = ["router"]
