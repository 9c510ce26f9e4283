"""What cannot be a key is refused before anything is sent."""

from pathlib import Path

import pytest

from vision.bootstrap.sinks import api_key
from vision.config.sinks import HttpSink
from vision.core.errors import ConfigError

URL = "http://127.0.0.1:8321"


@pytest.mark.parametrize("key", ["密钥", "two words", "line\nbreak"])
def test_a_key_that_no_header_can_carry_is_refused_and_not_shown(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENGINE_KEY", key)

    with pytest.raises(ConfigError, match="ENGINE_KEY: got what cannot") as caught:
        api_key(HttpSink(type="http", url=URL, api_key_env="ENGINE_KEY"))

    assert key not in str(caught.value)


@pytest.mark.parametrize(
    ("held", "told"), [(b"", "got no key"), (b"\xff\xfe", "cannot be read")]
)
def test_a_key_file_without_a_key_is_refused(
    held: bytes, told: str, tmp_path: Path
) -> None:
    file = tmp_path / "key"
    file.write_bytes(held)

    with pytest.raises(ConfigError, match=told):
        api_key(HttpSink(type="http", url=URL, api_key_file=file))


def test_a_key_file_may_end_with_a_line_break(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("k" * 40 + "\n", encoding="utf-8")

    assert api_key(HttpSink(type="http", url=URL, api_key_file=file)) == "k" * 40
