"""`streetwarden replay`: watch the engine think, as a video."""

import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Annotated, Self

import typer
from av.video.frame import VideoFrame
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from vision.bootstrap.replay import Replay
from vision.cli.live import clock_text
from vision.cli.quick import quick_site
from vision.cli.replay_picture import ReplayPainter
from vision.cli.stopping import stop_on_signals
from vision.config.load import Loaded
from vision.config.site import SiteSettings, load_site
from vision.core.errors import ConfigError, SourceOpenError
from vision.core.violations import Lifecycle
from vision.evidence.transcode import TimedFrame, encode_clip

Clip = Annotated[Path, typer.Argument(help="A video file.")]
Site = Annotated[
    Path | None, typer.Option(help="Site file; default: whole view, 20 s.")
]
Camera = Annotated[
    str | None, typer.Option(help="Whose zones and rules; default: the only camera's.")
]
Out = Annotated[Path, typer.Option(help="The video to write, .mp4.")]
Model = Annotated[
    Path | None, typer.Option(help="Model folder without --site; default: the shipped.")
]


def replay(
    clip: Clip,
    out: Out,
    site: Site = None,
    camera: Camera = None,
    model: Model = None,
) -> None:
    """Draw places, timers and reasons into a video of a clip.

    The very parts of the engine watch the clip; each picture that they analysed is in
    the video, at its own time. Nothing is sent or kept.
    """
    _check_out(out, clip)
    if not clip.is_file():
        msg = f"{clip}: no such file; expected a video"
        raise SourceOpenError(msg)
    show = Replay(_loaded(clip, site, camera, model), clip, camera)
    draft = _draft(out)
    try:
        with stop_on_signals() as stop, _Told(show, stop) as told:
            count = encode_clip(told.pictures(), draft)
        draft.replace(out)
    except OSError as error:
        raise _not_written(out, error) from error
    finally:
        draft.unlink(missing_ok=True)
    print(f"{out}: {count} pictures, {told.opened} events opened")
    if damage := show.damage.text():
        print(f"{clip}: {damage}", file=sys.stderr)


class _Told:
    """The pictures of a replay, with progress on standard error."""

    def __init__(self, show: Replay, stop: Event) -> None:
        self.opened = 0
        self._show = show
        self._stop = stop
        console = Console(stderr=True, highlight=False)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[at]}"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._progress.stop()

    def pictures(self) -> Iterator[TimedFrame]:
        """Yield the drawn pictures with their media times, seconds."""
        settings = self._show.camera
        painter = ReplayPainter(settings.name or settings.id, self._show.codes)
        task = self._progress.add_task(
            "replay", total=self._show.duration_s(), at="0:00"
        )
        for instant in self._show.instants(self._stop):
            self.opened += sum(
                step.lifecycle is Lifecycle.OPENED for step in instant.steps
            )
            at_s = instant.observation.frame.media_time_s
            self._progress.update(task, completed=at_s, at=clock_text(at_s))
            drawn = painter.draw(instant)
            yield at_s, VideoFrame.from_ndarray(drawn, format="bgr24")


def _loaded(
    clip: Path, site: Path | None, camera: str | None, model: Path | None
) -> Loaded[SiteSettings]:
    if site is None:
        if camera is not None:
            msg = f"--camera: got {camera} without --site; name the site file, too"
            raise ConfigError(msg)
        return quick_site(str(clip), model)
    if model is not None:
        msg = "--model goes without --site; a site file names its own model"
        raise ConfigError(msg)
    return load_site(site)


def _check_out(out: Path, clip: Path) -> None:
    """Refuse early what cannot be written later.

    Raises:
        ConfigError: no .mp4, no such folder, the clip itself, or no writing there.
    """
    if out.suffix.lower() != ".mp4":
        msg = f"--out: got {out}, expected a name ending in .mp4"
        raise ConfigError(msg)
    if not out.absolute().parent.is_dir():
        msg = f"--out: {out.parent} is no folder; make it first"
        raise ConfigError(msg)
    if out.absolute() == clip.absolute():
        msg = f"--out: {out} is the clip itself; name another file"
        raise ConfigError(msg)
    draft = _draft(out)
    try:
        draft.touch()
        draft.unlink()
        taken = out.is_dir()
    except OSError as error:
        raise _not_written(out, error) from error
    if taken:
        msg = f"--out: {out} is a folder; name another file"
        raise ConfigError(msg)


def _draft(out: Path) -> Path:
    return out.with_name(f"{out.name}.part")


def _not_written(out: Path, error: OSError) -> ConfigError:
    return ConfigError(
        f"--out: {out} cannot be written ({error.strerror}); name another"
    )
