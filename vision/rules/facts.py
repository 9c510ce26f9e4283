"""Reasons, compared with their limits."""

from collections.abc import Container, Mapping
from dataclasses import fields
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from vision.core.places import Place
from vision.core.violations import Fact, Params

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def at_least(name: str, value: float, bound: float, unit: str = "1") -> Fact:
    """Return a fact that holds when `value` reaches `bound`."""
    return Fact(name, round(value, 3), unit, f">= {_text(bound)}", value >= bound)


def below(name: str, value: float, bound: float, unit: str = "1") -> Fact:
    """Return a fact that holds while `value` stays below `bound`."""
    return Fact(name, round(value, 3), unit, f"< {_text(bound)}", value < bound)


def required(name: str, value: str, *, holds: bool, bound: str) -> Fact:
    """Return a fact in words that holds or not.

    Args:
        name: what was looked at.
        value: what was found.
        holds: whether that speaks for the violation.
        bound: what would, e.g. `not a queue`.
    """
    return Fact(name, value, bound=bound, holds=holds)


def exemption(label: str, exempt: Container[str]) -> Fact:
    """Return whether a vehicle's class may stand anywhere."""
    return required("class", label, holds=label not in exempt, bound="not exempt")


def circumstances(place: Place) -> tuple[Fact, ...]:
    """Return what is told with every verdict, compared with nothing."""
    return (
        Fact("label", place.label),
        Fact("score", round(place.score, 3), "1"),
        Fact("elapsed_s", round(place.elapsed_s, 1), "s"),
        Fact("baseline", place.baseline),
    )


def named(limits: "DataclassInstance", prefix: str = "") -> Params:
    """Return a rule's limits by name, sets in order: the same limits look the same."""
    return tuple(
        (prefix + field.name, _plain(getattr(limits, field.name)))
        for field in fields(limits)
    )


def _plain(limit: object) -> float | int | str | tuple[str, ...]:
    """Return a limit as evidence stores it; those of classes as `bus=60`."""
    if isinstance(limit, frozenset):
        return tuple(sorted(limit))
    if isinstance(limit, Mapping):
        return tuple(f"{name}={value:g}" for name, value in sorted(limit.items()))
    return cast("float | int | str", limit)


@lru_cache(maxsize=1024)
def _text(bound: float) -> str:
    """Return a limit as evidence shows it; the same few are asked for every time."""
    return f"{bound:g}"
