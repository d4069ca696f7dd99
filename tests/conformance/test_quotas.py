# SPDX-License-Identifier: Apache-2.0
"""Clients, and users, that want more than they may have. Every user's password is `p`."""
import os
import tempfile
import time

import codec
from harness import test

HASH = (
    "$6$jZ3u5vjXWoUkJkdr$pgcwLli4hLHR1He7q6K4Dn9EbZkpR0AQ0zfsQ6eGXSf2bhqEyHIuHbdvnxJbhKVgJNyK"
    "vqDe9M6fwW6gwpV4RQ=="
)
FOLDER = tempfile.TemporaryDirectory(prefix="hawker-quotas-")
PASSWORDS = os.path.join(FOLDER.name, "passwords")
with open(os.open(PASSWORDS, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="ascii") as file:
    file.write("ada:%s\nbob:%s\n" % (HASH, HASH))
STRICT = ["allow_anonymous false", "password_file " + PASSWORDS]
TOO_FAST, QUOTA, TOO_OFTEN = 0x96, 0x97, 0x9F


def member(c, name, user="ada", **fields):
    return c.client(name, username=user, password=b"p", **fields)


def turned_away(c, reason, older=3, user="ada"):
    peer = c.raw()
    peer.open(client_id=c.id("too-many"), username=user, password=b"p")
    peer.rejected(reason if c.version == 5 else older)


def answers(peer, topic, number, **fields):
    """To messages of QoS 1, how many with which code."""
    codes = [peer.publish(topic, b"x", 1, **fields).reason for _ in range(number)]
    return {code: codes.count(code) for code in codes}


def said(c, reasons):
    return reasons if c.version == 5 else {0: sum(reasons.values())}


# one client


@test(versions=[4, 5], config=["client_max_message_rate 10", "limit_action disconnect"])
def too_many_messages_end_the_connection(c):
    peer = c.client("a")
    peer.send(codec.publish(c.version, c.topic(), b"x", 0) * 200)
    peer.refused(TOO_FAST)


@test(versions=[4, 5], config=["client_max_message_rate 2", "limit_action drop"])
def too_many_messages_are_refused(c):
    watcher = c.client("w")
    watcher.subscribe(c.topic())
    peer = c.client("a")
    codes = [peer.publish(c.topic(), b"x", 1).reason for _ in range(100)]
    packets = []
    while not packets or packets[-1].payload != b"end":  # which one is let in, when there is room
        peer.publish(c.topic(), b"end", 1)
        packets += [packet for packet in watcher.ping() if packet.kind == codec.PUBLISH]
    got = len([packet for packet in packets if packet.payload == b"x"])
    assert 2 <= got < 100, got
    if c.version == 5:
        assert codes.count(QUOTA) == 100 - got and codes.count(0) == got, codes
    else:
        assert codes == [0] * 100


@test(versions=[4, 5], config=["client_max_message_rate 50"], timed=True)
def too_many_messages_wait(c):
    watcher = c.client("w")
    watcher.subscribe((c.topic(), 1))
    peer = c.client("a")
    pids = [peer.publish(c.topic(), b"%d" % number, 1, wait=False) for number in range(150)]
    for number, pid in enumerate(pids):
        peer.expect(codec.PUBACK, pid=pid)
        watcher.take(b"%d" % number)


@test(versions=[4, 5], config=["client_max_receive_rate 100", "limit_action disconnect"])
def too_many_bytes_end_the_connection(c):
    peer = c.client("a")
    peer.publish(c.topic(), bytes(9000))
    packet = None
    while packet is None or packet.kind == codec.PINGRESP:
        peer.send(codec.PING)
        packet = peer.recv()
        if packet is None:
            break
    assert packet.reason == TOO_FAST if c.version == 5 else packet is None


@test(versions=[4, 5], config=["client_max_send_rate 200", "limit_action disconnect"])
def too_many_bytes_to_a_client_end_the_connection(c):
    """What is written at once is never too much, but what comes behind it in the seconds after."""
    publisher, watcher = c.client("p", version=5), c.client("w")
    watcher.subscribe(c.topic())
    publisher.publish(c.topic(), bytes(9000))
    watcher.message(bytes(9000))
    publisher.publish(c.topic(), b"one more")
    packets = watcher.closed()
    assert [packet.reason for packet in packets if packet.kind == codec.DISCONNECT] == (
        [QUOTA] if c.version == 5 else []
    )


@test(versions=[4, 5], config=["client_max_send_rate 10000"], timed=True)
def too_many_bytes_to_a_client_wait(c):
    publisher, watcher = c.client("p"), c.client("w")
    watcher.subscribe((c.topic(), 1))
    for number in range(30):
        publisher.publish(c.topic(), b"%01000d" % number, 1)
    for number in range(30):
        watcher.take(b"%01000d" % number)


@test(versions=[4, 5], config=["client_max_retained 3"])
def too_many_retained_messages_are_refused(c):
    peer, other = c.client("a"), c.client("b")
    for number in range(3):
        peer.publish(c.topic("r/%d" % number), b"x", 1, retain=True)
    assert answers(peer, c.topic("r/3"), 2, retain=True) == said(c, {QUOTA: 2})
    assert other.publish(c.topic("r/3"), b"y", 1, retain=True).reason in (0, 0x10)
    peer.publish(c.topic("r/0"), b"", 1, retain=True)
    peer.publish(c.topic("r/4"), b"z", 1, retain=True)
    watcher = c.client("w")
    watcher.subscribe(c.topic("r/#"))
    packets = [packet for packet in watcher.ping() if packet.kind == codec.PUBLISH]
    assert sorted(packet.payload for packet in packets) == [b"x", b"x", b"y", b"z"]


@test(versions=[4, 5], config=["client_max_retained_bytes 100", "limit_action disconnect"])
def too_many_retained_bytes_end_the_connection(c):
    peer = c.client("a")
    peer.publish(c.topic(), bytes(200), 1)
    peer.publish(c.topic(), bytes(200), 1, retain=True, wait=False)
    peer.refused(QUOTA)


@test(versions=[4, 5], config=["client_max_subscriptions 2", "client_max_wildcard_levels 4"])
def too_much_is_not_subscribed(c):
    codes = c.client("a").subscribe("+/+/+/+/+", "a", "b", "c", "b")
    no = QUOTA if c.version == 5 else 0x80
    assert codes == [no, 0, 0, no, 0], codes


@test(versions=[5], config=["client_max_subscriptions 0"], own=True)
def log_has_a_line_for_many(c):
    peer = c.client("a", username="ada")
    for _ in range(100):
        peer.subscribe("x")
    lines = [line for line in c.broker.log().splitlines() if "client_max_subscriptions" in line]
    assert len(lines) == 1 and "user ada is above" in lines[0], lines


@test(versions=[5], config=["client_max_subscriptions 1", "sys_interval 1"], timed=True, own=True)
def excesses_are_counted(c):
    name = "$SYS/broker/limits/subscriptions"
    watcher, peer = c.client("w"), c.client("a")
    watcher.subscribe(name)
    assert peer.subscribe("a", "b", "c") == [0, QUOTA, QUOTA]
    packet = watcher.message(topic=name)
    while packet.payload != b"2":
        packet = watcher.message(topic=name)


# All clients of a user: their identifiers are of different workers. A broker of its own where those
# of the version before, who may not have gone yet, would count.


@test(versions=[4, 5], config=STRICT + ["user_max_message_rate 20", "limit_action drop"], own=True)
def messages_of_a_user(c):
    peers = [member(c, "m%d" % number) for number in range(8)]
    total, begin = {}, time.monotonic()
    for peer in peers:
        for code, n in answers(peer, c.topic(), 20).items():
            total[code] = total.get(code, 0) + n
    if c.version == 5:
        may = 20 + 20 * (time.monotonic() - begin)
        assert total.get(QUOTA, 0) >= 160 - may - 1, (total, may)
    other = member(c, "other", "bob")
    assert QUOTA not in answers(other, c.topic(), 10)


RATED = STRICT + ["user_max_message_rate 20", "limit_action disconnect"]


@test(versions=[4, 5], config=RATED, own=True)
def user_with_too_many_messages_loses_a_connection(c):
    peers = [member(c, "m%d" % number) for number in range(4)]
    for peer in peers[:3]:
        for _ in range(5):
            peer.publish(c.topic(), b"x")
        peer.ping()
    peers[3].send(codec.publish(c.version, c.topic(), b"x", 0) * 100)
    peers[3].refused(TOO_FAST)


@test(versions=[4, 5], config=STRICT + ["user_max_receive_rate 20000"], timed=True)
def bytes_of_a_user_wait(c):
    watcher = member(c, "w", "bob")
    watcher.subscribe(c.topic())
    peers = [member(c, "m%d" % number) for number in range(4)]
    for peer in peers:
        for _ in range(3):
            peer.publish(c.topic(), bytes(4000))
    for _ in range(12):
        watcher.message(bytes(4000))


@test(versions=[4, 5], config=STRICT + ["user_max_send_rate 20000"], timed=True)
def bytes_to_a_user_wait(c):
    watchers = [member(c, "w%d" % number) for number in range(4)]
    for watcher in watchers:
        watcher.subscribe((c.topic(), 1))
    publisher = member(c, "p", "bob")
    for _ in range(10):
        publisher.publish(c.topic(), bytes(1000), 1)
    for watcher in watchers:
        for _ in range(10):
            watcher.take(bytes(1000))


@test(versions=[4, 5], config=STRICT + ["user_max_connections 3"], own=True)
def connections_of_a_user(c):
    peers = [member(c, "m%d" % number) for number in range(3)]
    turned_away(c, QUOTA)
    member(c, "other", "bob").ping()
    again = member(c, "m0")
    assert [packet.reason for packet in peers[0].closed()] == ([0x8E] if c.version == 5 else [])
    turned_away(c, QUOTA)
    peers[1].disconnect()
    while True:
        peer = c.raw()
        peer.open(client_id=c.id("next"), username="ada", password=b"p")
        if peer.expect(codec.CONNACK).reason == 0:
            break
        assert c.left() > 0
    again.ping()


@test(versions=[4, 5], config=STRICT + ["user_max_connection_rate 1"], own=True)
def connection_rate_of_a_user(c):
    for number in range(10):
        member(c, "m%d" % number).disconnect()
    reason = 0
    while reason == 0:  # one a second may come in
        peer = c.raw()
        peer.open(client_id=c.id("too-many"), username="ada", password=b"p")
        reason = peer.expect(codec.CONNACK).reason
    assert reason == (TOO_OFTEN if c.version == 5 else 3)
    member(c, "other", "bob").ping()


@test(versions=[4, 5], config=STRICT + ["user_max_subscriptions 3"], own=True)
def subscriptions_of_a_user(c):
    first, second = member(c, "m0"), member(c, "m1")
    no = QUOTA if c.version == 5 else 0x80
    assert first.subscribe("a", "b") == [0, 0]
    assert second.subscribe("a", "b") == [0, no]
    assert member(c, "other", "bob").subscribe("a", "b", "c") == [0] * 3
    first.unsubscribe("a")
    assert second.subscribe("b", "c") == [0, no]


def lasting(c, name, user="ada"):
    return member(c, name, user, keep=True)


def comes_in(c, name, user="ada"):
    """Once there is room: the end of others may take a moment."""
    while True:
        peer = c.raw()
        peer.open(client_id=c.id(name), username=user, password=b"p")
        if peer.expect(codec.CONNACK).reason == 0:
            return peer
        assert c.left() > 0


@test(versions=[4, 5], config=STRICT + ["user_max_sessions 2"], own=True)
def sessions_of_a_user(c):
    """Those of clients that are away count; who comes back, and other users, come in."""
    lasting(c, "m0").disconnect()
    second = lasting(c, "m1")
    turned_away(c, QUOTA)
    other = lasting(c, "other", "bob")
    other.disconnect()
    lasting(c, "m0").ping()
    # a session goes over to another user, who may have it
    lasting(c, "m0", "bob").disconnect()
    third = lasting(c, "m2")
    turned_away(c, QUOTA)
    turned_away(c, QUOTA, user="bob")
    # but not to one who has as many as he may
    peer = c.raw()
    peer.open(client_id=c.id("m2"), username="bob", password=b"p", clean=False)
    peer.rejected(QUOTA if c.version == 5 else 3)
    third.closed()
    # and an end makes room
    second.disconnect()
    member(c, "m1").disconnect()
    comes_in(c, "m3")


@test(versions=[4, 5], config=STRICT + ["user_max_sessions 2"], own=True)
def sessions_of_a_user_outlive_a_restart(c):
    lasting(c, "m0").disconnect()
    second = lasting(c, "m1")
    c.broker.restart()
    second.ping()
    turned_away(c, QUOTA)
    lasting(c, "m0").ping()
    c.broker.restart(workers=3)
    turned_away(c, QUOTA)
    lasting(c, "other", "bob").ping()


@test(versions=[5], config=STRICT, own=True)
def sessions_of_a_user_are_limited_by_reload(c):
    """Those whose clients are connected count at once, and are not ended."""
    peers = [member(c, "m%d" % number) for number in range(3)]
    assert c.broker.reload(STRICT + ["user_max_sessions 3"])
    for peer in peers:
        peer.ping()
    turned_away(c, QUOTA)
    assert c.broker.reload(STRICT + ["user_max_sessions 4"])
    member(c, "m3").ping()
    turned_away(c, QUOTA)
    assert c.broker.reload(STRICT)
    member(c, "m4").ping()


@test(versions=[4, 5], config=STRICT + ["user_max_subscriptions 3"], own=True)
def subscriptions_of_clients_that_are_away_count(c):
    no = QUOTA if c.version == 5 else 0x80
    away, here = lasting(c, "m0"), member(c, "m1")
    assert away.subscribe("a", "b") == [0, 0]
    away.disconnect()
    assert here.subscribe("a", "b") == [0, no]
    # once more to the same is not one more
    assert here.subscribe("a") == [0]
    c.broker.restart()
    assert here.subscribe("c") == [no]
    away = lasting(c, "m0")
    away.unsubscribe("a")
    assert here.subscribe("c", "d") == [0, no]
    away.disconnect()
    # with the session they go; what it was told when it had gone is not known to others at once
    member(c, "m0").disconnect()
    while here.subscribe("d") != [0]:
        assert c.left() > 0
    assert here.subscribe("e") == [no]


@test(versions=[4, 5], config=STRICT + ["user_max_queued_bytes 5000"], own=True)
def queues_of_a_user(c):
    """What is dropped is what comes when there is no room, wherever the rest waits."""
    topic = c.topic()
    for name, user in (("m0", "ada"), ("m1", "ada"), ("other", "bob")):
        peer = lasting(c, name, user)
        peer.subscribe((topic + "/" + name, 1))
        peer.disconnect()
    publisher = member(c, "p", "bob")

    def publish(name, first, last):
        for number in range(first, last):
            publisher.publish(topic + "/" + name, b"%04d" % number + bytes(996), 1)
        c.settle(publisher, username="bob", password=b"p")

    def waiting(name, user="ada"):
        peer = lasting(c, name, user)
        numbers = [int(one.payload[:4]) for one in peer.ping() if one.kind == codec.PUBLISH]
        peer.disconnect()
        return numbers

    publish("m0", 0, 3)
    publish("m1", 0, 9)
    publish("other", 0, 9)
    assert waiting("other", "bob") == [0, 1, 2, 3]
    c.broker.restart()
    publish("m0", 3, 9)
    assert waiting("m0") == [0, 1, 2]
    # there is room again
    publish("m1", 9, 20)
    assert waiting("m1") == [0, 9, 10, 11]


@test(versions=[5], config=STRICT + ["user_max_retained 2"])
def retained_messages_of_a_user(c):
    first, second, other = member(c, "m0"), member(c, "m1"), member(c, "other", "bob")
    for peer, number, codes in ((first, 0, (0, 0x10)), (second, 1, (0, 0x10)), (first, 2, (QUOTA,))):
        topic = c.topic("r/%d" % number)
        assert peer.publish(topic, b"x", 1, retain=True).reason in codes
    assert other.publish(c.topic("r/2"), b"x", 1, retain=True).reason in (0, 0x10)


@test(versions=[5], config=STRICT, own=True)
def limits_of_users_come_and_go_by_reload(c):
    peers = [member(c, "m%d" % number) for number in range(3)]
    assert c.broker.reload(STRICT + ["user_max_connections 3", "user_max_subscriptions 1"])
    turned_away(c, QUOTA)
    assert peers[0].subscribe("a") == [0]
    assert peers[1].subscribe("a") == [QUOTA]
    assert c.broker.reload(STRICT + ["user_max_connections 4"])
    assert peers[1].subscribe("a") == [0]
    member(c, "m3").ping()
    assert c.broker.reload(STRICT)
    member(c, "m4").ping()
