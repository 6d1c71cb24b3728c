"""The API of runbooks."""

from ninja import Router

from . import library, running

router = Router()
router.add_router("", library.router)
router.add_router("", running.router)
