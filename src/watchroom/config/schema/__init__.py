"""What a configuration file may say, by noun; ``document.py`` puts it together."""

from .document import KEYS, Document, State, defaults, state_of
from .paging import Conditions

__all__ = ["KEYS", "Conditions", "Document", "State", "defaults", "state_of"]
