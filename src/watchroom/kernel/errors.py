"""Errors that a person may see. Each names what was wrong, with which value, and how to mend it.

Web, API and CLI show the same three facts: ``field``, ``value`` and ``fix`` (RFC 9457 problem documents in the API).
"""

from __future__ import annotations


class WatchroomError(Exception):
    """Something could not be done. The base of every error that is meant for people."""

    status = 500
    title = "Something went wrong"
    code = "error"

    def __init__(self, message: str = "", *, field: str = "", value: object = None, fix: str = "") -> None:
        self.message = message or (self.__doc__ or "").strip().split("\n")[0]
        self.field, self.value, self.fix = field, value, fix
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.message} {self.fix}".strip()


class Refused(WatchroomError):
    """The request makes sense to no one: a value is missing or wrong."""

    status = 422
    title = "That value is not accepted"
    code = "refused"


class NotFound(WatchroomError):
    """There is no such object, or you may not see it."""

    status = 404
    title = "Not found"
    code = "not_found"


class NotAllowed(WatchroomError):
    """You may not do this."""

    status = 403
    title = "Not allowed"
    code = "not_allowed"


class Conflict(WatchroomError):
    """Someone changed this in the meantime, or it is in a state in which this can't be done."""

    status = 409
    title = "Conflict"
    code = "conflict"


class NotSignedIn(WatchroomError):
    """You are not signed in, or the key is unknown."""

    status = 401
    title = "Not signed in"
    code = "not_signed_in"


class TooOften(WatchroomError):
    """That was tried too often; it may be tried again later."""

    status = 429
    title = "Too often"
    code = "too_often"
