"""What every option that takes a number refuses: bounds do not keep `nan` out."""

import math

import typer


def finite(value: float) -> float:
    """Return a number as it is; refuse `nan` and `inf`.

    Raises:
        BadParameter: it is one of these.
    """
    if not math.isfinite(value):
        msg = f"got {value}, expected a finite number"
        raise typer.BadParameter(msg)
    return value


def limit(value: float) -> float:
    """Return a limit, `inf` for none; refuse `nan`.

    Raises:
        BadParameter: it is no number.
    """
    if math.isnan(value):
        msg = f"got {value}, expected a number"
        raise typer.BadParameter(msg)
    return value
