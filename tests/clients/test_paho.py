# SPDX-License-Identifier: Apache-2.0
"""The Paho client for Python, as the distribution has it."""
import os
import queue

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from harness import test
from peer import Failure, Peer

LARGE = ["max_packet_size 20000000"]
QUALITIES = {"qos-%d" % qos: qos for qos in range(3)}


class Client:
    """Paho with its thread; what happens is read from queues, with the deadline of the test."""

    def __init__(self, c, name, keep=False, will=None, start=True):
        self.c, self.keep = c, keep
        modern = c.version == 5
        fields = {} if modern else {"clean_session": not keep}
        if Peer.in_frames:
            fields["transport"] = "websockets"
        self.client = paho.Client(c.id(name), protocol=c.version, **fields)
        if Peer.tls:
            self.client.tls_set_context(Peer.tls)
        self.connected, self.subscribed, self.messages = queue.Queue(), queue.Queue(), queue.Queue()
        self.client.on_connect = lambda _c, _u, flags, code, *_: self.connected.put((flags, code))
        self.client.on_subscribe = lambda *row: self.subscribed.put(row)
        self.client.on_message = lambda _c, _u, message: self.messages.put(message)
        if will:
            self.client.will_set(*will)
        c.children = getattr(c, "children", []) + [self]
        if start:
            self.start()

    def get(self, source):
        try:
            return source.get(timeout=self.c.left())
        except queue.Empty:
            raise Failure("Paho reports nothing") from None

    def start(self):
        """Connects, and returns whether the session was there."""
        fields = {}
        if self.c.version == 5:
            props = Properties(PacketTypes.CONNECT)
            if self.keep:
                props.SessionExpiryInterval = 300
            fields = {"clean_start": not self.keep, "properties": props}
        host = "localhost" if Peer.tls else "127.0.0.1"
        self.client.connect(host, self.c.broker.port, **fields)
        self.client.loop_start()
        flags, code = self.get(self.connected)
        if code != 0:
            raise Failure("Paho is refused: %s" % code)
        return flags.get("session present")

    def subscribe(self, topic, qos=0):
        self.client.subscribe(topic, qos)
        self.get(self.subscribed)
        return self

    def publish(self, topic, payload, qos=0, **fields):
        info = self.client.publish(topic, payload, qos, **fields)
        info.wait_for_publish(self.c.left())
        if not info.is_published():
            raise Failure("Paho does not get its acknowledgement")

    def message(self):
        return self.get(self.messages)

    def stop(self):
        self.client.disconnect()
        self.client.loop_stop()

    def cut(self):
        """Loses the connection without DISCONNECT."""
        self.client.loop_stop()
        self.client._sock_close()


def ended(function):
    """Stops every client's thread."""

    def guarded(c, *rest):
        try:
            function(c, *rest)
        finally:
            for child in getattr(c, "children", []):
                child.stop()

    guarded.__name__, guarded.__module__ = function.__name__, function.__module__
    return guarded


@test(versions=[3, 4, 5], cases=QUALITIES)
@ended
def message_arrives(c, qos):
    subscriber, publisher = Client(c, "sub").subscribe(c.topic(), qos), Client(c, "pub")
    publisher.publish(c.topic(), b"hello", qos)
    got = subscriber.message()
    assert (got.topic, got.payload, got.qos, got.retain) == (c.topic(), b"hello", qos, 0)


@test(versions=[3, 4, 5], cases=QUALITIES)
@ended
def messages_arrive_in_order(c, qos):
    subscriber, publisher = Client(c, "sub").subscribe(c.topic(), qos), Client(c, "pub")
    infos = [publisher.client.publish(c.topic(), b"%d" % number, qos) for number in range(500)]
    assert [subscriber.message().payload for _ in infos] == [
        b"%d" % number for number in range(500)
    ]


@test(versions=[3, 4, 5], cases=QUALITIES)
@ended
def retained_message_arrives_and_is_cleared(c, qos):
    publisher = Client(c, "pub")
    publisher.publish(c.topic(), b"kept", qos, retain=True)
    publisher.publish(c.topic("other"), b"", 1)
    got = Client(c, "late").subscribe(c.topic(), qos).message()
    assert (got.payload, got.qos, got.retain) == (b"kept", qos, 1)
    publisher.publish(c.topic(), b"", 1, retain=True)
    last = Client(c, "later").subscribe(c.topic(), qos)
    publisher.publish(c.topic(), b"after", 1)
    assert last.message().payload == b"after"


@test(versions=[3, 4, 5], cases=QUALITIES)
@ended
def will_of_a_cut_client_arrives(c, qos):
    watcher = Client(c, "watch").subscribe(c.topic(), 2)
    Client(c, "w", will=(c.topic(), b"gone", qos, False)).cut()
    got = watcher.message()
    assert (got.payload, got.qos) == (b"gone", qos)


@test(versions=[3, 4, 5])
@ended
def will_of_a_leaving_client_does_not_arrive(c):
    watcher = Client(c, "watch").subscribe(c.topic(), 2)
    Client(c, "w", will=(c.topic(), b"gone", 1, False)).stop()
    # With frames of libwebsockets it may be back before the HTTP thread has passed that on.
    while "Client %s at " % c.id("w") not in c.broker.log():
        assert c.left() > 0
        c.after(0.02)
    Client(c, "w").publish(c.topic(), b"after", 1)
    assert watcher.message().payload == b"after"


@test(versions=[3, 4, 5], cases={"qos-1": 1, "qos-2": 2})
@ended
def session_keeps_messages(c, qos):
    first = Client(c, "keeper", keep=True)
    first.subscribe(c.topic(), qos).stop()
    publisher = Client(c, "pub")
    for number in range(10):
        publisher.publish(c.topic(), b"%d" % number, qos)
    again = Client(c, "keeper", keep=True, start=False)
    present = again.start()
    assert present == (1 if c.version != 3 else 0)
    assert [again.message().payload for _ in range(10)] == [b"%d" % number for number in range(10)]


@test(versions=[3, 4, 5], cases={"qos-1": 1, "qos-2": 2})
@ended
def reconnecting_client_goes_on(c, qos):
    """The same object, with what it had in flight."""
    subscriber, publisher = Client(c, "sub").subscribe(c.topic(), qos), Client(c, "pub", keep=True)
    for number in range(20):
        publisher.client.publish(c.topic(), b"%d" % number, qos)
        if number == 10:
            publisher.cut()
            publisher.client.reconnect()
            publisher.client.loop_start()
    got = []
    while b"19" not in got:
        got.append(subscriber.message().payload)
    assert set(got) == {b"%d" % number for number in range(20)}
    if qos == 2:
        assert len(got) == 20


SIZES = {
    "%d-bytes-qos-%d" % (size, qos): (size, qos)
    for size in (100000, 1000000, 10000000)
    for qos in range(3)
}


@test(versions=[3, 4, 5], config=LARGE, cases=SIZES)
@ended
def large_payload_arrives(c, row):
    size, qos = row
    if Peer.in_frames:
        size = min(size, 1000000)  # Paho masks byte by byte
    subscriber, publisher = Client(c, "sub").subscribe(c.topic(), qos), Client(c, "pub")
    payload = os.urandom(size)
    publisher.publish(c.topic(), payload, qos)
    assert subscriber.message().payload == payload


@test(versions=[5])
@ended
def properties_arrive(c):
    subscriber, publisher = Client(c, "sub").subscribe(c.topic(), 1), Client(c, "pub")
    props = Properties(PacketTypes.PUBLISH)
    props.UserProperty = [("b", "1"), ("a", "2")]
    props.ContentType, props.ResponseTopic, props.CorrelationData = "text", "answer", b"\0\1"
    props.MessageExpiryInterval, props.TopicAlias = 100, 1
    publisher.publish(c.topic(), b"x", 1, properties=props)
    got = subscriber.message().properties
    assert got.UserProperty == [("b", "1"), ("a", "2")]
    assert (got.ContentType, got.ResponseTopic, got.CorrelationData) == ("text", "answer", b"\0\1")
    assert got.MessageExpiryInterval in (99, 100)


@test(versions=[4, 5])
@ended
def shared_subscription_divides(c):
    members = [
        Client(c, "m%d" % number).subscribe("$share/g/" + c.topic(), 1) for number in range(2)
    ]
    publisher = Client(c, "pub")
    for number in range(10):
        publisher.publish(c.topic(), b"%d" % number, 1)
    got = [member.message().payload for member in members for _ in range(5)]
    assert sorted(got) == [b"%d" % number for number in range(10)]
