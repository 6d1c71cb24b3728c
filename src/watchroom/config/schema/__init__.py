"""What a configuration file may say, by noun; ``document.py`` puts it together."""

from .document import KEYS, Document, defaults, state_of
from .paging import Conditions

__all__ = ["KEYS", "Conditions", "Document", "defaults", "state_of"]
