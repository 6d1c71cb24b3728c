"""The API of incidents."""

from ninja import Router

from . import (
    following,
    guidance,
    handing_over,
    incidents,
    links,
    log,
    proposals,
    room,
    rotations,
    severities,
    states,
    triage,
    types,
    updates,
)

router = Router()
router.add_router("", proposals.router)
router.add_router("", incidents.router)
router.add_router("", log.router)
router.add_router("", guidance.router)
router.add_router("", room.router)
router.add_router("", updates.router)
router.add_router("", types.router)
router.add_router("", links.router)
router.add_router("", severities.router)
router.add_router("", states.router)
router.add_router("", rotations.router)
router.add_router("", handing_over.router)
router.add_router("", triage.router)
router.add_router("", following.router)
