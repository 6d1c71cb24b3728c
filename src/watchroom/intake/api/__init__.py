"""The API of intake."""

from ninja import Router

from . import alerts, holds, mappings, routes

router = Router()
router.add_router("", alerts.router)
router.add_router("", holds.router)
router.add_router("", routes.router)
router.add_router("", mappings.router)
