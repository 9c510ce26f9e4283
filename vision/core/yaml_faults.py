"""Why a file is no YAML, in words for who wrote it: what, where, what to do."""

import re
from collections.abc import Iterator
from typing import Protocol

_WIDE = {"：": ": ", "，": ", ", "［": "[", "］": "]", "｛": "{", "｝": "}"}
# Where YAML's own sign must stand: behind a key, within brackets, before a list.
_MEANT = re.compile(
    r"^\s*(?:- )?[\w.-]+(：)|[\[{][^\"'\[{]*?([，：］｝])|(?:^\s*|- |: )([｛［])"
)
_TAB = re.compile(r"^ *(?:- *)?\t")
_STRANGE_SPACE = re.compile("^[ \t-]*([\u00a0\u2000-\u200b\u202f\u3000\ufeff])")
_NO_SPACE = re.compile(r"^\s*(?:- )?([A-Za-z_]\w*):(?=[^\s/:])")
_COMMENT = re.compile(r"(?:^|\s)#.*")
# What PyYAML says in the words of its grammar, and what that means to people.
_GRAMMAR = {
    re.compile(r"found '<scalar>'$"): (
        "line {end}: text behind a closing quote; is one missing further up?"
    ),
    re.compile("cannot start any token"): (
        "line {end}: {problem}; put the value in quotes"
    ),
    re.compile("<block end>"): (
        "line {end}: it stands farther left or right than what it belongs to, which "
        "begins on line {begun}; keys of one mapping begin in one column"
    ),
    re.compile(r"^expected ',' or '[]}]'"): (
        "line {begun}: a bracket opens that is not closed, or a comma is missing "
        "before line {end}"
    ),
    re.compile("^mapping values are not allowed"): (
        "line {end}: a second ': ' in one value; put the value in quotes"
    ),
    re.compile("another document"): (
        "line {end}: a second document begins (---); expected one in a file"
    ),
}


class _Mark(Protocol):
    @property
    def line(self) -> int: ...


def syntax_fault(
    text: str, problem: str | None, at: _Mark | None, began: _Mark | None
) -> str:
    """Return what is wrong, beginning with its line.

    PyYAML tells where it could not go on, which may be lines behind the slip: the slips
    that people make are looked for from where it began to read what it could not end.

    Args:
        text: the file's content.
        problem: what PyYAML says of it.
        at: where it could not go on; its `line` counts from 0.
        began: where it began to read what it could not end.
    """
    end = at.line if at else 0
    begun = began.line if began else end
    lines = text.splitlines()
    for number in _suspects(lines, begun, end):
        slip = _slip(_COMMENT.sub("", lines[number]))
        if slip:
            return f"line {number + 1}: {slip}"
    return _told(problem or "it cannot be read", begun + 1, end + 1)


def _suspects(lines: list[str], begun: int, end: int) -> Iterator[int]:
    """Yield the lines that may be wrong, the one where reading stopped first."""
    end = min(end, len(lines) - 1)
    yield from range(end, begun - 1, -1)
    for number in range(begun - 1, -1, -1):  # the last one before, if it says anything
        if _COMMENT.sub("", lines[number]).strip():
            yield number
            return


def _slip(line: str) -> str | None:
    wide = _MEANT.search(line)
    if wide:
        sign = next(group for group in wide.groups() if group)
        return (
            f"{sign} is a Chinese (full-width) sign; write {_WIDE[sign]!r}, or put "
            "the text in quotes"
        )
    if _TAB.match(line):
        return "a tab in the indentation; write spaces"
    strange = _STRANGE_SPACE.match(line)
    if strange:
        return (
            f"the indentation holds the sign U+{ord(strange[1]):04X}, which only looks "
            "like a space; write spaces"
        )
    glued = _NO_SPACE.match(line)
    return f"expected a space behind {glued[1]}:" if glued else None


def _told(problem: str, begun: int, end: int) -> str:
    for theirs, ours in _GRAMMAR.items():
        if theirs.search(problem):
            return ours.format(problem=problem, begun=begun, end=end)
    return f"line {end}: {problem}"
