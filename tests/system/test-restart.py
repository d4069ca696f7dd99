#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Restarts of the service under a real systemd: who stays, who is told, and how long it takes.

Usage: test-restart.py BUILD-FOLDER [TEST...]

Prints TAP. Where no container can run all of it is skipped, unless HAWKER_SYSTEM_TESTS=required.
"""
import os
import re
import signal
import subprocess
import sys
import threading
import time

# pylint: disable=wrong-import-position,wrong-import-order
import suite
from codec import DISCONNECT, PUBACK, PUBLISH, Will
from container import DEADLINE, wait_until
from peer import Peer
from suite import CONFIG, SERVICE, SOCKET, figure, is_served, listening

PORT = 1884
SETTINGS = f"allow_anonymous true\nlistener {PORT} 127.0.0.1\n"
SHUTTING_DOWN = 0x8B


class Client(Peer):
    def __init__(self, box, name, version=5, port=PORT, **fields):
        with box.network():
            super().__init__(("127.0.0.1", port), time.monotonic() + 4 * DEADLINE, version)
        self.connect(client_id=name, **fields)


class Traffic(threading.Thread):
    """One client publishes numbers at QoS 1 and 2, one after the other is acknowledged; another one
    takes them. None may be missing or come twice."""

    def __init__(self, box, name, version, qos):
        super().__init__()
        self.qos, self.topic, self.ends, self.error = qos, name, False, None
        self.subscriber = Client(box, name + "s", version)
        self.subscriber.subscribe(name, qos=qos)
        self.publisher = Client(box, name + "p", version)
        self.count = 0

    def run(self):
        try:
            while not self.ends:
                payload = b"%d" % self.count
                self.publisher.publish(self.topic, payload, self.qos)
                self.subscriber.take(payload, qos=self.qos)
                self.count += 1
        except Exception as error:  # pylint: disable=broad-except
            self.error = f"{type(error).__name__}: {error}"

    def finish(self):
        self.ends = True
        self.join()
        assert self.error is None, f"{self.topic} after {self.count}: {self.error}"
        for peer in (self.subscriber, self.publisher):
            assert not [one for one in peer.ping() if one.kind == PUBLISH]
            peer.drop()
        return self.count


class Clients:
    """Traffic of all kinds while something happens."""

    def __init__(self, box):
        self.all = [Traffic(box, f"v{version}q{qos}", version, qos)
                    for version in (4, 5) for qos in (1, 2)]

    def __enter__(self):
        for one in self.all:
            one.start()
        self.progress()
        return self

    def progress(self):
        """Each has gone on from where it is now."""
        before = [one.count for one in self.all]
        wait_until("traffic", lambda: all(one.error or one.count > was + 3
                                          for one, was in zip(self.all, before)))

    def __exit__(self, *exception):
        counts = [one.finish() for one in self.all]
        print(f"# {sum(counts)} messages")


def start(box, settings=SETTINGS):
    box.write(CONFIG, settings)
    box.systemctl("start", SERVICE)


def taken_over(box):
    return re.findall(r"Went on with (\d+) connections", box.journal("-u", SERVICE, "-b"))


def restart_drops_nobody(box):
    start(box)
    with Clients(box) as clients:
        since = time.monotonic()
        box.systemctl("restart", SERVICE)
        figure("systemctl restart", since)
        clients.progress()
    assert taken_over(box)[-1] == "8"


def twenty_restarts_drop_nobody(box):
    start(box)
    with Clients(box) as clients:
        since = time.monotonic()
        for _ in range(20):
            box.systemctl("restart", SERVICE)
        figure("twenty of them", since)
        clients.progress()


def restart_while_restarting_drops_nobody(box):
    start(box)
    with Clients(box) as clients:
        for _ in range(5):
            box.systemctl("--no-block", "restart", SERVICE)
            box.systemctl("restart", SERVICE)
        clients.progress()


def signal_restarts_without_losing_anybody(box):
    start(box)
    with Clients(box) as clients:
        for _ in range(3):
            pid = box.show(SERVICE, "MainPID")
            os.kill(box.main_pid(SERVICE), signal.SIGRTMIN + 1)
            wait_until("another process", lambda pid=pid: box.show(
                SERVICE, "MainPID") not in (pid, "0"))
            clients.progress()
    # Clients go on before systemd has heard that it is ready.
    wait_until("active", lambda: box.show(SERVICE, "ActiveState") == "active")
    assert box.show(SERVICE, "Result") == "success"


def sockets_of_systemd_drop_nobody(box):
    box.systemctl("start", SOCKET)
    peer = Client(box, "a", port=1883)
    box.systemctl("restart", SERVICE)
    peer.ping()
    assert listening(box, 1883)


def who_connects_meanwhile_waits(box):
    start(box)
    refused, stop = [], threading.Event()

    def knock():
        while not stop.is_set():
            try:
                Client(box, "knocker").drop()
            except OSError as error:
                refused.append(error)

    knocker = threading.Thread(target=knock)
    knocker.start()
    for _ in range(5):
        box.systemctl("restart", SERVICE)
    stop.set()
    knocker.join()
    assert not refused, f"{len(refused)} times {refused[0]}"


def the_store_holds_no_more_than_the_pair(box):
    start(box)
    peers = [Client(box, f"n{number}") for number in range(100)]
    for _ in range(3):
        box.systemctl("restart", SERVICE)
        assert box.show(SERVICE, "NFileDescriptorStore") == "2"
    for peer in peers:
        peer.ping()


def without_a_store_restart_is_a_stop(box):
    box.write(suite.SERVICE_DROP_IN, "[Service]\nFileDescriptorStoreMax=0\n")
    box.systemctl("daemon-reload")
    start(box)
    peer = Client(box, "a")
    box.systemctl("restart", SERVICE)
    assert [one.reason for one in peer.closed()] == [SHUTTING_DOWN]
    # Who has ended may be unknown to journald when it reads that.
    assert "FileDescriptorStoreMax=2" in box.journal("SYSLOG_IDENTIFIER=hawkerd", "-b")


def stop_tells_the_clients(box):
    start(box)
    watcher = Client(box, "watcher")
    watcher.subscribe("gone")
    Client(box, "leaver", will=Will("gone", b"x"))
    box.systemctl("stop", SERVICE)
    kinds = [(one.kind, getattr(one, "reason", None)) for one in watcher.closed()]
    assert [kind for kind, _ in kinds] == [PUBLISH, DISCONNECT], kinds
    assert kinds[-1][1] == SHUTTING_DOWN
    box.systemctl("start", SERVICE)
    assert box.show(SERVICE, "NFileDescriptorStore") == "2"
    assert taken_over(box) == [] or listening(box, PORT)


def kill_is_survived(box):
    start(box)
    for number in (signal.SIGKILL, signal.SIGABRT):
        peer = Client(box, "a")
        pid = box.show(SERVICE, "MainPID")
        os.kill(box.main_pid(SERVICE), number)
        peer.closed()
        wait_until("another process", lambda pid=pid: box.show(
            SERVICE, "MainPID") not in (pid, "0") and box.show(SERVICE, "ActiveState") == "active")
        with Clients(box) as clients:
            box.systemctl("restart", SERVICE)
            clients.progress()


def kill_in_the_middle_is_survived(box):
    """At any moment of a restart: clients go on or are closed, and the next one works."""
    start(box)
    for delay in range(10):
        peers = [Client(box, f"n{number}") for number in range(30)]
        process = box.main_pid(SERVICE)
        box.systemctl("--no-block", "restart", SERVICE)
        threading.Event().wait(delay * 0.004)
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            pass
        wait_until("the service", lambda: box.show(SERVICE, "ActiveState") == "active" and
                   box.show(SERVICE, "Job") in ("", "0") and is_served(box, PORT))
        for peer in peers:
            peer.drop()
    with Clients(box) as clients:
        box.systemctl("restart", SERVICE)
        clients.progress()


def wrong_configuration_tells_the_clients(box):
    start(box)
    peer = Client(box, "a")
    box.write(CONFIG, SETTINGS + "nonsense\n")
    assert box.run("systemctl", "restart", SERVICE).returncode != 0
    assert [one.reason for one in peer.closed()] == [SHUTTING_DOWN]
    box.write(CONFIG, SETTINGS)
    box.systemctl("reset-failed", SERVICE)
    box.systemctl("start", SERVICE)
    assert listening(box, PORT)


def number_of_workers_may_change(box):
    start(box, SETTINGS)
    with Clients(box) as clients:
        for workers in (1, 4, 2):
            box.write(CONFIG, f"workers {workers}\n" + SETTINGS)
            box.systemctl("restart", SERVICE)
            clients.progress()


def acknowledgements_come_after_it(box):
    start(box)
    peer = Client(box, "a")
    box.systemctl("--no-block", "restart", SERVICE)
    pids = [peer.publish("t", b"%d" % number, 1, wait=False) for number in range(2000)]
    for pid in pids:
        peer.expect(PUBACK, pid=pid)


def ten_thousand_connections_go_on(box):
    program = os.path.join(box.build, "tests", "soak", "hawker-steady")
    if not os.path.exists(program):
        return "there is no hawker-steady in this build"
    start(box, "connection_messages false\n" + SETTINGS)
    for qos in (1, 2):
        with box.network():
            clients = subprocess.Popen([program, "--port", str(PORT), "--connections", "10000",
                                        "--qos", str(qos)], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        with clients:
            assert clients.stdout.readline() == "ready\n"
            for _ in range(5):
                threading.Event().wait(0.5)
                since = time.monotonic()
                box.systemctl("restart", SERVICE)
                figure("systemctl restart with 10,000 connections", since)
                assert taken_over(box)[-1] == "10000"
            threading.Event().wait(0.5)
            clients.stdin.close()
            print("# " + clients.stdout.read().strip())
        assert clients.returncode == 0
    return None


TESTS = [
    restart_drops_nobody,
    ten_thousand_connections_go_on,
    twenty_restarts_drop_nobody,
    restart_while_restarting_drops_nobody,
    signal_restarts_without_losing_anybody,
    sockets_of_systemd_drop_nobody,
    who_connects_meanwhile_waits,
    the_store_holds_no_more_than_the_pair,
    without_a_store_restart_is_a_stop,
    stop_tells_the_clients,
    kill_is_survived,
    kill_in_the_middle_is_survived,
    wrong_configuration_tells_the_clients,
    number_of_workers_may_change,
    acknowledgements_come_after_it,
]

if __name__ == "__main__":
    sys.exit(suite.main("restart", TESTS, *sys.argv[1:]))
