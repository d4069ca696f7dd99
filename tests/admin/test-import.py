#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""hawkerctl import: what Mosquitto has kept, from files that Mosquitto wrote and from files as its
older versions and other machines write them.

Usage: test-import.py HAWKERCTL HAWKERD

Prints TAP.
"""
import base64
import contextlib
import fcntl
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
sys.path.append(os.path.join(ROOT, "tests", "unit", "control"))
sys.path.append(os.path.join(ROOT, "tests", "conformance"))

# pylint: disable=wrong-import-position
import codec
import mosquitto_db as db
from broker import free_port
from peer import Peer
from service import Service, run
from terminal import on_terminal

HAWKERCTL, HAWKERD = (os.path.abspath(word) for word in sys.argv[1:3])
os.environ["HAWKERD"] = HAWKERD
DONE, FAILED, USAGE, NOT_RUNNING, NO_RIGHT = range(5)
DEADLINE = 60  # seconds; only a failure ever waits that long
NOBODY = 65534
NOW = int(time.time())
os.environ["PATH"] += ":/usr/sbin"
# A user property, and a text property, as a PUBLISH has them.
PROPERTIES = b"\x26\x00\x01k\x00\x01v" + b"\x03\x00\x04text"


def hawkerctl(*words, uid=None):
    """(exit status, stdout, stderr)"""
    become = [] if uid is None else ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
    done = subprocess.run([*become, HAWKERCTL, *words], capture_output=True, timeout=DEADLINE,
                          check=False, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def take_over(folder, file, *options):
    """The figures, and the records of the store by their kind."""
    path, into = os.path.join(folder, "mosquitto.db"), os.path.join(folder, "store")
    if file:
        file.write(path)
    status, out, err = hawkerctl("import", "--json", "--into", into, *options, path)
    assert status == DONE, (status, out, err)
    return json.loads(out), records_of(into)


def records_of(into):
    status, out, err = hawkerctl("store", "check", into)
    assert status == DONE and "nothing is damaged" in out and "are over" not in out, (out, err)
    status, out, err = hawkerctl("store", "dump", into)
    assert status == DONE and not err, (status, err)
    records = {}
    for line in out.splitlines():
        record = json.loads(line)
        if "dump" in record:
            del record["time"]  # of the dump
        records.setdefault(record.pop("kind"), []).append(record)
    return records


def payload(record):
    return base64.b64decode(record["payload"])


def session_of(records, client_id):
    (found,) = [one for one in records["session"] if one["client_id"] == client_id]
    return found


def owed(records, client_id):
    """(payload, QoS, retain, packet identifier) of what the client is owed, in the order of
    sending."""
    number = session_of(records, client_id)["number"]
    return [(payload(message), taker["qos"], taker["retain"], taker.get("packet_id", 0))
            for message in sorted(records.get("message", []), key=lambda one: one["number"])
            for taker in message["takers"] if taker["session"] == number]


# --- files that Mosquitto writes ---


class Mosquitto:
    def __init__(self, folder, config=""):
        self.path = os.path.join(folder, "mosquitto.db")
        self.port = free_port()
        name = os.path.join(folder, "mosquitto.conf")
        with open(name, "w", encoding="utf-8") as file:
            file.write(f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence true\n"
                       f"persistence_location {folder}/\nlog_dest stderr\n{config}")
            if os.geteuid() == 0:
                file.write("user root\n")
        self.process = subprocess.Popen(["mosquitto", "-c", name], stderr=subprocess.PIPE)
        for line in self.process.stderr:
            if b"running" in line:
                break

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stderr.close()

    def peer(self, version=5):
        return Peer(("127.0.0.1", self.port), time.monotonic() + DEADLINE, version)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.stderr.read()
        assert self.process.wait(DEADLINE) == 0


def publish(peer, topic, text, qos, **fields):
    pid = peer.pid()
    peer.send(codec.publish(peer.version, topic, text, qos=qos, pid=pid, **fields))
    if qos == 1:
        peer.expect(codec.PUBACK, pid=pid)
    if qos == 2:
        peer.expect(codec.PUBREC, pid=pid)
        peer.send(codec.ack(codec.PUBREL, peer.version, pid))
        peer.expect(codec.PUBCOMP, pid=pid)


def has_mosquitto():
    return shutil.which("mosquitto") is not None


def what_mosquitto_wrote_is_taken_over(folder):
    if not has_mosquitto():
        return "no mosquitto"
    with Mosquitto(folder, "max_inflight_messages 3\n") as broker:
        old = broker.peer(4)
        old.connect(client_id="old", clean=False)
        old.subscribe("a/#", "b/+", qos=1)
        new = broker.peer()
        new.connect(client_id="new", clean=False, props=[("session_expiry", 3600)])
        new.subscribe(("c/#", 2 | 4 | 8), props=[("subscription_id", 7)])
        new.subscribe(("$share/group/s/#", 1))
        publisher = broker.peer()
        publisher.connect()
        for i in range(8):
            publish(publisher, "a/1", b"m%d" % i, 1,
                    props=[("user_property", ("k", "v")), ("message_expiry", 5000)])
        publish(publisher, "b/1", "kept", 1, retain=True)
        publish(publisher, "c/2", "two", 2, props=[("correlation_data", b"\x00\x01")])
        publish(publisher, "s/2", "shared", 1)
        new.drop()
        broker.stop()
    figures, records = take_over(folder, None)
    assert figures["version"] == 6 and figures["damaged"] == 0, figures
    assert (figures["sessions"], figures["subscriptions"], figures["retained"]) == (2, 3, 1), figures
    assert figures["in_flight"] == 5 and figures["waiting"] == 6, figures
    assert owed(records, "old") == (
        [(b"m%d" % i, 1, False, i + 1 if i < 3 else 0) for i in range(8)]
        + [(b"kept", 1, False, 0)]), owed(records, "old")
    assert owed(records, "new") == [(b"two", 2, False, 1), (b"shared", 1, False, 2)], records
    first = records["message"][0]
    assert base64.b64decode(first["properties"]) == b"\x26\x00\x01k\x00\x01v", first
    assert NOW + 4900 < first["expires"] < NOW + 5300, (NOW, first)
    (two,) = [one for one in records["message"] if payload(one) == b"two"]
    assert base64.b64decode(two["properties"]) == b"\x09\x00\x02\x00\x01" and two["qos"] == 2
    assert two["takers"][0]["identifiers"] == [7] and two["expires"] is None, two
    assert session_of(records, "old")["expiry"] is None
    assert session_of(records, "old")["end"] is None
    assert session_of(records, "new")["expiry"] == 3600
    assert NOW + 3500 < session_of(records, "new")["end"] < NOW + 4000
    assert [(one["filter"], one["options"], one.get("identifier", 0))
            for one in sorted(records["subscription"], key=lambda one: one["filter"])] == [
                ("a/#", 1, 0), ("b/+", 1, 0), ("c/#", 2 | 4 | 8, 7)], records["subscription"]
    (kept,) = records["retained"]
    assert kept["topic"] == "b/1" and payload(kept) == b"kept" and kept["retain"], kept
    return None


def exchanges_at_qos_2(broker):
    """Leaves them half done; the packets that the taker has got."""
    taker = broker.peer()
    taker.connect(client_id="taker", clean=False, props=[("session_expiry", 0xFFFFFFFF)])
    taker.subscribe("in/#", "out/#", qos=2)
    publisher = broker.peer()
    publisher.connect()
    for text in ("one", "two", "three"):
        publish(publisher, "out/1", text, 2)
    packets = [taker.expect(codec.PUBLISH) for _ in range(3)]
    taker.send(codec.ack(codec.PUBREC, 5, packets[0].pid))
    taker.expect(codec.PUBREL, pid=packets[0].pid)
    taker.send(codec.ack(codec.PUBREC, 5, packets[1].pid))
    taker.expect(codec.PUBREL, pid=packets[1].pid)
    taker.send(codec.ack(codec.PUBCOMP, 5, packets[1].pid))
    taker.ping()
    taker.drop()
    giver = broker.peer(4)
    giver.connect(client_id="giver", clean=False)
    giver.send(codec.publish(4, "in/1", "given", qos=2, pid=77, retain=True))
    giver.expect(codec.PUBREC, pid=77)
    giver.drop()
    broker.stop()
    return packets


def exchanges_at_qos_2_are_taken_over(folder):
    if not has_mosquitto():
        return "no mosquitto"
    with Mosquitto(folder) as broker:
        packets = exchanges_at_qos_2(broker)
    figures, records = take_over(folder, None)
    assert figures["received"] == 1 and figures["in_flight"] == 2, figures
    number = session_of(records, "taker")["number"]
    (flight,) = records["flight"]
    assert (flight["session"], flight["packet_id"], flight["message"]) == (
        number, packets[0].pid, 0), (flight, packets)
    # What Mosquitto would have passed on at PUBREL is there already.
    assert owed(records, "taker") == [(b"three", 2, False, packets[2].pid),
                                      (b"given", 2, False, 0)], owed(records, "taker")
    assert records["received"] == [
        {"session": session_of(records, "giver")["number"], "packet_id": 77}], records["received"]
    assert [payload(one) for one in records["retained"]] == [b"given"]
    return None


@contextlib.contextmanager
def hawkerd(folder):
    """A broker that keeps its store in the folder; yields what makes a client of it."""
    path = os.path.join(folder, "mqtt")
    config = (f"listener 0 {path}\nallow_anonymous true\npersistence true\n"
              f"persistence_location {folder}\n")
    if os.geteuid() == 0:
        config += "user root\n"
    with Service(HAWKERD, folder, config) as service:
        service.state("READY=1")
        yield lambda version=5: Peer(path, time.monotonic() + DEADLINE, version)
        assert service.stop() == 0, service.lines


def a_broker_goes_on_with_it(folder):
    if not has_mosquitto():
        return "no mosquitto"
    with Mosquitto(folder, "max_inflight_messages 3\n") as broker:
        old = broker.peer(4)
        old.connect(client_id="old", clean=False)
        old.subscribe("a/#", qos=1)
        publisher = broker.peer()
        publisher.connect()
        for i in range(5):
            publish(publisher, f"a/{i}", b"m%d" % i, 1, retain=i == 4)
        packets = exchanges_at_qos_2(broker)
    take_over(folder, None)
    with hawkerd(folder) as peer:
        old = peer(4)
        assert old.connect(client_id="old", clean=False).session_present
        for i in range(5):
            packet = old.expect(codec.PUBLISH, payload=b"m%d" % i, topic=f"a/{i}", qos=1, dup=i < 3)
            assert i >= 3 or packet.pid == i + 1, (i, packet)
            old.send(codec.ack(codec.PUBACK, 4, packet.pid))
        taker = peer()
        assert taker.connect(client_id="taker", clean=False,
                             props=[("session_expiry", 100)]).session_present
        taker.expect(codec.PUBREL, pid=packets[0].pid)
        taker.expect(codec.PUBLISH, payload=b"three", pid=packets[2].pid, dup=True, qos=2)
        given = taker.expect(codec.PUBLISH, payload=b"given", dup=False, qos=2)
        assert given.pid not in (one.pid for one in packets), (given, packets)
        giver = peer(4)
        assert giver.connect(client_id="giver", clean=False).session_present
        giver.send(codec.ack(codec.PUBREL, 4, 77))
        giver.expect(codec.PUBCOMP, pid=77)
        publish(giver, "out/2", "new", 2)
        taker.expect(codec.PUBLISH, payload=b"new", qos=2)
        reader = peer()
        reader.connect()
        reader.subscribe("+/+", qos=1)
        assert {reader.expect(codec.PUBLISH, retain=True).payload
                for _ in range(2)} == {b"m4", b"given"}
        assert not old.ping() and not giver.ping()
    records = records_of(os.path.join(folder, "store"))
    assert owed(records, "old") == [] and len(records["message"]) == 3, records["message"]
    return None


def clients_with_and_without_names_are_all_there(folder):
    """Mosquitto 2.0 writes what is in its memory behind the second kind, and could not read that."""
    if not has_mosquitto():
        return "no mosquitto"
    with Mosquitto(folder) as broker:
        for i in range(6):
            one = broker.peer(4)
            one.connect(client_id=f"client-{i}", clean=False, username="bob" if i % 3 == 0 else None)
            one.subscribe(f"t/{i}", qos=1)
            one.drop()
        broker.stop()
    figures, records = take_over(folder, None)
    assert figures["sessions"] == 6 and figures["subscriptions"] == 6, figures
    assert {one["client_id"] for one in records["session"]} == {f"client-{i}" for i in range(6)}
    return None


# --- files as older versions and other machines write them ---


def fill(file):
    """The same in all versions, as far as they can say it."""
    new = file.version >= 5
    some = bytes([len(PROPERTIES)]) + PROPERTIES if new else b""
    file.message(1, "a/b", "one", expires=NOW + 1000 if new else 0, properties=some)
    file.message(3, "a/c", "three", qos=2, retain=True, username="user" if file.version > 3 else "")
    file.message(2, "x/d", b"two\x00\xff", qos=2)
    file.client("alice", last_id=500, end=NOW + 900 if new else 0, expiry=600 if new else db.NEVER,
                username="bob" if file.version == 6 else "")
    file.delivery("alice", 2, 9, 2, db.WAIT_PUBREL, db.IN)
    file.delivery("alice", 1, 5, 1, db.WAIT_PUBACK)
    file.delivery("alice", 3, 2, 2, db.WAIT_PUBCOMP)
    file.delivery("alice", 3, 0, 1, retain=True, properties=b"\x02\x0b\x07" if new else b"")
    file.client("bert", end=0)
    file.delivery("bert", 1, 0, 1)
    file.subscription("alice", "a/+", 2, 0x0C if new else 0, 7 if new else 0)
    file.subscription("bert", "#")
    file.retained(3)
    return file


def check_fill(figures, records, new):
    assert figures["damaged"] == figures["unowned"] == figures["qos_0"] == 0, figures
    alice, bert = session_of(records, "alice"), session_of(records, "bert")
    assert alice["last_packet_id"] == 500 and bert["end"] is None, records["session"]
    assert alice["expiry"] == (600 if new else None), alice
    assert alice["end"] == (NOW + 900 if new else None), alice
    assert owed(records, "alice") == [(b"one", 1, False, 5), (b"three", 1, True, 0)], records
    assert owed(records, "bert") == [(b"one", 1, False, 0), (b"two\x00\xff", 1, False, 0)], records
    (flight,) = records["flight"]
    assert (flight["packet_id"], flight["message"], flight["qos"]) == (2, 0, 2), flight
    assert records["received"] == [{"session": alice["number"], "packet_id": 9}]
    assert [one["topic"] for one in records["retained"]] == ["a/c"]
    assert sorted((one["filter"], one["options"], one.get("identifier", 0))
                  for one in records["subscription"]) == [
                      ("#", 1, 0), ("a/+", 0x0E if new else 2, 7 if new else 0)]
    (one,) = [one for one in records["message"] if payload(one) == b"one"]
    assert one["expires"] == (NOW + 1000 if new else None), one
    assert base64.b64decode(one.get("properties", "")) == (PROPERTIES if new else b""), one


def all_versions_say_the_same(folder):
    kinds = [{"version": version, "big": big} for version in (3, 4, 5, 6) for big in (False, True)]
    kinds += [{"version": 3, "time_size": 4}, {"version": 5, "packed": True},
              {"version": 6, "packed": True}, {"version": 6, "last": 0x0012345678000100},
              {"version": 6, "big": True, "last": 256}]
    for i, kind in enumerate(kinds):
        own = os.path.join(folder, str(i))
        os.mkdir(own)
        figures, records = take_over(own, fill(db.File(**kind)))
        assert figures["version"] == kind["version"], figures
        check_fill(figures, records, kind["version"] >= 5)


def lengths_that_nobody_read_do_not_count(folder):
    """Up to version 4: it is the fields that say where a chunk ends."""
    file = db.File(4)
    file.message(1, "a", "one", length=3)
    file.client("c", length=0)
    file.delivery("c", 1)
    file.retained(1)
    figures, records = take_over(folder, file)
    assert figures["waiting"] == 1 and owed(records, "c") == [(b"one", 1, False, 0)], figures
    assert [one["retain"] for one in records["retained"]] == [True], records["retained"]


def a_queue_keeps_its_order(folder):
    """Retained messages come late into a queue, and older than what is before them; two clients
    may have two orders; one may have a message twice."""
    file = db.File()
    for number in (3, 1, 2):
        file.message(number, f"t/{number}", f"m{number}")
    for name, queue in (("a", (1, 2, 3)), ("b", (2, 3, 1)), ("c", (3, 2, 1)), ("d", (1, 1, 2, 1))):
        file.client(name)
        for at, number in enumerate(queue):
            file.delivery(name, number, *((at + 1, 1, db.WAIT_PUBACK) if at == 0 else ()))
    _, records = take_over(folder, file)
    for name, queue in (("a", "123"), ("b", "231"), ("c", "321"), ("d", "1121")):
        assert [text.decode()[1] for text, *_ in owed(records, name)] == list(queue), name
        assert [one[3] for one in owed(records, name)] == [1] + [0] * (len(queue) - 1), name
    assert len(records["message"]) == 3 + 1 + 2 + 3, len(records["message"])


def what_is_over_is_left_out(folder):
    file = db.File()
    file.message(1, "a", "stale", expires=NOW - 5, retain=True)
    file.message(2, "b", "fresh", expires=NOW + 1000)
    file.client("gone", end=NOW - 10, expiry=60)
    file.delivery("gone", 2)
    file.subscription("gone", "#")
    file.client("here")
    file.delivery("here", 1)
    file.delivery("here", 2)
    file.delivery("here", 2, qos=0, state=db.SEND_QOS_0)
    file.delivery("here", 99)
    file.delivery("nobody", 2)
    file.subscription("nobody", "#")
    file.retained(1)
    figures, records = take_over(folder, file)
    assert (figures["sessions"], figures["sessions_over"], figures["messages_over"]) == (1, 1, 1)
    assert figures["qos_0"] == 1 and figures["unowned"] == 3, figures
    assert "retained" not in records and "subscription" not in records, records
    assert owed(records, "here") == [(b"fresh", 1, False, 0)], records


def who_was_connected_left_when_the_file_was_written(folder):
    file = db.File()
    file.client("short", expiry=100)
    file.client("long", expiry=10000)
    file.client("zero", expiry=0)
    path = os.path.join(folder, "mosquitto.db")
    file.write(path)
    os.utime(path, (NOW - 1000, NOW - 1000))
    figures, records = take_over(folder, None)
    assert figures["sessions_over"] == 1, figures
    assert session_of(records, "long")["end"] == NOW - 1000 + 10000
    assert session_of(records, "zero")["end"] is None


def what_came_at_qos_2_reaches_who_wants_it(folder):
    file = db.File()
    file.message(1, "t/1", "news", qos=2, retain=True)
    file.message(2, "t/2", b"", qos=2, retain=True)
    file.message(3, "t/2", "before", qos=1, retain=True)
    file.client("giver")
    file.delivery("giver", 1, 4, 2, db.WAIT_PUBREL, db.IN)
    file.delivery("giver", 2, 5, 2, db.SEND_PUBREC, db.IN)
    file.delivery("giver", 3, 6, 2, db.QUEUED, db.IN)
    for name, *how in (("all", "#", 2), ("at-1", "t/+", 1, 8, 3), ("at-0", "t/1", 0),
                       ("other", "u/#", 2), ("shared", "$share/g/t/1", 2)):
        file.client(name)
        file.subscription(name, *how)
    file.subscription("giver", "t/#", 2, 4)
    file.retained(3)
    figures, records = take_over(folder, file)
    assert owed(records, "all") == [(b"news", 2, False, 0), (b"", 2, False, 0)], records
    assert owed(records, "at-1") == [(b"news", 1, True, 0), (b"", 1, True, 0)], records
    for name in ("at-0", "other", "shared", "giver"):
        assert not owed(records, name), name
    assert {one["packet_id"] for one in records["received"]} == {4, 5}
    assert [one["topic"] for one in records["retained"]] == ["t/1"], records["retained"]
    assert figures["retained"] == 1, figures


# --- what is damaged, and what is not of Mosquitto ---


def refused(folder, *options):
    path, into = os.path.join(folder, "mosquitto.db"), os.path.join(folder, "store")
    status, out, err = hawkerctl("import", "--into", into, *options, path)
    assert status == FAILED and not out and err.startswith("hawkerctl: "), (status, out, err)
    assert not os.path.exists(into), os.listdir(into)
    return err


def a_damaged_file_is_refused_or_taken_in_part(folder):
    path = os.path.join(folder, "mosquitto.db")
    file = db.File()
    file.message(1, "a", "one")
    at = file.message(2, "b", "two")
    file.message(3, "c", "three")
    file.client("c")
    for number in (1, 2, 3):
        file.delivery("c", number)
    data = bytearray(file.data)
    data[data.index(b"two") - 1] = 0xFF  # the topic
    with open(path, "wb") as out:
        out.write(data)
    err = refused(folder)
    assert f"damaged at byte {at} (a message): nothing was taken over; --partial" in err, err
    figures, records = take_over(folder, None, "--partial")
    assert figures["damaged"] == 1 and figures["unowned"] == 1 and figures["cut_at"] == 0, figures
    assert [text for text, *_ in owed(records, "c")] == [b"one", b"three"]


def two_clients_of_one_name_are_damage(folder):
    file = db.File()
    file.client("c", last_id=1)
    at = file.client("c", last_id=2)
    file.subscription("c", "a")
    file.write(os.path.join(folder, "mosquitto.db"))
    assert f"damaged at byte {at} (a client)" in refused(folder)
    figures, records = take_over(folder, None, "--partial")
    assert figures["damaged"] == 1 and figures["subscriptions"] == 1, figures
    assert session_of(records, "c")["last_packet_id"] == 1


def a_file_that_is_cut_short_is_refused_or_taken_in_part(folder):
    path = os.path.join(folder, "mosquitto.db")
    file = fill(db.File())
    at = file.subscription("bert", "last")
    for end in (at + 3, at + 8, len(file.data) - 1):
        with open(path, "wb") as out:
            out.write(file.data[:end])
        assert f"damaged at byte {at} (" in refused(folder)
    figures, records = take_over(folder, None, "--partial")
    assert figures["cut_at"] == at and figures["damaged"] == 1, figures
    assert "last" not in {one["filter"] for one in records["subscription"]}
    assert len(records["subscription"]) == 2
    with open(path, "wb") as out:  # as a file system may leave it behind
        out.write(file.data[:at] + bytes(4096))
    shutil.rmtree(os.path.join(folder, "store"))
    assert f"damaged at byte {at} (an unknown chunk)" in refused(folder)


def other_files_are_refused(folder):
    path = os.path.join(folder, "mosquitto.db")
    for data, text in ((b"", "it is empty"), (b"SQLite format 3\0", "no file of Mosquitto's"),
                       (db.MAGIC, "no file of Mosquitto's"),
                       (db.File(2).data, "version 2 "), (db.File(7).data, "version 7 "),
                       (db.File(6, number_size=4).data, "how its Mosquitto was built")):
        with open(path, "wb") as out:
            out.write(data)
        err = refused(folder)
        assert text in err and path in err, (text, err)
    os.unlink(path)
    assert "No such file" in refused(folder)
    os.mkdir(path)
    assert "this is no file" in refused(folder)


# --- where it goes to ---


def a_store_in_use_is_left_alone(folder):
    path, into = os.path.join(folder, "mosquitto.db"), os.path.join(folder, "store")
    fill(db.File()).write(path)
    os.mkdir(into, 0o700)
    with open(os.path.join(into, "owner"), "w+b") as owner:
        fcntl.fcntl(owner, 37, struct.pack("hhqqi", fcntl.F_WRLCK, 0, 0, 0, 0))  # F_OFD_SETLK
        for words in (("import", "--into", into, path), ("store", "load", path, into)):
            status, out, err = hawkerctl(*words)
            assert status == FAILED and not out, (status, out)
            assert "a broker has it open: stop the broker first (systemctl stop" in err, err
    assert hawkerctl("import", "--into", into, path)[0] == DONE
    before = records_of(into)
    status, out, err = hawkerctl("import", "--into", into, path)
    assert status == FAILED and "only an empty one is filled" in err and not out, (status, err)
    assert records_of(into) == before


def the_owner_keeps_it(folder):
    if os.geteuid() != 0:
        return "not root"
    path, state = os.path.join(folder, "mosquitto.db"), os.path.join(folder, "state")
    fill(db.File()).write(path)
    os.chmod(path, 0o600)
    os.mkdir(state, 0o700)
    os.chown(state, NOBODY, NOBODY)
    old = os.path.join(state, "old")
    os.mkdir(old, 0o700)
    os.chown(old, NOBODY, NOBODY)
    for name in ("new", "old"):
        into = os.path.join(state, name)
        assert hawkerctl("import", "--into", into, path)[0] == DONE
        for one in (into, *(os.path.join(into, file) for file in os.listdir(into))):
            stat = os.stat(one)
            assert (stat.st_uid, stat.st_gid) == (NOBODY, NOBODY), one
            assert stat.st_mode & 0o077 == 0, one
    os.chmod(path, 0o644)
    mine = os.path.join(folder, "mine")
    os.mkdir(mine, 0o755)
    status, _, err = hawkerctl("import", "--into", mine, path, uid=NOBODY)
    assert status == NO_RIGHT and "it belongs to root: run this as root or as that user" in err, err
    assert not os.listdir(mine)
    status, _, err = hawkerctl("import", "--into", os.path.join(state, "third"), path, uid=NOBODY)
    assert status == DONE, err
    return None


def what_root_makes_is_the_broker_s(folder):
    """Before the first start there is no state directory yet; systemd would make it of this user."""
    if os.geteuid() != 0:
        return "not root"
    path, users = os.path.join(folder, "mosquitto.db"), os.path.join(folder, "passwd")
    into = os.path.join(folder, "state", "store")
    fill(db.File()).write(path)
    with open("/etc/passwd", encoding="utf-8") as file:
        others = [line for line in file if not line.startswith("hawker:")]
    with open(users, "w", encoding="utf-8") as file:
        file.write("".join(others) + "hawker:x:4242:4343::/:/bin/false\n")
    script = 'mount --bind "$1" /etc/passwd || exit 77; shift; exec "$@"'
    done = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", users, HAWKERCTL, "import",
                           "--into", into, path], capture_output=True, timeout=DEADLINE, check=False)
    if done.returncode == 77 or b"unshare" in done.stderr:
        return "no mount namespace"
    assert done.returncode == DONE, done.stderr
    for one in (os.path.dirname(into), into, *(os.path.join(into, name) for name in os.listdir(into))):
        stat = os.stat(one)
        assert (stat.st_uid, stat.st_gid) == (4242, 4343) and stat.st_mode & 0o077 == 0, one
    return None


def a_full_disk_changes_nothing(folder):
    if os.geteuid() != 0:
        return "not root"
    path, disk = os.path.join(folder, "mosquitto.db"), os.path.join(folder, "disk")
    os.mkdir(disk)
    file = db.File()
    for number in range(1, 21):
        file.message(number, f"t/{number}", b"x" * 1000000)
        file.retained(number)
    file.write(path)
    script = ('mount -t tmpfs -o size=8m tmpfs "$2" || exit 77; "$1" import --into "$2/store" "$3"; '
              'status=$?; "$1" store check "$2/store" && ls "$2/store"; exit $status')
    done = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", HAWKERCTL, disk, path],
                          capture_output=True, timeout=DEADLINE, check=False)
    if done.returncode == 77 or b"unshare" in done.stderr:
        return "no mount namespace"
    assert done.returncode == FAILED and b"the disk is full" in done.stderr, done.stderr
    assert done.stdout.startswith(b"nothing is damaged\n") and b"draft" not in done.stdout, done.stdout
    return None


def the_store_of_a_configuration_is_found(folder):
    path, state = os.path.join(folder, "mosquitto.db"), os.path.join(folder, "state")
    config = os.path.join(folder, "hawker.conf")
    os.mkdir(state)
    fill(db.File()).write(path)
    with open(config, "w", encoding="utf-8") as file:
        file.write(f"persistence true\npersistence_location {state}\n")
    status, out, err = hawkerctl("import", "--config", config, path)
    assert status == DONE and f"is in {state}/store now" in out, (status, out, err)
    status, out, err = hawkerctl("store", "--config", config, "check")
    assert status == DONE and "2 sessions" in out, (status, out, err)


def figures_are_told(folder):
    path, into = os.path.join(folder, "mosquitto.db"), os.path.join(folder, "store")
    fill(db.File()).write(path)
    status, out, err = hawkerctl("import", "--into", into, path)
    assert status == DONE and not err, (status, err)
    lines = [line.strip() for line in out.splitlines()]
    assert lines[0] == f"{path} (version 6) is in {into} now:", lines
    for line in ("2 sessions", "2 subscriptions", "3 messages that wait for a client",
                 "2 messages in flight to a client", "1 messages in flight from a client",
                 "1 retained messages"):
        assert line in lines, (line, lines)
    assert "left out" not in out, out


def a_long_one_shows_how_far_it_is(folder):
    path, into = os.path.join(folder, "mosquitto.db"), os.path.join(folder, "store")
    file = db.File()
    for number in range(1, 20001):
        file.message(number, f"t/{number}", "x")
        file.retained(number)
    file.write(path)
    status, shown = on_terminal([HAWKERCTL, "import", "--into", into, path], {"TERM": "vt100"})
    # The line goes again before anything else is said.
    shown, _, out = shown.rpartition("\r\x1b[K")
    assert status == DONE and "20000 retained messages" in out, (status, out)
    steps = [int(part.split()[1]) for part in shown.split("\r") if part.startswith("import: ")]
    assert len(steps) > 5 and steps == sorted(set(steps)) and steps[-1] <= 100, shown
    assert re.fullmatch(r"(\r(\x1b\[K)?|import: \d+ %)+", shown), shown


def wrong_usage_is_told(_folder):
    for words in ((), ("a", "b"), ("--nonsense", "a"), ("--into",)):
        status, out, err = hawkerctl("import", *words)
        assert status == USAGE and not out and "import --help" in err, (words, status, err)
    status, out, err = hawkerctl("import", "--help")
    assert status == DONE and out.startswith("Usage: hawkerctl import") and not err


TESTS = [
    what_mosquitto_wrote_is_taken_over,
    exchanges_at_qos_2_are_taken_over,
    a_broker_goes_on_with_it,
    clients_with_and_without_names_are_all_there,
    all_versions_say_the_same,
    lengths_that_nobody_read_do_not_count,
    a_queue_keeps_its_order,
    what_is_over_is_left_out,
    who_was_connected_left_when_the_file_was_written,
    what_came_at_qos_2_reaches_who_wants_it,
    a_damaged_file_is_refused_or_taken_in_part,
    two_clients_of_one_name_are_damage,
    a_file_that_is_cut_short_is_refused_or_taken_in_part,
    other_files_are_refused,
    a_store_in_use_is_left_alone,
    the_owner_keeps_it,
    what_root_makes_is_the_broker_s,
    a_full_disk_changes_nothing,
    the_store_of_a_configuration_is_found,
    figures_are_told,
    a_long_one_shows_how_far_it_is,
    wrong_usage_is_told,
]

if __name__ == "__main__":
    sys.exit(run([("/import/" + test.__name__.replace("_", "-"), test) for test in TESTS],
                 lambda: tempfile.TemporaryDirectory(prefix="hawker-import-")))
