"""Files of a city's rules: YAML, checked, with every mistake named."""

from collections.abc import Hashable
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from typing_extensions import override

from serve.settings import SettingsError

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
    try:
        tree = yaml.load(path.read_text(encoding="utf-8"), _UniqueKeys)  # noqa: S506 a SafeLoader that refuses doubles
        return model.model_validate(tree)
    except ValidationError as error:
        lines = [
            f"{path}: {'.'.join(str(part) for part in one['loc'])}: {one['msg']}"
            for one in error.errors()
        ]
        raise SettingsError("\n".join(lines)) from None
    except RecursionError:
        msg = f"{path}: nested too deeply; is it a file of rules?"
        raise SettingsError(msg) from None
    except (OSError, ValueError, yaml.YAMLError) as error:
        # ValueError: not UTF-8, or 2026-13-45, which looks like a date.
        msg = f"{path}: {error}"
        raise SettingsError(msg) from error
