"""Reads for those who plan, a file for each subject: who is away, what is wrong, what is proposed, feeds, previews."""

from .away import Cover, absences_of, absences_visible_to, cover_for, holidays_of, not_paged
from .feeds import entries_of, feed_by_key, feeds_of
from .previews import preview_override, preview_temporary, swaps_for, temporary_for
from .proposals import Proposal, propose
from .quality import age, free_words, quality_of

__all__ = [
    "Cover",
    "Proposal",
    "absences_of",
    "absences_visible_to",
    "age",
    "cover_for",
    "entries_of",
    "feed_by_key",
    "feeds_of",
    "free_words",
    "holidays_of",
    "not_paged",
    "preview_override",
    "preview_temporary",
    "propose",
    "quality_of",
    "swaps_for",
    "temporary_for",
]
