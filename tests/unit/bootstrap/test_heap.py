import platform
import subprocess
import sys
import threading

import pytest

from vision.bootstrap.heap import returning_memory


def test_memory_is_given_back_again_and_again_until_the_end() -> None:
    given = threading.Semaphore(0)
    before = threading.active_count()
    with returning_memory(0.001, given.release):
        assert given.acquire(timeout=10)
        assert given.acquire(timeout=10)

    assert threading.active_count() == before


def test_the_c_library_s_own_way_does_no_harm() -> None:
    with returning_memory(0.001):
        blocks = [bytes(1 << 16) for _ in range(100)]

    assert len(blocks) == 100


MAPPED = """
import ctypes
from vision.bootstrap.heap import bound_heap
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
bound_heap()
# What glibc frees of this size it would otherwise take from its heaps from then on.
for _ in range(3):
    block = libc.malloc(3 << 20)
    libc.free(block)
block = libc.malloc(2 << 20)
# A mapping begins with a page and 16 bytes of glibc's own.
print("mapped" if block % 4096 == 16 else "heaped")
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's own tuning")
def test_a_picture_s_memory_is_a_mapping_of_its_own() -> None:
    done = subprocess.run(
        [sys.executable, "-c", MAPPED], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "mapped"
