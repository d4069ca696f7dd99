#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The service under a real systemd, in a container of its own.

Usage: test-service.py BUILD-FOLDER [TEST...]

Prints TAP.
"""
import os
import re
import signal
import sys
import threading
import time

# The first one: it says where the others are.
from suite import (CONFIG, SERVICE, SERVICE_DROP_IN, SOCKET, SOCKET_DROP_IN, SOCKETS, clean, figure,
                   is_served, listening, main)
from codec import CONNACK, DISCONNECT, PUBLISH, Will
from container import DEADLINE, wait_until
from freeze import Frozen
from peer import Peer
from service import answers

UNIX = "/run/hawker/mqtt.sock"
# The network, sockets and netlink, which it is there for, and setpriority() make all of it.
SCORE_MAX = 1.2
WORKER_SILENT = "5f1b0c8e3d7a4f6fb0d6a1d5f7c24e04"


def the_first_client_starts_it(box):
    box.systemctl("start", SOCKET)
    assert box.show(SERVICE, "ActiveState") == "inactive"
    since = time.monotonic()
    assert listening(box, 1883)
    figure("activation, from connect to CONNACK", since)
    wait_until("active", lambda: box.show(SERVICE, "ActiveState") == "active")
    since = time.monotonic()
    assert listening(box, 1883)
    figure("the same when it runs", since)


def all_addresses_of_the_socket_unit_are_served(box):
    box.systemctl("start", SOCKET)
    with box.network():
        assert answers(("127.0.0.1", 1883)) and answers(("::1", 1883))
    assert answers(box.path(UNIX))
    assert os.stat(box.path(UNIX)).st_mode & 0o777 == 0o660


def all_four_names_find_their_listener(box):
    names = ("mqtt", "mqtts", "ws", "wss")
    # On other ports: only by the name can they be found.
    box.write(CONFIG, "allow_anonymous true\n" + "".join(
        f"listener {number} 192.0.2.1\nsocket_name {name}\n"
        for number, name in enumerate(names, 11)))
    box.systemctl("start", *SOCKETS)
    for number in SOCKETS.values():
        assert listening(box, number)
    assert "Nobody answers" not in box.journal("-u", SERVICE, "-b")


def a_socket_without_a_listener_is_named(box):
    box.write(CONFIG, "listener 1884 127.0.0.1\nallow_anonymous true\n")
    box.systemctl("start", "hawker-ws.socket", SERVICE)
    assert listening(box, 1884)
    invocation = "_SYSTEMD_INVOCATION_ID=" + box.show(SERVICE, "InvocationID")
    line = next(line for line in box.journal(invocation).splitlines() if "Nobody answers" in line)
    assert "0.0.0.0:8083" in line and "socket_name ws" in line, line


def start_returns_when_clients_are_served(box):
    box.write(CONFIG, "listener 1884 127.0.0.1\nallow_anonymous true\n")
    since = time.monotonic()
    box.systemctl("start", SERVICE)
    figure("systemctl start", since)
    assert listening(box, 1884)
    assert re.fullmatch(r"\d+ clients? connected, 1 address, \d+ workers?",
                        box.show(SERVICE, "StatusText")), box.show(SERVICE, "StatusText")


def an_address_that_comes_later_is_served_then(box):
    box.write(CONFIG, "listener 1884 192.0.2.5\nallow_anonymous true\n")
    box.systemctl("start", SERVICE)
    assert box.run("ip", "address", "add", "192.0.2.5/32", "dev", "lo").returncode == 0
    with box.network():
        assert answers(("192.0.2.5", 1884))


def wrong_settings_are_shown_and_not_tried_again(box):
    box.write(CONFIG, "# comment\nlisener 1884\n")
    assert box.run("systemctl", "start", SERVICE).returncode != 0
    assert f"{CONFIG}:2:" in box.show(SERVICE, "StatusText"), box.show(SERVICE, "StatusText")
    assert box.show(SERVICE, "StatusErrno") == "22"
    assert box.show(SERVICE, "ActiveState") == "failed"
    assert box.show(SERVICE, "ExecMainStatus") == "3"
    assert box.show(SERVICE, "NRestarts") == "0"


def sockets_outlive_a_restart(box):
    box.systemctl("start", SOCKET, SERVICE)
    since = time.monotonic()
    box.systemctl("restart", SERVICE)
    figure("systemctl restart", since)
    assert listening(box, 1883) and answers(box.path(UNIX))
    box.systemctl("stop", SOCKET, SERVICE)
    assert not os.path.exists(box.path(UNIX))


def a_changed_socket_unit_is_taken_over(box):
    box.systemctl("start", SOCKET, SERVICE)
    assert listening(box, 1883)
    box.write(SOCKET_DROP_IN, "[Socket]\nListenStream=127.0.0.1:1886\n")
    box.systemctl("daemon-reload")
    # With the service still there the socket unit may be refused, even in one command for both.
    box.systemctl("stop", SERVICE)
    box.systemctl("restart", SOCKET)
    assert listening(box, 1886) and listening(box, 1883) and answers(box.path(UNIX))


def a_socket_unit_that_comes_later_is_taken_over(box):
    box.systemctl("start", SERVICE)
    assert listening(box, 1883) and not os.path.exists(box.path(UNIX))
    box.systemctl("stop", SERVICE)
    box.systemctl("start", SOCKET, SERVICE)
    assert listening(box, 1883) and answers(box.path(UNIX))


def nobody_is_refused_during_a_restart(box):
    box.systemctl("start", SOCKET, SERVICE)
    failures, enough = [], threading.Event()

    def knock():
        # The network is that of a thread.
        with box.network():
            while not enough.is_set():
                try:
                    answers(("127.0.0.1", 1883))
                except (ConnectionResetError, BrokenPipeError):
                    pass  # let in by the old one, which has ended
                except OSError as error:
                    failures.append(error)

    client = threading.Thread(target=knock)
    client.start()
    try:
        for _ in range(3):
            box.systemctl("restart", SERVICE)
    finally:
        enough.set()
        client.join()
    assert not failures, failures


def _is_restarted_when(box, hold):
    box.write(SERVICE_DROP_IN, "[Service]\nWatchdogSec=3s\n")
    box.systemctl("daemon-reload")
    box.write(CONFIG, "workers 3\nlistener 1884 127.0.0.1\nallow_anonymous true\n")
    box.systemctl("start", SERVICE)
    invocation = "_SYSTEMD_INVOCATION_ID=" + box.show(SERVICE, "InvocationID")
    since = time.monotonic()
    with hold(box.main_pid(SERVICE)):
        wait_until("a restart", lambda: int(box.show(SERVICE, "NRestarts")) > 0)
        figure("stuck, with WatchdogSec=3s: noticed and started again", since)
    wait_until("active", lambda: box.show(SERVICE, "ActiveState") == "active")
    # A machine that stalls as long gives the watchdog a reason once more.
    wait_until("served again", lambda: is_served(box, 1884))
    lines = box.journal("UNIT=" + SERVICE)
    assert "Watchdog timeout" in lines and "SIGABRT" in lines, lines
    return box.journal(invocation)


def one_stuck_worker_is_a_reason_to_restart(box):
    for _ in range(3):  # a machine that stalls is another reason
        try:
            lines = _is_restarted_when(box, lambda pid: Frozen(pid, "worker-1"))
        except PermissionError:
            return "a thread cannot be stopped here"
        if "Worker 1 does not answer" in lines:
            break
        clean(box)
    assert "Worker 1 does not answer" in lines, lines
    assert box.run("journalctl", "--update-catalog").returncode == 0
    told = box.run("journalctl", "-x", "--no-pager", "MESSAGE_ID=" + WORKER_SILENT).stdout
    assert "Worker 1" in told and "threads that serve clients is stuck" in told, told
    return None


def a_stopped_process_is_a_reason_to_restart(box):
    class Stopped:
        """It is continued by systemd, together with the signal."""

        def __init__(self, pid):
            self.pid = pid

        def __enter__(self):
            os.kill(self.pid, signal.SIGSTOP)

        def __exit__(self, *exception):
            pass

    _is_restarted_when(box, Stopped)


def a_healthy_broker_is_left_alone(box):
    # A machine that stalls is the one reason to lengthen the time.
    assert any(_lives_with(box, seconds) for seconds in (2, 2, 10))


def _lives_with(box, seconds):
    clean(box)
    box.write(SERVICE_DROP_IN, f"[Service]\nWatchdogSec={seconds}s\n")
    box.systemctl("daemon-reload")
    box.systemctl("start", SERVICE)
    first = box.show(SERVICE, "WatchdogTimestampMonotonic")
    for _ in range(5):  # idle, for longer than the limit
        wait_until("a sign of life", lambda last=first:
                   box.show(SERVICE, "WatchdogTimestampMonotonic") != last)
        first = box.show(SERVICE, "WatchdogTimestampMonotonic")
    return box.show(SERVICE, "NRestarts") == "0"


def stop_publishes_wills(box):
    box.systemctl("start", SOCKET)
    deadline = time.monotonic() + DEADLINE
    with box.network():
        taker, dying = (Peer(("127.0.0.1", 1883), deadline) for _ in range(2))
    taker.connect(client_id="taker")
    taker.subscribe("will/#", qos=1)
    dying.connect(client_id="dying", will=Will("will/x", b"gone", qos=1))
    since = time.monotonic()
    box.systemctl("stop", SOCKET, SERVICE)
    figure("systemctl stop", since)
    packets = taker.closed()
    assert [packet.kind for packet in packets] == [PUBLISH, DISCONNECT], packets
    assert packets[0].payload == b"gone" and packets[1].reason == 0x8B, packets
    assert box.show(SERVICE, "Result") == "success"


def it_runs_as_hawker_without_any_capability(box):
    box.systemctl("start", SERVICE)
    status = box.status_of(SERVICE)
    hawker = box.run("id", "-u", "hawker").stdout.strip()
    assert set(status["Uid"].split()) == {hawker} and hawker != "0", status["Uid"]
    for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb"):
        assert int(status["Cap" + kind], 16) == 0, (kind, status["Cap" + kind])
    assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2"


def its_state_is_private(box):
    box.systemctl("start", SERVICE)
    for name, mode in (("/var/lib/hawker", 0o700), ("/run/hawker", 0o755)):
        entry = os.stat(box.path(name))
        assert entry.st_mode & 0o777 == mode, (name, oct(entry.st_mode))
        assert str(entry.st_uid) == box.run("id", "-u", "hawker").stdout.strip()


def it_writes_only_where_it_may(box):
    box.systemctl("start", SOCKET, SERVICE)
    assert listening(box, 1883)
    pid = box.show(SERVICE, "MainPID")
    for name in ("/", "/etc", "/etc/hawker", "/usr", "/var", "/var/log", "/var/lib", "/run", "/run/lock",
                 "/run/systemd", "/home"):
        # In its own view of the file system even root could not.
        done = box.run("nsenter", "-t", pid, "-m", "touch", name + "/hawker-test")
        assert done.returncode != 0, name
    for name in ("/var/lib/hawker", "/run/hawker"):
        done = box.run("nsenter", "-t", pid, "-m", "touch", name + "/hawker-test")
        assert done.returncode == 0, done.stdout
        os.unlink(box.path(name + "/hawker-test"))
    strangers = {name for name in box.files_of("hawker")
                 if not name.startswith(("/var/lib/hawker", "/run/hawker"))}
    assert not strangers, strangers


CHECK = """#!/bin/sh
[ "$(tr -d '\\000')" = "right for $PAM_USER" ]
"""


def lets_in(box, address, **fields):
    with box.network():
        peer = Peer(address, time.monotonic() + DEADLINE)
    peer.open(client_id="c", **fields)
    return peer.expect(CONNACK).reason


def it_asks_pam_with_the_rights_it_has(box):
    """What is executed or asked elsewhere works; pam_unix would have to read /etc/shadow."""
    box.write("/usr/local/bin/check-user", CHECK)
    os.chmod(box.path("/usr/local/bin/check-user"), 0o755)
    box.write("/etc/pam.d/hawker-exec", "auth required pam_exec.so expose_authtok quiet "
              "/usr/local/bin/check-user\naccount required pam_permit.so\n")
    box.write("/etc/pam.d/hawker-unix", "auth required pam_unix.so\naccount required pam_unix.so\n")
    box.run("sh", "-c", "echo root:secret | chpasswd")
    box.write(CONFIG, "per_listener_settings true\n"
              "listener 1884 127.0.0.1\npam_service hawker-exec\n"
              "listener 1885 127.0.0.1\npam_service hawker-unix\n")
    box.systemctl("start", SERVICE)
    here, there = ("127.0.0.1", 1884), ("127.0.0.1", 1885)
    assert lets_in(box, here, username="ada", password=b"right for ada") == 0
    assert lets_in(box, here, username="bob", password=b"right for ada") == 0x86
    assert lets_in(box, there, username="root", password=b"secret") in (0x86, 0x88)


def users_of_a_unix_socket_have_names(box):
    """Root's always; those of others only where the service sees them."""
    path = "/run/hawker/named.sock"
    box.write(CONFIG, f"listener 0 {path}\nunix_peer_username true\nsocket_mode 0666\n")
    box.systemctl("start", SERVICE)
    assert lets_in(box, box.path(path), username="root") == 0
    assert lets_in(box, box.path(path), username="games") == 0x86
    assert as_games(box, path) == 0x86
    box.write(SERVICE_DROP_IN, "[Service]\nPrivateUsers=no\n")
    box.systemctl("daemon-reload")
    box.systemctl("restart", SERVICE)
    assert lets_in(box, box.path(path), username="root") == 0
    assert as_games(box, path) == 0


def as_games(box, path):
    """The reason code for a process of the user games."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.chdir(os.path.dirname(box.path(path)))  # nobody else gets there
        os.setresuid(5, 5, 5)
        peer = Peer(os.path.basename(path), time.monotonic() + DEADLINE)
        peer.open(client_id="c")
        os.write(writer, bytes([peer.expect(CONNACK).reason]))
        os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader, "rb") as pipe:
        return pipe.read()[0]


def it_is_hardened(box):
    text = box.run("systemd-analyze", "security", "--no-pager", SERVICE).stdout
    score = re.search(r"Overall exposure level for \S+: ([0-9.]+)", text)
    assert score and float(score[1]) <= SCORE_MAX, text
    print(f"# systemd-analyze security: {score[1]}")


def an_instance_has_its_own_everything(box):
    box.write("/etc/hawker/other.conf", "listener 1885 127.0.0.1\nallow_anonymous true\n")
    box.systemctl("start", SERVICE, "hawker@other.service")
    assert listening(box, 1885) and listening(box, 1883)
    assert os.stat(box.path("/var/lib/hawker-other")).st_mode & 0o777 == 0o700
    assert box.show(SERVICE, "MainPID") != box.show("hawker@other.service", "MainPID")


TESTS = [
    the_first_client_starts_it,
    all_addresses_of_the_socket_unit_are_served,
    all_four_names_find_their_listener,
    a_socket_without_a_listener_is_named,
    start_returns_when_clients_are_served,
    an_address_that_comes_later_is_served_then,
    wrong_settings_are_shown_and_not_tried_again,
    sockets_outlive_a_restart,
    a_changed_socket_unit_is_taken_over,
    a_socket_unit_that_comes_later_is_taken_over,
    nobody_is_refused_during_a_restart,
    one_stuck_worker_is_a_reason_to_restart,
    a_stopped_process_is_a_reason_to_restart,
    a_healthy_broker_is_left_alone,
    stop_publishes_wills,
    it_runs_as_hawker_without_any_capability,
    its_state_is_private,
    it_writes_only_where_it_may,
    it_asks_pam_with_the_rights_it_has,
    users_of_a_unix_socket_have_names,
    it_is_hardened,
    an_instance_has_its_own_everything,
]


if __name__ == "__main__":
    sys.exit(main("service", TESTS, *sys.argv[1:]))
