"""`streetwarden evaluate compare`: did a change help, and may it pass."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from vision.cli.evaluate_output import Language, Seed, make_folder
from vision.evaluation.compare import compare as compare_runs
from vision.evaluation.gate import read_gate
from vision.evaluation.report import compare_page
from vision.evaluation.runs import read_run
from vision.evaluation.values import write_json

GATE_FAILED = 1

Folder = typer.Argument(help="Folder of an `evaluate` run.")


def compare(
    before: Annotated[Path, Folder],
    after: Annotated[Path, Folder],
    *,
    gate: Annotated[
        Path | None, typer.Option(help="TOML; exit status 1 when it is broken.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the page; default: none written.")
    ] = None,
    resamples: Annotated[int, typer.Option(help="Bootstrap size.")] = 1000,
    seed: Seed = 0,
    lang: Language = "en",
) -> None:
    """Put two runs side by side, with paired bootstrap, and hold a gate."""
    bounds = {} if gate is None else read_gate(gate)
    a, b = read_run(before), read_run(after)
    report = compare_runs(a, b, bounds, resamples=resamples, seed=seed)
    if out is not None:
        make_folder(out)
        write_json(out / "comparison.json", report)
        page = compare_page(report, lang)
        (out / "comparison.html").write_text(page, encoding="utf-8")
    _tell(report["rows"])
    for kind in ("warnings", "failed"):
        lines = report[kind]
        for line in lines if isinstance(lines, list) else []:
            print(f"{kind}: {line}", file=sys.stderr)
    if not report["passed"]:
        raise typer.Exit(GATE_FAILED)


def _tell(rows: object) -> None:
    print(f"{'figure':32} {'A':>9} {'B':>9} {'B - A':>9} {'p':>6}")
    for row in rows if isinstance(rows, list) else []:
        numbers = " ".join(
            f"{'-' if row[k] is None else format(row[k], '.4f'):>9}"
            for k in ("a", "b", "difference")
        )
        p = "-" if row["p"] is None else f"{row['p']:.3f}"
        print(f"{row['key'] + ' ' + row['of']:32} {numbers} {p:>6}")
