"""A quick look names what is wrong with its source, in words."""

import pytest

from vision.cli.quick import quick_site
from vision.core.errors import ConfigError


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("", "--source: got nothing"),
        ("rtsp://", r"--source: 1 mistake\s+cameras\.0\.source\.url: got 'rtsp://'"),
        ("rtsp://viewer:p#ss@camera/1", "write # as %23"),
        ("\udcff\udcfe", "--source: 1 mistake"),  # a name that is not UTF-8
    ],
)
def test_a_source_that_cannot_be_one_is_a_configuration_mistake(
    source: str, told: str
) -> None:
    with pytest.raises(ConfigError, match=told):
        quick_site(source, None)


def test_a_name_that_is_too_long_is_left_to_whoever_opens_it() -> None:
    settings = quick_site("x" * 5_000, None).settings

    assert settings.cameras[0].source.type == "packets"
