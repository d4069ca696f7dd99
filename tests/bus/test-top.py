#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""hawkerctl top and log-level, with a broker on a bus of its own.

Usage: test-top.py HAWKERD HAWKERCTL

Prints TAP. Nothing here sleeps: each wait is for an output, with a deadline.
"""
import json
import math
import os
import re
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "..", "unit", "control"))
sys.path.append(os.path.join(HERE, "..", "admin"))

# pylint: disable=wrong-import-position
from daemon import DEADLINE, MANAGER, NOBODY, PATH, Bus, policy_for, run_on_bus
from service import Service
from terminal import Terminal

HAWKERD, HAWKERCTL = (os.path.abspath(word) for word in sys.argv[1:3])
CONNECT = b"\x10\x0d\0\4MQTT\4\2\0\0\0\1c"
DONE, FAILED, USAGE, NOT_RUNNING, NO_RIGHT = range(5)


def broker(folder, bus):
    text = "\n".join([f"listener 0 {folder}/mqtt", "allow_anonymous true", "sys_interval 0",
                      *(["user root"] if os.geteuid() == 0 else []), ""])
    return Service(HAWKERD, folder, text, environment=bus.environment())


def connect(folder, one):
    one.state("READY=1")
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(DEADLINE)
    client.connect(os.path.join(folder, "mqtt"))
    client.sendall(CONNECT)
    assert client.recv(4)[3] == 0
    return client


def ctl(bus, *words, uid=None):
    done = subprocess.run([HAWKERCTL, *words], env={**os.environ, **bus.environment()},
                          stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=DEADLINE, user=uid, check=False)
    return done.returncode, done.stdout, done.stderr


def one_look_has_all(folder):
    with Bus(folder) as bus, broker(folder, bus) as one, connect(folder, one):
        status, out, err = ctl(bus, "top", "--once", "-d", "0.1")
        assert status == DONE and not err, err
        assert "1 clients, 1 sessions" in out and "\x1b" not in out, out
        assert re.search(r"(?m)^Messages received +0\.0 +\d+$", out), out
        assert re.search(r"(?m)^CLIENT +USER +ADDRESS", out) and re.search(r"(?m)^c ", out), out
        status, out, err = ctl(bus, "top", "-n", "2", "-d", "0.1", "--json", "--sort", "client")
        looks = [json.loads(line) for line in out.split("\n")[:-1]]
        assert status == DONE and len(looks) == 2 and not err, (out, err)
        assert looks[0]["figures"]["ClientsConnected"] == 1
        assert [one["client"] for one in looks[1]["clients"]] == ["c"]
        assert looks[1]["latency"] == {"half": 0, "most": 0}, looks
        assert looks[1]["seconds"] >= 0.1 and looks[1]["rates"]["MessagesSent"] == 0


def rates_are_of_the_time_between(folder):
    """Bytes come for as long as it looks; what they add up to is in the figures."""
    with Bus(folder) as bus, broker(folder, bus) as one, connect(folder, one) as client:
        env = {**os.environ, **bus.environment()}
        with subprocess.Popen([HAWKERCTL, "top", "--json", "-d", "0.2"], env=env, text=True,
                              stdout=subprocess.PIPE) as top:
            first = json.loads(top.stdout.readline())
            client.sendall(100 * b"\x30\x05\0\1tab")
            second = first
            while second["figures"]["MessagesReceived"] < 100:
                first, second = second, json.loads(top.stdout.readline())
            grown = second["figures"]["MessagesReceived"] - first["figures"]["MessagesReceived"]
            wanted = grown / second["seconds"]
            assert abs(second["rates"]["MessagesReceived"] - wanted) <= 1 + wanted / 100, second
            top.terminate()


def the_busiest_come_first(folder):
    """Four clients, of which the last by identifier alone has something to say, and then is silent."""
    with Bus(folder) as bus, broker(folder, bus) as one:
        one.state("READY=1")
        there = []
        for name in b"abcz":
            client = socket.socket(socket.AF_UNIX)
            client.settimeout(DEADLINE)
            client.connect(os.path.join(folder, "mqtt"))
            client.sendall(CONNECT[:-1] + bytes([name]))
            assert client.recv(4)[3] == 0
            there.append(client)
        env = {**os.environ, **bus.environment()}
        with subprocess.Popen([HAWKERCTL, "top", "--json", "-d", "0.2"], env=env, text=True,
                              stdout=subprocess.PIPE) as top:
            json.loads(top.stdout.readline())
            quiet = json.loads(top.stdout.readline())
            assert [one["client"] for one in quiet["clients"]] == ["a", "b", "c", "z"], quiet
            assert all(set(one["rates"].values()) == {0} for one in quiet["clients"]), quiet
            there[3].sendall(100 * b"\x30\x05\0\1tab" + b"\xc0\0")
            assert there[3].recv(2) == b"\xd0\0"
            total, looks = 0, 0
            while total < 99.5:
                look = json.loads(top.stdout.readline())
                looks += 1
                rates = look["clients"][0]["rates"]
                if rates["messages_received"] > 0:
                    assert look["clients"][0]["client"] == "z" and rates["bytes"] > rates["messages_received"]
                total += rates["messages_received"] * look["seconds"]
            assert total < 101 and looks >= 1, total
            top.terminate()
        for client in there:
            client.close()


def busy_topics_come_first(folder):
    with Bus(folder) as bus, broker(folder, bus) as one, connect(folder, one) as client:
        def listed(most):
            return bus.call(PATH, MANAGER, "ListBusyTopics", "u", most)
        assert listed("0") == [[]], "nobody has looked before"
        client.sendall(100 * b"\x30\x07\0\3a/bxy" + b"\x30\x06\0\3a/cz" + b"\xc0\0")
        assert client.recv(2) == b"\xd0\0"
        end = time.monotonic() + DEADLINE
        while not (topics := listed("0")[0]):  # the time since it began may be none yet
            assert time.monotonic() < end
        assert [row[0] for row in topics] == ["a/b", "a/c"], topics
        # They are quotients: a hundred times a third is not what hundred thirds are.
        assert math.isclose(topics[0][1], 100 * topics[1][1]) and topics[1][1] > 0, topics
        assert math.isclose(topics[0][2], 2 * topics[0][1]) and topics[1][2] == topics[1][1], topics
        env = {**os.environ, **bus.environment()}
        with subprocess.Popen([HAWKERCTL, "top", "-d", "0.2"], env=env, text=True,
                              stdout=subprocess.PIPE) as top:
            lines = iter(top.stdout.readline, "")
            next(line for line in lines if line.startswith("Clients by"))
            client.sendall(100 * b"\x30\x07\0\3n\xc2\x9bxy")
            assert "Busiest topics:\n" in lines
            assert next(lines).split() == ["TOPIC", "MESSAGES/S", "BYTES/S"]
            name, messages, size = next(line for line in lines if line.startswith("n")).split()
            assert name == "n?" and int(messages) > 0 and int(size) > int(messages), (name, messages, size)
            top.terminate()


def it_is_drawn_in_place(folder):
    with Bus(folder) as bus, broker(folder, bus) as one, connect(folder, one):
        with Terminal([HAWKERCTL, "top", "-d", "0.1"],
                      {**bus.environment(), "TERM": "xterm", "LINES": "20", "COLUMNS": "70"}) as top:
            assert top.until("Clients by messages:").startswith("\x1b[?1049h")
            assert not top.echoes()
            top.until("\x1b[J")
            frame = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", top.until("\x1b[J").split("\x1b[H")[-1])
            assert "Clients by messages:" in frame, frame
            assert all(len(line) <= 70 for line in frame.split("\r\n")), frame
            top.type("s")
            top.until("Clients by traffic:")
            top.type("q")
            top.until("\x1b[?1049l")
            assert top.end()[0] == DONE
            assert top.echoes()


def a_broker_that_ends_is_told_on_the_screen_that_stays(folder):
    with Bus(folder) as bus, broker(folder, bus) as one:
        one.state("READY=1")
        with Terminal([HAWKERCTL, "top", "-d", "0.1"], {**bus.environment(), "TERM": "xterm"}) as top:
            top.until("\x1b[?1049h")
            one.stop()
            status, text = top.end()
        assert status == NOT_RUNNING, (status, text)
        assert "is not running" in text.partition("\x1b[?1049l")[2], text


def wrong_usage_is_told(folder):
    with Bus(folder) as bus:
        for words in (("-d", "0"), ("-d", "x"), ("-n", "0"), ("-n", "-1"), ("-n", "x"),
                      ("--sort", "x"), ("word",)):
            status, out, err = ctl(bus, "top", *words)
            assert status == USAGE and not out and "top --help" in err, (words, status, err)
        assert ctl(bus, "top", "--once")[0] == NOT_RUNNING
        assert ctl(bus, "log-level")[0] == NOT_RUNNING
        assert ctl(bus, "log-level", "debug")[0] == NOT_RUNNING


def who_may_not_see_clients_sees_the_rest(folder):
    if os.geteuid() != 0:
        return "only root can be another"
    os.chmod(folder, 0o755)
    with Bus(folder, policy_for("root")) as bus, broker(folder, bus) as one, connect(folder, one):
        status, out, err = ctl(bus, "top", "--once", "-d", "0.1", uid=NOBODY)
        assert status == DONE and "1 clients" in out and "hawker-admin" in out, (out, err)
    return None


def the_level_of_the_log_can_be_changed(folder):
    with Bus(folder) as bus, broker(folder, bus) as one:
        one.state("READY=1")
        assert ctl(bus, "log-level", "debug") == (DONE, "", "")
        assert ctl(bus, "log-level") == (DONE, "debug\n", "")
        assert ctl(bus, "log-level", "--json") == (DONE, '"debug"\n', "")
        status, _, err = ctl(bus, "log-level", "loud")
        assert status == FAILED and "warning" in err, err


TESTS = [
    one_look_has_all,
    rates_are_of_the_time_between,
    the_busiest_come_first,
    busy_topics_come_first,
    it_is_drawn_in_place,
    a_broker_that_ends_is_told_on_the_screen_that_stays,
    wrong_usage_is_told,
    who_may_not_see_clients_sees_the_rest,
    the_level_of_the_log_can_be_changed,
]

if __name__ == "__main__":
    sys.exit(run_on_bus("/top/", TESTS))
