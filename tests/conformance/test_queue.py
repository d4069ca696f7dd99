# SPDX-License-Identifier: Apache-2.0
"""Queues for clients that are away or slow: limits, what is dropped, what is not."""
from expect import payloads
from harness import test


def numbers(*values):
    return [b"%d" % value for value in values]


def drained(c, publisher, **fields):
    """Everything that waits for the subscriber, acknowledged."""
    c.settle(publisher)
    subscriber = c.client("sub", keep=True, **fields)
    topic = c.topic("end%d" % len(c.peers))
    subscriber.subscribe(topic, qos=1)
    publisher.publish(topic, b"end", 0)
    got = []
    while True:
        packet = subscriber.take()
        if packet.payload == b"end":
            return got + payloads(packet for packet in more(subscriber))
        got.append(packet.payload)


def more(subscriber):
    """QoS 0 may overtake what waits for quota: the rest comes between PINGs. One that is read with
    the acknowledgements before it is answered before what they make room for."""
    empty = 0
    while empty < 2:
        got = subscriber.ping()
        for packet in got:
            subscriber.ack(4, packet.pid)
            yield packet
        empty = 0 if got else empty + 1


def absent(c, count, payload=b"", qos=1):
    publisher, subscriber = c.pair(qos=qos, keep=True)
    subscriber.disconnect()
    for number in range(count):
        publisher.publish(c.topic(), b"%d" % number + payload, qos)
    return publisher


@test(versions=[4, 5], config=["max_queued_messages 5"])
def newest_are_dropped_by_default(c):
    assert drained(c, absent(c, 10)) == numbers(0, 1, 2, 3, 4)


@test(versions=[4, 5], config=["max_queued_messages 5", "queue_drop newest"])
def newest_are_dropped_on_request(c):
    assert drained(c, absent(c, 10)) == numbers(0, 1, 2, 3, 4)


@test(versions=[4, 5], config=["max_queued_messages 5", "queue_drop oldest"])
def oldest_are_dropped_on_request(c):
    assert drained(c, absent(c, 10)) == numbers(5, 6, 7, 8, 9)


@test(versions=[4, 5], config=["max_queued_messages 5"])
def acknowledged_message_makes_room(c):
    publisher = absent(c, 10)
    assert len(drained(c, publisher)) == 5
    c.client("sub", keep=True).disconnect()
    for number in range(5):
        publisher.publish(c.topic(), b"%d" % (100 + number), 1)
    assert drained(c, publisher) == numbers(100, 101, 102, 103, 104)


@test(versions=[5], config=["max_queued_messages 5"])
def queue_of_a_slow_client_is_limited_beyond_its_window(c):
    publisher, subscriber = c.pair(qos=1, props={"receive_maximum": 2})
    for number in range(20):
        publisher.publish(c.topic(), b"%d" % number, 1)
    c.settle(publisher)
    got = [subscriber.take() for _ in range(7)]
    assert payloads(got) == numbers(*range(7))
    c.nothing(subscriber, publisher)


@test(versions=[4, 5])
def default_limit_is_a_thousand(c):
    assert drained(c, absent(c, 1010)) == numbers(*range(1000))


@test(versions=[4, 5], config=["max_queued_messages 0"])
def zero_is_no_limit(c):
    assert drained(c, absent(c, 1500)) == numbers(*range(1500))


@test(versions=[4, 5], config=["max_queued_bytes 1000"])
def bytes_are_limited(c):
    got = drained(c, absent(c, 10, bytes(299)))
    assert 2 <= len(got) <= 3 and [one[:1] for one in got] == numbers(*range(len(got)))


@test(versions=[4, 5], config=["max_queued_bytes 1000", "queue_drop oldest"])
def bytes_are_limited_by_dropping_the_oldest(c):
    got = drained(c, absent(c, 10, bytes(299)))
    assert 2 <= len(got) <= 3 and [one[:1] for one in got] == numbers(*range(10 - len(got), 10))


@test(versions=[4, 5], config=["max_queued_bytes 1000"])
def limited_bytes_do_not_starve_qos_0(c):
    publisher, subscriber = c.pair(qos=0)
    for number in range(50):
        publisher.publish(c.topic(), b"%d" % number + bytes(900))
        subscriber.take(b"%d" % number + bytes(900))


@test(versions=[4, 5], config=["queue_qos0_messages true"])
def qos_0_can_be_queued(c):
    publisher, subscriber = c.pair(qos=1, keep=True)
    subscriber.disconnect()
    for number in range(5):
        publisher.publish(c.topic(), b"%d" % number, 0)
    assert drained(c, publisher) == numbers(0, 1, 2, 3, 4)


@test(versions=[4, 5], config=["queue_qos0_messages true", "max_queued_messages 3"])
def queued_qos_0_counts(c):
    publisher, subscriber = c.pair(qos=1, keep=True)
    subscriber.disconnect()
    for number in range(5):
        publisher.publish(c.topic(), b"%d" % number, 0)
    got = drained(c, publisher)
    assert got == numbers(0, 1, 2), got


@test(versions=[4, 5], config=["queue_qos0_messages true", "max_queued_messages 3"])
def queued_qos_0_gives_way_to_qos_1(c):
    """Whatever the policy: what must arrive puts out the oldest of what need not."""
    publisher, subscriber = c.pair(qos=1, keep=True)
    subscriber.disconnect()
    for number in range(3):
        publisher.publish(c.topic(), b"%d" % number, 0)
    publisher.publish(c.topic(), b"must", 1)
    got = drained(c, publisher)
    assert got == numbers(1, 2) + [b"must"], got


@test(versions=[4, 5], config=["queue_qos0_messages false"])
def qos_0_is_not_queued(c):
    publisher, subscriber = c.pair(qos=1, keep=True)
    subscriber.disconnect()
    publisher.publish(c.topic(), b"0", 0)
    publisher.publish(c.topic(), b"1", 1)
    assert drained(c, publisher) == [b"1"]


@test(versions=[4, 5])
def order_of_qualities_is_kept_in_the_queue(c):
    publisher, subscriber = c.pair(qos=2, keep=True)
    subscriber.disconnect()
    for number in range(20):
        publisher.publish(c.topic(), b"%d" % number, 1 + number % 2)
    subscriber = c.client("sub", keep=True)
    assert [subscriber.take(b"%d" % number).qos for number in range(20)] == [1, 2] * 10


@test(versions=[4, 5], config=["max_queued_messages 5"])
def full_queue_of_one_is_nothing_to_others(c):
    publisher = absent(c, 5)
    other = c.client("other")
    other.subscribe(c.topic(), qos=1)
    for number in range(10):
        assert publisher.publish(c.topic(), b"%d" % number, 1).reason == 0
        other.take(b"%d" % number)
