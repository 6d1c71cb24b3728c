"""Which language a reader gets."""

from __future__ import annotations

LANGUAGES = {"en": "English", "de": "Deutsch", "fr": "Français", "es": "Español"}


def pick(accepted: str, otherwise: str = "en") -> str:
    """The offered language that ``Accept-Language`` (RFC 9110, 12.5.4) likes best."""
    best, weight = otherwise, 0.0
    for part in accepted[:400].split(","):
        name, _, parameter = part.strip().partition(";")
        code = name.strip().lower().partition("-")[0]
        quality = parameter.strip().removeprefix("q=") if parameter else "1"
        try:
            liked = float(quality)
        except ValueError:
            continue
        if code in LANGUAGES and weight < liked <= 1:
            best, weight = code, liked
    return best
