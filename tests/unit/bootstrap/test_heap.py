import threading

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
