# SPDX-License-Identifier: Apache-2.0
"""What only the clock brings about: expiry, delays, keep alive. All run side by side. What must not
come yet has some seconds, for the machine may stall; how late it is may be told by the unit tests,
which have a clock of their own."""
import time

import codec
from codec import Will
from harness import test


def offline(c, props, qos=1):
    """A message waits for a subscriber that is away."""
    publisher, subscriber = c.pair(qos=qos, keep=True)
    subscriber.disconnect()
    publisher.publish(c.topic(), b"x", qos, props=props)
    return publisher


@test(v5="3.3.2-5", timed=True, cases={"qos-1": 1, "qos-2": 2})
def expired_message_is_not_delivered(c, qos):
    publisher = offline(c, {"message_expiry": 1}, qos)
    publisher.publish(c.topic(), b"lasting", qos)
    c.after(2.2)
    c.client("sub", keep=True).take(b"lasting")


def is_what_is_left(expiry, left, begin, waited=0):
    """Of an expiry, since somewhere between `begin` and `waited` seconds ago."""
    assert expiry - (time.monotonic() - begin) - 1 <= left <= expiry - waited, left


@test(v5="3.3.2-6", timed=True)
def forwarded_expiry_is_what_is_left(c):
    begin = time.monotonic()
    offline(c, {"message_expiry": 100})
    c.after(2.1)
    left = c.client("sub", keep=True).take(b"x").prop("message_expiry")
    is_what_is_left(100, left, begin, 2)


@test(v5="3.3.2-6")
def message_forwarded_at_once_keeps_its_expiry(c):
    publisher, subscriber = c.pair()
    begin = time.monotonic()
    publisher.publish(c.topic(), b"x", props={"message_expiry": 100})
    is_what_is_left(100, subscriber.take(b"x").prop("message_expiry"), begin)


@test(v5="3.3.2-5", timed=True)
def expired_retained_message_is_not_delivered(c):
    publisher = c.client("pub")
    publisher.publish(c.topic("a"), b"x", 1, retain=True, props={"message_expiry": 1})
    publisher.publish(c.topic("b"), b"lasting", 1, retain=True)
    c.after(2.2)
    late = c.client("late")
    late.subscribe(c.topic("+"))
    late.take(b"lasting")
    c.nothing(late, publisher)


@test(v5="3.3.2-6", timed=True)
def expiry_of_a_retained_message_is_what_is_left(c):
    publisher, begin = c.client("pub"), time.monotonic()
    publisher.publish(c.topic(), b"x", 1, retain=True, props={"message_expiry": 50})
    c.after(2.1)
    late = c.client("late")
    late.subscribe(c.topic())
    is_what_is_left(50, late.take(b"x").prop("message_expiry"), begin, 2)


@test(v5="4.3.3-7", timed=True, cases={"qos-1": 1, "qos-2": 2})
def message_once_sent_does_not_expire(c, qos):
    publisher, subscriber = c.pair(qos=qos, keep=True)
    publisher.publish(c.topic(), b"x", qos, props={"message_expiry": 4})
    pid = subscriber.message(b"x").pid
    subscriber.drop()
    c.after(5.2)
    c.client("sub", keep=True).take(b"x", pid=pid, dup=True)


@test(v5="4.3.3-7", timed=True)
def exchange_goes_on_after_expiry(c):
    publisher, subscriber = c.pair(qos=2)
    publisher.publish(c.topic(), b"x", 2, props={"message_expiry": 4})
    pid = subscriber.message(b"x").pid
    c.after(5.2)
    subscriber.ack(codec.PUBREC, pid)
    subscriber.expect(codec.PUBREL, pid=pid, reason=0)


@test(v5="3.3.2-5", timed=True)
def expired_message_frees_the_queue_behind_it(c):
    publisher, subscriber = c.pair(qos=1, props={"receive_maximum": 1})
    publisher.publish(c.topic(), b"held", 1)
    held = subscriber.message(b"held")
    for _ in range(5):
        publisher.publish(c.topic(), b"short", 1, props={"message_expiry": 1})
    publisher.publish(c.topic(), b"next", 1)
    c.after(2.2)
    subscriber.ack(codec.PUBACK, held.pid)
    subscriber.take(b"next")


@test(v5="4.1.0-2 3.1.2-23", timed=True)
def session_ends_after_its_expiry(c):
    c.client("a", props={"session_expiry": 1}).disconnect()
    c.after(2.5)
    assert c.client("a", keep=True).connack.session_present == 0


@test(v5="3.1.2-23", timed=True)
def session_is_there_before_its_expiry(c):
    c.client("a", props={"session_expiry": 100}).disconnect()
    c.after(2)
    assert c.client("a", keep=True).connack.session_present == 1


@test(v5="4.1.0-2", timed=True)
def expiry_set_by_disconnect_holds(c):
    c.client("a", keep=True).disconnect(0, {"session_expiry": 1})
    c.after(2.5)
    assert c.client("a", keep=True).connack.session_present == 0


@test(v5="4.1.0-2", timed=True)
def connected_session_does_not_expire(c):
    peer = c.client("a", props={"session_expiry": 1})
    peer.subscribe(c.topic())
    c.after(2.5)
    peer.publish(c.topic(), b"x")
    peer.take(b"x")


def dying(c, delay, expiry, retain=False):
    watcher = c.client("watch")
    watcher.subscribe(c.topic())
    will = Will(c.topic(), b"gone", retain=retain, props={"will_delay": delay})
    c.client("w", will=will, props={"session_expiry": expiry}).drop()
    return watcher


@test(v5="3.1.2-8", timed=True)
def delayed_will_comes_after_its_delay(c):
    watcher, publisher = c.client("watch"), c.client("pub")
    watcher.subscribe(c.topic())
    will = Will(c.topic(), b"gone", props={"will_delay": 6})
    begin = time.monotonic()
    c.client("w", will=will, props={"session_expiry": 100}).drop()
    c.nothing(watcher, publisher)
    watcher.take(b"gone")
    assert time.monotonic() - begin >= 6


@test(v5="3.1.2-8", timed=True)
def end_of_the_session_comes_before_the_delay(c):
    dying(c, 100, 1).take(b"gone")


@test(v5="3.1.3-9", timed=True)
def resumed_session_sends_no_delayed_will(c):
    watcher = dying(c, 4, 100)
    peer = c.client("w", keep=True)
    c.after(5.2)
    c.nothing(watcher, peer)


@test(v5="3.1.3-9", timed=True)
def new_will_replaces_the_delayed_one(c):
    watcher = dying(c, 5, 100)
    c.client("w", will=Will(c.topic(), b"second", props={"will_delay": 1}), keep=True).drop()
    watcher.take(b"second")
    c.after(5.2)
    c.nothing(watcher, c.client("pub"))


@test(v5="3.1.2-8", timed=True)
def delayed_will_comes_once(c):
    watcher = dying(c, 1, 2)
    watcher.take(b"gone")
    c.after(2.5)
    c.nothing(watcher, c.client("pub"))


@test(v5="3.1.2-8", timed=True)
def expiry_of_a_will_counts_from_its_publication(c):
    watcher = c.client("watch")
    watcher.subscribe(c.topic())
    will = Will(c.topic(), b"gone", props={"will_delay": 5, "message_expiry": 4})
    c.client("w", will=will, props={"session_expiry": 100}).drop()
    watcher.take(b"gone")


@test(v3="3.1.2-24", v5="3.1.2-22", timed=True, cases={"1-s": 1, "2-s": 2})
def silent_client_is_disconnected(c, keep_alive):
    before = time.monotonic()
    c.client("a", keep_alive=keep_alive).refused(0x8D)
    waited = time.monotonic() - before
    assert waited >= keep_alive * 1.5, waited


@test(v3="3.1.2-24 3.1.2-8", v5="3.1.2-22 3.1.2-8", timed=True)
def will_of_a_silent_client_is_published(c):
    watcher = c.client("watch")
    watcher.subscribe(c.topic())
    c.client("a", keep_alive=1, will=Will(c.topic(), b"gone"))
    watcher.take(b"gone")


@test(
    v3="3.1.2-24 3.12.4-1",
    v5="3.1.2-22 3.12.4-1",
    timed=True,
    cases={"ping": codec.PING, "publish": None},
)
def client_that_sends_stays(c, packet):
    peer = c.client("a", keep_alive=6)
    for _ in range(4):
        c.after(3)
        peer.send(packet or codec.publish(c.version, c.topic(), b"x"))
    peer.ping()


@test(v3="3.1.2-24", v5="3.1.2-22", timed=True)
def receiving_is_no_sign_of_life(c):
    publisher, subscriber = c.pair(qos=0, keep_alive=1)
    packets = []
    while not packets or packets[-1] and packets[-1].kind == codec.PUBLISH:
        c.after(0.4)
        publisher.publish(c.topic(), b"x")
        packets.append(subscriber.recv())
    assert packets[0] and packets[0].kind == codec.PUBLISH, packets


@test(versions=[4, 5], timed=True)
def keep_alive_0_is_forever(c):
    peer = c.client("a", keep_alive=0)
    c.after(3)
    peer.ping()


@test(v5="4.4.0-1", timed=True)
def nothing_is_resent_without_a_reconnect(c):
    publisher, subscriber = c.pair(qos=2)
    publisher.publish(c.topic(), b"1", 1)
    publisher.publish(c.topic(), b"2", 2)
    subscriber.message(b"1")
    subscriber.ack(codec.PUBREC, subscriber.message(b"2").pid)
    subscriber.expect(codec.PUBREL)
    c.after(3)
    c.nothing(subscriber, publisher)


FAST = ["connect_timeout 1"]


@test(
    versions=[4],
    timed=True,
    config=["connect_timeout 5"],
    cases={"nothing": b"", "a-byte": b"\x10", "half": codec.connect(4, "half")[:9]},
)
def connect_that_does_not_come_is_not_awaited(c, start):
    before = time.monotonic()
    peer = c.raw()
    peer.send(start)
    assert peer.closed() == []
    # A worker's time is that of its turn, which began earlier.
    assert time.monotonic() - before >= 4


@test(versions=[4], timed=True, config=FAST)
def connect_that_trickles_is_not_awaited(c):
    """A byte every quarter of a second does not prolong the deadline."""
    peer = c.raw()
    packet = codec.connect(4, "slowly")
    before = peer.remaining()
    for at in range(len(packet)):
        peer.send(packet[at : at + 1])
        c.after(0.25)
        if before - peer.remaining() > 3:
            break
    assert peer.closed() == []


@test(versions=[4, 5], timed=True, config=["connect_timeout 5"])
def connected_client_has_no_connect_timeout(c):
    peer = c.client("a")
    c.after(6)
    peer.ping()


@test(versions=[4], timed=True, config=["persistent_client_expiration 1s"])
def absent_session_can_be_expired_by_setting(c):
    c.client("a", keep=True).disconnect()
    c.after(4)
    assert c.client("a", keep=True).connack.session_present == 0


@test(versions=[5], timed=True, config=["max_keepalive 1"])
def server_keep_alive_is_enforced(c):
    peer = c.client("a", keep_alive=0)
    assert peer.connack.prop("server_keep_alive") == 1
    peer.refused(0x8D)


@test(versions=[4, 5], timed=True, config=["sys_interval 0"])
def idle_broker_uses_no_processor_time(c):
    peers = [c.client() for _ in range(10)]
    used = [c.broker.processor_time()]
    while len(used) < 2 or used[-1] - used[-2] >= 0.1:  # what the start has left to do is soon done
        c.after(2)
        used.append(c.broker.processor_time())
        assert c.left() > 0, used
    for peer in peers:
        peer.ping()
