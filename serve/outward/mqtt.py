"""Delivery by MQTT: quality of service 1, a retained status, a last will."""

import json
import logging
import threading
from dataclasses import dataclass
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from serve.outward.attempt import Outcome, Outgoing
from serve.settings import Settings, SettingsError

logger = logging.getLogger(__name__)

CONNECT_S = 5.0
ACK_S = 10.0
PORTS = {"mqtt": 1883, "mqtts": 8883}
ONLINE, OFFLINE = b"online", b"offline"


@dataclass(frozen=True, slots=True)
class Broker:
    """Where to publish.

    Attributes:
        host: name or address.
        port: number.
        secure: whether to use TLS.
        prefix: first part of every topic.
        username: or None.
        password: or None; never logged.
    """

    host: str
    port: int
    secure: bool
    prefix: str
    username: str | None = None
    password: str | None = None


def broker_of(url: str, username: str | None, password: str | None) -> Broker:
    """Return the broker that an address names.

    Args:
        url: `mqtt://host:1883/prefix` or `mqtts://…`.
        username: or None.
        password: or None.

    Raises:
        SettingsError: it is no such address.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        msg = f"mqtt_url: {error}; expected mqtt://host:1883/prefix or mqtts://"
        raise SettingsError(msg) from error
    if parts.scheme not in PORTS or not parts.hostname or parts.username:
        msg = (
            f"mqtt_url: got scheme {parts.scheme!r}; expected "
            "mqtt://host:1883/prefix or mqtts://, without name or password"
        )
        raise SettingsError(msg)
    return Broker(
        host=parts.hostname,
        port=port or PORTS[parts.scheme],
        secure=parts.scheme == "mqtts",
        prefix=parts.path.strip("/") or "streetwarden",
        username=username,
        password=password,
    )


def check_broker(settings: Settings) -> None:
    """Refuse an address of no broker before anything has started.

    Raises:
        SettingsError: it is no such address.
    """
    if settings.mqtt_url is not None:
        broker_of(settings.mqtt_url, None, None)


def topic_of(prefix: str, outgoing: Outgoing) -> str:
    """Return the topic that a message is published under.

    `prefix/violation/<slug>/<event>`, `prefix/case/<event>`, `prefix/evidence/<event>`.
    """
    kind = outgoing.type.removeprefix("org.streetwarden.").split(".")[0]
    parts = [prefix, kind]
    if kind == "violation":
        parts.append(str(json.loads(outgoing.body)["data"]["slug"]))
    parts.append(outgoing.order_key)
    return "/".join(parts)


class MqttSender:
    """Publishes and waits for the broker's acknowledgement."""

    def __init__(self, broker: Broker, client_id: str) -> None:
        """Prepare a client; it connects at the first message.

        Args:
            broker: where to.
            client_id: stable, so that the broker knows the session again.
        """
        self._broker = broker
        self._status = f"{broker.prefix}/status"
        self._connected = threading.Event()
        self._lock = threading.Lock()
        self._started = False
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv311
        )
        self._client.will_set(self._status, OFFLINE, qos=1, retain=True)
        if broker.username is not None:
            self._client.username_pw_set(broker.username, broker.password)
        if broker.secure:
            self._client.tls_set()
        self._client.reconnect_delay_set(1, 30)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect

    def send(self, outgoing: Outgoing) -> Outcome:
        """Publish one message; delivered means that the broker has acknowledged it."""
        trouble = self._connect()
        if trouble is not None:
            return Outcome(ok=False, error=trouble)
        topic = topic_of(self._broker.prefix, outgoing)
        info = self._client.publish(topic, outgoing.body.encode(), qos=1)
        if info.rc is not MQTTErrorCode.MQTT_ERR_SUCCESS:
            return Outcome(
                ok=False, error=f"cannot publish: {mqtt.error_string(info.rc)}"
            )
        try:
            info.wait_for_publish(ACK_S)
        except (RuntimeError, ValueError) as error:
            return Outcome(ok=False, error=f"not acknowledged: {error}")
        if not info.is_published():
            return Outcome(ok=False, error=f"not acknowledged within {ACK_S:g} s")
        return Outcome(ok=True)

    def close(self) -> None:
        """Say that the service is offline, and disconnect."""
        if self._connected.is_set():
            info = self._client.publish(self._status, OFFLINE, qos=1, retain=True)
            info.wait_for_publish(CONNECT_S)
        self._client.disconnect()
        if self._started:
            self._client.loop_stop()

    def _connect(self) -> str | None:
        with self._lock:
            if not self._started:
                try:
                    self._client.connect(self._broker.host, self._broker.port)
                except OSError as error:
                    return f"cannot reach the broker: {error}"
                self._client.loop_start()
                self._started = True
        if not self._connected.wait(CONNECT_S):
            return f"no connection to the broker within {CONNECT_S:g} s"
        return None

    def _on_connect(
        self,
        client: mqtt.Client,
        _data: object,
        _flags: mqtt.ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            logger.error("the MQTT broker refuses the connection: %s", reason)
            return
        client.publish(self._status, ONLINE, qos=1, retain=True)
        self._connected.set()

    def _on_disconnect(self, *_: object) -> None:
        self._connected.clear()
