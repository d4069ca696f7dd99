# SPDX-License-Identifier: Apache-2.0
"""Receive Maximum and Maximum Packet Size, both ways; nobody holds up anybody else."""
import codec
from codec import PUBACK, PUBCOMP, PUBREC, PUBREL
from expect import payloads
from harness import test


def numbers(*values):
    return [b"%d" % value for value in values]


def fill(c, qos, window, count=6, **fields):
    """A subscriber with `window` messages of `count` in its hands, not acknowledged."""
    publisher, subscriber = c.pair(
        qos=qos, props={"receive_maximum": window} if c.version == 5 else None, **fields
    )
    for number in range(count):
        publisher.publish(c.topic(), b"%d" % number, qos)
    got = [subscriber.message() for _ in range(window)]
    assert payloads(got) == numbers(*range(window))
    return publisher, subscriber, got


@test(v5="3.3.4-9 4.9.0-1 4.9.0-2", cases={"1": 1, "2": 2, "5": 5})
def no_more_than_receive_maximum_is_in_flight(c, window):
    publisher, subscriber, _ = fill(c, 1, window)
    c.nothing(subscriber, publisher)


@test(v5="4.9.0-2", cases={"qos-1": 1, "qos-2": 2})
def acknowledgement_gives_quota_back(c, qos):
    publisher, subscriber, got = fill(c, qos, 2)
    for number in range(2, 6):
        packet = got.pop(0)
        if qos == 1:
            subscriber.ack(PUBACK, packet.pid)
        else:
            subscriber.ack(PUBREC, packet.pid)
            subscriber.expect(PUBREL, pid=packet.pid)
            subscriber.ack(PUBCOMP, packet.pid)
        got.append(subscriber.message(b"%d" % number))
    c.nothing(subscriber, publisher)


@test(v5="4.9.0-2")
def pubrec_gives_no_quota_back(c):
    publisher, subscriber, got = fill(c, 2, 1)
    subscriber.ack(PUBREC, got[0].pid)
    subscriber.expect(PUBREL)
    c.nothing(subscriber, publisher)


@test(v5="4.9.0-2 4.4.0-2")
def pubrec_with_an_error_gives_quota_back(c):
    _, subscriber, got = fill(c, 2, 1)
    subscriber.ack(PUBREC, got[0].pid, 0x83)
    subscriber.message(b"1")


@test(v5="3.3.4-10 4.9.0-3")
def other_packets_go_on_without_quota(c):
    publisher, subscriber, _ = fill(c, 1, 1)
    subscriber.subscribe(c.topic("zero"))
    publisher.publish(c.topic("zero"), b"free")
    subscriber.message(b"free", qos=0)
    subscriber.publish(c.topic("own"), b"x", 2)
    subscriber.unsubscribe(c.topic("zero"))
    assert subscriber.ping() == []


@test(v5="4.9.0-1")
def each_connection_has_its_own_receive_maximum(c):
    _, subscriber, _ = fill(c, 1, 2, keep=False)
    subscriber.drop()
    other = c.client("wide", props={"receive_maximum": 5})
    other.subscribe(c.topic("wide"), qos=1)
    publisher = c.client("pub2")
    for number in range(6):
        publisher.publish(c.topic("wide"), b"%d" % number, 1)
    assert payloads(other.message() for _ in range(5)) == numbers(*range(5))
    c.nothing(other, publisher)


@test(v5="4.9.0-1 4.4.0-1")
def resent_messages_use_the_new_quota(c):
    publisher, subscriber = c.pair(qos=1, keep=True)
    for number in range(6):
        publisher.publish(c.topic(), b"%d" % number, 1)
    assert payloads(subscriber.message() for _ in range(6)) == numbers(*range(6))
    subscriber.drop()
    subscriber = c.client("sub", keep=True, props={"receive_maximum": 2})
    got = [subscriber.message() for _ in range(2)]
    assert payloads(got) == numbers(0, 1)
    assert subscriber.ping() == []
    subscriber.ack(PUBACK, got[0].pid)
    subscriber.message(b"2", dup=True)


@test(versions=[4])
def default_window_of_3_1_1_is_20(c):
    publisher, subscriber, got = fill(c, 1, 20, 25)
    c.nothing(subscriber, publisher)
    subscriber.ack(PUBACK, got[0].pid)
    subscriber.take(b"20")


@test(versions=[4], config=["max_inflight_messages 3"])
def window_of_3_1_1_can_be_set(c):
    publisher, subscriber, _ = fill(c, 2, 3)
    c.nothing(subscriber, publisher)


@test(versions=[4, 5], config=["max_inflight_messages 1"])
def window_of_one_is_strict_order(c):
    publisher, subscriber = c.pair(qos=1)
    for number in range(5):
        publisher.publish(c.topic(), b"%d" % number, 1)
    for number in range(5):
        packet = subscriber.message(b"%d" % number)
        c.nothing(subscriber, publisher)
        subscriber.ack(PUBACK, packet.pid)


@test(versions=[4, 5], config=["max_inflight_bytes 1000"])
def bytes_in_flight_can_be_limited(c):
    publisher, subscriber = c.pair(qos=1)
    for number in range(6):
        publisher.publish(c.topic(), b"%d" % number + bytes(400), 1)
    first = subscriber.message()
    got = [first] + [packet for packet in c.since(subscriber, publisher)]
    assert 2 <= len(got) <= 3, got
    for _ in range(6 - len(got)):
        subscriber.ack(PUBACK, got.pop(0).pid)
        got.append(subscriber.message())


# Maximum Packet Size of the client


def size_of(c, payload, qos=0):
    return len(codec.publish(5, c.topic(), payload, qos, pid=1 if qos else None))


@test(v5="3.1.2-24 3.1.2-25", cases={"qos-0": 0, "qos-1": 1, "qos-2": 2})
def message_too_large_for_the_client_is_left_out(c, qos):
    limit = size_of(c, bytes(60), qos)
    publisher, subscriber = c.pair(qos=qos, props={"maximum_packet_size": limit})
    publisher.publish(c.topic(), bytes(61), qos)
    publisher.publish(c.topic(), bytes(60), qos)
    subscriber.take(bytes(60))
    c.nothing(subscriber, publisher)


@test(v5="3.1.2-25", cases={"qos-1": 1, "qos-2": 2})
def message_too_large_takes_no_quota(c, qos):
    publisher, subscriber = c.pair(
        qos=qos, props={"maximum_packet_size": 100, "receive_maximum": 1}
    )
    for _ in range(3):
        publisher.publish(c.topic(), bytes(200), qos)
    publisher.publish(c.topic(), b"small", qos)
    subscriber.take(b"small")


@test(v5="3.1.2-25")
def queued_message_too_large_is_left_out(c):
    publisher, subscriber = c.pair(qos=1, keep=True)
    subscriber.disconnect()
    publisher.publish(c.topic(), bytes(200), 1)
    publisher.publish(c.topic(), b"small", 1)
    c.client("sub", keep=True, props={"maximum_packet_size": 100}).take(b"small")


@test(v5="3.1.2-25")
def retained_message_too_large_is_left_out(c):
    publisher, subscriber = c.client("pub"), c.client("sub", props={"maximum_packet_size": 100})
    publisher.publish(c.topic("big"), bytes(200), 1, retain=True)
    publisher.publish(c.topic("small"), b"small", 1, retain=True)
    subscriber.subscribe(c.topic("+"))
    subscriber.take(b"small")


@test(v5="3.1.2-24")
def others_get_what_is_too_large_for_one(c):
    publisher, small = c.pair(props={"maximum_packet_size": 100})
    large = c.client("large")
    large.subscribe(c.topic())
    publisher.publish(c.topic(), bytes(200))
    large.take(bytes(200))
    c.nothing(small, publisher)


@test(
    v5="3.4.2-2 3.4.2-3 3.5.2-2 3.5.2-3 3.6.2-2 3.6.2-3 3.7.2-2 3.7.2-3 3.9.2-1 3.9.2-2"
    " 3.11.2-1 3.11.2-2"
)
def every_answer_fits_a_small_client(c):
    """The peer fails on any packet above its Maximum Packet Size; reasons worth a text are
    provoked."""
    peer = c.client("a", props={"maximum_packet_size": 24})
    for qos in (1, 2):
        peer.publish(c.topic(), b"x", qos)
    peer.ack(PUBREL, 4711)
    peer.expect(PUBCOMP, reason=0x92)
    peer.ack(PUBREC, 4711)
    peer.ping()
    peer.unsubscribe(c.topic())
    peer.subscribe(c.topic())
    peer.publish(c.topic(), b"x", 2)
    peer.take(b"x")


@test(v5="3.14.2-3 3.14.2-4 3.14.2-1 3.14.2-2", cases={"24": 24, "6": 6, "4": 4})
def disconnect_fits_a_small_client(c, limit):
    peer = c.raw()
    peer.limit = limit
    peer.send(
        codec.connect(5, c.id(), props={"maximum_packet_size": limit}) + codec.frame(0, 0, b"")
    )
    packets = peer.closed()
    assert all(packet.size <= limit for packet in packets), packets


@test(v5="3.1.2-29", cases={"subscribe": 1, "publish": 2})
def no_problem_information_unless_asked(c, way):
    peer = c.client("a", props={"request_problem_info": 0})
    if way == 1:
        peer.send(codec.subscribe(5, 1, [("$share/bad+name/a", 0)]))
    else:
        peer.publish(c.topic(), b"x", 1)
        peer.ack(PUBREL, 4711)
    peer.send(codec.PING)
    packet = peer.recv()
    while packet and packet.kind != codec.PINGRESP:
        if packet.kind != codec.DISCONNECT:
            assert packet.prop("reason_string") is None and not packet.all("user_property")
        packet = peer.recv()


# Maximum Packet Size of the broker


@test(v5="3.2.2-15", config=["max_packet_size 200"])
def packet_above_the_brokers_maximum_ends_connection(c):
    publisher, subscriber = c.pair(qos=0)
    assert publisher.connack.prop("maximum_packet_size") == 200
    fits = bytes(200 - size_of(c, b"") - 1)  # a Remaining Length of two bytes
    publisher.publish(c.topic(), fits)
    subscriber.take(fits)
    publisher.publish(c.topic(), fits + b"x")
    publisher.refused(0x95)


@test(versions=[4], config=["max_packet_size 200"])
def packet_above_the_maximum_ends_connection_of_3_1_1(c):
    publisher, subscriber = c.pair(qos=0)
    publisher.publish(c.topic(), bytes(201))
    publisher.refused()
    c.nothing(subscriber, c.client("other"))


@test(versions=[4, 5])
def packet_above_the_maximum_ends_at_its_header(c):
    peer = c.client("a")
    peer.send(b"\x30\xff\xff\xff\x7f")
    peer.refused(0x95)


@test(versions=[4, 5], config=["message_size_limit 100"])
def payload_above_its_limit_is_not_delivered(c):
    publisher, subscriber = c.pair()
    publisher.publish(c.topic(), bytes(100), 1)
    subscriber.take(bytes(100))
    publisher.publish(c.topic(), bytes(101), wait=False)
    c.nothing(subscriber, c.client("other"))


@test(versions=[4, 5])
def reader_that_does_not_read_holds_up_nobody(c):
    """Megabytes wait for one subscriber; another gets each message, and the publisher is served."""
    publisher, fast = c.pair(qos=0)
    slow = c.client("slow")
    slow.subscribe(c.topic())
    payload = bytes(100000)
    for number in range(100):
        publisher.publish(c.topic(), b"%03d" % number + payload)
        fast.take(b"%03d" % number + payload)
    assert publisher.ping() == []
