#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sockets that systemd opened: which one is which listener, and what becomes of the others.

Usage: test-activation.py HAWKERD

Prints TAP.
"""
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "conformance"))

# pylint: disable=wrong-import-position
from broker import free_port  # noqa: E402
from service import DEADLINE, Service, answers, run, tcp, unix  # noqa: E402

HAWKERD = os.path.abspath(sys.argv[1])
RUNNING = "is running with"
UNCLAIMED = "Nobody answers at the socket"
USER = "user root\n" if os.geteuid() == 0 else ""
HEAD = "allow_anonymous true\nlog_type all\n" + USER


def port_of(one):
    return one.getsockname()[1]


def shown(one):
    """As the log shows the address."""
    name = one.getsockname()
    if one.family == socket.AF_UNIX:
        return f"unix:{name}"
    return f"[{name[0]}]:{name[1]}" if ":" in name[0] else f"{name[0]}:{name[1]}"


@contextlib.contextmanager
def serving(folder, config, *passed):
    """A broker that runs: (it, what it listens on)."""
    with Service(HAWKERD, folder, config, passed) as service:
        service.line(RUNNING)
        yield service, {line.rsplit(" ", 1)[1] for line in service.lines if "Listening on" in line}
        assert service.stop() == 0, service.lines


def unclaimed(service):
    return [line for line in service.lines if UNCLAIMED in line]


def by_name_whatever_the_address(folder):
    port = free_port()
    with tcp(port=free_port()) as a, tcp(port=free_port()) as b, unix(folder + "/c.sock") as c:
        with serving(folder, f"{HEAD}listener {port}\nsocket_name x\n",
                     ("x", a), ("y", b), ("x", c)) as (service, listening):
            assert listening == {shown(a), shown(c)}, listening
            assert answers(a.getsockname()) and answers(c.getsockname())
            assert len(unclaimed(service)) == 1 and shown(b) in unclaimed(service)[0], service.lines


UPGRADE = (b"GET /mqtt HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
           b"Sec-WebSocket-Protocol: mqtt\r\n\r\n")


def websockets_come_by_a_socket_of_their_own(folder):
    """As hawker-ws.socket passes it, with no other listener."""
    with tcp(port=free_port()) as a, tcp(port=free_port()) as b:
        config = f"{HEAD}listener {port_of(a)}\nprotocol websockets\nsocket_name ws\n"
        with serving(folder, config, ("ws", a), ("mqtt", b)) as (service, listening):
            assert listening == {shown(a)}, listening
            assert "passed as mqtt" in unclaimed(service)[0], service.lines
            with socket.create_connection(a.getsockname(), DEADLINE) as client:
                client.sendall(UPGRADE)
                answer = b""
                while b"\r\n\r\n" not in answer:
                    more = client.recv(4096)
                    assert more, answer
                    answer += more
                assert answer.startswith(b"HTTP/1.1 101 "), answer
                assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in answer, answer  # RFC 6455, 1.3


def by_address_and_port(folder):
    with tcp("127.0.0.1", free_port()) as a, tcp("127.0.0.2") as b:
        with serving(folder, f"{HEAD}listener {port_of(b)} 127.0.0.2\n",
                     ("x", a), ("y", b)) as (service, listening):
            assert listening == {shown(b)} and answers(b.getsockname())
            assert shown(a) in unclaimed(service)[0] and "passed as x" in unclaimed(service)[0]


def every_family_alike(folder):
    path = folder + "/mqtt.sock"
    with tcp("127.0.0.1", free_port()) as a, tcp("::1") as b, unix(path) as c:
        config = (f"{HEAD}listener {port_of(a)} 127.0.0.1\nlistener {port_of(b)} ::1\n"
                  f"listener 0 {path}\n")
        with serving(folder, config, ("", c), ("", b), ("", a)) as (service, listening):
            assert listening == {shown(a), shown(b), shown(c)}, listening
            for one in (a, b, c):
                assert answers(one.getsockname())
            assert not unclaimed(service)
        assert os.path.exists(path), "the file of a passed socket belongs to systemd"


def a_name_wins_over_an_address(folder):
    other = free_port()
    with tcp("127.0.0.1", free_port()) as a, tcp("127.0.0.2", port_of(a)) as b:
        config = (f"{HEAD}log_dest stderr\nlistener {port_of(a)}\n"
                  f"listener {other}\nsocket_name b\nmax_connections 0\n")
        with serving(folder, config, ("a", a), ("b", b)) as (_, listening):
            assert listening == {shown(a), shown(b)}, listening
            assert answers(a.getsockname())
            assert not answers(b.getsockname())


def all_addresses_are_those_that_were_passed(folder):
    with tcp("127.0.0.1", free_port()) as a:
        with serving(folder, f"{HEAD}listener {port_of(a)}\n", ("x", a)) as (service, listening):
            assert listening == {shown(a)} and answers(a.getsockname())
            warning = [line for line in service.lines if "is not on all addresses" in line]
            assert len(warning) == 1 and f"{service.path}:" in warning[0], service.lines
    with tcp("0.0.0.0") as a:
        with serving(folder, f"{HEAD}listener {port_of(a)}\n", ("x", a)) as (service, listening):
            assert listening == {shown(a)}
            assert not any("all addresses" in line for line in service.lines), service.lines


def what_is_not_passed_is_opened(folder):
    port = free_port()
    with tcp(port=free_port()) as a:
        config = f"{HEAD}listener {port_of(a)} 127.0.0.1\nlistener {port} 127.0.0.1\n"
        with serving(folder, config, ("x", a)) as (_, listening):
            assert listening == {shown(a), f"127.0.0.1:{port}"}, listening
            assert answers(("127.0.0.1", port))
    with serving(folder, f"{HEAD}listener {port} 127.0.0.1\nsocket_name x\n") as (_, listening):
        assert listening == {f"127.0.0.1:{port}"}, listening


def an_address_that_is_not_up_yet_is_waited_for(folder):
    with serving(folder, f"{HEAD}listener {free_port()} 192.0.2.77\n") as (service, listening):
        assert len(listening) == 1 and listening.pop().startswith("192.0.2.77:")
        assert any(f"{service.path}:" in line and "does not have the address" in line
                   for line in service.lines), service.lines


def without_a_configuration_mqtt_replaces_the_own(folder):
    path = folder + "/mqtt.sock"
    with tcp("127.0.0.1", free_port()) as a, tcp("::1") as b, unix(path) as c:
        with serving(folder, "log_type all\n" + USER,
                     ("mqtt", a), ("mqtt", b), ("mqtt", c)) as (service, listening):
            assert listening == {shown(a), shown(b), shown(c)}, listening
            for one in (a, b, c):
                assert answers(one.getsockname())
            assert not unclaimed(service)
            # What is said of a client on the Unix socket is not that of a default listener.
            assert path in service.line("connected from unix:"), service.lines


def without_a_configuration_nobody_comes_from_outside(folder):
    with tcp("127.0.0.1", free_port()) as a, tcp("0.0.0.0") as b, tcp("127.0.0.1", free_port()) as c:
        with serving(folder, "log_type all\n" + USER,
                     ("mqtt", a), ("mqtt", b), ("ws", c)) as (service, listening):
            assert listening == {shown(a)}, listening
            assert len(unclaimed(service)) == 2
            assert any(shown(b) in line and "only this machine" in line
                       for line in unclaimed(service)), service.lines


def with_a_configuration_mqtt_needs_a_listener(folder):
    port = free_port()
    with tcp(port=free_port()) as a:
        with serving(folder, f"{HEAD}listener {port} 127.0.0.1\n",
                     ("mqtt", a)) as (service, listening):
            assert listening == {f"127.0.0.1:{port}"}, listening
            assert "socket_name mqtt" in unclaimed(service)[0]


def what_does_not_listen_is_told(folder):
    port = free_port()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as a:
        with serving(folder, f"{HEAD}listener {port} 127.0.0.1\n",
                     ("x", a)) as (service, listening):
            assert listening == {f"127.0.0.1:{port}"}
            assert any("passed as x is no listening stream socket" in line
                       for line in service.lines), service.lines


def systemd_socket_activate_is_understood(folder):
    program = shutil.which("systemd-socket-activate")
    if not program:
        return "there is no systemd-socket-activate"
    port = free_port()
    config = os.path.join(folder, "test.conf")
    with open(config, "w", encoding="utf-8") as file:
        file.write(f"{HEAD}listener 1\nsocket_name mqtt\n")
    # It starts the broker when the first client comes.
    with subprocess.Popen([program, "-l", f"127.0.0.1:{port}", "--fdname=mqtt", HAWKERD, "-c",
                           config], stderr=subprocess.PIPE, text=True) as process:
        try:
            assert "Listening" in process.stderr.readline()
            assert answers(("127.0.0.1", port))
        finally:
            process.terminate()
        assert process.wait(DEADLINE) == 0
    return None


def a_reload_claims_what_was_passed(folder):
    """And what it no longer wants stays open, for the next one."""
    with tcp("127.0.0.1", free_port()) as a, unix(folder + "/c.sock") as c:
        both = f"{HEAD}listener {port_of(a)} 127.0.0.1\nlistener 0 {folder}/c.sock\n"
        one = f"{HEAD}listener {port_of(a)} 127.0.0.1\n"
        with serving(folder, one, ("a", a), ("c", c)) as (service, listening):
            assert listening == {shown(a)} and len(unclaimed(service)) == 1
            for _ in range(2):
                assert service.reload(both)
                assert answers(a.getsockname()) and answers(c.getsockname())
                assert service.reload(one)
                assert shown(c) in unclaimed(service)[-1] and answers(a.getsockname())
                assert os.path.exists(folder + "/c.sock"), "it belongs to systemd"
            assert service.reload(f"{HEAD}listener {free_port()}\nsocket_name a\n")
            assert answers(a.getsockname())
            assert not service.reload(f"{HEAD}listener {port_of(a)}\nlistener 0 /nonexistent/x\n")
            assert answers(a.getsockname())


def a_reload_that_fails_says_nothing_of_sockets(folder):
    """Whether it fails where a listener claims its sockets, or after all of them have: those that are
    served still are."""
    with tcp("127.0.0.1", free_port()) as a, tcp("127.0.0.1", free_port()) as b:
        good = f"{HEAD}listener {port_of(a)} 127.0.0.1\nlistener {port_of(b)} 127.0.0.1\n"
        bad = (f"{good}certfile {folder}/none.pem\nkeyfile {folder}/none.key\n",
               f"{HEAD}log_dest file {folder}/none/log\nlistener {port_of(a)} 127.0.0.1\n")
        with serving(folder, good, ("a", a), ("b", b)) as (service, _):
            for config in bad:
                assert not service.reload(config)
                assert not unclaimed(service), service.lines
                assert answers(a.getsockname()) and answers(b.getsockname())


def a_reload_ends_the_local_mode_and_begins_it_again(folder):
    path = folder + "/mqtt.sock"
    with tcp("127.0.0.1", free_port()) as a, unix(path) as c:
        with serving(folder, HEAD, ("mqtt", a), ("mqtt", c)) as (service, listening):
            assert listening == {shown(a), shown(c)}, listening
            assert service.reload(f"{HEAD}listener {port_of(a)}\n")
            assert answers(a.getsockname()) and shown(c) in unclaimed(service)[-1]
            assert service.reload(HEAD)
            assert answers(a.getsockname()) and answers(path)


TESTS = [
    by_name_whatever_the_address,
    websockets_come_by_a_socket_of_their_own,
    by_address_and_port,
    every_family_alike,
    a_name_wins_over_an_address,
    all_addresses_are_those_that_were_passed,
    what_is_not_passed_is_opened,
    an_address_that_is_not_up_yet_is_waited_for,
    without_a_configuration_mqtt_replaces_the_own,
    without_a_configuration_nobody_comes_from_outside,
    with_a_configuration_mqtt_needs_a_listener,
    what_does_not_listen_is_told,
    systemd_socket_activate_is_understood,
    a_reload_claims_what_was_passed,
    a_reload_that_fails_says_nothing_of_sockets,
    a_reload_ends_the_local_mode_and_begins_it_again,
]

if __name__ == "__main__":
    sys.exit(run([("/control/activation/" + test.__name__.replace("_", "-"), test)
                  for test in TESTS],
                 lambda: tempfile.TemporaryDirectory(prefix="hawkerd-")))
