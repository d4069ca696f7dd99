#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the broker counts: on the bus, and as hawkerctl prints it.

Usage: test-figures.py HAWKERD HAWKERCTL

Prints TAP. Nothing here sleeps: each wait is for a line, a signal or an end, with a deadline.
"""
import json
import os
import re
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "..", "unit", "control"))

# pylint: disable=wrong-import-position
from daemon import DEADLINE, MANAGER, NOBODY, PATH, ROOT, Bus, Signals, policy_for, run_on_bus
from caller import Caller
from service import Service

HAWKERD, HAWKERCTL = (os.path.abspath(word) for word in sys.argv[1:3])
CONNECT = b"\x10\x0d\0\4MQTT\4\2\0\0\0\1c"


def broker(folder, bus, *lines):
    text = "\n".join([f"listener 0 {folder}/mqtt", "allow_anonymous true", "sys_interval 0",
                      *(["user root"] if os.geteuid() == 0 else []), *lines, ""])
    return Service(HAWKERD, folder, text, environment=bus.environment())


def talk(folder, packets, ending):
    """Says this and reads until that has come. The connection."""
    client, data = socket.socket(socket.AF_UNIX), b""
    client.settimeout(DEADLINE)
    client.connect(os.path.join(folder, "mqtt"))
    client.sendall(packets)
    while not data.endswith(ending):
        more = client.recv(1000)
        assert more, data
        data += more
    return client


def metrics(bus, **options):
    return {name: value["data"] for name, value in bus.call(PATH, MANAGER, "GetMetrics", **options)[0].items()}


def ctl(bus, *words):
    done = subprocess.run([HAWKERCTL, *words], env={**os.environ, **bus.environment(), "TZ": "UTC"},
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DEADLINE,
                          check=False)
    return done.returncode, done.stdout, done.stderr


def metrics_have_all(folder):
    since = int(time.time())
    with Bus(folder) as bus, broker(folder, bus, "workers 4") as one:
        one.state("READY=1")
        with talk(folder, CONNECT + b"\x82\x06\0\1\0\1t\0" + b"\x31\5\0\1txy", b"\0\1txy"):
            shown = metrics(bus)
            end = time.monotonic() + DEADLINE
            while shown["hawker_message_latency_seconds_count"] < 1 and time.monotonic() < end:
                shown = metrics(bus) # the client may hear of it before its worker has noted that
            latency = bus.get("MessageLatency")
            assert latency[0][0] == 25 and latency[-1] == [2**64 - 1, 1], latency
            status = ctl(bus, "status")[1]
            assert re.search(r"(?m)^ +Latency: half within \S+ \w+, 99 % within \S+ \w+$", status), status
        assert shown["hawker_workers"] == 4 and shown["hawker_clients_connected"] == 1, shown
        assert shown["hawker_messages_received_total"] == 1 and shown["hawker_subscriptions"] == 1, shown
        assert shown["hawker_retained_messages"] == 1, shown
        assert since <= shown["hawker_start_time_seconds"] <= time.time(), shown
        assert shown["hawker_config_last_reload_successful"] == 1, shown
        assert shown["hawker_config_last_reload_timestamp_seconds"] == 0, shown
        assert shown[f'hawker_listener_accepted_total{{listener="{folder}/mqtt"}}'] == 1, shown
        assert sum(shown[f'hawker_worker_messages_sent_total{{worker="{i}"}}'] for i in range(4)) == 1, shown
        assert shown["hawker_message_latency_seconds_count"] == 1, shown
        assert shown['hawker_message_latency_seconds_bucket{le="+Inf"}'] == 1, shown
        assert 0 <= shown["hawker_message_latency_seconds_sum"] < DEADLINE, shown
        assert shown['hawker_refused_total{reason="banned"}'] == 0, shown
        one.reload("nonsense\n")
        assert metrics(bus)["hawker_config_last_reload_successful"] == 0


def the_manual_has_every_metric(folder):
    with open(os.path.join(ROOT, "man", "org.hawker.Broker1.5"), encoding="utf-8") as manual:
        told = set(re.findall(r"(?m)^\.It Va (hawker_\w+)$", manual.read()))
    with Bus(folder) as bus, broker(folder, bus) as one:
        one.state("READY=1")
        shown = {re.sub("_seconds_(bucket|sum|count)$", "_seconds", name.split("{")[0]) for name in metrics(bus)}
    assert told == shown | {"hawker_listener_certificate_expiry_timestamp_seconds"}, told ^ shown


def everybody_may_have_them(folder):
    if os.geteuid() != 0:
        return
    with Bus(folder, policy_for("root")) as bus, broker(folder, bus) as one:
        one.state("READY=1")
        assert metrics(bus, uid=NOBODY)["hawker_workers"] >= 1
        assert bus.get("Memory", uid=NOBODY)["resident"] > 0


def memory_is_told_by_kind(folder):
    with Bus(folder) as bus, broker(folder, bus) as one:
        one.state("READY=1")
        before = bus.get("Memory")
        assert set(before) == {"resident", "file", "output", "queued", "retained"}, before
        assert before["resident"] > before["file"] > 0 and before["retained"] == 0, before
        with talk(folder, CONNECT + b"\x31\xe8\7\0\1t" + bytes(997) + b"\xc0\0", b"\xd0\0"):
            after = bus.get("Memory")
            assert after["retained"] >= 997, after
            assert bus.get("RetainedMessagesBytes") == after["retained"]


def changes_are_announced(folder):
    with Bus(folder) as bus, broker(folder, bus) as one:
        one.state("READY=1")
        with Signals(bus) as signals, Caller(bus) as peer:
            peer.call("Subscribe")
            with talk(folder, CONNECT, b"\x20\2\0\0"):
                # The second may end between the connection and its CONNECT.
                told = {}
                while "ClientsConnected" not in told:
                    interface, changed, _ = signals.next("PropertiesChanged")
                    told.update(changed)
                    assert interface == MANAGER and "RetainedMessages" not in changed, changed
                assert told["ClientsConnected"]["data"] == told["Connections"]["data"] == 1, told


def what_grows_is_announced_once_in_a_second(folder):
    """Each round trip is a change; however many there are, few signals tell of them."""
    with Bus(folder) as bus, broker(folder, bus) as one:
        one.state("READY=1")
        with Signals(bus) as signals, Caller(bus) as peer, talk(folder, CONNECT, b"\x20\2\0\0") as client:
            since, n, last = time.monotonic(), 0, 0
            peer.call("Subscribe")
            while n < 3:
                client.sendall(b"\xc0\0")
                assert client.recv(2) == b"\xd0\0"
                for _, changed, _ in signals.pending("PropertiesChanged"):
                    if "BytesReceived" in changed:
                        n += 1
                        assert changed["BytesReceived"]["data"] > last, changed
                        last = changed["BytesReceived"]["data"]
            assert time.monotonic() - since > 1.5, n


def counters_are_announced_to_nobody_but_who_subscribed(folder):
    """What has changed before is in the first signal, so there was none; by then the timer has run."""
    with Bus(folder) as bus, broker(folder, bus) as one:
        one.state("READY=1")
        with Signals(bus) as signals, talk(folder, CONNECT, b"\x20\2\0\0"):
            with Caller(bus) as peer:
                peer.call("Subscribe")
                assert signals.next_change("Connections")[1]["Connections"]["data"] == 1
                peer.call("Unsubscribe")
                signals.pending("PropertiesChanged")
                with talk(folder, CONNECT.replace(b"c", b"d"), b"\x20\2\0\0"):
                    since = time.monotonic()
                    while time.monotonic() - since < 2.5:
                        assert bus.get("Connections") >= 1
                    assert not [1 for _, changed, _ in signals.pending("PropertiesChanged")
                                if "Connections" in changed]
                    peer.call("Subscribe")
                    assert signals.next_change("Connections")[1]["Connections"]["data"] == 2


def hawkerctl_prints_them(folder):
    with Bus(folder) as bus, broker(folder, bus, f"listener 0 {folder}/other") as one:
        one.state("READY=1")
        status, out, err = ctl(bus, "metrics")
        rows = dict(line.rsplit(" ", 1) for line in out.splitlines())
        assert status == 0 and not err and rows["hawker_clients_connected"] == "0", (status, out, err)
        shown = json.loads(ctl(bus, "metrics", "--json")[1])
        assert set(shown) == set(rows) and json.loads(ctl(bus, "--json", "metrics")[1]).keys() == shown.keys()
        status, out, _ = ctl(bus, "metrics", "--prometheus")
        assert status == 0, out
        types = re.findall(r"(?m)^# TYPE (\w+) (\w+)$", out)
        assert len(types) == len(set(types)) and len(out.splitlines()) == len(rows) + len(types), out
        assert ("hawker_messages_received_total", "counter") in types, types
        assert ("hawker_clients_connected", "gauge") in types, types
        assert ("hawker_message_latency_seconds", "histogram") in types, types
        family = None
        for line in out.splitlines():
            if line.startswith("#"):
                family = line.split()[2]
            else:
                assert re.fullmatch(rf'{family}(_bucket|_sum|_count)?(\{{[a-z]+="[^"]+"(,reason="[a-z-]+")?\}})? [\d.]+',
                                    line), line
        for words in (["metrics", "more"], ["metrics", "--nonsense"]):
            assert ctl(bus, *words)[0] == 2


TESTS = [
    metrics_have_all,
    the_manual_has_every_metric,
    everybody_may_have_them,
    memory_is_told_by_kind,
    changes_are_announced,
    what_grows_is_announced_once_in_a_second,
    counters_are_announced_to_nobody_but_who_subscribed,
    hawkerctl_prints_them,
]

if __name__ == "__main__":
    sys.exit(run_on_bus("/figures/", TESTS))
