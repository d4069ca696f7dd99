#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Messages over the bus: what is retained is listed, read and cleared, and messages are published.

Usage: test-retained.py HAWKERD HAWKERCTL

Prints TAP. Nothing here sleeps: each wait is for a line, a packet or an answer, with a deadline.
"""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "..", "unit", "control"))
sys.path.append(os.path.join(HERE, "..", "admin"))

# pylint: disable=wrong-import-position
from daemon import DEADLINE, MANAGER, NOBODY, PATH, ROOT, WIDE, Bus, Failed, run_on_bus
from service import Service
from terminal import Terminal
from wire import Wire

HAWKERD, HAWKERCTL = (os.path.abspath(word) for word in sys.argv[1:3])
DONE, FAILED, USAGE, NOT_RUNNING, NO_RIGHT = range(5)  # admin/command.h
ON_THE_BUS = "Administered as"
USER = "daemon"  # in the place of hawker


def mqtt(folder):
    return os.path.join(folder, "mqtt.sock")


def broker(folder, bus, *lines, user="root"):
    text = "\n".join([f"listener 0 {mqtt(folder)}", "allow_anonymous true",
                      *([f"user {user}"] if os.geteuid() == 0 else []), *lines, ""])
    return Service(HAWKERD, folder, text, environment=bus.environment())


def refused(function, *words, **options):
    """What the failed call said."""
    try:
        function(*words, **options)
    except Failed as failed:
        return str(failed)
    raise AssertionError("it was not refused")


def string(text):
    data = text if isinstance(text, bytes) else text.encode()
    return len(data).to_bytes(2, "big") + data


class Client:
    """Just enough of MQTT 5 to publish and to be sent to."""

    def __init__(self, folder, client_id, lasts=False):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(DEADLINE)
        self.socket.connect(mqtt(folder))
        head = b"\0\0\0\5\x11\0\1\0\0" if lasts else b"\2\0\0\0"
        self.send(0x10, b"\0\4MQTT\5" + head + string(client_id))
        assert self.packet()[0] == 0x20

    def send(self, first, body):
        length, left = b"", len(body)
        while not length or left:
            length += bytes([left % 128 | (0x80 if left > 127 else 0)])
            left //= 128
        self.socket.sendall(bytes([first]) + length + body)

    def _exactly(self, n):
        data = b""
        while len(data) < n:
            more = self.socket.recv(n - len(data))
            assert more, "the broker has closed"
            data += more
        return data

    def packet(self):
        """(first byte, body)"""
        first, length, shift = self._exactly(1)[0], 0, 0
        while True:
            byte = self._exactly(1)[0]
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return first, self._exactly(length)

    def retain(self, topic, payload, properties=b""):
        self.send(0x33, string(topic) + b"\0\1" + bytes([len(properties)]) + properties + payload)
        first, body = self.packet()
        assert first == 0x40 and body[2:3] in (b"", b"\0", b"\x10"), (first, body)

    def subscribe(self, topic, options=1):
        self.send(0x82, b"\0\1\0" + string(topic) + bytes([options]))
        assert self.packet()[0] == 0x90

    def message(self):
        """(flags, topic, bytes of properties, payload) of the next PUBLISH"""
        first, body = self.packet()
        assert first & 0xF0 == 0x30, (first, body)
        n = int.from_bytes(body[:2], "big")
        at = 2 + n + (2 if first & 6 else 0)
        assert body[at] < 0x80
        return (first & 0xF, body[2:2 + n].decode(), body[at + 1:at + 1 + body[at]],
                body[at + 1 + body[at]:])

    def close(self):
        self.socket.close()


def listed(bus, topic_filter="", after="", at_most=0, uid=None):
    return bus.call(PATH, MANAGER, "ListRetained", "ssu", topic_filter, after, str(at_most), uid=uid)


def read(bus, topic, uid=None):
    """(payload, properties)"""
    payload, properties = bus.call(PATH, MANAGER, "GetRetained", "s", topic, uid=uid)
    return bytes(payload), {name: entry["data"] for name, entry in properties.items()}


def topics(answer):
    return [row[0] for row in answer[0]]


def messages_are_listed_page_by_page(folder):
    for workers in (1, 4):
        with Bus(folder) as bus, broker(folder, bus, f"workers {workers}") as one:
            one.state("READY=1")
            assert listed(bus) == [[], ""]
            client = Client(folder, "c")
            for topic in ("c", "a/b", "d\u00e9", "a"):
                client.retain(topic, topic.encode())
            client.retain("a/c", b"12345", b"\2\0\1\0\0")
            rows, following = listed(bus)
            assert following == "" and topics([rows]) == ["a", "a/b", "a/c", "c", "d\u00e9"], rows
            assert rows[1] == ["a/b", 1, 3, 0, "", ""], rows
            assert rows[2][2] == 5 and 65000 < rows[2][3] <= 65536, rows
            rows, following = listed(bus, at_most=2)
            assert topics([rows]) == ["a", "a/b"] and following == "a/b", rows
            rows, following = listed(bus, after=following, at_most=3)
            assert topics([rows]) == ["a/c", "c", "d\u00e9"] and following == "", rows
            assert listed(bus, after="x") == [[], ""]
            assert topics(listed(bus, "a/#")) == ["a", "a/b", "a/c"]
            assert topics(listed(bus, "+/c")) == ["a/c"]
            for wrong in ("a#", "#/a", "$share/g/a"):
                assert "no topic filter" in refused(listed, bus, wrong)
            client.close()


def a_message_is_read(folder):
    with Bus(folder) as bus, broker(folder, bus, "max_packet_size 20000000") as one:
        one.state("READY=1")
        client = Client(folder, "c")
        client.retain("a", b"\0\xff", b"\1\0\3" + string("text/x") + b"\x08" + string("re") +
                      b"\x09" + string(b"\0\1") + b"\x26" + string("k") + string("v"))
        client.retain("large", bytes(17 * 1024 * 1024))
        client.retain("less", bytes(16 * 1024 * 1024))
        payload, properties = read(bus, "a")
        assert payload == b"\0\xff"
        assert properties == {"QoS": 1, "PayloadFormat": 0, "ContentType": "text/x",
                              "ResponseTopic": "re", "CorrelationData": [0, 1],
                              "UserProperties": [["k", "v"]]}, properties
        assert "17825792 bytes" in refused(read, bus, "large")
        # What busctl makes of it takes long; that the bus takes it is enough.
        bus.busctl("--quiet", "call", "org.hawker.Broker1", PATH, MANAGER, "GetRetained", "s", "less")
        assert "'b'" in refused(read, bus, "b")
        for wrong in ("", "a/+", "#", "x" * 65536):
            assert "no topic" in refused(read, bus, wrong)
        client.close()


def the_manual_has_every_property(_):
    with open(os.path.join(ROOT, "man", "org.hawker.Broker1.5"), encoding="utf-8") as manual:
        part = re.search(r"(?s)^\.It Fn GetRetained .*?^\.It Fn", manual.read(), re.M)[0]
    with open(os.path.join(ROOT, "daemon", "control", "retained-bus.c"), encoding="utf-8") as file:
        names = set(re.findall(r'reply, (?:"\{sv\}", )?"(\w+)"', file.read()))
    names.discard("s")
    assert len(names) == 9 and names == set(re.findall(r"(?m)^\.Va (\w+)", part)), names


def clear(bus, topic_filter, uid=None):
    return bus.call(PATH, MANAGER, "ClearRetained", "s", topic_filter, uid=uid)[0]


def array(data):
    return [str(len(data)), *map(str, data)]


def publish(bus, topic, payload=b"", qos=0, retain=False, properties=(), uid=None):
    """properties: (name, type, words of busctl...)"""
    return bus.call(PATH, MANAGER, "Publish", "sayyba{sv}", topic, *array(payload), str(qos),
                    "true" if retain else "false", str(len(properties)),
                    *(word for one in properties for word in one), uid=uid)[0]


ALL_PROPERTIES = (("MessageExpiry", "u", "100"), ("PayloadFormat", "y", "1"),
                  ("ContentType", "s", "text/x"), ("ResponseTopic", "s", "re"),
                  ("CorrelationData", "ay", "2", "0", "1"),
                  ("UserProperties", "a(ss)", "2", "k", "v", "k", ""))


def messages_are_published(folder):
    for workers in (1, 4):
        with Bus(folder) as bus, broker(folder, bus, f"workers {workers}") as one:
            one.state("READY=1")
            assert publish(bus, "a", b"1") is False
            clients = [Client(folder, f"c{number}") for number in range(6)]
            for client in clients:
                client.subscribe("a/#", 2)
            for qos in (0, 1, 2):
                assert publish(bus, "a/b", b"\0x\xff", qos) is True
                for client in clients:
                    flags, topic, _, payload = client.message()
                    assert (flags >> 1, topic, payload) == (qos, "a/b", b"\0x\xff")
            assert publish(bus, "a", b"text", 1, True, ALL_PROPERTIES) is True
            assert clients[0].message()[2].startswith(b"\2\0\0\0")
            payload, properties = read(bus, "a")
            assert payload == b"text" and 90 < properties.pop("MessageExpiry") <= 100
            assert properties == {"QoS": 1, "PayloadFormat": 1, "ContentType": "text/x",
                                  "ResponseTopic": "re", "CorrelationData": [0, 1],
                                  "UserProperties": [["k", "v"], ["k", ""]]}, properties
            publish(bus, "a", b"", retain=True)
            assert listed(bus) == [[], ""]
            for client in clients:
                client.close()


def wrong_messages_are_refused(folder):
    with Bus(folder) as bus, broker(folder, bus, "message_size_limit 1000") as one:
        one.state("READY=1")
        for topic, text in (("", "no topic"), ("a/+", "no topic"), ("#", "no topic"),
                            ("x" * 65536, "no topic"), ("$SYS/x", "broker's own"),
                            ("$share/g/a", "broker's own")):
            assert text in refused(publish, bus, topic), topic
        assert "0, 1 or 2" in refused(publish, bus, "a", qos=3)
        assert "message_size_limit" in refused(publish, bus, "a", bytes(1001))
        assert publish(bus, "a", bytes(1000)) is False
        for properties, text in (((("X", "u", "1"),), "and no others"),
                                 ((("MessageExpiry", "s", "1"),), "MessageExpiry (u)"),
                                 ((("PayloadFormat", "y", "2"),), "0 (bytes) or 1"),
                                 ((("ResponseTopic", "s", "#"),), "ResponseTopic is no topic"),
                                 ((("ContentType", "s", "x" * 65536),), "65535")):
            assert text in refused(publish, bus, "a", properties=properties), properties
        assert "it is not" in refused(publish, bus, "a", b"\xff", properties=ALL_PROPERTIES[1:2])
        assert publish(bus, "a", b"x") is False


def large_payloads_are_taken_or_refused(folder):
    large = 10_000_000
    words = (("s", "a"), ("ay", bytes(large)), ("y", 1), ("b", 1), ("a{sv}", ()))
    for size, text in ((1_000_000, "max_packet_size"), (20_000_000, None)):
        with Bus(folder) as bus, broker(folder, bus, f"max_packet_size {size}") as one, \
                Wire(bus) as wire:
            one.state("READY=1")
            answer = wire.call("Publish", *words).text
            assert answer == text or text in answer, answer
            assert listed(bus)[0] == ([] if text else [["a", 1, large, 0, "", ""]])


def what_is_no_text_does_not_come(folder):
    """The bus ends who says it; nobody else notices."""
    with Bus(folder) as bus, broker(folder, bus) as one:
        one.state("READY=1")
        with Wire(bus) as wire:
            try:
                wire.call("Publish", ("s", b"a\xff"), ("ay", b""), ("y", 0), ("b", 0), ("a{sv}", ()))
                raise AssertionError("it was taken")
            except (ConnectionResetError, BrokenPipeError):
                pass
        assert publish(bus, "a", b"x") is False


def messages_are_cleared(folder):
    for workers in (1, 4):
        with Bus(folder) as bus, broker(folder, bus, f"workers {workers}") as one:
            one.state("READY=1")
            client = Client(folder, "c")
            for topic in ("a", "a/b", "a/c", "b"):
                publish(bus, topic, b"x", retain=True)
            client.subscribe("nothing/#")
            client.subscribe("a/c")
            assert client.message()[1] == "a/c"
            assert clear(bus, "a/+") == 2
            assert topics(listed(bus)) == ["a", "b"]
            assert clear(bus, "a/+") == 0
            assert clear(bus, "#") == 2
            # That the client was sent nothing for it shows what comes next.
            assert publish(bus, "a/c", b"next") is True
            assert client.message()[3] == b"next"
            for wrong in ("", "a#", "$share/g/#"):
                assert "no topic filter" in refused(clear, bus, wrong)
            assert "$SYS" in refused(clear, bus, "$SYS/#")
            client.close()


def kill(one):
    one.signal(signal.SIGKILL)
    one.wait()


def what_was_answered_survives(folder):
    """kill -9, behind the answer."""
    store = os.path.join(folder, "store")
    for workers in (1, 4):
        shutil.rmtree(store, ignore_errors=True)
        os.mkdir(store, 0o777)
        os.chmod(store, 0o777)
        lines = (f"workers {workers}", "persistence true", f"persistence_location {store}")
        with Bus(folder) as bus:
            with broker(folder, bus, *lines) as one:
                one.state("READY=1")
                for number in range(4):
                    client = Client(folder, f"away{number}", lasts=True)
                    client.subscribe("q", 2)
                    client.close()
                for qos in (1, 2):
                    assert publish(bus, "q", b"%d" % qos, qos) is True
                for number in range(20):
                    publish(bus, f"t/{number:02}", b"%d" % number, number % 3, True)
                kill(one)
            with broker(folder, bus, *lines) as one:
                one.state("READY=1")
                assert topics(listed(bus)) == [f"t/{number:02}" for number in range(20)]
                assert read(bus, "t/13")[0] == b"13"
                publish(bus, "t/13", b"new", retain=True)
                assert clear(bus, "t/+") == 20
                publish(bus, "last", b"x", retain=True)
                kill(one)
            with broker(folder, bus, *lines) as one:
                one.state("READY=1")
                assert topics(listed(bus)) == ["last"]
                for number in range(4):
                    client = Client(folder, f"away{number}", lasts=True)
                    assert [client.message()[3] for _ in (1, 2)] == [b"1", b"2"], number
                    client.close()


def ctl(bus, *words, uid=None, stdin=b""):
    """(exit status, stdout, stderr)"""
    become = [] if uid is None else ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
    done = subprocess.run([*become, HAWKERCTL, *words], input=stdin, capture_output=True,
                          timeout=DEADLINE, check=False, env={**os.environ, **bus.environment()})
    return done.returncode, done.stdout, done.stderr.decode()


def ctl_at_terminal(bus, *words, answer=""):
    """(exit status, what the terminal shows)"""
    with Terminal([HAWKERCTL, "--no-pager", *words], bus.environment()) as terminal:
        terminal.type(answer)
        return terminal.end()


def hawkerctl_publishes(folder):
    path = os.path.join(folder, "payload")
    with Bus(folder) as bus, broker(folder, bus, "max_packet_size 20000000") as one:
        one.state("READY=1")
        client = Client(folder, "c")
        assert ctl(bus, "publish", "a", "x") == (DONE, b"", "Nobody subscribes to that topic.\n")
        client.subscribe("a/#", 2)
        assert ctl(bus, "publish", "a", "text", "-q", "2") == (DONE, b"", "")
        assert client.message() == (4, "a", b"", b"text")
        assert ctl(bus, "publish", "a", "-", stdin=b"\0\xff") == (DONE, b"", "")
        assert client.message() == (0, "a", b"", b"\0\xff")
        with open(path, "wb") as file:
            file.write(bytes(10_000_000))
        assert ctl(bus, "publish", "-r", "-f", path, "large") == (DONE, b"", "")
        assert listed(bus, "large")[0][0][2] == 10_000_000
        words = ("--content-type", "t/x", "--correlation-data", "id", "--response-topic", "re",
                 "--expiry", "100", "--text", "-u", "k=v=w", "-u", "k=")
        assert ctl(bus, "publish", "p", "text", "-r", *words) == (DONE, b"", "")
        _, properties = read(bus, "p")
        assert 90 < properties.pop("MessageExpiry") <= 100
        assert properties == {"QoS": 0, "PayloadFormat": 1, "ContentType": "t/x", "ResponseTopic": "re",
                              "CorrelationData": [105, 100],
                              "UserProperties": [["k", "v=w"], ["k", ""]]}, properties
        assert ctl(bus, "publish", "p", "--empty", "-r") == (DONE, b"", "")
        assert topics(listed(bus)) == ["large"]
        client.close()


def hawkerctl_says_what_is_wrong(folder):
    with Bus(folder) as bus, broker(folder, bus) as one:
        one.state("READY=1")
        for words in (("publish",), ("publish", "a"), ("publish", "a", "b", "c"),
                      ("publish", "a", "b", "--empty"), ("publish", "a", "b", "-q", "3"),
                      ("publish", "a", "b", "--expiry", "-1"), ("publish", "a", "b", "-u", "x"),
                      ("publish", b"\xff", "b"), ("publish", "a", "b", "-u", b"\xff=x"),
                      ("retained", "a", "b"), ("retained", "--show"), ("retained", "--clear"),
                      ("retained", "--show", "--clear", "a"), ("retained", b"\xff"),
                      ("retained", "--clear", "#")):
            status, out, err = ctl(bus, *words)
            assert status == USAGE and not out and err, (words, status, out, err)
        for words, text in ((("publish", "a/+", "x"), "no topic"),
                            (("publish", "$SYS/x", "x"), "broker's own"),
                            (("publish", "a", "-f", folder + "/none"), "No such file"),
                            (("retained", "a#"), "no topic filter"),
                            (("retained", "--show", "#"), "ListRetained"),
                            (("retained", "--clear", "-y", "$SYS/#"), "$SYS")):
            status, out, err = ctl(bus, *words)
            assert status == FAILED and not out and text in err, (words, status, out, err)


def hawkerctl_lists_and_shows(folder):
    with Bus(folder) as bus, broker(folder, bus) as one:
        one.state("READY=1")
        assert ctl(bus, "retained") == (DONE, b"No such message is retained.\n", "")
        assert ctl(bus, "retained", "--json") == (DONE, b"[]\n", "")
        publish(bus, "sensor/17", b"\0\x1b[1m\xff", 1, True)
        publish(bus, "zone\u009b1m\u00e9", b"x", 0, True)
        publish(bus, "text\x1b[1m", "d\u00e9\u009b\n\x1b".encode(), 0, True, ALL_PROPERTIES[:1])
        status, out, err = ctl(bus, "retained")
        lines = out.decode().splitlines()
        assert status == DONE and not err and len(lines) == 4, (status, out, err)
        assert lines[0].split() == ["TOPIC", "QOS", "BYTES", "EXPIRES", "USER", "CLIENT"]
        assert lines[1].split() == ["sensor/17", "1", "6", "never"], lines
        assert lines[2].split()[:4:3] == ["text?[1m", "in"] and \
            90 < int(lines[2].split()[4]) <= 100, lines
        assert lines[3].split()[0] == "zone?1m\u00e9", lines
        rows = json.loads(ctl(bus, "--json", "retained", "sensor/+")[1])
        assert rows == [{"topic": "sensor/17", "qos": 1, "size": 6, "expiry": 0, "user": "",
                         "client": ""}], rows
        assert ctl(bus, "retained", "--show", "sensor/17") == (DONE, b"\0\x1b[1m\xff", "")
        assert ctl_at_terminal(bus, "retained", "-s", "sensor/17") == \
            (DONE, "\\x00\\x1b[1m\\xff\n")
        assert ctl_at_terminal(bus, "retained", "-s", "text\x1b[1m") == \
            (DONE, "d\u00e9\\xc2\\x9b\n\\x1b\n")
        shown = json.loads(ctl(bus, "retained", "--show", "sensor/17", "--json")[1])
        assert shown == {"topic": "sensor/17", "payload_hex": "001b5b316dff",
                         "properties": {"QoS": 1}}, shown
        status, out, err = ctl(bus, "retained", "--show", "senosr/17")
        assert status == FAILED and not out, (status, out)
        assert err.endswith("Did you mean:\n  hawkerctl retained --show 'sensor/17'\n"), err
        assert "'hawkerctl retained' lists" in ctl(bus, "retained", "--show", "x")[2]


def hawkerctl_clears(folder):
    with Bus(folder) as bus, broker(folder, bus) as one:
        one.state("READY=1")
        for topic in ("a/b", "a/c", "b"):
            publish(bus, topic, b"x", retain=True)
        status, shown = ctl_at_terminal(bus, "retained", "--clear", "a/#", answer="n\n")
        assert status == FAILED and "Clear 2 retained messages of 'a/#'? [y/N]" in shown, shown
        assert len(listed(bus)[0]) == 3
        status, shown = ctl_at_terminal(bus, "retained", "--clear", "a/#", answer="y\n")
        assert status == DONE and shown.endswith("2 retained messages cleared.\n"), shown
        assert ctl(bus, "retained", "--clear", "--yes", "#") == \
            (DONE, b"1 retained message cleared.\n", "")
        assert listed(bus) == [[], ""]


def it_is_for_those_who_may(folder):
    if os.geteuid():
        return "only root can be somebody else"
    with Bus(folder, WIDE) as bus, broker(folder, bus, user=USER) as one:
        one.line(ON_THE_BUS)
        assert listed(bus) == [[], ""]
        assert "denied" in refused(listed, bus, uid=NOBODY)
        assert "denied" in refused(read, bus, "a", uid=NOBODY)
        assert "denied" in refused(clear, bus, "#", uid=NOBODY)
        assert "denied" in refused(publish, bus, "a", b"x", uid=NOBODY)
        for words in (("retained",), ("retained", "-s", "a"), ("publish", "a", "x")):
            assert ctl(bus, *words, uid=NOBODY)[0] == NO_RIGHT, words
    return None


TESTS = [
    messages_are_listed_page_by_page,
    a_message_is_read,
    messages_are_published,
    wrong_messages_are_refused,
    large_payloads_are_taken_or_refused,
    what_is_no_text_does_not_come,
    messages_are_cleared,
    what_was_answered_survives,
    the_manual_has_every_property,
    hawkerctl_publishes,
    hawkerctl_says_what_is_wrong,
    hawkerctl_lists_and_shows,
    hawkerctl_clears,
    it_is_for_those_who_may,
]

if __name__ == "__main__":
    sys.exit(run_on_bus("/retained/", TESTS))
