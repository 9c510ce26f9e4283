"""From a YAML file to settings: all mistakes at once, each with its line."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from vision.config.base import Settings
from vision.config.known_keys import known_keys
from vision.config.problems import InvalidConfigError, Problem
from vision.config.yaml_tree import Tree, YamlTree, parse
from vision.core.errors import ConfigError
from vision.core.expected import expected, found, guess
from vision.core.shipped import shipped
from vision.core.yaml_faults import syntax_fault

_Settings = TypeVar("_Settings", bound=Settings)

_EXAMPLE = Path("configs/site.example.yaml")
_SIZE_LIMIT = 4 * 1024 * 1024  # bytes; a thousand cameras need about one MiB


@dataclass(frozen=True, slots=True)
class Loaded(Generic[_Settings]):
    """Settings and the file they came from.

    Attributes:
        settings: validated.
        path: the file.
        sha256: hex digest of its bytes as read.
    """

    settings: _Settings
    path: Path
    sha256: str


def read_settings(
    path: Path, model: type[_Settings], *, example: Path = _EXAMPLE
) -> Loaded[_Settings]:
    """Read and validate a YAML file.

    Args:
        path: the file; `${NAME}` in its values is taken from the environment.
        model: what it must be.
        example: what ships of that kind, for who names a file that is not there.

    Returns:
        The settings with the file's hash.

    Raises:
        ConfigError: not readable or not YAML.
        InvalidConfigError: readable, with every mistake listed.
    """
    raw = _read(path, example)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        msg = f"{path}: not UTF-8 at byte {error.start}; save the file as UTF-8"
        raise ConfigError(msg) from error
    try:
        tree = parse(text, environment=dict(os.environ))
    except yaml.MarkedYAMLError as error:
        at, began = error.problem_mark, error.context_mark
        msg = f"{path}: not YAML: {syntax_fault(text, error.problem, at, began)}"
        raise ConfigError(msg) from error
    except yaml.YAMLError as error:
        msg = f"{path}: not YAML: {' '.join(str(error).split())}"
        raise ConfigError(msg) from error
    return Loaded(validate(tree, path, model), path, hashlib.sha256(raw).hexdigest())


def validate(tree: YamlTree, path: Path, model: type[_Settings]) -> _Settings:
    """Return the settings that a parsed file holds.

    Raises:
        InvalidConfigError: with every mistake listed.
    """
    problems = list(tree.problems)
    try:
        settings = model.model_validate(tree.root)
    except ValidationError as error:
        problems += [
            _problem(detail, tree, model)
            for detail in error.errors()
            if not _echo(detail)
        ]
        raise InvalidConfigError(path, problems) from error
    if problems:
        raise InvalidConfigError(path, problems)
    return settings


def _read(path: Path, example: Path) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(_SIZE_LIMIT + 1)
    except FileNotFoundError as error:
        msg = f"{path}: no such file; start from {shipped(example)}"
        raise ConfigError(msg) from error
    except OSError as error:
        msg = f"{path}: cannot be read ({error.strerror}); expected a YAML file"
        raise ConfigError(msg) from error
    if len(raw) > _SIZE_LIMIT:
        msg = f"{path}: larger than {_SIZE_LIMIT} bytes; is it a configuration?"
        raise ConfigError(msg)
    return raw


def _problem(detail: ErrorDetails, tree: YamlTree, model: type[Settings]) -> Problem:
    where = _written_path(detail["loc"], tree.root)
    dotted = ".".join(str(part) for part in where)
    line, text = tree.line_of(where), expected(detail)
    if detail["type"] == "union_tag_invalid":
        tag = detail["ctx"]["tag"]
        return Problem(f"{dotted}.type", tree.line_of((*where, "type")), tag, text)
    if detail["type"] == "extra_forbidden":
        known = known_keys(model, detail["loc"])
        text = f"{guess(detail['loc'][-1], known)}expected one of {', '.join(known)}"
    return Problem(dotted, line, found(detail), text)


def _echo(detail: ErrorDetails) -> bool:
    """Tell a list that is short only because its members were refused already."""
    return (
        detail["type"] == "too_short"
        and len(detail["input"]) >= detail["ctx"]["min_length"]
    )


def _written_path(loc: tuple[int | str, ...], root: Tree) -> tuple[int | str, ...]:
    """Drop what pydantic adds to a path (union tags) and the file does not hold."""
    path: list[int | str] = []
    node = root
    for position, part in enumerate(loc):
        last = position == len(loc) - 1
        if isinstance(node, dict) and part in node:
            node = node[str(part)]
        elif isinstance(node, list) and isinstance(part, int) and part < len(node):
            node = node[part]
        elif not last or (isinstance(node, dict) and node.get("type") == part):
            continue
        path.append(part)
    return tuple(path)
