# SPDX-License-Identifier: Apache-2.0
"""The broker as receiver of QoS 1 and 2: acknowledgements, duplicates, identifiers."""
import codec
from codec import PUBACK, PUBCOMP, PUBREC, PUBREL
from expect import payloads
from harness import test


@test(
    v3="2.3.1-6 3.3.4-1 4.3.2-2",
    v5="2.2.1-5 3.3.4-1 4.3.2-4",
    cases={"1": 1, "2": 2, "65535": 65535},
)
def qos_1_gets_puback(c, pid):
    peer = c.client("a")
    peer.send(codec.publish(c.version, c.topic(), b"x", 1, pid=pid))
    peer.expect(PUBACK, pid=pid)


@test(
    v3="2.3.1-6 3.3.4-1 4.3.3-2",
    v5="2.2.1-5 3.3.4-1 4.3.3-8 4.3.3-11",
    cases={"1": 1, "2": 2, "65535": 65535},
)
def qos_2_gets_pubrec_and_pubcomp(c, pid):
    peer = c.client("a")
    peer.send(codec.publish(c.version, c.topic(), b"x", 2, pid=pid))
    peer.expect(PUBREC, pid=pid)
    peer.ack(PUBREL, pid)
    peer.expect(PUBCOMP, pid=pid, reason=0)


@test(v3="3.3.4-1", v5="3.3.4-1")
def qos_0_gets_no_answer(c):
    peer = c.client("a")
    peer.publish(c.topic(), b"x")
    assert peer.ping() == []


@test(versions=[5], cases={"qos-1": 1, "qos-2": 2})
def message_for_nobody_gets_0x10(c, qos):
    assert c.client("a").publish(c.topic(), b"x", qos).reason in ([0x10] if qos == 1 else [0x10, 0])


@test(v5="3.4.2-1 3.5.2-1 3.7.2-1", cases={"qos-1": 1, "qos-2": 2})
def message_for_somebody_gets_0x00(c, qos):
    publisher, _ = c.pair()
    assert publisher.publish(c.topic(), b"x", qos).reason == 0


@test(versions=[5])
def message_for_an_absent_session_gets_0x00(c):
    publisher, subscriber = c.pair(keep=True)
    subscriber.disconnect()
    assert publisher.publish(c.topic(), b"x", 1).reason == 0


@test(versions=[5])
def message_for_a_shared_subscription_gets_0x00(c):
    publisher, _ = c.pair("$share/g/" + c.topic())
    assert publisher.publish(c.topic(), b"x", 1).reason == 0


@test(v3="4.3.2-2", v5="4.3.2-5", cases={"dup": True, "no-dup": False})
def identifier_is_free_after_puback(c, dup):
    publisher, subscriber = c.pair()
    publisher.publish(c.topic(), b"a", 1, pid=7)
    publisher.publish(c.topic(), b"b", 1, pid=7, dup=dup)
    subscriber.take(b"a")
    subscriber.take(b"b")


@test(v3="4.3.3-2", v5="4.3.3-12", cases={"dup": True, "no-dup": False})
def identifier_is_free_after_pubcomp(c, dup):
    publisher, subscriber = c.pair()
    publisher.publish(c.topic(), b"a", 2, pid=7)
    publisher.publish(c.topic(), b"b", 2, pid=7, dup=dup)
    subscriber.take(b"a")
    subscriber.take(b"b")


@test(v3="4.3.3-2", v5="4.3.3-10", cases={"dup": True, "no-dup": False})
def qos_2_duplicate_is_delivered_once(c, dup):
    publisher, subscriber = c.pair()
    for again in (False, dup, dup):
        publisher.send(codec.publish(c.version, c.topic(), b"x", 2, pid=9, dup=again))
        publisher.expect(PUBREC, pid=9)
    publisher.ack(PUBREL, 9)
    publisher.expect(PUBCOMP, pid=9)
    subscriber.take(b"x")
    c.nothing(subscriber, publisher)


@test(v3="4.3.3-2 4.4.0-1", v5="4.3.3-10 4.4.0-1")
def qos_2_duplicate_after_reconnect_is_delivered_once(c):
    _, subscriber = c.pair()
    publisher = c.client("p", keep=True)
    publisher.send(codec.publish(c.version, c.topic(), b"x", 2, pid=9))
    publisher.expect(PUBREC, pid=9)
    publisher.drop()
    publisher = c.client("p", keep=True)
    publisher.send(codec.publish(c.version, c.topic(), b"x", 2, pid=9, dup=True))
    publisher.expect(PUBREC, pid=9)
    publisher.ack(PUBREL, 9)
    publisher.expect(PUBCOMP, pid=9, reason=0)
    subscriber.take(b"x")
    c.nothing(subscriber, publisher)


@test(v3="4.3.3-2", v5="4.3.3-11")
def pubrel_after_reconnect_gets_pubcomp(c):
    _, subscriber = c.pair()
    publisher = c.client("p", keep=True)
    publisher.send(codec.publish(c.version, c.topic(), b"x", 2, pid=9))
    publisher.expect(PUBREC, pid=9)
    publisher.drop()
    publisher = c.client("p", keep=True)
    publisher.ack(PUBREL, 9)
    publisher.expect(PUBCOMP, pid=9, reason=0)
    subscriber.take(b"x")
    c.nothing(subscriber, publisher)


@test(v3="4.3.3-2", v5="3.7.2-1")
def pubrel_of_an_unknown_identifier_gets_pubcomp(c):
    peer = c.client("a")
    peer.ack(PUBREL, 4711)
    peer.expect(PUBCOMP, pid=4711, reason=0x92 if c.version == 5 else 0)
    peer.ping()


@test(v3="4.3.3-2", v5="4.3.3-11")
def repeated_pubrel_gets_pubcomp_again(c):
    peer = c.client("a")
    peer.publish(c.topic(), b"x", 2, pid=3)
    peer.ack(PUBREL, 3)
    peer.expect(PUBCOMP, pid=3)


@test(v3="4.6.0-2", v5="4.6.0-2")
def pubacks_come_in_order(c):
    peer = c.client("a")
    pids = [5, 3, 9, 1, 8, 2, 700, 6, 65535, 4]
    peer.send(b"".join(codec.publish(c.version, c.topic(), b"x", 1, pid=pid) for pid in pids))
    assert [peer.expect(PUBACK).pid for _ in pids] == pids


@test(v3="4.6.0-3", v5="4.6.0-3")
def pubrecs_come_in_order(c):
    peer = c.client("a")
    pids = [5, 3, 9, 1, 8, 2, 700, 6, 65535, 4]
    peer.send(b"".join(codec.publish(c.version, c.topic(), b"x", 2, pid=pid) for pid in pids))
    assert [peer.expect(PUBREC).pid for _ in pids] == pids
    peer.send(b"".join(codec.ack(PUBREL, c.version, pid) for pid in pids))
    assert [peer.expect(PUBCOMP).pid for _ in pids] == pids


@test(v3="2.3.1-1", v5="2.2.1-3", cases={"qos-1": 1, "qos-2": 2})
def identifier_0_ends_connection(c, qos):
    peer = c.client("a")
    peer.send(codec.publish(c.version, c.topic(), b"x", qos, pid=0))
    peer.refused(0x81, 0x82)


@test(v3="2.3.1-5", v5="2.2.1-2")
def qos_0_has_no_identifier(c):
    publisher, subscriber = c.pair()
    publisher.publish(c.topic(), b"\0\1x")
    subscriber.take(b"\0\1x")


@test(v3="3.3.1-3 4.3.1-1", v5="3.3.1-3 4.3.1-1 4.3.2-2 4.3.3-2", cases={"qos-1": 1, "qos-2": 2})
def dup_is_not_passed_on(c, qos):
    publisher, subscriber = c.pair()
    publisher.publish(c.topic(), b"x", qos, dup=True)
    subscriber.take(b"x", dup=False)


@test(v5="3.3.4-7")
def more_than_receive_maximum_ends_connection(c):
    peer = c.client("a")
    assert peer.connack.prop("receive_maximum") == 20
    for pid in range(1, 21):
        peer.send(codec.publish(5, c.topic(), b"x", 2, pid=pid))
        peer.expect(PUBREC, pid=pid)
    peer.send(codec.publish(5, c.topic(), b"x", 2, pid=21))
    peer.refused(0x93)


@test(v3="4.3.3-2")
def open_exchanges_of_3_1_1_are_not_limited_to_a_window(c):
    """A client of 3.1.1 cannot be told a Receive Maximum, and some send all they have."""
    publisher, subscriber = c.pair()
    pids = range(1, 301)
    publisher.send(b"".join(codec.publish(4, c.topic(), b"%d" % pid, 2, pid=pid) for pid in pids))
    assert [publisher.expect(PUBREC).pid for _ in pids] == list(pids)
    publisher.send(b"".join(codec.ack(PUBREL, 4, pid) for pid in pids))
    assert [publisher.expect(PUBCOMP).pid for _ in pids] == list(pids)
    assert payloads(subscriber.take(qos=2) for _ in pids) == [b"%d" % pid for pid in pids]


@test(v5="3.3.4-7")
def pubcomp_gives_the_quota_back(c):
    peer = c.client("a")
    for _ in range(60):
        peer.publish(c.topic(), b"x", 2)


@test(v5="4.3.3-13")
def exchange_of_an_expired_message_goes_on(c):
    peer = c.client("a")
    peer.publish(c.topic(), b"x", 2, props={"message_expiry": 0})


@test(versions=[4, 5], config=["max_inflight_messages 1"])
def qos_2_flows_with_one_in_flight(c):
    publisher, subscriber = c.pair()
    for number in range(10):
        publisher.publish(c.topic(), b"%d" % number, 2)
    for number in range(10):
        subscriber.take(b"%d" % number, qos=2)


@test(v3="4.6.0-5 4.6.0-6", v5="4.6.0-5 4.6.0-6", cases={"qos-0": 0, "qos-1": 1, "qos-2": 2})
def messages_keep_their_order(c, qos):
    publisher = c.client("pub")
    subscribers = [c.client("s%d" % number) for number in range(4)]
    for subscriber in subscribers:
        subscriber.subscribe(c.topic(), qos=qos)
    count = 200 if qos < 2 else 20
    pids = [number % 20 + 1 if qos else None for number in range(count)]
    publisher.send(
        b"".join(
            codec.publish(c.version, c.topic(), b"%d" % number, qos, pid=pid)
            for number, pid in enumerate(pids)
        )
    )
    if qos == 2:
        publisher.send(b"".join(codec.ack(PUBREL, c.version, pid) for pid in pids))
    for subscriber in subscribers:
        assert payloads(subscriber.take() for _ in range(count)) == [
            b"%d" % number for number in range(count)
        ]
