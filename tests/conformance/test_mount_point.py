# SPDX-License-Identifier: Apache-2.0
"""mount_point: clients of one listener live below a prefix and know nothing of it.

The first listener is the jail, with the prefix `jail/`; the second has none.
"""
from codec import Will
from expect import payloads, refused_filter
from harness import test

JAIL = [
    "sys_interval 1",
    "listener {port} 127.0.0.1",
    "mount_point jail/",
    "listener {port2} 127.0.0.1",
]


def inside(c, name, **fields):
    return c.client(name, **fields)


def outside(c, name, **fields):
    return c.client(name, address=c.broker.address2, **fields)


@test(versions=[4, 5], config=JAIL)
def publication_gets_the_prefix(c):
    watcher = outside(c, "out")
    watcher.subscribe("#")
    inside(c, "in").publish(c.topic(), b"x")
    watcher.take(b"x", topic="jail/" + c.topic())


@test(versions=[4, 5], config=JAIL)
def delivery_loses_the_prefix(c):
    peer = inside(c, "in")
    peer.subscribe(c.topic())
    outside(c, "out").publish("jail/" + c.topic(), b"x")
    peer.take(b"x", topic=c.topic())


@test(versions=[4, 5], config=JAIL, cases={"qos-0": 0, "qos-1": 1, "qos-2": 2})
def prisoners_talk_to_each_other(c, qos):
    publisher, subscriber = c.pair(qos=qos)
    publisher.publish(c.topic(), b"x", qos)
    subscriber.take(b"x", topic=c.topic(), qos=qos)


@test(
    versions=[4, 5],
    config=JAIL,
    cases={
        "hash": "#",
        "plus": "+/+",
        "plus-hash": "+/#",
        "dots": "../#",
        "slash": "/#",
        "system": "$SYS/#",
        "itself": "jail/#",
    },
)
def nothing_outside_is_seen(c, pattern):
    peer = inside(c, "in")
    peer.subscribe(pattern)
    free = outside(c, "out")
    for topic in (c.topic(), "jail", "jail2/x", "x/jail/" + c.topic(), "/" + c.topic()):
        free.publish(topic, b"secret")
    c.nothing(peer, free, prefix="jail/")


@test(versions=[4, 5], config=JAIL)
def system_topics_are_not_reachable(c):
    free = outside(c, "out")
    free.subscribe("$SYS/broker/uptime")
    peer = inside(c, "in")
    peer.subscribe("$SYS/#", "$SYS/broker/uptime")
    free.message()
    free.message()
    assert peer.ping() == []


@test(versions=[4, 5], config=JAIL)
def will_gets_the_prefix(c):
    watcher = outside(c, "out")
    watcher.subscribe("jail/" + c.topic())
    inside(c, "w", will=Will(c.topic(), b"gone")).drop()
    watcher.take(b"gone", topic="jail/" + c.topic())


@test(versions=[4, 5], config=JAIL)
def retained_message_gets_the_prefix(c):
    inside(c, "in").publish(c.topic(), b"kept", 1, retain=True)
    free = outside(c, "out")
    free.subscribe("jail/" + c.topic())
    free.take(b"kept", retain=True)
    peer = inside(c, "in2")
    peer.subscribe(c.topic())
    peer.take(b"kept", retain=True, topic=c.topic())
    peer.publish(c.topic(), b"", 1, retain=True)


@test(versions=[4, 5], config=JAIL)
def retained_message_outside_is_not_seen(c):
    free = outside(c, "out")
    free.publish(c.topic(), b"secret", 1, retain=True)
    peer = inside(c, "in")
    peer.subscribe(c.topic("#"), c.topic(), "../" + c.topic())
    c.nothing(peer, free, prefix="jail/")


@test(versions=[4, 5], config=JAIL)
def unsubscribe_means_the_prefix(c):
    free, peer = outside(c, "out"), inside(c, "in")
    peer.subscribe(c.topic())
    assert peer.unsubscribe(c.topic()) == ([0] if c.version == 5 else [])
    free.publish("jail/" + c.topic(), b"x")
    c.nothing(peer, free, prefix="jail/")


@test(versions=[4, 5], config=JAIL)
def share_stands_before_the_prefix(c):
    peers = [inside(c, "m%d" % number) for number in range(2)]
    for peer in peers:
        peer.subscribe("$share/g/" + c.topic(), qos=1)
    free = outside(c, "out")
    for number in range(6):
        free.publish("jail/" + c.topic(), b"%d" % number, 1)
    hands = [[packet.payload for packet in c.since(peer, free, prefix="jail/")] for peer in peers]
    assert [len(hand) for hand in hands] == [3, 3], hands


@test(versions=[5], config=JAIL)
def share_inside_and_outside_are_one_group(c):
    peer, free, publisher = inside(c, "in"), outside(c, "out"), outside(c, "pub")
    peer.subscribe("$share/g/" + c.topic())
    free.subscribe("$share/g/jail/" + c.topic())
    for number in range(4):
        publisher.publish("jail/" + c.topic(), b"%d" % number)
    assert len(c.since(peer, publisher, prefix="jail/")) == len(c.since(free, publisher)) == 2


@test(versions=[5], config=JAIL)
def alias_stands_for_the_prefixed_topic(c):
    watcher = outside(c, "out")
    watcher.subscribe("jail/" + c.topic())
    peer = inside(c, "in")
    peer.publish(c.topic(), b"1", props={"topic_alias": 1})
    peer.publish("", b"2", props={"topic_alias": 1})
    watcher.take(b"1")
    watcher.take(b"2", topic="jail/" + c.topic())


@test(versions=[5], config=JAIL)
def alias_of_the_broker_has_no_prefix(c):
    peer = inside(c, "in", props={"topic_alias_maximum": 5})
    peer.subscribe(c.topic())
    free = outside(c, "out")
    for number in range(3):
        free.publish("jail/" + c.topic(), b"%d" % number)
    assert peer.take(b"0").topic == c.topic()
    peer.take(b"1")
    peer.take(b"2")


@test(versions=[4, 5], config=JAIL)
def queued_message_loses_the_prefix(c):
    peer = inside(c, "in", keep=True)
    peer.subscribe(c.topic(), qos=1)
    peer.disconnect()
    outside(c, "out").publish("jail/" + c.topic(), b"x", 1)
    inside(c, "in", keep=True).take(b"x", topic=c.topic())


@test(versions=[4, 5], config=JAIL, cases={"hash-not-last": "a/#/b", "plus-inside": "a+"})
def invalid_filter_is_refused_inside_too(c, pattern):
    refused_filter(inside(c, "in"), pattern)


@test(versions=[4, 5], config=JAIL)
def longest_topic_has_no_room_for_the_prefix(c):
    """65,535 bytes and a prefix are more than a topic may have: refused, and nobody harmed."""
    peer = inside(c, "in")
    peer.publish(("x" * 65535), b"x", 1, wait=False)
    peer.send(b"\xc0\0")
    packet = peer.recv()
    assert (
        packet is None or packet.reason is None or packet.reason >= 0x80 or c.version == 4
    ), packet
    inside(c, "in2").ping()


@test(versions=[4, 5], config=JAIL)
def wildcard_matches_below_the_prefix(c):
    peer, free = inside(c, "in"), outside(c, "out")
    peer.subscribe(c.topic("+/x"))
    for name in ("a/x", "b/x", "a/y"):
        free.publish("jail/" + c.topic(name), name.encode())
    assert sorted(payloads(c.since(peer, free, prefix="jail/"))) == [b"a/x", b"b/x"]
