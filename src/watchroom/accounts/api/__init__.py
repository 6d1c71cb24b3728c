"""The API of people, teams, tokens, single sign-on and the audit trail."""

from ninja import Router

from . import identity_providers, people

router = Router()
router.add_router("", people.router)
router.add_router("", identity_providers.router)
