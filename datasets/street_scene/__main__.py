"""Command line: ``python -m datasets.street_scene render|encode|labels|stills``."""

import argparse
import logging
import sys
from pathlib import Path

from datasets.street_scene.schema import load


def _render(args: argparse.Namespace) -> int:
    from datasets.street_scene.film import make_clip  # noqa: PLC0415 - needs Blender

    scenario = load(args.scenario)
    work = args.work or args.out / f"{scenario.name}.frames"
    print(make_clip(scenario, args.out, work, threads=args.threads))
    return 0


def _encode(args: argparse.Namespace) -> int:
    from datasets.street_scene.clip import finish  # noqa: PLC0415 each command needs its own environment

    print(finish(load(args.scenario), args.work, args.out))
    return 0


def _labels(args: argparse.Namespace) -> int:
    from datasets.street_scene.labels import clip_to_stills  # noqa: PLC0415 each command needs its own environment

    scenario = load(args.scenario)
    count = clip_to_stills(scenario, args.work, args.out, every=args.every)
    print(f"{count} pictures in {args.out}")
    return 0


def _stills(args: argparse.Namespace) -> int:
    from datasets.street_scene.stills import make_stills  # noqa: PLC0415 each command needs its own environment

    count = make_stills(
        args.out,
        range(args.first_seed, args.first_seed + args.count),
        threads=args.threads,
    )
    print(f"{count} pictures in {args.out}")
    return 0


def main(argv: list[str] | None = None) -> int:
    """Run the tool and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m datasets.street_scene")
    commands = parser.add_subparsers(required=True)
    render = commands.add_parser("render", help="scenario → clip and truth")
    render.add_argument("scenario", type=Path)
    render.add_argument("--work", type=Path, help="folder for single frames")
    render.set_defaults(run=_render)
    encode = commands.add_parser("encode", help="frames that are there → clip, truth")
    encode.add_argument("scenario", type=Path)
    encode.add_argument("--work", type=Path, required=True, help="its single frames")
    encode.set_defaults(run=_encode)
    labels = commands.add_parser("labels", help="rendered clip → YOLO pictures")
    labels.add_argument("scenario", type=Path)
    labels.add_argument("--work", type=Path, required=True, help="its single frames")
    labels.add_argument("--every", type=int, default=10, help="each n-th frame")
    labels.set_defaults(run=_labels)
    stills = commands.add_parser("stills", help="random labelled pictures (YOLO)")
    stills.add_argument("--count", type=int, default=100)
    stills.add_argument("--first-seed", type=int, default=1000)
    stills.set_defaults(run=_stills)
    for command in (render, encode, labels, stills):
        command.add_argument("--out", type=Path, required=True)
    for command in (render, stills):
        command.add_argument("--threads", type=int, default=1)
    args = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    status: int = args.run(args)
    return status


if __name__ == "__main__":
    sys.exit(main())
