# SPDX-License-Identifier: Apache-2.0
"""What time does to what is kept while the broker is not there. The clock on the wall is turned; hardly
anything waits."""
import time

import codec
from codec import PUBACK, PUBCOMP, PUBREC, PUBREL, Will
from directed import keeping
from power import WRITE

HOUR, DAY = 3600, 86400


def again(c, hours=0):
    """Killed, and started again when the clock shows so much more."""
    c.broker.kill()
    c.broker.turn_clock(hours * HOUR)
    c.broker.arrive()


def flushed(c):
    """What was done before is on the disk, also what nobody is told of: a worker's changes keep their
    order, and what deletes waits until the worker that a message came from has said that it is there.
    So many clients that some are on each worker; each speaks again when all have been answered."""
    peers = [c.client("flushed%d" % number) for number in range(1 if c.broker.workers == 1 else 64)]
    for turn in range(3):
        for number, peer in enumerate(peers):
            peer.publish(c.topic("flushed%d" % number), b"%d" % turn, 1, retain=True, wait=False)
        for peer in peers:
            peer.expect(PUBACK)


def absent(c, name="sub", expiry=DAY, qos=2):
    """A session that waits for messages of c.topic(), as long as it may."""
    peer = c.client(name, keep=True, props=lasting(c, expiry))
    peer.subscribe(c.topic(), qos=qos)
    peer.disconnect()


def lasting(c, expiry=DAY):
    return {"session_expiry": expiry} if c.version == 5 else None


def back(c, name="sub", present=1, expiry=DAY):
    peer = c.client(name, keep=True, props=lasting(c, expiry))
    assert peer.connack.session_present == present, peer.connack
    return peer


@keeping()
def test_queue_is_there_in_its_order(c):
    absent(c)
    publisher = c.client("pub")
    for number in range(50):
        publisher.publish(c.topic(), b"%d" % number, 1 + number % 2)
    again(c)
    subscriber = back(c)
    for number in range(50):
        subscriber.take(b"%d" % number, qos=1 + number % 2)
    c.nothing(subscriber, c.client("pub2"))


@keeping()
def test_what_was_taken_does_not_come_again(c):
    absent(c)
    c.client("pub").publish(c.topic(), b"x", 2)
    subscriber = back(c)
    subscriber.take(b"x")
    subscriber.ping()
    flushed(c)
    again(c)
    c.nothing(back(c), c.client("pub2"))


@keeping(versions=(5,))
def test_message_expires_while_nobody_is_there(c):
    absent(c)
    publisher = c.client("pub")
    publisher.publish(c.topic(), b"short", 1, props={"message_expiry": HOUR})
    publisher.publish(c.topic(), b"long", 1, props={"message_expiry": 3 * HOUR})
    publisher.publish(c.topic(), b"ever", 1)
    again(c, 2)
    subscriber = back(c)
    left = subscriber.take(b"long").prop("message_expiry")
    assert HOUR - LATE <= left <= HOUR, left
    assert subscriber.take(b"ever").prop("message_expiry") is None
    c.nothing(subscriber, c.client("pub2"))


LATE = 60  # seconds that a busy machine may take


@keeping(versions=(5,))
def test_retained_message_expires_too(c):
    publisher = c.client("pub")
    for name, hours in (("short", 1), ("long", 3)):
        publisher.publish(c.topic(name), b"x", 1, retain=True, props={"message_expiry": hours * HOUR})
    again(c, 2)
    subscriber = c.client("sub")
    subscriber.subscribe(c.topic("+"))
    packet = subscriber.take(b"x", topic=c.topic("long"), retain=True)
    assert HOUR - LATE <= packet.prop("message_expiry") <= HOUR, packet
    c.nothing(subscriber, c.client("pub2"))


@keeping(versions=(5,))
def test_session_expires_while_nobody_is_there(c):
    for name, expiry in (("short", HOUR), ("long", 3 * HOUR), ("ever", 0xFFFFFFFF)):
        absent(c, name, expiry)
    again(c, 2)
    back(c, "short", present=0)
    back(c, "long")
    back(c, "ever")
    again(c, 1000)
    back(c, "ever")


@keeping("persistent_client_expiration 1d", versions=(4,))
def test_session_of_mqtt_3_expires_if_the_admin_says_so(c):
    absent(c, "x")
    again(c, 1)
    back(c, "x").disconnect()
    flushed(c)
    again(c, 50)
    back(c, "x", present=0)


@keeping(versions=(5,))
def test_clock_that_goes_back_ends_nothing(c):
    absent(c, expiry=HOUR)
    c.client("pub").publish(c.topic(), b"x", 1, props={"message_expiry": HOUR})
    again(c, -100)
    packet = back(c, expiry=HOUR).take(b"x")
    assert packet.prop("message_expiry") <= HOUR, packet


@keeping(versions=(5,))
def test_clock_that_jumps_under_the_broker_ends_nothing(c):
    absent(c, expiry=HOUR)
    publisher = c.client("pub")
    publisher.publish(c.topic(), b"1", 1, props={"message_expiry": HOUR})
    c.broker.turn_clock(100 * HOUR)
    publisher.publish(c.topic(), b"2", 1, props={"message_expiry": HOUR})
    subscriber = back(c, expiry=HOUR)
    for payload in (b"1", b"2"):
        left = subscriber.take(payload).prop("message_expiry")
        assert HOUR - LATE <= left <= HOUR, left


# wills


def mortal(c, delay=0, name="mortal"):
    """A client with a will, to c.topic()."""
    props = {"will_delay": delay} if c.version == 5 and delay else None
    will = Will(c.topic(), b"will", 1, props=props)
    return c.client(name, keep=True, will=will, props=lasting(c))


@keeping()
def test_will_of_who_was_connected_comes(c):
    absent(c)
    mortal(c)
    again(c)
    back(c).take(b"will")


@keeping(versions=(5,))
def test_will_with_delay_comes_when_it_is_due(c):
    absent(c)
    mortal(c, delay=2)
    ended = time.monotonic()
    again(c)
    back(c).take(b"will")
    assert time.monotonic() - ended >= 2


@keeping(versions=(5,))
def test_will_that_became_due_meanwhile_comes(c):
    absent(c)
    mortal(c, delay=HOUR).drop()
    flushed(c)
    again(c, 2)
    back(c).take(b"will")


@keeping(versions=(5,))
def test_will_of_who_comes_back_in_time_does_not_come(c):
    absent(c)
    mortal(c, delay=HOUR)
    again(c)
    mortal(c, delay=HOUR).disconnect()
    flushed(c)
    again(c, 2)
    c.nothing(back(c), c.client("pub"))


@keeping()
def test_will_that_came_does_not_come_again(c):
    """Killed while it is on its way it may: the message is kept first, and then the will forgotten."""
    absent(c)
    mortal(c)
    again(c)
    flushed(c)
    again(c)
    subscriber = back(c)
    subscriber.take(b"will")
    subscriber.ping()
    flushed(c)
    again(c)
    c.nothing(back(c), c.client("pub"))


@keeping()
def test_will_that_was_taken_back_does_not_come(c):
    absent(c)
    mortal(c).disconnect()
    flushed(c)
    again(c)
    c.nothing(back(c), c.client("pub"))


# what belongs to a session


@keeping()
def test_subscription_that_was_taken_back_stays_away(c):
    peer = c.client("sub", keep=True, props=lasting(c))
    peer.subscribe(c.topic("a"), c.topic("b"), qos=1)
    peer.unsubscribe(c.topic("a"))
    again(c)
    publisher, peer = c.client("pub"), back(c)
    publisher.publish(c.topic("a"), b"a", 1)
    publisher.publish(c.topic("b"), b"b", 1)
    peer.take(b"b")


@keeping(versions=(5,))
def test_options_of_subscriptions_are_kept(c):
    no_local, as_published = 4, 8
    peer = c.client("sub", keep=True, props=lasting(c))
    peer.subscribe((c.topic("own"), 1 | no_local), props={"subscription_id": 7})
    peer.subscribe((c.topic("flag"), 1 | as_published), props={"subscription_id": 300})
    again(c)
    peer, publisher = back(c), c.client("pub")
    peer.publish(c.topic("own"), b"own", 1)
    publisher.publish(c.topic("own"), b"other", 1)
    assert peer.take(b"other").prop("subscription_id") == 7
    publisher.publish(c.topic("flag"), b"flag", 1, retain=True)
    packet = peer.take(b"flag", retain=True)
    assert packet.prop("subscription_id") == 300


@keeping(versions=(5,))
def test_properties_of_messages_are_kept(c):
    props = [("payload_format", 1), ("content_type", "text/plain"), ("response_topic", "answer"),
             ("correlation_data", b"\0\1"), ("user_property", ("a", "1")),
             ("user_property", ("a", "2"))]
    absent(c)
    c.client("pub").publish(c.topic(), b"x", 1, retain=True, props=props)
    again(c)
    assert sorted(back(c).take(b"x").props) == sorted(props)
    other = c.client("other")
    other.subscribe(c.topic())
    assert sorted(other.take(b"x", retain=True).props) == sorted(props)


@keeping()
def test_retained_message_that_was_removed_stays_away(c):
    publisher = c.client("pub")
    publisher.publish(c.topic("a"), b"a", 1, retain=True)
    publisher.publish(c.topic("b"), b"b", 1, retain=True)
    again(c)
    publisher = c.client("pub")
    publisher.publish(c.topic("a"), b"", 1, retain=True)
    again(c)
    subscriber = c.client("sub")
    subscriber.subscribe(c.topic("+"))
    subscriber.take(b"b", retain=True)
    c.nothing(subscriber, c.client("pub"))


@keeping()
def test_qos_2_is_released_after_all(c):
    absent(c)
    publisher = c.client("pub", keep=True, props=lasting(c))
    publisher.send(codec.publish(c.version, c.topic(), b"x", 2, pid=9))
    publisher.expect(PUBREC, pid=9)
    again(c)
    publisher = back(c, "pub")
    publisher.send(codec.publish(c.version, c.topic(), b"x", 2, pid=9, dup=True))
    publisher.expect(PUBREC, pid=9)
    again(c)
    publisher = back(c, "pub")
    publisher.ack(PUBREL, 9)
    publisher.expect(PUBCOMP, pid=9)
    subscriber = back(c)
    subscriber.take(b"x", qos=2)
    c.nothing(subscriber, publisher)


@keeping()
def test_what_is_in_flight_keeps_its_identifier(c):
    absent(c)
    publisher = c.client("pub")
    publisher.publish(c.topic(), b"1", 1)
    publisher.publish(c.topic(), b"2", 2)
    publisher.publish(c.topic(), b"3", 2)
    subscriber = back(c)
    first, second, third = [subscriber.message(b"%d" % number) for number in (1, 2, 3)]
    subscriber.ack(PUBREC, second.pid)
    subscriber.expect(PUBREL, pid=second.pid)
    again(c)
    subscriber = back(c)
    packets = [subscriber.recv() for _ in range(3)]
    found = {(packet.kind, packet.pid) for packet in packets}
    assert found == {(codec.PUBLISH, first.pid), (PUBREL, second.pid),
                     (codec.PUBLISH, third.pid)}, packets
    assert all(packet.dup for packet in packets if packet.kind == codec.PUBLISH)
    subscriber.ack(PUBACK, first.pid)
    subscriber.ack(PUBCOMP, second.pid)
    subscriber.ack(PUBREC, third.pid)
    subscriber.expect(PUBREL, pid=third.pid)
    subscriber.ack(PUBCOMP, third.pid)
    c.nothing(subscriber, c.client("pub2"))


@keeping()
def test_clean_start_ends_what_was_kept(c):
    absent(c)
    c.client("pub").publish(c.topic(), b"x", 1)
    c.client("sub").disconnect()
    flushed(c)
    again(c)
    c.nothing(back(c, present=0), c.client("pub2"))


def is_flushed(c, text):
    """It is in a file of the store, and of all that was written nothing waits for a flush."""
    written = any(text in data for _, data in c.broker.files())
    return written and all(record.durable for record in c.broker.disk.records()
                           if record.kind == WRITE)


@keeping("durability relaxed")
def test_relaxed_is_on_the_disk_after_a_while(c):
    absent(c)
    c.client("pub").publish(c.topic(), b"<the message>", 1)
    while not is_flushed(c, b"<the message>"):
        assert c.left()
        c.after(0.05)
    again(c)
    back(c).take(b"<the message>")


@keeping()
def test_stop_and_start_keep_all(c):
    absent(c)
    c.client("pub").publish(c.topic(), b"x", 2, retain=True)
    c.broker.terminate()
    c.broker.die()
    assert c.broker.process.returncode == 0
    c.broker.arrive()
    back(c).take(b"x")
    other = c.client("other")
    other.subscribe(c.topic())
    other.take(b"x", retain=True)
