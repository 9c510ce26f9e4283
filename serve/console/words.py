"""What the pages say, in English and Chinese."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from serve.console.vocabulary import ROLES, WORDS
from serve.console.vocabulary_desk import DESK
from serve.console.vocabulary_office import OFFICE
from serve.console.vocabulary_reasons import REASONS
from serve.console.vocabulary_webhooks import WEBHOOKS

Reason = Mapping[str, object]
_ALL = WORDS | DESK | OFFICE | WEBHOOKS


class Language(StrEnum):
    """Languages of the pages."""

    EN = "en"
    ZH = "zh"


@dataclass(frozen=True, slots=True)
class Sentence:
    """One reason in words.

    Attributes:
        text: for a person.
        holds: whether it speaks for the event; None when it is a circumstance.
    """

    text: str
    holds: bool | None


Speak = Callable[[str], str]


def speaker(language: Language) -> Speak:
    """Return the look-up of this language; an unknown word is shown as it is."""
    column = 0 if language is Language.EN else 1

    def speak(word: str) -> str:
        pair = _ALL.get(word)
        return word.replace("_", " ") if pair is None else pair[column]

    return speak


def _teller(language: Language) -> Speak:
    """Return the look-up for reasons: the engine's words, then the pages'."""
    column, speak = (0 if language is Language.EN else 1), speaker(language)

    def tell(word: str) -> str:
        pair = REASONS.get(word)
        return speak(word) if pair is None else pair[column]

    return tell


def choose(asked: str | None, accepted: str) -> Language:
    """Return the page's language.

    Args:
        asked: `?lang=`, or None.
        accepted: the `Accept-Language` header; the first known language wins.
    """
    if asked in set(Language):
        return Language(asked)
    for part in accepted.split(","):
        tag = part.split(";")[0].strip().lower()
        for language in Language:
            if tag == language or tag.startswith(f"{language}-"):
                return language
    return Language.EN


def role_name(role: str, language: Language) -> str:
    """Return what an evidence file shows, e.g. `moment of decision, marked`."""
    column = 0 if language is Language.EN else 1
    parts = [
        pair[column] for key, pair in sorted(ROLES.items(), reverse=True) if key in role
    ]
    glue = ", " if language is Language.EN else "·"
    return glue.join(parts) or role.replace("_", " ")


def ailment(kind: str, detail: str, language: Language) -> str:
    """Return what ails a camera: why it is blind, where there is a word for that.

    Args:
        kind: of its health event.
        detail: what the engine says, with its reason: "view blind (no_position): …".
        language: of the page.
    """
    reason = detail.partition("(")[2].partition(")")[0]
    return speaker(language)(f"{kind}_{reason}" if reason in _OWN_WORD else kind)


_OWN_WORD = frozenset({"no_position"})


def duration(seconds: float, language: Language) -> str:
    """Return a length of time for people: `41 s`, `3 min 7 s`, `2 h 5 min`."""
    units = ("h", "min", "s") if language is Language.EN else ("小时", "分", "秒")
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    parts = [(hours, units[0]), (minutes, units[1]), (rest, units[2])]
    while len(parts) > 1 and parts[0][0] == 0:
        parts.pop(0)
    shown = [f"{count} {unit}" for count, unit in parts[:2] if count or len(parts) == 1]
    return " ".join(shown)


def actor(name: str, language: Language) -> str:
    """Return who did something: a person's name, a key's, or the service itself."""
    kind, _, rest = name.partition(":")
    if kind == "user":
        return rest
    if kind == "key":
        return rest.partition("/")[2] or rest
    return speaker(language)(f"actor_{name}") if not rest else name


def explained(
    action: str,
    note: str,
    detail: Reason,
    language: Language,
    local: Callable[[str], str],
) -> list[str]:
    """Return what a step of a case says about itself, in words.

    Args:
        action: what was done.
        note: the person's words; the service's own are said anew in the language.
        detail: what followed from it.
        language: of the page.
        local: shows a time, ISO 8601, in the page's zone.
    """
    speak = speaker(language)
    lines = []
    if isinstance(detail.get("verdict"), str):
        lines.append(speak(f"look_{detail['verdict']}"))
    elif action == "escalated":
        lines.append(speak(f"deadline_{detail.get('level')}"))
    elif "absorbed" in detail:
        lines.append(f"{speak('absorbed')} {detail['absorbed']}")
    elif note:
        lines.append(note)
    if isinstance(detail.get("into"), int):
        lines.append(f"{speak('into_case')} {detail['into']}")
    stood = detail.get("clock_stood_s")
    if isinstance(stood, float | int):
        lines.append(f"{speak('clock_stood')} {days(float(stood), language)}")
    due = detail.get("due_after")
    if isinstance(due, str) and action in _MOVES_DEADLINE:
        lines.append(f"{speak('new_deadline')} {local(due)}")
    return lines


# Other steps begin a new stage, whose deadline stands above anyway.
_MOVES_DEADLINE = frozenset({"extend", "resume", "rework", "reopen"})


def remaining(seconds: float, language: Language) -> str:
    """Return how long is left, or how late it is, to the minute."""
    speak = speaker(language)
    minutes = abs(seconds) // 60 * 60
    said = days(minutes, language)
    word = speak("left" if seconds >= 0 else "late_by")
    return f"{said} {word}" if language is Language.EN else f"{word} {said}"


def days(seconds: float, language: Language) -> str:
    """Return a length of time in days from two days on."""
    day_s = 86_400
    if seconds < 2 * day_s:
        return duration(seconds, language)
    count = round(seconds / day_s)
    return f"{count} {speaker(language)('days')}"


_MINUTE_S = 60
_SHARES = frozenset(
    {"overlap", "support", "full_share", "tended_share", "score", "recent_score"}
)
"""Facts that are a part of one, so that 1 is 100 %; others without a unit count."""


def sentence(reason: Reason, language: Language) -> Sentence:
    """Return a reason as a person says it."""
    speak = _teller(language)
    name = str(reason.get("name", ""))
    holds = reason.get("holds")
    value = _value(reason, language)
    text = f"{speak(name)}: {value}"
    bound = reason.get("bound")
    if isinstance(bound, str) and bound:
        text += f" ({speak('needed')} {_bound(reason, bound, language)})"
    return Sentence(text, holds if isinstance(holds, bool) else None)


def _value(reason: Reason, language: Language) -> str:
    value, unit = reason.get("value"), str(reason.get("unit") or "")
    if isinstance(value, bool):
        return speaker(language)("yes" if value else "no")
    if isinstance(value, int | float):
        return _number(value, unit, language, name=str(reason.get("name")))
    return _said(str(value or ""), language)


_HOURS = re.compile(r" \d\d:\d\d–\d\d:\d\d$")


def _said(text: str, language: Language) -> str:
    """Return a text, or each of the words that an engine listed with commas.

    Of days with their hours (`Sat,holidays 09:00–18:00`) the days.
    """
    speak = _teller(language)
    hours = _HOURS.search(text)
    listed, end = (text[: hours.start()], hours[0]) if hours else (text, "")
    words = listed.split(",")
    if len(words) > 1 and all(word.replace("_", "").isalnum() for word in words):
        return ("、" if language is Language.ZH else ", ").join(map(speak, words)) + end
    return speak(listed) + end


def _bound(reason: Reason, bound: str, language: Language) -> str:
    sign, _, limit = bound.partition(" ")
    try:
        number = float(limit)
    except ValueError:
        return _teller(language)(bound)
    shown = {">=": "≥", "<=": "≤"}.get(sign, sign)
    unit, name = str(reason.get("unit")), str(reason.get("name"))
    return f"{shown} {_number(number, unit, language, name=name)}"


def _seconds(value: float, language: Language) -> str:
    """Return a time for a reason: below a minute to a tenth, else as `duration`."""
    tenths = round(float(value), 1)
    if tenths >= _MINUTE_S or tenths.is_integer():
        return duration(value, language)
    return f"{tenths:g} {'s' if language is Language.EN else '秒'}"


def _number(value: float, unit: str, language: Language, *, name: str = "") -> str:
    if unit == "s":
        return _seconds(value, language)
    if name == "growth":
        return f"× {value:g}"
    if name in _SHARES or (unit == "1" and 0 < value < 1):
        return f"{value:.0%}"
    return f"{value:g} {unit}".strip() if unit != "1" else f"{value:g}"
