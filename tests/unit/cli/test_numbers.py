"""No option that takes a number takes `nan`."""

from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.main import get_command

from vision.cli.app import app


def options_with_numbers(command: Any, path: str = "") -> Iterator[Any]:
    for name, below in getattr(command, "commands", {}).items():
        yield from options_with_numbers(below, f"{path} {name}")
    for option in command.params:
        if option.type.name in {"float", "float range"}:
            yield pytest.param(command, option, id=f"{path} {option.opts[0]}")


OPTIONS = list(options_with_numbers(get_command(app)))


def test_the_options_were_found() -> None:
    assert {"--onset-s", "--min-iou", "--seconds"} <= {
        case.values[1].opts[0] for case in OPTIONS
    }


@pytest.mark.parametrize(("command", "option"), OPTIONS)
def test_what_is_no_number_is_refused(command: Any, option: Any) -> None:
    context = command.context_class(command)

    with pytest.raises(typer.BadParameter, match="expected a"):
        option.process_value(context, "nan")


@pytest.mark.parametrize(("command", "option"), OPTIONS)
def test_only_limits_may_be_infinite(command: Any, option: Any) -> None:
    context = command.context_class(command)

    if option.opts[0] == "--minutes":
        assert option.process_value(context, "inf") == float("inf")
        return
    with pytest.raises(typer.BadParameter, match=r"finite|not in the range"):
        option.process_value(context, "inf")


@pytest.mark.parametrize(("command", "option"), OPTIONS)
def test_what_it_is_without_being_named_is_taken(command: Any, option: Any) -> None:
    context = command.context_class(command)

    assert option.process_value(context, option.default) == option.default
