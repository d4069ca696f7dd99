# SPDX-License-Identifier: Apache-2.0
"""Limits that count by address, by listener and over all."""
import os
import socket
import time

import codec
from harness import test

HERE = ["listener {port}"]


def refused(c, **how):
    """One more connection is closed, perhaps after a CONNACK; its reason code or 0."""
    try:
        peer = c.raw(**how)
        peer.open(client_id="too-many")
        packets = peer.closed()
    except ConnectionError:
        return 0
    assert len(packets) <= 1
    return packets[0].reason if packets else 0


def attempts(c, n, source="127.0.0.1"):
    """So many connections that end at once; how many were let in."""
    good = 0
    for _ in range(n):
        try:
            peer = c.raw(source=source)
        except ConnectionError:
            continue
        try:
            peer.open(client_id=c.id())
            packet = peer.recv()
            good += bool(packet and packet.reason == 0)
        except ConnectionError:
            pass
        peer.drop()
        c.peers.remove(peer)
    return good


def logged(c, text):
    while text not in c.broker.log():
        assert c.left() > 0, c.broker.log()
        c.after(0.005)


@test(versions=[4, 5], config=["address_max_connections 3"] + HERE, own=True)
def connections_of_an_address(c):
    peers = [c.client("n%d" % number) for number in range(3)]
    assert refused(c) in ((0, 0x97) if c.version == 5 else (0, 3))
    c.client("other", source="127.0.0.2")
    logged(c, "too many connections from the address")
    peers.pop().disconnect()
    while not attempts(c, 1):
        assert c.left() > 0


def burst_of_ten(c, *sources):
    """Of 30 connections ten may come in at once, then one a second."""
    begin, good = time.monotonic(), 0
    for source in sources:
        good += attempts(c, 30 // len(sources), source)
    assert 9 <= good <= 12 + time.monotonic() - begin, good


@test(versions=[5], config=["address_max_connection_rate 1"] + HERE, own=True)
def rate_of_an_address(c):
    burst_of_ten(c, "127.0.0.1")
    c.client("other", source="127.0.0.2")
    logged(c, "too many new connections from the address")


@test(versions=[5], config=["address_max_connection_rate 1"] + HERE, own=True)
def refused_ones_are_told_why(c):
    attempts(c, 12)
    reason = 0
    while reason == 0:  # one a second comes in
        peer = c.raw()
        peer.open(client_id=c.id("too-many"))
        reason = peer.expect(codec.CONNACK).reason
    assert reason == 0x9F


@test(
    versions=[5],
    config=["address_max_connection_rate 1", "address_prefix_ipv4 24"] + HERE,
    own=True,
)
def addresses_of_a_prefix_are_one(c):
    assert attempts(c, 12) >= 9
    begin = time.monotonic()
    assert attempts(c, 5, "127.0.0.2") <= 1 + time.monotonic() - begin
    assert attempts(c, 5, "127.0.1.1") == 5


@test(versions=[5], config=["@max_connection_rate 1"], own=True)
def rate_of_a_listener(c):
    burst_of_ten(c, "127.0.0.1")


@test(versions=[5], config=["global_max_connection_rate 1"] + HERE, own=True)
def rate_of_all(c):
    burst_of_ten(c, "127.0.0.1", "127.0.0.2")


@test(
    versions=[5], config=["allow_anonymous false", "address_max_failed_logins 3"] + HERE, own=True
)
def failed_logins_shut_an_address_out(c):
    stranger = c.raw()
    for _ in range(5):
        peer = c.raw()
        peer.open(client_id=c.id(), username="eve")
        assert peer.recv().reason in (0x86, 0x87)
        if "Too many failed logins" in c.broker.log():
            break
    logged(c, "Login failed from 127.0.0.1:")
    logged(c, "user 'eve', client '%s'" % c.id())
    logged(
        c, "Too many failed logins from 127.0.0.1: new connections from there are refused for 60"
    )
    assert refused(c) == 0
    # who was there before may still try, who comes from elsewhere too
    for peer in (stranger, c.raw(source="127.0.0.2")):
        peer.open(client_id=c.id())
        assert peer.recv().reason in (0x86, 0x87)


@test(versions=[5], config=["max_unauthenticated 20"] + HERE, own=True)
def silent_ones_keep_nobody_out(c):
    silent = [c.raw() for _ in range(200)]
    for peer in silent:
        peer.send(b"\x10")
    good = c.client("good")
    good.ping()
    logged(c, "too many without CONNECT")
    there = 0
    for peer in silent[::-1]:
        peer.socket.settimeout(0.05)
        try:
            there += peer.socket.recv(1) != b""
        except (socket.timeout, BlockingIOError):
            there += 1
        except OSError:
            pass
        if there > 40:
            break
    # each worker ends only its own, if it has more than its part
    assert 1 <= there <= (20 if c.broker.workers == 1 else 40), there


@test(versions=[5], config=HERE, own=True)
def limits_come_with_a_reload(c):
    first = c.client("first")
    assert c.broker.reload(["address_max_connections 1"] + HERE)
    assert refused(c) in (0, 0x97)
    assert c.broker.reload(HERE)
    c.client("second")
    first.ping()


@test(
    versions=[5],
    config=["address_max_connections 1"] + HERE + ["enable_proxy_protocol 1"],
    own=True,
)
def limits_are_of_the_client_not_of_its_proxy(c):
    line = b"PROXY TCP4 192.0.2.%d 192.0.2.2 4711 1883\r\n"
    for number in (1, 2):
        peer = c.raw(before=line % number)
        peer.connect(client_id=c.id("n%d" % number))
    assert refused(c, before=line % 1) == 0
    logged(c, "Refused a connection from 192.0.2.1:4711")


@test(versions=[5], config=["address_max_connections 2"] + HERE, own=True)
def restart_counts_who_is_there(c):
    peers = [c.client("n%d" % number) for number in range(2)]
    c.broker.restart()
    assert refused(c) in (0, 0x97)
    for peer in peers:
        peer.ping()


@test(versions=[5], config=["@max_connections 2"], own=True)
def flood_is_told_in_few_lines(c):
    peers = [c.client("n%d" % number) for number in range(2)]
    attempts(c, 500)
    lines = [line for line in c.broker.log().splitlines() if "127.0.0.1" in line]
    assert len(lines) < 60 * (c.broker.workers or 1), len(lines)
    for peer in peers:
        peer.ping()


RULE = ["allow_anonymous false", "ban_after_failed_logins 3", "ban_loopback true"] + HERE


def guess(c, source, times=1):
    for _ in range(times):
        peer = c.raw(source=source)
        peer.open(client_id=c.id(), username="eve")
        assert peer.recv().reason in (0x86, 0x87, 4, 5)


@test(versions=[4, 5], config=RULE, own=True)
def rule_bans_who_guesses(c):
    guess(c, "127.0.0.2", 2)
    guess(c, "127.0.0.3", 2)
    guess(c, "127.0.0.2")
    logged(c, "Banned address 127.0.0.2 until")
    assert "rule: 3 failed logins within 600 seconds" in c.broker.log()
    assert refused(c, source="127.0.0.2") == 0
    guess(c, "127.0.0.3")
    logged(c, "Banned address 127.0.0.3 until")
    guess(c, "127.0.0.4")


@test(versions=[4, 5], config=RULE, own=True)
def who_was_there_before_a_ban_is_told(c):
    """When it says who it is; one that the broker has not looked at by then is only closed."""
    for number in range(2, 250):
        source = "127.0.0.%d" % number
        guess(c, source, 2)
        there = c.raw(source=source)
        guess(c, source)
        logged(c, "Banned address %s until" % source)
        try:
            there.open(client_id=c.id())
            packet = there.recv()
        except ConnectionError:
            packet = None
        if packet:
            break
    assert packet.reason == (0x8A if c.version == 5 else 5)


@test(versions=[5], config=RULE[:2] + HERE, own=True)
def rules_spare_loopback(c):
    guess(c, "127.0.0.2", 10)
    assert c.broker.reload(RULE)
    guess(c, "127.0.0.2", 3)
    logged(c, "Banned address 127.0.0.2 until")


@test(versions=[5], config=RULE + ["ban_never 127.0.0.2/31"], own=True)
def rules_spare_whom_the_admin_spares(c):
    guess(c, "127.0.0.2", 4)
    guess(c, "127.0.0.3", 4)
    guess(c, "127.0.0.4", 3)
    logged(c, "Banned address 127.0.0.4 until")
    assert c.broker.reload(HERE)
    c.client("spared", source="127.0.0.2")
    assert refused(c, source="127.0.0.4") == 0


@test(
    versions=[5],
    config=["ban_loopback true", "ban_after_takeovers 2", "client_max_takeovers 1"] + HERE,
    own=True,
)
def rule_bans_who_flaps(c):
    for _ in range(20):
        try:
            peer = c.raw(source="127.0.0.2")
            peer.open(client_id=c.id("x"))
            peer.recv()
        except ConnectionError:
            break
    logged(c, "Banned address 127.0.0.2 until")
    assert "rule: 2 refused takeovers within" in c.broker.log()
    c.client("x")


@test(
    versions=[5],
    config=["ban_loopback true", "ban_after_refusals 5", "address_max_connections 1"] + HERE,
    own=True,
)
def rule_bans_who_floods(c):
    first = c.client("first", source="127.0.0.2")
    other = c.client("other")
    attempts(c, 20, "127.0.0.2")
    logged(c, "Banned address 127.0.0.2 until")
    assert [packet.reason for packet in first.closed()] == [0x98]
    other.ping()


BANS = "ban_file {path}/bans"


def ban(c, *lines):
    with open(os.path.join(c.broker.path, "bans"), "w", encoding="utf-8") as file:
        file.write("".join(line + "\n" for line in lines))


@test(versions=[4, 5], config=[BANS] + HERE, own=True)
def bans_come_with_a_reload(c):
    peers = {
        "address": c.client("address", source="127.0.0.2"),
        "user": c.client("user", username="eve"),
        "client": c.client("client"),
        "other": c.client("other"),
    }
    ban(
        c,
        "address 127.0.0.2/31 - scans us",
        "user eve 2099-12-24T12:00:00Z",
        "client %s -" % c.id("client"),
        "user bob 2020-12-24T12:00:00Z that was long ago",
    )
    assert c.broker.reload()
    for name in ("address", "user", "client"):
        packets = peers[name].closed()
        assert [packet.reason for packet in packets] == ([0x98] if c.version == 5 else [])
    peers["other"].ping()
    assert refused(c, source="127.0.0.3") == 0
    for fields in ({"client_id": c.id("x"), "username": "eve"}, {"client_id": c.id("client")}):
        peer = c.raw()
        peer.open(**fields)
        assert peer.recv().reason == (0x8A if c.version == 5 else 5)
    c.client("bob", username="bob")
    logged(c, ": banned")
    ban(c)
    assert c.broker.reload()
    c.client("back", source="127.0.0.2", username="eve")


@test(versions=[5], config=[BANS] + HERE, own=True)
def broken_bans_change_nothing(c):
    ban(c, "user eve -")
    assert c.broker.reload()
    ban(c, "user bob -", "user eve for ever")
    assert not c.broker.reload()
    assert "bans:2" in c.broker.notices.status(), c.broker.notices.status()
    peer = c.raw()
    peer.open(client_id=c.id("x"), username="eve")
    assert peer.recv().reason == 0x8A
    c.client("bob", username="bob")


@test(versions=[5], config=[BANS] + HERE, own=True)
def bans_outlive_a_restart(c):
    ban(c, "client %s - for good" % c.id("client"))
    c.broker.restart()
    peer = c.raw()
    peer.open(client_id=c.id("client"))
    assert peer.recv().reason == 0x8A


def figure(watcher, name, reached):
    """Reads `$SYS` of the one listener until the figure is what is asked for; returns it."""
    while True:
        packet = watcher.message()
        _, _, _, listener, found = packet.topic.split("/", 4)
        if found == name and reached(int(packet.payload)):
            return listener, int(packet.payload)


@test(
    versions=[5],
    config=["sys_interval 1", "address_max_connection_rate 1"] + HERE,
    own=True,
    timed=True,
)
def sys_tells_what_a_listener_has_refused(c):
    watcher = c.client("watcher", source="127.0.0.2")
    watcher.subscribe("$SYS/broker/listeners/+/connections/#")
    let_in = attempts(c, 30)
    listener, n = figure(watcher, "connections/refused/address-rate", lambda n: n >= 30 - let_in)
    assert listener.endswith(str(c.broker.address[1])), listener
    assert 30 - let_in <= n <= 31, n
    watcher.unsubscribe("$SYS/broker/listeners/+/connections/#")
    watcher.subscribe("$SYS/broker/listeners/+/connections/#")
    assert figure(watcher, "connections/accepted", lambda n: n > 30)


@test(versions=[5], config=["sys_interval 1", "max_unauthenticated 4"] + HERE, own=True, timed=True)
def sys_tells_what_has_been_evicted(c):
    watcher = c.client("watcher")
    watcher.subscribe("$SYS/broker/listeners/+/connections/refused/#")
    silent = [c.raw() for _ in range(30)]
    assert figure(watcher, "connections/refused/unauthenticated", lambda n: n > 0)
    assert silent
