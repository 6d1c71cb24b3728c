"""The API object: authentication, problem documents, and every package's router.

A package that has an `api.py` offers a ``router`` there; adding one edits no list.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.db import DataError, OperationalError
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError, ValidationErrorContext
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

from .. import __version__
from ..kernel import settings as conf
from ..kernel.db import beyond
from ..kernel.errors import NotSignedIn, WatchroomError
from ..kernel.known import known_at
from .auth import session_or_token
from .document import complete
from .not_found import unreadable
from .problems import problem, validation_problem
from .strict import refuse_unknown

PACKAGES = (
    "accounts",
    "catalog",
    "workspaces",
    "oncall",
    "paging",
    "intake",
    "monitors",
    "incidents",
    "evidence",
    "mitigations",
    "runbooks",
    "status",
    "postmortems",
    "actions",
    "insights",
    "outgoing",
    "venues",
    "workflows",
    "drills",
    "readiness",
    "engine",
    "config",
)


# Told of in one answer: to look for what was meant by each of 100,000 misspelt keys takes many seconds.
_MOST_ERRORS = 100


class Api(NinjaAPI):
    """With what was given in each error, and what is known there: django-ninja leaves it out, and whoever sent it wants to see
    which value it was. With a document that is made once, and complete."""

    _document: OpenAPISchema | None = None

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        if self._document is None:
            document = super().get_openapi_schema(**options)
            complete(self, document)
            self._document = document
        return self._document

    def get_openapi_operation_id(self, operation: Operation) -> str:
        return operation.view_func.__name__

    def validation_error_from_error_contexts(self, error_contexts: list[ValidationErrorContext]) -> ValidationError:
        error = super().validation_error_from_error_contexts(error_contexts)
        error.errors = error.errors[:_MOST_ERRORS]
        found = (
            (each.get("input"), context.model, each["loc"])
            for context in error_contexts
            for each in context.pydantic_validation_error.errors(include_url=False)
        )
        for each, (value, model, place) in zip(error.errors, found, strict=False):
            each["input"], each["known"] = value, known_at(model, place)  # type: ignore[arg-type]
        return error


api = Api(
    title="Watchroom",
    version=__version__,
    description="Everything that can be done in Watchroom's pages. Errors are RFC 9457 problem documents.",
    servers=[{"url": conf.current().url, "description": "This installation"}],
    auth=session_or_token,
    urls_namespace="api",
    openapi_url="/openapi.json",
    docs_url=None,
)

for _package in PACKAGES:
    if find_spec(f"watchroom.{_package}.api"):
        _router = import_module(f"watchroom.{_package}.api").router
        refuse_unknown(_router)
        api.add_router("", _router)


@api.exception_handler(WatchroomError)
def _refused(request: HttpRequest, error: WatchroomError) -> HttpResponse:
    return problem(error)


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return validation_problem(error)


@api.exception_handler(OverflowError)
@api.exception_handler(DataError)
@api.exception_handler(OperationalError)
def _beyond(request: HttpRequest, error: Exception) -> HttpResponse:
    found = beyond(error)
    if found is None:
        raise error
    return problem(found)


@api.exception_handler(NotSignedIn)
def _not_signed_in(request: HttpRequest, error: NotSignedIn) -> HttpResponse:
    return problem(error)


@api.exception_handler(HttpError)
def _unreadable(request: HttpRequest, error: HttpError) -> HttpResponse:
    if error.status_code != 400:
        raise error
    return problem(unreadable(request))


@api.exception_handler(AuthenticationError)
def _without_credentials(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    return problem(NotSignedIn("This needs an API token or a session.", fix="Send Authorization: Bearer TOKEN."))
