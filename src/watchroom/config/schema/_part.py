"""What all parts of a file share: nothing is taken that is not known."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """A thing, or a part of one."""

    model_config = ConfigDict(extra="forbid")
