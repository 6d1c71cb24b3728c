"""Anything that can post JSON, a form or plain text: by a mapping of its owner's, or under the names that fields mostly have."""

from .source import Anything

source = Anything()

__all__ = ["source"]
