"""How long a text message is, and how to make it fit. Pure.

A message of only GSM 03.38 letters has 160 of them, or 153 in each part of a longer one; letters of its extension count
twice. One letter beyond that alphabet, and there are 70, or 67 a part, counted in UTF-16. https://www.etsi.org (TS 123 038)
"""

from __future__ import annotations

import unicodedata

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("^{}\\[~]|€\f")
_PLAINER = str.maketrans(
    {"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "…": "...", "→": "->", "\xa0": " ", "·": "-"}
)


def plainer(text: str) -> str:
    """The same with letters that a cheaper alphabet has, where that changes nothing: quotes, dashes, dots."""
    return text.translate(_PLAINER)


def units(text: str) -> tuple[int, bool]:
    """How many units a text takes, and whether it is in the GSM alphabet."""
    if all(letter in _BASIC or letter in _EXTENSION for letter in text):
        return sum(2 if letter in _EXTENSION else 1 for letter in text), True
    return len(text.encode("utf-16-be", errors="replace")) // 2, False


def parts(text: str) -> int:
    """In how many messages a text is sent (and paid)."""
    length, gsm = units(text)
    whole, part = (160, 153) if gsm else (70, 67)
    return 1 if length <= whole else -(-length // part)


def fitted(before: str, middle: str, after: str, most: int = 2) -> str:
    """``before``, as much of ``middle`` as fits, and ``after``, in at most so many messages. Only ``middle`` gives way."""
    middle = plainer(middle)
    text = before + middle + after
    while parts(text) > most and middle:
        middle = middle[: max(0, len(middle) - max(1, (parts(text) - most) * 30))].rstrip()
        while middle and unicodedata.combining(middle[-1]):
            middle = middle[:-1]
        text = f"{before}{middle}...{after}"
    return text
