"""The API of runbooks."""

from ninja import Router

from . import library

router = Router()
router.add_router("", library.router)
