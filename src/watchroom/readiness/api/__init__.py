"""The API of readiness."""

from ninja import Router

from . import process, standing

router = Router()
for _part in (process, standing):
    router.add_router("", _part.router)

__all__ = ["router"]
