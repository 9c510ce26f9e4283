"""`streetwarden doctor`: is everything that a site needs in working order?"""

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import av
import cv2
import httpx
import numpy as np
import typer
from rich.console import Console

from vision.bootstrap.driven import driven
from vision.bootstrap.model import build_detector
from vision.bootstrap.positions import PositionSources
from vision.bootstrap.sight import first_sight
from vision.bootstrap.sinks import api_key
from vision.bootstrap.site import check_site
from vision.cli.exits import FAILED
from vision.cli.sight import where
from vision.config.cameras import CameraSettings
from vision.config.home import Home
from vision.config.sinks import HttpSink
from vision.config.site import SiteSettings, load_site
from vision.core.clock import SystemClock
from vision.core.errors import ConfigError, SinkError, VisionError
from vision.core.frame import Frame
from vision.core.redaction import without_secrets
from vision.sinks.look_desk import VERIFICATIONS

_CODECS = ("h264", "hevc", "mjpeg")
_LEAST_FREE = 1 << 30  # bytes
_MOST_SKEW_S = 5.0
_BUILT_YEAR = 2026
_CAMERAS_AT_ONCE = 8

Check = tuple[str, Callable[[], str]]
SiteFile = Annotated[Path, typer.Argument(help="The site file (YAML).")]


def doctor(site: SiteFile) -> None:
    """Check model, decoders, disk, clock, event service and every camera.

    Prints a line per check and ends with status 1 if any failed.
    """
    loaded = load_site(site)
    settings = loaded.settings
    console = Console(highlight=False)
    checks: list[Check] = [
        ("site file", lambda: _fits(lambda: check_site(loaded))),
        ("model", lambda: _model(settings)),
        ("decoders", _decoders),
        ("disk", lambda: _disk(Home.from_environment())),
        ("clock", _clock),
        *_services(settings),
    ]
    good = [_tell(console, name, _outcome(check)) for name, check in checks]
    good += [_tell(console, *result) for result in _cameras(settings)]
    if not all(good):
        raise typer.Exit(FAILED)


def _outcome(check: Callable[[], str]) -> tuple[bool, str]:
    try:
        return True, check()
    except VisionError as error:
        return False, without_secrets(str(error))


def _tell(console: Console, name: str, outcome: tuple[bool, str]) -> bool:
    good, text = outcome
    mark = "[green]ok[/green]  " if good else "[red]bad[/red] "
    console.print(f"{mark} {name:<12} ", end="")
    console.print(text, markup=False)
    return good


def _fits(check: Callable[[], object]) -> str:
    check()
    return "model, rules, taxonomy and keys fit together"


def _model(settings: SiteSettings) -> str:
    """Return what the model sees, and how much of its time the cameras ask for."""
    detector = build_detector(settings.model)
    clock = SystemClock()
    blank = Frame("doctor", 0, 0.0, clock.now(), np.zeros((720, 1280, 3), np.uint8))
    detector.detect([blank])
    began_s = clock.monotonic_s()
    detector.detect([blank])
    took_s = clock.monotonic_s() - began_s
    # Files wait until they are read: only live cameras can ask for too much.
    asked = sum(1 / one.period_s for one in settings.cameras if one.source.live)
    text = f"{detector.model_id}, {took_s * 1_000:.0f} ms a picture"
    if asked:
        text += (
            f", {asked:.3g} pictures a second asked: {asked * took_s:.0%} of its time "
            "when nothing stands still"
        )
    if asked * took_s > 1:
        msg = (
            f"{text}; expected at most 100 %: all cameras will be analysed less often "
            "than asked; lengthen period_s (not of cameras that move), set a smaller "
            "model.imgsz, take a faster model type or add cores"
        )
        raise ConfigError(msg)
    return f"{text}; sees {', '.join(detector.labels)}"


def _decoders() -> str:
    missing = [name for name in _CODECS if name not in av.codecs_available]
    if missing:
        msg = f"PyAV {av.__version__} cannot decode {', '.join(missing)}; reinstall av"
        raise ConfigError(msg)
    return f"PyAV {av.__version__} ({', '.join(_CODECS)}), OpenCV {cv2.__version__}"


def _disk(home: Home) -> str:
    home.prepare()
    free = shutil.disk_usage(home.root).free
    text = f"{home.root.resolve()}: {free / (1 << 30):.1f} GiB free"
    if free < _LEAST_FREE:
        msg = f"{text}; expected at least 1 GiB; free space or move STREETWARDEN_HOME"
        raise ConfigError(msg)
    return text


def _clock() -> str:
    now = SystemClock().now()
    if now.year < _BUILT_YEAR:
        msg = f"this machine says {now:%Y-%m-%d}; set its clock (NTP)"
        raise ConfigError(msg)
    return f"{now.astimezone():%Y-%m-%d %H:%M:%S %Z}"


def _services(settings: SiteSettings) -> Iterator[Check]:
    for sink in settings.sinks:
        if isinstance(sink, HttpSink):
            yield "service", partial(_service, sink)


def _service(sink: HttpSink) -> str:
    try:
        return _judged(sink, httpx.get(f"{sink.url}/readyz", timeout=sink.timeout_s))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        msg = (
            f"{sink.url} does not answer ({error}); start it (streetwarden serve) or "
            "correct sinks.url; events wait in the outbox meanwhile"
        )
        raise SinkError(msg) from error


def _judged(sink: HttpSink, answer: httpx.Response) -> str:
    if not answer.is_success:
        msg = (
            f"{sink.url}/readyz answers {answer.status_code}, expected 200; see its log"
        )
        raise SinkError(msg)
    return f"{sink.url} is ready{_skew(answer)}{_key(sink)}"


def _key(sink: HttpSink) -> str:
    """Ask what only a right key is told; a receiver without that page is not judged."""
    key = api_key(sink)
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    asked = {"limit": 1}
    answer = httpx.get(
        f"{sink.url}{VERIFICATIONS}",
        params=asked,
        headers=headers,
        timeout=sink.timeout_s,
    )
    if answer.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        msg = (
            f"{sink.url} refuses the key of {sink.api_key_file or sink.api_key_env} "
            f"({answer.status_code}); expected an ingest key: its first start prints "
            "one, `python -m serve keys create --scope ingest` makes another"
        )
        raise SinkError(msg)
    return ", key accepted" if answer.is_success else ""


def _skew(answer: httpx.Response) -> str:
    date = answer.headers.get("date")
    if date is None:
        return ""
    there = parsedate_to_datetime(date).astimezone(UTC)
    skew_s = abs((SystemClock().now() - there).total_seconds())
    if skew_s > _MOST_SKEW_S:
        msg = (
            f"its clock and this machine's differ by {skew_s:.0f} s, expected less "
            f"than {_MOST_SKEW_S:g} s; run NTP on both"
        )
        raise SinkError(msg)
    return ", clocks agree"


def _cameras(settings: SiteSettings) -> Iterator[tuple[str, tuple[bool, str]]]:
    sources = PositionSources(clock=SystemClock())
    with ThreadPoolExecutor(_CAMERAS_AT_ONCE) as pool:
        outcomes = pool.map(
            lambda camera: _outcome(lambda: _camera(camera, sources)), settings.cameras
        )
        for camera, outcome in zip(settings.cameras, outcomes, strict=True):
            yield f"camera {camera.id}", outcome


def _camera(camera: CameraSettings, sources: PositionSources) -> str:
    clock = SystemClock()
    began_s = clock.monotonic_s()
    frame, whereabouts = first_sight(camera, sources)
    took_s = clock.monotonic_s() - began_s
    text = f"{frame.width} x {frame.height}, first picture after {took_s:.1f} s"
    if whereabouts is None:
        return text
    text = f"{text}, {where(whereabouts)}"
    told, well = driven(camera, Home.from_environment()) or ("", True)
    text = f"{text}; {told}" if told else text
    if whereabouts.fix is None or not well:
        raise ConfigError(text)
    return text
