#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What systemd is told: readiness, the line of status, why a start failed, signs of life.

Usage: test-notify.py HAWKERD

Prints TAP.
"""
import errno
import os
import signal
import socket
import sys
import tempfile

from freeze import Frozen
from service import Service, answers, run, tcp

HAWKERD = os.path.abspath(sys.argv[1])
USER = "user root\n" if os.geteuid() == 0 else ""
WATCHDOG = {"WATCHDOG_USEC": "400000"}


def config(folder):
    return f"listener 0 {folder}/mqtt.sock\nallow_anonymous true\nworkers 3\n{USER}"


def ready_is_said_when_clients_are_served(folder):
    with Service(HAWKERD, folder, config(folder)) as service:
        service.state("READY=1")
        assert any(state.startswith("STATUS=0 clients connected, 1 address, 3 workers")
                   for state in service.states), service.states
        assert answers(folder + "/mqtt.sock")
        service.signal(signal.SIGTERM)
        service.state("STOPPING=1")
        assert service.states[-2].startswith("MONOTONIC_USEC="), service.states
        assert service.states[-1].startswith("STATUS=Stopping"), service.states
        assert service.wait() == 0


def status_follows_the_clients(folder):
    with Service(HAWKERD, folder, config(folder)) as service:
        service.state("READY=1")
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(folder + "/mqtt.sock")
            client.sendall(b"\x10\x0d\0\4MQTT\4\2\0\0\0\1c")
            service.state("STATUS=1 client connected")
        service.state("STATUS=0 clients connected")


def wrong_settings_are_told_with_file_and_line(folder):
    with Service(HAWKERD, folder, "# comment\nallow_anonymus true\n") as service:
        assert service.state("ERRNO=") == f"ERRNO={errno.EINVAL}"
        status = [state for state in service.states if state.startswith("STATUS=")]
        assert len(status) == 1 and f"{service.path}:2:" in status[0], status
        assert service.wait() == 3
        assert "READY=1" not in service.states


def a_busy_port_is_told_with_file_and_line(folder):
    with tcp() as busy:
        text = f"listener {busy.getsockname()[1]} 127.0.0.1\n"
        with Service(HAWKERD, folder, text) as service:
            assert service.state("ERRNO=") == f"ERRNO={errno.EADDRINUSE}"
            assert any(f"{service.path}:1:" in state for state in service.states), service.states
            assert service.wait() == 1


def other_failures_are_told_by_their_number(folder):
    text = config(folder) + "pid_file /nonexistent/hawker/pid\n"
    with Service(HAWKERD, folder, text) as service:
        assert service.state("ERRNO=") == f"ERRNO={errno.ENOENT}"
        assert f"STATUS={os.strerror(errno.ENOENT)}" in service.states, service.states
        assert service.wait() == 1


def status_is_one_line_whatever_files_are_called(folder):
    os.mkdir(folder + "/conf.d")
    with open(folder + "/conf.d/a\nREADY=1\nb.conf", "w", encoding="utf-8") as file:
        file.write("nonsense\n")
    good, bad = config(folder), config(folder) + f"include_dir {folder}/conf.d\n"
    with Service(HAWKERD, folder, bad) as service:
        assert "conf.d/a READY=1 b.conf:1:" in service.state("STATUS="), service.states
        assert service.wait() == 3 and "READY=1" not in service.states, service.states
    with Service(HAWKERD, folder, good) as service:
        service.state("READY=1")
        assert not service.reload(bad)
        status, = (state for state in service.states if state.startswith("STATUS="))
        assert "conf.d/a READY=1 b.conf:1:" in status, status
        assert service.states.count("READY=1") == 1, service.states
        assert service.stop() == 0


def idle_workers_are_alive(folder):
    with Service(HAWKERD, folder, config(folder), environment=WATCHDOG) as service:
        for _ in range(4):
            service.state("WATCHDOG=1")
        assert service.stop() == 0


def nobody_watches_without_being_asked(folder):
    with Service(HAWKERD, folder, config(folder)) as service:
        service.state("READY=1")
        assert service.stop() == 0
        service.notify.setblocking(False)
        try:
            while data := service.notify.recv(4096):
                assert b"WATCHDOG" not in data
        except BlockingIOError:
            pass


def said_from_now_on(service):
    """To systemd within two rounds."""
    service.notify.setblocking(False)
    try:
        while service.notify.recv(4096):
            pass
    except BlockingIOError:
        pass
    service.notify.settimeout(0.3)
    try:
        return service.notify.recv(4096)
    except TimeoutError:
        return b""
    finally:
        service.notify.settimeout(None)


def one_stuck_worker_is_noticed(folder):
    with Service(HAWKERD, folder, config(folder), environment=WATCHDOG) as service:
        service.state("WATCHDOG=1")
        try:
            with Frozen(service.pid, "worker-1"):
                # On a busy machine it may have been so before: then it is said again.
                service.line("Worker 1 does not answer")
                while b"WATCHDOG" in said_from_now_on(service):
                    service.line("Worker 1 does not answer")
        except PermissionError:
            return "a thread cannot be stopped here"
        service.line("answer again")
        service.state("WATCHDOG=1")
        assert service.stop() == 0
    return None


def a_reload_begins_and_ends(folder):
    with Service(HAWKERD, folder, config(folder)) as service:
        service.state("READY=1")
        for text, done in ((config(folder) + f"listener 0 {folder}/x\n", True),
                           (config(folder) + "nonsense\n", False)):
            assert service.reload(text) == done, service.lines
            assert service.states[0] == "RELOADING=1", service.states
            assert service.states[1].startswith("MONOTONIC_USEC="), service.states
            assert service.states[-2] == "READY=1", service.states
        status = [state for state in service.states if state.startswith("STATUS=")]
        assert len(status) == 1 and f"{service.path}:" in status[0], status
        assert status[0].endswith("; 0 clients connected, 2 addresses, 3 workers"), status
        assert service.reload(config(folder))
        assert "STATUS=0 clients connected, 1 address, 3 workers" in service.states, service.states
        assert service.stop() == 0


def a_reload_is_given_more_time(folder):
    with Service(HAWKERD, folder, config(folder), environment=WATCHDOG) as service:
        service.state("READY=1")
        assert service.reload(config(folder))
        given = [state for state in service.states if state.startswith("WATCHDOG_USEC=")]
        assert given == ["WATCHDOG_USEC=1600000", "WATCHDOG_USEC=400000"], service.states
        service.state("WATCHDOG=1")
        assert service.stop() == 0


TESTS = [
    ready_is_said_when_clients_are_served,
    status_follows_the_clients,
    wrong_settings_are_told_with_file_and_line,
    a_busy_port_is_told_with_file_and_line,
    other_failures_are_told_by_their_number,
    status_is_one_line_whatever_files_are_called,
    idle_workers_are_alive,
    nobody_watches_without_being_asked,
    one_stuck_worker_is_noticed,
    a_reload_begins_and_ends,
    a_reload_is_given_more_time,
]

if __name__ == "__main__":
    sys.exit(run([("/control/notify/" + test.__name__.replace("_", "-"), test) for test in TESTS],
                 lambda: tempfile.TemporaryDirectory(prefix="hawkerd-")))
