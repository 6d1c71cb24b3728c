"""The API of intake."""

from ninja import Router

from . import alerts, inhibitions, integrations, maintenance, mappings, routes, silences

router = Router()
for _part in (alerts, integrations, silences, maintenance, inhibitions, routes, mappings):
    router.add_router("", _part.router)
