"""The API of readiness."""

from ninja import Router

from . import process

router = Router()
router.add_router("", process.router)
