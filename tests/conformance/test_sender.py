# SPDX-License-Identifier: Apache-2.0
"""The broker as sender of QoS 1 and 2: identifiers, DUP, what is resent after a reconnect and what
is not."""
import struct

import codec
from codec import PUBACK, PUBCOMP, PUBREC, PUBREL
from harness import test


@test(v3="3.3.1-1 4.4.0-1 4.3.2-1 2.3.1-4", v5="3.3.1-1 4.4.0-1 4.3.2-2 4.3.2-3")
def unacknowledged_qos_1_is_resent_with_dup(c):
    publisher, subscriber = c.pair(qos=1, keep=True)
    publisher.publish(c.topic(), b"x", 1)
    first = subscriber.message(b"x", qos=1, dup=False)
    subscriber.drop()
    subscriber = c.client("sub", keep=True)
    subscriber.take(b"x", qos=1, dup=True, pid=first.pid)
    c.nothing(subscriber, publisher)


@test(v3="3.3.1-1 4.4.0-1 4.3.3-1", v5="3.3.1-1 4.4.0-1 4.3.3-2 4.3.3-3")
def unacknowledged_qos_2_is_resent_with_dup(c):
    publisher, subscriber = c.pair(keep=True)
    publisher.publish(c.topic(), b"x", 2)
    first = subscriber.message(b"x", qos=2, dup=False)
    subscriber.drop()
    subscriber = c.client("sub", keep=True)
    subscriber.take(b"x", qos=2, dup=True, pid=first.pid)
    c.nothing(subscriber, publisher)


@test(v3="4.3.3-1 4.4.0-1", v5="4.3.3-5 4.3.3-6 4.4.0-1")
def pubrel_is_resent_in_place_of_publish(c):
    publisher, subscriber = c.pair(keep=True)
    publisher.publish(c.topic(), b"x", 2)
    pid = subscriber.message(b"x").pid
    subscriber.ack(PUBREC, pid)
    subscriber.expect(PUBREL, pid=pid)
    subscriber.drop()
    subscriber = c.client("sub", keep=True)
    subscriber.expect(PUBREL, pid=pid, reason=0)
    subscriber.ack(PUBCOMP, pid)
    c.nothing(subscriber, publisher)


@test(v3="4.3.2-1 4.4.0-1", v5="4.3.2-3", cases={"qos-1": 1, "qos-2": 2})
def acknowledged_message_is_not_resent(c, qos):
    publisher, subscriber = c.pair(keep=True)
    publisher.publish(c.topic(), b"x", qos)
    subscriber.take(b"x", qos=qos)
    subscriber.disconnect()
    subscriber = c.client("sub", keep=True)
    c.nothing(subscriber, publisher)


@test(v3="4.6.0-1", v5="4.6.0-1")
def resent_messages_keep_their_order(c):
    publisher, subscriber = c.pair(keep=True)
    for number in range(12):
        publisher.publish(c.topic(), b"%d" % number, 1 + number % 2)
    first = [subscriber.message(b"%d" % number) for number in range(12)]
    subscriber.drop()
    subscriber = c.client("sub", keep=True)
    again = [subscriber.message() for _ in range(12)]
    assert [(one.payload, one.pid, one.dup) for one in again] == [
        (one.payload, one.pid, True) for one in first
    ]


@test(v3="4.4.0-1", v5="4.4.0-1")
def resent_messages_come_before_queued_ones(c):
    publisher, subscriber = c.pair(keep=True)
    publisher.publish(c.topic(), b"first", 1)
    subscriber.message(b"first")
    subscriber.disconnect()
    publisher.publish(c.topic(), b"second", 1)
    subscriber = c.client("sub", keep=True)
    subscriber.take(b"first", dup=True)
    subscriber.take(b"second", dup=False)


@test(v3="4.6.0-4", v5="4.6.0-4")
def pubrels_come_in_order_of_pubrecs(c):
    publisher, subscriber = c.pair()
    for number in range(10):
        publisher.publish(c.topic(), b"%d" % number, 2)
    pids = [subscriber.message().pid for _ in range(10)]
    shuffled = pids[5:] + pids[:5]
    subscriber.send(b"".join(codec.ack(PUBREC, c.version, pid) for pid in shuffled))
    assert [subscriber.expect(PUBREL).pid for _ in pids] == shuffled


@test(v3="2.3.1-4 4.3.2-1 4.3.3-1", v5="2.2.1-4 4.3.2-1 4.3.3-1")
def identifiers_in_flight_differ(c):
    publisher, subscriber = c.pair()
    for number in range(20):
        publisher.publish(c.topic(), b"%d" % number, 1 + number % 2)
    pids = {subscriber.message().pid for _ in range(20)}
    assert len(pids) == 20 and 0 not in pids


@test(v3="2.3.1-4", v5="2.2.1-4", own=True)
def identifier_in_flight_is_not_reused_after_65535(c):
    """One message stays unacknowledged while 66,000 others pass."""
    publisher, subscriber = c.pair(c.topic(), qos=1)
    publisher.publish(c.topic(), b"stay", 1)
    held = subscriber.message(b"stay").pid
    batch, tail = 15, 2 if c.version == 5 else 1  # after the identifier: properties, payload
    packets = [codec.publish(c.version, c.topic(), b"x", 1, pid=pid + 1) for pid in range(batch)]
    size, sent = len(packets[0]), b"".join(packets)
    for _ in range(66000 // batch):
        publisher.send(sent)
        pids = [
            struct.unpack_from("!H", packet, size - tail - 2)[0]
            for packet in subscriber.exactly(size, batch)
        ]
        assert held not in pids and 0 not in pids
        subscriber.send(b"".join(struct.pack("!BBH", 0x40, 2, pid) for pid in pids))
        publisher.exactly(4, batch)


@test(v5="4.3.3-4")
def pubrec_gets_pubrel(c):
    publisher, subscriber = c.pair()
    publisher.publish(c.topic(), b"x", 2)
    pid = subscriber.message(b"x").pid
    subscriber.ack(PUBREC, pid, 0x10)
    subscriber.expect(PUBREL, pid=pid, reason=0)
    subscriber.ack(PUBCOMP, pid)
    c.nothing(subscriber, publisher)


@test(v5="4.4.0-2", cases={"0x80": 0x80, "0x83": 0x83, "0x87": 0x87, "0x97": 0x97, "0x99": 0x99})
def puback_with_an_error_acknowledges(c, reason):
    publisher, subscriber = c.pair(keep=True)
    publisher.publish(c.topic(), b"x", 1)
    subscriber.ack(PUBACK, subscriber.message(b"x").pid, reason)
    subscriber.disconnect()
    c.nothing(c.client("sub", keep=True), publisher)


@test(
    v5="4.4.0-2 4.3.3-4",
    cases={"0x80": 0x80, "0x83": 0x83, "0x87": 0x87, "0x97": 0x97, "0x99": 0x99},
)
def pubrec_with_an_error_ends_the_exchange(c, reason):
    publisher, subscriber = c.pair(keep=True)
    publisher.publish(c.topic(), b"x", 2)
    subscriber.ack(PUBREC, subscriber.message(b"x").pid, reason)
    c.nothing(subscriber, publisher)
    subscriber.disconnect()
    c.nothing(c.client("sub", keep=True), publisher)


@test(versions=[4, 5], cases={"PUBACK": PUBACK, "PUBCOMP": PUBCOMP})
def acknowledgement_of_an_unknown_identifier_is_ignored(c, kind):
    peer = c.client("a")
    peer.ack(kind, 4711)
    assert peer.ping() == []


@test(v5="3.6.2-1")
def pubrec_of_an_unknown_identifier_harms_nobody(c):
    peer = c.client("a")
    peer.ack(PUBREC, 4711)
    assert [packet.reason for packet in peer.ping()] in ([0x92], [0], [])


@test(
    v3="3.8.4-6 4.3.1-1",
    v5="3.8.4-8 4.3.1-1",
    cases={"published-%d-granted-%d" % (p, s): (p, s) for p in range(3) for s in range(3)},
)
def delivered_qos_is_the_lower(c, qos):
    publisher, subscriber = c.pair(qos=qos[1])
    publisher.publish(c.topic(), b"x", qos[0])
    subscriber.take(b"x", qos=min(qos), dup=False)
    c.nothing(subscriber, publisher)


@test(versions=[4, 5], config=["upgrade_outgoing_qos true"])
def delivered_qos_is_the_granted_one_when_upgraded(c):
    publisher, subscriber = c.pair(qos=1)
    publisher.publish(c.topic(), b"x", 0)
    subscriber.take(b"x", qos=1)


@test(v3="3.10.4-3", v5="3.10.4-3", cases={"qos-1": 1, "qos-2": 2})
def delivery_is_completed_after_unsubscribe(c, qos):
    publisher, subscriber = c.pair(keep=True)
    publisher.publish(c.topic(), b"x", qos)
    pid = subscriber.message(b"x").pid
    subscriber.unsubscribe(c.topic())
    subscriber.drop()
    subscriber = c.client("sub", keep=True)
    subscriber.take(b"x", pid=pid, dup=True)


@test(v5="3.10.4-3")
def pubrel_comes_after_unsubscribe(c):
    publisher, subscriber = c.pair()
    publisher.publish(c.topic(), b"x", 2)
    pid = subscriber.message(b"x").pid
    subscriber.unsubscribe(c.topic())
    subscriber.ack(PUBREC, pid)
    subscriber.expect(PUBREL, pid=pid)


@test(versions=[4, 5])
def exchange_survives_a_reconnect_at_every_step(c):
    """PUBLISH, reconnect, PUBREC, reconnect, PUBREL, reconnect, PUBCOMP: one delivery."""
    publisher, subscriber = c.pair(keep=True)
    publisher.publish(c.topic(), b"x", 2)
    pid = subscriber.message(b"x", dup=False).pid
    for _ in range(3):
        subscriber.drop()
        subscriber = c.client("sub", keep=True)
        subscriber.message(b"x", dup=True, pid=pid)
    subscriber.ack(PUBREC, pid)
    subscriber.expect(PUBREL, pid=pid)
    for _ in range(3):
        subscriber.drop()
        subscriber = c.client("sub", keep=True)
        subscriber.expect(PUBREL, pid=pid)
    subscriber.ack(PUBCOMP, pid)
    subscriber.disconnect()
    c.nothing(c.client("sub", keep=True), publisher)


@test(versions=[5])
def resent_message_keeps_its_properties(c):
    publisher, subscriber = c.pair(keep=True)
    props = [("content_type", "x"), ("user_property", ("a", "b")), ("user_property", ("a", "c"))]
    publisher.publish(c.topic(), b"x", 1, props=props)
    first = subscriber.message(b"x")
    subscriber.drop()
    again = c.client("sub", keep=True).message(b"x", dup=True)
    assert sorted(again.props) == sorted(first.props) == sorted(props)
