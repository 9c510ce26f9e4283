"""`streetwarden bench`: how many cameras does this machine carry?"""

import json
import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from vision.bootstrap.bench import plain
from vision.bootstrap.bench.footage import make_clip
from vision.bootstrap.bench.playing import Plan, usable_cores
from vision.bootstrap.bench.search import Search
from vision.bootstrap.bench.split import cpu_split
from vision.bootstrap.bench.verdict import Outcome
from vision.cli.exits import FAILED
from vision.cli.numbers import finite
from vision.config.site import SiteSettings, load_site
from vision.core.errors import ConfigError
from vision.evaluation.plots import Line, line_plot, round_end

_STREET = Path("datasets/demo/street.mp4")
_SITE = Path("configs/bench.yaml")
_PLAIN_S = 10.0
_HEADER = (
    f"{'cameras':>8}{'cores':>6} {'decode':<7}{'CPU/cam':>9}{'busy':>6}{'age p50':>9}"
    f"{'p95':>7}{'event p95':>11}{'at API':>9}{'MiB/cam':>9}{'rate':>6}{'missed':>8}"
    f"{'extra':>7}"
)


def bench(
    out: Annotated[Path, typer.Option(help="Folder for bench.json and bench.svg.")],
    *,
    site: Annotated[
        Path, typer.Option(help="Model, rules and the one camera that is copied.")
    ] = _SITE,
    clip: Annotated[
        Path | None,
        typer.Option(help="What all cameras show; default: our street at 1080p25."),
    ] = None,
    seconds: Annotated[
        float, typer.Option(min=20, callback=finite, help="Length of a trial, s.")
    ] = 88,
    cores: Annotated[
        int | None, typer.Option(min=1, help="Cores to use; default: all.")
    ] = None,
    cameras: Annotated[
        list[int] | None, typer.Option(help="Try these numbers instead of searching.")
    ] = None,
    trials: Annotated[int, typer.Option(min=1, help="Most trials of a search.")] = 4,
    ultralytics: Annotated[
        Path | None, typer.Option(help="A Python that has Ultralytics, to compare.")
    ] = None,
) -> None:
    """Find the largest number of cameras that keep their period and lose no event.

    The clip is played to the whole engine as live cameras, from a process of its own.
    In good order is: the 95th percentile of the age of pictures (from true capture to
    the end of their analysis) is at most the period, and every camera opens the events
    that one camera opens with every picture decoded. Status 1 if nothing passed.
    """
    out.mkdir(parents=True, exist_ok=True)
    settings = load_site(site).settings
    if settings.cameras[0].moving:
        msg = (
            f"--site: camera {settings.cameras[0].id} moves, and a bench plays one "
            "clip as many cameras that stand; expected a site whose first camera stands"
        )
        raise ConfigError(msg)
    if clip is None:
        clip = out / "street-1080p25.mp4"
        if not clip.exists():
            print(f"making {clip} from {_STREET} (rendered footage, scaled up) ...")
            make_clip(_STREET, clip)
    plan = Plan(settings, clip, seconds, _cores(cores), trials)
    print(f"{clip}; period {settings.cameras[0].period_s:g} s; {settings.model.type}")
    split = cpu_split(settings, clip, min(seconds, 40.0))
    _tell_split(split)
    print(_HEADER)
    search = Search(plan, _tell)
    full = search.reference()
    best = _best(search, cameras)
    compared = None if ultralytics is None else _plain(ultralytics, clip, settings)
    record: dict[str, object] = {
        "clip": str(clip),
        "period_s": settings.cameras[0].period_s,
        "model": str(settings.model.path),
        "runtime": settings.model.type,
        "split_ms_per_camera_second": split,
        "trials": [asdict(one) for one in search.outcomes],
        "best": None if best is None else asdict(best),
        "full_decode_cameras_per_core": 1 / full.cpu_per_camera,
        "plain_script_cameras_per_core": compared,
    }
    text = json.dumps(record, indent=1, allow_nan=False)
    (out / "bench.json").write_text(text + "\n", encoding="utf-8")
    (out / "bench.svg").write_text(_plot(search.outcomes, plan), encoding="utf-8")
    _conclude(best, full, compared)


def _cores(wanted: int | None) -> tuple[int, ...]:
    usable = usable_cores()
    if wanted is not None and wanted > len(usable):
        msg = f"--cores: got {wanted}, expected at most {len(usable)} on this machine"
        raise ConfigError(msg)
    return usable[:wanted]


def _best(search: Search, cameras: list[int] | None) -> Outcome | None:
    if not cameras:
        return search.largest()
    good = [one for one in map(search.trial, cameras) if one.ok]
    return max(good, key=lambda one: one.cameras, default=None)


def _tell(one: Outcome) -> None:
    event, heard = (
        "-" if late_s is None else f"{late_s:.2f} s"
        for late_s in (one.event_p95_s, one.api_p95_s)
    )
    print(
        f"{one.cameras:>8}{one.cores:>6} {one.decode:<7}"
        f"{one.cpu_per_camera * 1_000:>6.1f} ms{one.busy:>6.0%}{one.age_p50_s:>7.2f} s"
        f"{one.age_p95_s:>5.2f} s{event:>11}{heard:>9}{one.rss_mib / one.cameras:>9.1f}"
        f"{one.rate:>6.0%}{one.missed:>8}{one.extra:>7}  {'ok' if one.ok else 'no'}",
        flush=True,
    )


def _tell_split(split: dict[str, float]) -> None:
    whole = sum(split.values())
    print(f"CPU of one camera, one thread: {whole:.1f} ms a second")
    for stage, spent_ms in split.items():
        print(f"  {stage:<9}{spent_ms:>7.2f} ms{spent_ms / whole:>6.0%}")


def _plain(python: Path, clip: Path, settings: SiteSettings) -> float:
    """Return how many cameras a plain Ultralytics script carries per core."""
    model = settings.model.path
    if model.is_dir():
        model = next(iter(sorted(model.glob("*.onnx"))), model)
    done = subprocess.run(  # noqa: S603 the interpreter that the user named
        [str(python), plain.__file__, str(clip), str(model), str(_PLAIN_S)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    if done.returncode:
        msg = f"--ultralytics {python}: its script failed: {done.stderr[-500:]}"
        raise ConfigError(msg)
    cpu_s, video_s = map(float, done.stdout.split()[-2:])
    return video_s / cpu_s


def _conclude(best: Outcome | None, full: Outcome, compared: float | None) -> None:
    print(
        f"every picture decoded: {1 / full.cpu_per_camera:.1f} cameras per core by CPU"
    )
    if compared is not None:
        print(f"plain Ultralytics script: {compared:.2f} cameras per core by CPU")
    if best is None:
        print("no number of cameras kept its period without losing an event")
        raise typer.Exit(FAILED)
    per_core = best.cameras / best.cores
    print(f"in good order: {best.cameras} cameras, {per_core:.1f} per core")
    if compared is not None:
        print(f"{per_core / compared:.0f} times the plain script")


def _plot(outcomes: list[Outcome], plan: Plan) -> str:
    """Return the age of pictures over the number of cameras."""
    tried = sorted(
        (one for one in outcomes if one.decode == "auto"), key=lambda one: one.cameras
    )
    period_s = plan.site.cameras[0].period_s
    end = round_end(max(one.cameras for one in tried))
    return line_plot(
        [
            Line(
                "age of pictures, 95th percentile, in periods",
                tuple(
                    (float(one.cameras), min(1.0, one.age_p95_s / period_s))
                    for one in tried
                ),
            ),
            Line(
                "share of the cores in use",
                tuple((float(one.cameras), min(1.0, one.busy)) for one in tried),
            ),
        ],
        x="cameras",
        y="share",
        x_max=end,
    )
