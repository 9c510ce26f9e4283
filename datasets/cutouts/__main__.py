"""Command line: ``python -m datasets.cutouts --out DIR``."""

import argparse
import logging
import sys
from pathlib import Path

from datasets.cutouts.studio import make_cutouts


def main(argv: list[str] | None = None) -> int:
    """Run the tool and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m datasets.cutouts")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--first-seed", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    seeds = range(args.first_seed, args.first_seed + args.count)
    count = make_cutouts(args.out, seeds, threads=args.threads)
    print(f"{count} cutouts in {args.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
