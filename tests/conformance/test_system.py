# SPDX-License-Identifier: Apache-2.0
"""$SYS: names and formats that monitoring programs read, and values that follow what happens."""
import re

import codec
from harness import test

FAST = ["sys_interval 1"]
NUMBER, DECIMAL = r"\d+", r"-?\d+\.\d\d"
FORMATS = {
    "version": r".*\d+\.\d+.*",
    "uptime": r"\d+ seconds",
    "bytes/received": NUMBER,
    "bytes/sent": NUMBER,
    "messages/received": NUMBER,
    "messages/sent": NUMBER,
    "messages/stored": NUMBER,
    "publish/messages/received": NUMBER,
    "publish/messages/sent": NUMBER,
    "publish/messages/dropped": NUMBER,
    "publish/bytes/received": NUMBER,
    "publish/bytes/sent": NUMBER,
    "store/messages/count": NUMBER,
    "store/checkpoints": NUMBER,
    "store/commits": NUMBER,
    "store/commits/bytes": NUMBER,
    "store/commits/changes": NUMBER,
    "store/commits/refused": NUMBER,
    "store/messages/bytes": NUMBER,
    "retained messages/count": NUMBER,
    "subscriptions/count": NUMBER,
    "shared_subscriptions/count": NUMBER,
    "clients/total": NUMBER,
    "clients/connected": NUMBER,
    "clients/active": NUMBER,
    "clients/disconnected": NUMBER,
    "clients/inactive": NUMBER,
    "clients/maximum": NUMBER,
    "clients/expired": NUMBER,
    "connections/socket/count": NUMBER,
    "packet/out/count": NUMBER,
    "packet/out/bytes": NUMBER,
    "limits/connections": NUMBER,
    "limits/holds": NUMBER,
    "limits/messages": NUMBER,
    "limits/pauses": NUMBER,
    "limits/retained": NUMBER,
    "limits/subscriptions": NUMBER,
    "limits/takeovers": NUMBER,
}
FORMATS.update(
    {
        "load/%s/%s" % (kind, span): DECIMAL
        for span in ("1min", "5min", "15min")
        for kind in (
            "messages/received",
            "messages/sent",
            "publish/received",
            "publish/sent",
            "publish/dropped",
            "bytes/received",
            "bytes/sent",
            "sockets",
            "connections",
        )
    }
)


def value(c, peer, name):
    """The newest value of a topic the peer is subscribed to."""
    while True:
        packet = peer.message()
        if packet.topic == "$SYS/broker/" + name:
            return packet.payload.decode()


def until(c, peer, name, wanted):
    """Reads updates until the topic has the wanted value; the deadline of the test ends it."""
    seen = []
    while not seen or seen[-1] != wanted:
        seen.append(value(c, peer, name))


@test(
    versions=[5],
    config=FAST,
    timed=True,
    cases={name: (name, form) for name, form in FORMATS.items()},
)
def topic_is_there_in_its_format(c, row):
    name, form = row
    peer = c.client("a")
    peer.subscribe("$SYS/broker/" + name)
    text = peer.message(retain=True).payload.decode() if name == "version" else value(c, peer, name)
    assert re.fullmatch(form, text), text


@test(versions=[4, 5], config=FAST, timed=True)
def no_topic_outside_the_list(c):
    peer = c.client("a")
    peer.subscribe("$SYS/#")
    allowed = {"$SYS/broker/" + name for name in FORMATS} | {
        "$SYS/broker/heap/current",
        "$SYS/broker/heap/maximum",
    }
    seen = set()
    while "$SYS/broker/load/connections/15min" not in seen:
        seen.add(peer.message().topic)
    own = ("$SYS/broker/log/", "$SYS/broker/listeners/")
    strangers = {topic for topic in seen - allowed if not topic.startswith(own)}
    assert not strangers, strangers


@test(versions=[4, 5], config=FAST, timed=True)
def uptime_changes_each_interval(c):
    peer = c.client("a")
    peer.subscribe("$SYS/broker/uptime")
    first, second = [int(peer.message().payload.split()[0]) for _ in range(2)]
    assert first < second <= first + 2


@test(versions=[5], config=FAST, own=True, timed=True)
def clients_are_counted(c):
    watcher = c.client("watch")
    watcher.subscribe("$SYS/broker/clients/connected")
    until(c, watcher, "clients/connected", "1")
    others = [c.client(keep=True) for _ in range(4)]
    until(c, watcher, "clients/connected", "5")
    others[0].disconnect()
    until(c, watcher, "clients/connected", "4")


@test(versions=[5], config=FAST, own=True, timed=True)
def one_clean_client_leaves_none_disconnected(c):
    watcher = c.client("watch")
    watcher.subscribe("$SYS/broker/clients/disconnected", "$SYS/broker/clients/total")
    until(c, watcher, "clients/total", "1")
    late = c.client("late")
    late.subscribe("$SYS/broker/clients/disconnected")
    assert value(c, late, "clients/disconnected") == "0"


@test(versions=[5], config=FAST, own=True, timed=True)
def absent_sessions_are_counted(c):
    for name in "abc":
        c.client(name, keep=True).disconnect()
    watcher = c.client("watch")
    watcher.subscribe("$SYS/broker/clients/disconnected")
    until(c, watcher, "clients/disconnected", "3")


@test(versions=[5], config=FAST, own=True, timed=True)
def subscriptions_are_counted(c):
    watcher = c.client("watch")
    watcher.subscribe("$SYS/broker/subscriptions/count")
    until(c, watcher, "subscriptions/count", "1")
    other = c.client("a")
    other.subscribe("a", "b", "c")
    until(c, watcher, "subscriptions/count", "4")
    other.unsubscribe("a")
    until(c, watcher, "subscriptions/count", "3")


@test(versions=[5], config=FAST, own=True, timed=True)
def published_messages_are_counted(c):
    watcher = c.client("watch")
    watcher.subscribe("$SYS/broker/publish/messages/received")
    publisher = c.client("pub")
    for _ in range(7):
        publisher.publish(c.topic(), b"x", 1)
    until(c, watcher, "publish/messages/received", "7")


@test(versions=[5], config=FAST, own=True, timed=True)
def unchanged_values_are_not_repeated(c):
    peer = c.client("a")
    peer.subscribe("$SYS/broker/version", "$SYS/broker/clients/maximum", "$SYS/broker/uptime")
    seen = []
    while seen.count("$SYS/broker/uptime") < 4:
        seen.append(peer.message().topic)
    assert seen.count("$SYS/broker/version") == 1, seen
    assert seen.count("$SYS/broker/clients/maximum") <= 2, seen


@test(versions=[5], config=["sys_interval 0"])
def interval_0_publishes_nothing(c):
    peer = c.client("a")
    peer.subscribe("$SYS/broker/uptime", "$SYS/broker/clients/connected")
    assert [packet for packet in peer.ping() if packet.kind == codec.PUBLISH] == []
