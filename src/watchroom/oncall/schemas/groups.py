"""User groups of chats that hold whoever is on call."""

from __future__ import annotations

from datetime import datetime

from ninja import Field, Schema

from ..queries import GroupNow
from .people import Who


class ChatGroupIn(Schema):
    """The user group of a chat whose members are whoever is on call."""

    chat: str = Field("", description="Slug of the chat workspace; left out: the only one that has user groups.")
    group: str = Field(description="Its handle, such as @payments-oncall, or its id there.")


class LeftOutOut(Schema):
    """Somebody who is on call and can't be put into the user group."""

    person: Who
    why: str


class ChatGroupOut(Schema):
    """The user group of a chat whose members are whoever is on call, and how that went."""

    chat: str = Field(description="Slug of the chat workspace.")
    group: str = Field(description="Its handle, without @, or its id there.")
    members: list[Who] = Field(description="Who was put in it last.")
    left_out: list[LeftOutOut] = Field(description="Who is on call, and can't be put in it.")
    told_at: datetime | None = Field(description="When it was last put right.")
    error: str = Field(description="Why it does not follow who is on call; empty: it does.")
    fix: str
    next_try_at: datetime | None = Field(description="When the chat is told next; null: it knows.")

    @classmethod
    def of(cls, found: GroupNow) -> ChatGroupOut:
        """Of what is known of it."""
        row = found.row
        return cls(
            chat=row.workspace.slug,
            group=row.group,
            members=[Who.of(person) for person in found.holds],
            left_out=[LeftOutOut(person=Who.of(person), why=why) for person, why in found.left_out],
            told_at=row.told_at,
            error=row.error,
            fix=row.fix,
            next_try_at=row.send_at,
        )
