"""Names for the arrays that travel through the engine."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
ImageU8 = NDArray[np.uint8]

_Scalar = TypeVar("_Scalar", bound=np.generic)


def read_only(array: NDArray[_Scalar]) -> NDArray[_Scalar]:
    """Return a view of an array that cannot be written through.

    Args:
        array: any shape; the caller's own view stays writable.

    Returns:
        A view of the same memory.
    """
    view = array.view()
    view.flags.writeable = False
    return view
