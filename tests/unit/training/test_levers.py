"""Short runs that differ in one thing are trained, judged alike and compared."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

pytest.importorskip("torch", reason="training needs torch: make train-env")
pytest.importorskip("ultralytics", reason="training needs it: make train-env")

from tests.unit.training.pictures import noise, write_set
from tests.unit.training.tiny import write_start
from vision.cli import model as command
from vision.core.errors import ConfigError
from vision.training.levers import as_text, read_levers

SHIPPED = Path(__file__).parents[3] / "models" / "street-n"

pytestmark = [
    pytest.mark.train,
    pytest.mark.slow,
    # Ultralytics warns about itself.
    pytest.mark.filterwarnings("ignore"),
]

LEVERS = """
[short.schedule]
steps = 1
[[lever]]
name = "as it is"
[[lever]]
name = "no effects"
mixture = { degrade = 0.0 }
"""


def _set(home: Path, name: str, label: str, count: int) -> None:
    images = [noise(ord(name[0]) * 100 + k) for k in range(count)]
    manifest = write_set(home / "pictures", name, {"train": images, "val": []})
    text = manifest.read_text(encoding="utf-8").replace('"garbage"', f'"{label}"')
    (home / "datasets" / name).mkdir(parents=True)
    target = home / "datasets" / name / "manifest.toml"
    target.write_text(text, encoding="utf-8")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Refuse, stalls and cars, a parent, a recipe and what may differ."""
    _set(tmp_path, "heaps", "garbage", 6)
    _set(tmp_path, "stalls", "street_vendor", 3)
    _set(tmp_path, "cars", "car", 4)
    rows = [
        {"file": f"train{k}.png", "origin": origin, "n_street_vendor": 1}
        for k, origin in enumerate("aab")
    ]
    root = tmp_path / "pictures"
    source = json.dumps({"per_image": rows})
    (root / "stalls" / "source.json").write_text(source, encoding="utf-8")
    write_start(
        tmp_path,
        ("[sets]", '[sets]\nrefuse = "heaps"\nvend = "stalls"\nvehicles = "cars"'),
        ("own = 2", "vend = 1, refuse = 1"),
        ("scene_share = 0.1", "scene_share = 0.5"),
        ("vend_origins = []", 'vend_origins = ["b"]'),
        ("vehicles_share = 0.2", "vehicles_share = 0.9"),
    )
    (tmp_path / "levers.toml").write_text(LEVERS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STREETWARDEN_DATA", str(root))
    return tmp_path


def _run(*more: str) -> str:
    words = ["levers", "recipe.toml", "levers.toml", "runs", "--device", "cpu", *more]
    result = CliRunner().invoke(command.app, words, catch_exceptions=False)
    assert result.exit_code == 0
    return str(result.output)


@pytest.mark.timeout(180)
def test_runs_are_shared_out_and_then_compared(home: Path) -> None:
    _run("--every", "2/2")
    done = home / "runs" / "no-effects" / "figures.json"
    before = done.stat().st_mtime_ns
    said = _run()

    assert done.stat().st_mtime_ns == before  # read back, not run again
    assert (home / "runs" / "as-it-is" / "tiny.pt").is_file()
    assert "| as it is |" in said
    assert "| no effects | +" in said or "| no effects | -" in said


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("every", ["3/2", "0/2", "two", "1/"])
def test_a_share_that_cannot_be_is_refused_in_words(every: str) -> None:
    with pytest.raises(ConfigError, match="expected K/N"):
        _run("--every", every)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('[[lever]]\nname = "x"\nsets = { refuse = "other" }', "sets cannot differ"),
        ("[[lever]]\nmixture = { degrade = 0.0 }", "without a name"),
        ("[short.schedule]\nsteps = 1", r"no \[\[lever\]\]"),
        ('[[lever]]\nname = "x"\nmixture = { degrad = 0.0 }', "degrad"),
    ],
)
def test_wrong_levers_are_refused_in_words(
    home: Path, text: str, complaint: str
) -> None:
    path = home / "levers.toml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError, match=complaint):
        read_levers(home / "recipe.toml", path)


def test_the_shipped_levers_fit_the_shipped_recipe() -> None:
    levers = read_levers(SHIPPED / "recipe.toml", SHIPPED / "levers.toml")

    assert len({lever.folder for lever in levers}) == len(levers)
    first, *others = levers
    assert all(lever.recipe != first.recipe for lever in others)


def test_the_table_shows_differences_in_points() -> None:
    table = {"whole": {"plain": 0.5, "car": 0.9}, "less": {"plain": 0.45, "car": 0.91}}

    assert as_text(table).splitlines()[2:] == [
        "| whole | 50.0 | 90.0 |",
        "| less | -5.0 | +1.0 |",
    ]
