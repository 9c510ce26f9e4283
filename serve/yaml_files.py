"""Files of a city's rules: YAML, checked, with every mistake named."""

from collections.abc import Hashable
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from typing_extensions import override

from serve.settings import SettingsError
from vision.core.expected import mistake
from vision.core.yaml_faults import syntax_fault

T = TypeVar("T", bound=BaseModel)


class _UniqueKeys(yaml.SafeLoader):
    """Refuses a key that stands twice: one of the two would be lost silently."""

    @override
    def construct_mapping(
        self, node: yaml.MappingNode, deep: bool = False
    ) -> dict[Hashable, object]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                msg = "a list or a mapping stands where a key must; expected a word"
                raise yaml.MarkedYAMLError(problem=msg, problem_mark=key.start_mark)
            if key.value in seen:
                msg = f"the key {key.value!r} stands twice; keep one"
                raise yaml.MarkedYAMLError(problem=msg, problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def load_yaml(path: Path, model: type[T]) -> T:
    """Return a checked file of rules.

    Raises:
        SettingsError: it cannot be used; every mistake in it is named.
    """
    text = _text(path)
    try:
        tree = yaml.load(text, _UniqueKeys)  # noqa: S506 a SafeLoader that refuses doubles
        return model.model_validate(tree)
    except ValidationError as error:
        root = yaml.compose(text, _UniqueKeys)
        lines = [
            f"{path}: {mistake(fault, _line(root, fault['loc']))}"
            for fault in error.errors()
        ]
        raise SettingsError("\n".join(lines)) from None
    except RecursionError:
        msg = f"{path}: nested too deeply; is it a file of rules?"
        raise SettingsError(msg) from None
    except yaml.MarkedYAMLError as error:
        at, began = error.problem_mark, error.context_mark
        msg = f"{path}: not YAML: {syntax_fault(text, error.problem, at, began)}"
        raise SettingsError(msg) from error
    except (ValueError, yaml.YAMLError) as error:
        # ValueError: 2026-13-45, which looks like a date.
        msg = f"{path}: {error}"
        raise SettingsError(msg) from error


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        msg = f"{path}: not UTF-8 at byte {error.start}; save the file as UTF-8"
        raise SettingsError(msg) from error
    except OSError as error:
        msg = f"{path}: cannot be read ({error.strerror}); expected a YAML file"
        raise SettingsError(msg) from error


def _line(node: yaml.Node | None, place: tuple[int | str, ...]) -> int | None:
    """Return the line of a place, or of what is written nearest above it."""
    line = None
    for part in place:
        if isinstance(node, yaml.MappingNode):
            inner = {key.value: (key, value) for key, value in node.value}
        elif isinstance(node, yaml.SequenceNode):
            inner = {at: (value, value) for at, value in enumerate(node.value)}
        else:
            break
        if part not in inner:
            break
        begin, node = inner[part]
        line = begin.start_mark.line + 1
    return line
