import socket
import sys
import threading
from functools import partial

import pytest

from vision.cluster.ports import ClusterError
from vision.cluster.post import Outcome
from vision.cluster.ray_fleet import RayFleet

connect = partial(RayFleet, watching=lambda *_: Outcome(), cameras_per_core=20)


def test_without_ray_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)

    with pytest.raises(ClusterError, match=r"install `streetwarden\[ray\]`"):
        connect("127.0.0.1:6379")


@pytest.mark.ray
@pytest.mark.parametrize("address", ["head", "head:", ":6379", "head:port", "ray://"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    pytest.importorskip("ray", reason="needs the extra `ray`")

    with pytest.raises(ClusterError, match="expected HOST:PORT of the head node"):
        connect(address)


@pytest.mark.ray
def test_a_port_where_nobody_listens_is_no_cluster() -> None:
    pytest.importorskip("ray", reason="needs the extra `ray`")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]

    with pytest.raises(ClusterError, match=r"no Ray cluster at .*; start one with"):
        connect(f"127.0.0.1:{port}")


@pytest.mark.ray
def test_another_server_at_the_address_is_told_from_a_cluster_at_once() -> None:
    pytest.importorskip("ray", reason="needs the extra `ray`")
    answer = b"HTTP/1.1 400 Bad Request\r\n\r\n"
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            line, _ = server.accept()
            with line:
                line.recv(1024)
                line.sendall(answer)

        threading.Thread(target=hang_up, daemon=True).start()
        with pytest.raises(ClusterError, match="is no Ray head"):
            connect(f"127.0.0.1:{server.getsockname()[1]}")
