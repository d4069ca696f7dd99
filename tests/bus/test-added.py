#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Listeners that an administrator adds to a broker that runs.

Usage: test-added.py HAWKERD HAWKERCTL

Prints TAP. Nothing here sleeps: each wait is for a line, a signal or an end, with a deadline.
"""
import contextlib
import os
import socket
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "..", "unit", "control"))

# pylint: disable=wrong-import-position
from daemon import DEADLINE, MANAGER, NOBODY, PATH, Bus, Failed, Signals, policy_for, run_on_bus
from service import Service, tcp, unix
from wire import RETURN, Wire

HAWKERD, HAWKERCTL = (os.path.abspath(word) for word in sys.argv[1:3])
LISTENER, BELOW = "org.hawker.Broker1.Listener", PATH + "/listener/"


def config(folder, *lines):
    return "\n".join(["allow_anonymous true", *(["user root"] if os.geteuid() == 0 else []),
                      f"listener 0 {folder}/mqtt", *lines, ""])


def broker(folder, bus, *lines, passed=(), text=None):
    return Service(HAWKERD, folder, config(folder, *lines) if text is None else text,
                   environment=bus.environment(), passed=passed)


def add(bus, one, handed, name, uid=0):
    """The reply; `handed` is what has a descriptor."""
    with Wire(bus, uid) as wire:
        reply = wire.call("AddListener", ("h", 0), ("s", name), fds=[handed.fileno()])
    if reply.kind == RETURN:
        one.line("Reloaded")
        one.state("FDNAME=hawker-added-" + name)
    return reply


def remove(bus, one, name):
    bus.busctl("call", "org.hawker.Broker1", PATH, MANAGER, "RemoveListener", "s", name)
    one.line("Reloaded")
    one.state("FDSTOREREMOVE=1")


def names(bus):
    found = bus.call(PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")[0]
    return {entry[LISTENER]["Name"]["data"] for entry in found.values()}


def is_let_in(address):
    """Whether a client is."""
    family = socket.AF_INET if isinstance(address, tuple) else socket.AF_UNIX
    with socket.socket(family) as client:
        client.settimeout(DEADLINE)
        client.connect(address)
        client.sendall(b"\x10\x0d\0\4MQTT\4\2\0\0\0\1c")
        return client.recv(4) == b"\x20\2\0\0"


def one_that_is_added_serves(folder):
    with Bus(folder) as bus, broker(folder, bus) as one, tcp() as port, \
            unix(os.path.join(folder, "more")) as path:
        one.state("READY=1")
        with Signals(bus) as signals:
            assert add(bus, one, port, "front").kind == RETURN
            assert signals.next("InterfacesAdded")[0] == BELOW + "front"
        assert add(bus, one, path, "back_2").kind == RETURN
        assert names(bus) == {f"{folder}/mqtt", "front", "back_2"}
        assert is_let_in(port.getsockname()) and is_let_in(path.getsockname())
        assert bus.get("Accepted", path=BELOW + "front", interface=LISTENER) == 1
        host, number = port.getsockname()
        assert bus.get("Addresses", path=BELOW + "front", interface=LISTENER) == [f"{host}:{number}"]


def it_is_there_over_a_reload(folder):
    with Bus(folder) as bus, broker(folder, bus) as one, tcp() as port:
        one.state("READY=1")
        assert add(bus, one, port, "front").kind == RETURN
        assert one.reload(config(folder, "max_queued_messages 50"))
        assert names(bus) == {f"{folder}/mqtt", "front"} and is_let_in(port.getsockname())
        assert not one.reload("nonsense\n") and is_let_in(port.getsockname())


def it_is_there_after_a_restart(folder):
    """systemd passes what it has kept under the name that it was given."""
    with Bus(folder) as bus, tcp() as port, \
            broker(folder, bus, passed=[("hawker-added-front", port)]) as one:
        one.state("READY=1")
        assert names(bus) == {f"{folder}/mqtt", "front"} and is_let_in(port.getsockname())
        remove(bus, one, "front")
        assert names(bus) == {f"{folder}/mqtt"}


def it_can_be_removed(folder):
    with Bus(folder) as bus, broker(folder, bus) as one, tcp() as port:
        one.state("READY=1")
        for _ in range(2):
            assert add(bus, one, port, "front").kind == RETURN
            assert is_let_in(port.getsockname())
            remove(bus, one, "front")
            assert names(bus) == {f"{folder}/mqtt"}
        # Our own is the last one that is open.
        address = port.getsockname()
        port.close()
        try:
            is_let_in(address)
        except ConnectionRefusedError:
            pass
        else:
            raise AssertionError("somebody listens there")


def only_one_that_was_added_can_be_removed(folder):
    with Bus(folder) as bus, broker(folder, bus) as one:
        one.state("READY=1")
        for name in ("front", f"{folder}/mqtt"):
            try:
                remove(bus, one, name)
            except Failed as failed:
                assert f"No listener '{name}' was added" in str(failed), failed
            else:
                raise AssertionError(name)


def wrong_sockets_are_refused(folder):
    with Bus(folder) as bus, broker(folder, bus) as one, tcp() as port, \
            open(os.path.join(folder, "file"), "wb") as file, \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams, \
            socket.create_connection(port.getsockname()) as connected, \
            socket.socket(socket.AF_UNIX) as unnamed, socket.socket(socket.AF_INET) as silent:
        one.state("READY=1")
        silent.bind(("127.0.0.1", 0))
        for wrong, words in ((file, "no socket"), (datagrams, "no stream"), (connected, "does not listen"),
                             (unnamed, "does not listen"), (silent, "does not listen")):
            reply = add(bus, one, wrong, "front")
            assert reply.name == "org.hawker.Error.InvalidSocket" and words in reply.text, reply
        assert names(bus) == {f"{folder}/mqtt"} and is_let_in(f"{folder}/mqtt")


def wrong_names_are_refused(folder):
    with Bus(folder) as bus, broker(folder, bus, "socket_name back") as one, tcp() as port:
        one.state("READY=1")
        for name in ("", "1883", "a b", "a/b", "a.b:1", "ä", "a" * 65, "a\nb"):
            assert add(bus, one, port, name).name == "org.hawker.Error.InvalidName", name
        assert add(bus, one, port, "a" * 64).kind == RETURN
        for name in ("a" * 64, "back"):
            assert add(bus, one, port, name).name == "org.hawker.Error.NameTaken", name


def there_are_not_too_many(folder):
    with Bus(folder) as bus, broker(folder, bus) as one, contextlib.ExitStack() as stack:
        one.state("READY=1")
        replies = [add(bus, one, stack.enter_context(tcp()), f"front-{i}") for i in range(13)]
        assert all(reply.kind == RETURN for reply in replies[:12]), replies
        assert replies[12].name.endswith("LimitsExceeded"), replies


def one_socket_is_served_once(folder):
    with Bus(folder) as bus, broker(folder, bus) as one, tcp() as port:
        one.state("READY=1")
        assert add(bus, one, port, "front").kind == RETURN
        reply = add(bus, one, port, "again")
        assert reply.name == "org.hawker.Error.ReloadFailed" and "another listener" in reply.text, reply
        assert names(bus) == {f"{folder}/mqtt", "front"} and is_let_in(port.getsockname())


def the_default_lets_nobody_else_in(folder):
    """What only this machine reaches lets everybody in: that must not become true of more."""
    text = "user root\n" if os.geteuid() == 0 else ""
    with Bus(folder) as bus, broker(folder, bus, text=text) as one, tcp() as port:
        one.state("READY=1")
        before = names(bus)
        assert add(bus, one, port, "front").name == "org.hawker.Error.NoListenerConfigured"
        assert names(bus) == before


def a_configuration_that_is_wrong_adds_none(folder):
    with Bus(folder) as bus, broker(folder, bus) as one, tcp() as port:
        one.state("READY=1")
        one.configure("nonsense\n")
        reply = add(bus, one, port, "front")
        assert reply.name == "org.hawker.Error.ReloadFailed" and "hawker.conf:1" in reply.text, reply
        one.configure(config(folder))
        assert add(bus, one, port, "front").kind == RETURN


def not_everybody_may(folder):
    if os.geteuid() != 0:
        return
    with Bus(folder, policy_for("root")) as bus, broker(folder, bus) as one, tcp() as port:
        one.state("READY=1")
        assert add(bus, one, port, "front", uid=NOBODY).name.endswith("AccessDenied")
        assert names(bus) == {f"{folder}/mqtt"}


TESTS = [
    one_that_is_added_serves,
    it_is_there_over_a_reload,
    it_is_there_after_a_restart,
    it_can_be_removed,
    only_one_that_was_added_can_be_removed,
    wrong_sockets_are_refused,
    wrong_names_are_refused,
    there_are_not_too_many,
    one_socket_is_served_once,
    the_default_lets_nobody_else_in,
    a_configuration_that_is_wrong_adds_none,
    not_everybody_may,
]

if __name__ == "__main__":
    sys.exit(run_on_bus("/added/", TESTS))
