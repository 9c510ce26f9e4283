"""A site watched by many machines: the part of the one that started the run."""

from contextlib import ExitStack
from functools import partial
from threading import Event

from prometheus_client import CollectorRegistry

from vision.bootstrap.desk import Desk, Onlookers
from vision.bootstrap.evidence import evidence_policy
from vision.bootstrap.fleet_status import FleetStatus
from vision.bootstrap.node import watch_group
from vision.bootstrap.presence import present
from vision.bootstrap.received import ReceivedEvidence
from vision.bootstrap.sinks import build_outbox
from vision.bootstrap.site import check_site
from vision.bootstrap.status import answering
from vision.cluster.placement import groups_of
from vision.cluster.ray_fleet import RayFleet
from vision.cluster.supervisor import Supervisor
from vision.config.home import Home
from vision.config.load import Loaded
from vision.config.site import SiteSettings
from vision.core.clock import SystemClock
from vision.pipeline.engine import Summary
from vision.pipeline.store_metrics import StoreCollector

_CAMERAS_PER_CORE = 20.0  # of nodes that declare nothing; only ratios matter
_MOST_IN_GROUP = 24  # what one engine thread carries, see the README's table
_CLOSE_S = 15.0


def watch_cluster(
    loaded: Loaded[SiteSettings],
    home: Home,
    address: str,
    *,
    stop: Event,
    onlookers: Onlookers,
) -> Summary:
    """Watch on a cluster until all files have ended or `stop` is set.

    Args:
        loaded: the site; its paths must mean the same on every node.
        home: of this machine: everything that must not be lost comes here; prepared.
        address: of the cluster.
        stop: set by a signal handler or a test.
        onlookers: who looks on.

    Returns:
        Counts of the run.

    Raises:
        VisionError: the site cannot be put together, the cluster cannot be used, or no
            node can watch.
    """
    check_site(loaded)
    clock = SystemClock()
    with ExitStack() as stack:
        watching = partial(watch_group, loaded)
        fleet = RayFleet(address, watching, cameras_per_core=_CAMERAS_PER_CORE)
        stack.callback(fleet.close)
        outbox = build_outbox(loaded.settings.sinks, home, clock=clock)
        stack.callback(outbox.close, _CLOSE_S)
        policy = evidence_policy(loaded.settings.evidence, None)
        evidence = ReceivedEvidence(home.evidence, policy, outbox=outbox, clock=clock)
        stack.enter_context(evidence.looked_after())
        cameras = [camera.id for camera in loaded.settings.cameras]
        status = FleetStatus(cameras, home.why, clock)
        registry = CollectorRegistry()
        registry.register(StoreCollector(outbox.waiting, evidence.use))
        told = status.told(registry)
        stack.enter_context(answering(told, loaded.settings.metrics))
        desk = Desk(
            home,
            outbox,
            clock=clock,
            onlookers=onlookers,
            status=status,
            evidence=evidence,
        )
        # A group that nobody watches is told of camera by camera (`Desk.watched`).
        here = present(loaded.settings, home, clock, at_work=lambda: True)
        stack.enter_context(here)
        groups = groups_of(cameras, fleet.cores, _MOST_IN_GROUP)
        outcome = Supervisor(fleet, desk, groups, clock=clock).run(stop)
    return Summary(outcome.frames, outcome.steps, dict(outcome.failed))
