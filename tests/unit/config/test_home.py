"""The engine's folder."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from vision.config.home import Home
from vision.core.errors import ConfigError


def test_a_home_keeps_its_name_and_no_other_has_it(tmp_path: Path) -> None:
    one, other = Home(tmp_path / "one"), Home(tmp_path / "other")

    first = one.identity()

    assert one.identity() == Home(tmp_path / "one").identity() == first
    assert other.identity() != first


def test_a_name_that_was_spoilt_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "identity").write_bytes(b"\xff\x00 no name")

    with pytest.raises(ConfigError, match="expected eight hex digits; remove the file"):
        Home(tmp_path).identity()


def test_a_copied_home_takes_another_name_for_good(tmp_path: Path) -> None:
    home = Home(tmp_path)
    first = home.identity()

    second = home.renamed()

    assert second != first
    assert Home(tmp_path).identity() == second


def test_many_that_start_in_one_home_at_once_all_find_it_writable(
    tmp_path: Path,
) -> None:
    home = Home(tmp_path / "home")

    def start(_: int) -> None:
        for _ in range(200):
            home.prepare()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(start, range(8)))

    assert list(home.root.iterdir()) == []
