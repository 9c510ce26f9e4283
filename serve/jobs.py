"""What a running service does beside answering requests."""

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from serve.background import Periodic
from serve.cases.policy import calendar_warning
from serve.outward.dispatcher import Dispatcher, Sender
from serve.outward.mqtt import MqttSender, broker_of
from serve.outward.subscriptions import MQTT, WEBHOOK, Wish
from serve.outward.webhooks import WebhookSender
from serve.people.roles import ENGINE
from serve.services import Services

logger = logging.getLogger(__name__)

ESCALATE_EVERY_S = 5.0
EXPIRE_EVERY_S = 60.0
DELIVER_EVERY_S = 1.0
NOTICE_EVERY_S = 15.0
RETAIN_EVERY_S = 3600.0
WARN_EVERY_S = 86_400.0
STOP_S = 20.0


@contextmanager
def work_beside(services: Services) -> Iterator[None]:
    """Escalate, deliver and delete what is over age until the block ends."""
    dispatcher = Dispatcher(services.queue, _senders(services))
    delivery = Periodic("delivery", dispatcher.run, DELIVER_EVERY_S)
    jobs = [
        Periodic("escalation", services.escalation.run, ESCALATE_EVERY_S),
        Periodic("unanswered", services.verifications.expire, EXPIRE_EVERY_S),
        Periodic("engines", services.engines.notice, NOTICE_EVERY_S),
        delivery,
        Periodic("retention", services.retention.run, RETAIN_EVERY_S),
        Periodic("uploads", services.partials.prune, RETAIN_EVERY_S),
        Periodic("orphans", services.orphans.run, RETAIN_EVERY_S),
        Periodic("calendar", lambda: _warn_of_calendar(services), WARN_EVERY_S),
    ]
    unlisten = services.feed.listen(delivery.ring)
    for job in jobs:
        job.start()
    try:
        yield
    finally:
        unlisten()
        for job in jobs:
            job.stop(STOP_S)
        dispatcher.close()


def _warn_of_calendar(services: Services) -> int:
    """Log what the calendar will soon lack: at the start, then every day."""
    lacking = calendar_warning(services.policy, services.clock.now())
    if lacking is not None:
        logger.warning("%s", lacking)
    return 0


def _senders(services: Services) -> dict[str, Sender]:
    settings = services.settings
    senders: dict[str, Sender] = {
        WEBHOOK: WebhookSender(
            services.subscriptions,
            services.clock,
            allow_private=settings.allow_private_webhooks,
        )
    }
    if settings.mqtt_url is None:
        services.subscriptions.rest(MQTT)
    else:
        password = settings.mqtt_password
        broker = broker_of(
            settings.mqtt_url,
            settings.mqtt_username,
            None if password is None else password.get_secret_value(),
        )
        services.subscriptions.ensure(MQTT, Wish(settings.mqtt_url), ENGINE)
        senders[MQTT] = MqttSender(broker, f"streetwarden-{socket.gethostname()}")
    return senders
