# SPDX-License-Identifier: Apache-2.0
"""What has broken brokers before."""
import codec
from codec import Will
from harness import test


@test(versions=[4, 5], cases={"CONNECT": b"\x10", "PUBLISH": b"\x30", "SUBSCRIBE": b"\x82"})
def huge_length_before_connect_takes_no_memory(c, first):
    before = c.broker.memory()
    peers = [c.raw() for _ in range(20)]
    for peer in peers:
        peer.send(first + b"\xff\xff\xff\x7f" + b"\0\4MQTT")
    c.client("a").ping()
    assert c.broker.memory() - before < 20 * 1000 * 1000


@test(
    versions=[4, 5],
    cases={
        "PUBLISH": b"\x30\xff\xff\x7f",
        "SUBSCRIBE": b"\x82\xff\xff\x7f",
        "AUTH": b"\xf0\xff\xff\x7f",
    },
)
def first_packet_other_than_connect_is_closed_at_its_header(c, header):
    peer = c.raw()
    peer.send(header)
    assert peer.closed() == []


SLASHES = "/" * 65535


@test(versions=[4, 5])
def publish_to_65535_levels_harms_nobody(c):
    watcher = c.client("watch")
    watcher.subscribe(c.topic())
    peer = c.client("a")
    peer.publish(SLASHES, b"x", 1, wait=False)
    peer.send(codec.PING)
    packet = peer.recv()
    assert packet is None or packet.kind in (codec.PUBACK, codec.DISCONNECT), packet
    publisher = c.client("b")
    publisher.publish(c.topic(), b"y")
    watcher.take(b"y")


@test(
    versions=[4, 5],
    cases={"slashes": SLASHES, "pluses": "/".join("+" * 32767), "deep-hash": "a/" * 32767 + "#"},
)
def subscribe_to_65535_levels_harms_nobody(c, pattern):
    peer = c.client("a")
    peer.send(codec.subscribe(c.version, 1, [(pattern, 0)]))
    packet = peer.recv()
    assert packet is None or packet.kind in (codec.SUBACK, codec.DISCONNECT), packet
    c.client("b").publish(SLASHES[:1000], b"x")
    publisher, subscriber = c.pair()
    publisher.publish(c.topic(), b"y")
    subscriber.take(b"y")


@test(versions=[4, 5])
def retained_at_many_levels_harms_nobody(c):
    peer = c.client("a")
    peer.publish("r/" * 32000 + "x", b"kept", 1, wait=False, retain=True)
    peer.send(codec.PING)
    peer.recv()
    reader = c.client("b")
    reader.subscribe("r/#")
    reader.ping()
    c.client("c").publish("r/" * 32000 + "x", b"", 0, retain=True)


@test(
    versions=[5],
    cases={
        "250000-in-PUBLISH": "publish",
        "250000-in-SUBSCRIBE": "subscribe",
        "250000-in-CONNECT": "connect",
    },
)
def user_properties_take_linear_time(c, kind):
    many = b"\x26\0\1a\0\1b" * 250000
    peer = c.client("a") if kind != "connect" else c.raw()
    before = c.broker.processor_time()
    if kind == "publish":
        assert peer.publish(c.topic(), b"x", 1, props=many).reason < 0x80
    elif kind == "subscribe":
        assert peer.subscribe(c.topic(), props=many) == [0]
    else:
        peer.send(codec.connect(5, c.id(), props=many))
        peer.expect(codec.CONNACK, reason=0)
    assert c.broker.processor_time() - before < 3


@test(versions=[5], config=["max_packet_size 100000000", "connect_timeout 60"])
def stranger_cannot_make_the_broker_buffer_without_end(c):
    """Who is not known yet gets 2 MiB for a CONNECT, whatever max_packet_size is."""
    peer = c.raw()
    peer.send(codec.connect(5, c.id(), props=b"\x26\0\1a\0\1b" * 310000)[:100])
    assert peer.closed() == []


@test(versions=[5])
def many_user_properties_are_passed_on(c):
    publisher, subscriber = c.pair(qos=0)
    many = [("n%d" % number, "v") for number in range(5000)]
    publisher.publish(c.topic(), b"x", props={"user_property": many})
    assert subscriber.take(b"x").all("user_property") == many


@test(versions=[4], own=True)
def qos_2_without_release_keeps_memory_bounded(c):
    """The same identifiers again and again, never released."""
    peer = c.client("a")
    for turn in range(2):
        for _ in range(20):
            peer.send(
                b"".join(
                    codec.publish(4, c.topic(), bytes(1000), 2, pid=pid, dup=True)
                    for pid in range(1, 21)
                )
            )
            peer.exactly(4, 20)
        if turn == 0:
            before = c.broker.memory()
    assert c.broker.memory() - before < 4000000


@test(versions=[4, 5])
def reused_identifier_of_another_exchange_is_answered(c):
    """SUBSCRIBE, PUBLISH of QoS 1 and of QoS 2 all with identifier 1."""
    peer = c.client("a")
    peer.send(
        codec.publish(c.version, c.topic(), b"2", 2, pid=1)
        + codec.subscribe(c.version, 1, [(c.topic(), 0)])
        + codec.publish(c.version, c.topic("other"), b"1", 1, pid=1)
        + codec.unsubscribe(c.version, 1, [c.topic()])
    )
    kinds = [peer.recv().kind for _ in range(2)]
    assert kinds[0] == codec.PUBREC
    c.client("b").ping()


@test(versions=[4, 5])
def nul_bytes_in_payload_and_properties_are_data(c):
    publisher, subscriber = c.pair()
    publisher.publish(c.topic(), b"a\0b\0", 1)
    subscriber.take(b"a\0b\0")


@test(versions=[4, 5])
def thousand_short_connections_leave_no_descriptor(c):
    c.client("first").disconnect()
    before = c.broker.descriptors()
    for number in range(300):
        peer = c.raw()
        if number % 3:
            peer.connect(client_id=c.id("n%d" % number), will=Will(c.topic(), b"x"))
        if number % 2:
            peer.disconnect()
        peer.drop()
    for _ in range(100):
        if c.broker.descriptors() <= before + 2:
            break
        c.client("again").disconnect()
    assert c.broker.descriptors() <= before + 2


@test(versions=[4, 5])
def will_to_dollar_topics_harms_nobody(c):
    watcher = c.client("watch")
    watcher.subscribe("#")
    for topic in ("$SYS/broker/uptime", "$CONTROL/broker/v1", "$share/g/a", "$"):
        peer = c.raw()
        peer.open(client_id=c.id("w"), will=Will(topic, b"x"))
        peer.recv()
        peer.drop()
    c.client("w").ping()
    watcher.ping()


@test(versions=[5])
def will_delay_longer_than_the_session_harms_nobody(c):
    for expiry in (0, 1):
        c.client(
            "w",
            will=Will(c.topic(), b"x", props={"will_delay": 0xFFFFFFFF}),
            props={"session_expiry": expiry},
        ).drop()
    c.client("w", clean=True).ping()


@test(versions=[4, 5])
def subscribe_and_unsubscribe_in_a_storm(c):
    peer, publisher = c.client("a"), c.client("b")
    for number in range(200):
        peer.send(
            codec.subscribe(c.version, number + 1, [(c.topic(), 1), ("$share/g/" + c.topic(), 1)])
        )
        publisher.publish(c.topic(), b"%d" % number)
        peer.send(codec.unsubscribe(c.version, number + 1, [c.topic(), "$share/g/" + c.topic()]))
    acks = [packet.kind for packet in peer.ping()]
    assert acks.count(codec.SUBACK) == acks.count(codec.UNSUBACK) == 200


@test(versions=[4, 5])
def reader_that_never_reads_can_leave(c):
    publisher, slow = c.pair(qos=0)
    for _ in range(100):
        publisher.publish(c.topic(), bytes(100000))
    assert publisher.ping() == []
    slow.drop()
    publisher.publish(c.topic(), b"x")
    assert publisher.ping() == []


@test(versions=[4, 5], own=True, timed=True)
def reader_that_never_reads_costs_no_processor_time(c):
    publisher, _ = c.pair(qos=0)
    for _ in range(100):
        publisher.publish(c.topic(), bytes(100000))
    publisher.ping()
    before = c.broker.processor_time()
    c.after(2)
    assert c.broker.processor_time() - before < 0.2


@test(versions=[4, 5])
def qos_2_to_a_window_of_one_never_sticks(c):
    publisher, subscriber = c.pair(qos=2, props={"receive_maximum": 1} if c.version == 5 else None)
    for number in range(30):
        publisher.publish(c.topic(), b"%d" % number, 2)
    for number in range(30):
        subscriber.take(b"%d" % number)
