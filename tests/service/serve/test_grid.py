"""Nothing is placed by a grid that was not read yet."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from serve.cases.grid import Cell, Grid, GridFile
from serve.store.database import Database
from tests.service.serve.city import GRID, HandClock
from tests.service.serve.conftest import DatabaseFor

INSIDE = (30.5, 114.3)


@pytest.fixture
def database(tmp_path: Path, database_for: DatabaseFor) -> Iterator[Database]:
    """Give a database with a grid in it."""
    url = database_for(tmp_path / "home")
    database = Database(url or f"sqlite:///{tmp_path / 'home' / 'serve.db'}")
    Grid(database, HandClock()).replace(GridFile.model_validate(GRID))
    yield database
    database.close()


def test_who_comes_while_the_grid_is_read_waits_for_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    read = database.read

    @contextmanager
    def slowly() -> Iterator[Session]:
        begun.set()
        assert go_on.wait(60)
        with read() as session:
            yield session

    monkeypatch.setattr(database, "read", slowly)
    grid = Grid(database, HandClock())
    found: list[Cell | None] = []
    threads = [
        threading.Thread(target=lambda: found.append(grid.cell_at(*INSIDE)))
        for _ in range(2)
    ]
    threads[0].start()
    assert begun.wait(60)
    threads[1].start()
    threads[1].join(0.3)
    go_on.set()
    for thread in threads:
        thread.join(60)

    assert [cell and cell.grid_id for cell in found] == ["g-1", "g-1"]


def test_a_grid_that_could_not_be_read_is_read_again_at_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> Iterator[Session]:
        msg = "SELECT 1"
        raise OperationalError(msg, {}, OSError("away"))

    grid = Grid(database, HandClock())
    with monkeypatch.context() as patch:
        patch.setattr(database, "read", away)
        with pytest.raises(OperationalError):
            grid.cell_at(*INSIDE)

    cell = grid.cell_at(*INSIDE)

    assert cell is not None
    assert cell.street == "武珞路"


def test_a_grid_without_cells_takes_the_old_one_away(database: Database) -> None:
    grid = Grid(database, HandClock())
    before = grid.cell_at(*INSIDE)

    grid.replace(GridFile(type="FeatureCollection", features=[]))

    assert before is not None
    assert grid.cell_at(*INSIDE) is None
