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
    {
        "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "‚": "'", "`": "'", "´": "'",
        "–": "-", "—": "-", "‐": "-", "‑": "-", "−": "-", "…": "...", "→": "->", "←": "<-", "⇒": "=>", "·": "-", "•": "-",
        "\xa0": " ", "\u202f": " ", "\u2009": " ", "\u200b": "", "\u00ad": "", "\t": " ", "×": "x", "÷": "/", "±": "+/-",
        "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "°": " deg", "µ": "u", "μ": "u", "™": "(TM)", "©": "(c)", "®": "(R)",
        "ß": "ß", "œ": "oe", "Œ": "OE", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ı": "i", "þ": "th", "Þ": "Th", "ð": "d",
        "Ð": "D", "½": "1/2", "¼": "1/4", "¾": "3/4", "²": "2", "³": "3",
    }
)  # fmt: skip
_MOSTLY = 0.9  # how much of a text must be in the cheap alphabet for the rest to be written in it, too


def _without_marks(letter: str) -> str:
    """``č`` as ``c``, where that leaves a letter of the cheap alphabet; otherwise the letter as it is."""
    plain = "".join(each for each in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(each))
    return plain if plain and all(each in _BASIC or each in _EXTENSION for each in plain) else letter


def plainer(text: str) -> str:
    """The same in letters that the cheap alphabet has, where it stays readable: quotes, dashes, signs, accents, and the
    odd picture, which is left out. Text in another script stays as it is: it would say nothing without its letters."""
    text = unicodedata.normalize("NFC", text).translate(_PLAINER)
    text = "".join(each if each in _BASIC else _without_marks(each) for each in text)
    strange = [each for each in text if each not in _BASIC and each not in _EXTENSION]
    if strange and len(strange) <= (1 - _MOSTLY) * len(text) and not any(each.isalpha() for each in strange):
        text = "".join(each for each in text if each in _BASIC or each in _EXTENSION)
    return text


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
