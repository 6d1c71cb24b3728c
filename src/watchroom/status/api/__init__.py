"""The API of status pages, of scheduled maintenance on them, and of who is told."""

from ninja import Router

from . import maintenance, pages, stakeholders, subscribers

router = Router()
router.add_router("", pages.router)
router.add_router("", maintenance.router)
router.add_router("", subscribers.router)
router.add_router("", stakeholders.router)
