# SPDX-License-Identifier: Apache-2.0
"""What goes wrong with disks, and what the broker makes of it."""
import os
import random
import struct
import subprocess

from broker import free_port
from codec import PUBACK
from directed import keeping

SIZE = 20000  # of a message
LONGEST = 60  # seconds that an end may take


def absent(c, name="sub"):
    peer = c.client(name, keep=True)
    peer.subscribe(c.topic(), qos=1)
    peer.disconnect()


def payload(number):
    return b"%08d" % number + bytes(SIZE)


def take_all(c, count):
    """The session gets what was acknowledged."""
    subscriber = c.client("sub", keep=True)
    assert subscriber.connack.session_present == 1
    for number in range(count):
        packet = subscriber.take(qos=1)
        assert packet.payload == payload(number), (number, packet)


# a disk that fails


@keeping()
def test_flush_that_failed_ends_the_broker(c):
    absent(c)
    publisher = c.client("pub")
    publisher.publish(c.topic(), payload(0), 1)
    c.broker.disk.set("fail_sync_after", 1)
    publisher.publish(c.topic(), payload(1), 1, wait=False)
    c.broker.die()
    assert c.broker.process.returncode not in (0, -9), c.broker.process.returncode
    told = [packet for packet in publisher.closed() if packet.kind == PUBACK]
    assert "disk" in c.broker.log(), c.broker.log()
    c.broker.disk.cut(random.Random(1))
    c.broker.arrive()
    take_all(c, 1 + len(told))  # the flush that failed may have been that of a checkpoint


def stop(c):
    c.broker.terminate()
    c.broker.die()


def fail(c):
    """A flush fails, and the broker ends and is started again."""
    publisher = c.client("pub")
    c.broker.disk.set("fail_sync_after", 1)
    publisher.publish(c.topic(), payload(1), 1, wait=False)
    c.broker.die()
    c.broker.disk.cut(random.Random(1))
    c.broker.arrive()


@keeping(versions=(5,))
def test_disk_that_fails_twice_is_only_read(c):
    absent(c)
    stop(c)
    os.mkdir(c.broker.runtime)
    c.broker.arrive()
    c.client("pub").publish(c.topic(), payload(0), 1)
    fail(c)
    assert "twice" not in c.broker.log(), c.broker.log()
    fail(c)
    assert "twice" in c.broker.log(), c.broker.log()
    take_all(c, 1)
    publisher = c.client("pub")
    pid = publisher.publish(c.topic(), payload(2), 1, wait=False)
    assert publisher.expect(PUBACK, pid=pid).reason == 0x97
    stop(c)


# damage


def change(path, at, data):
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(data)


def damage(c, mark):
    """Changes a byte wherever this is."""
    count = 0
    for path, data in c.broker.files():
        at = data.find(mark)
        while at >= 0:
            change(path, at, bytes([mark[0] ^ 0x40]))
            count, at = count + 1, data.find(mark, at + 1)
    return count


@keeping(versions=(5,))
def test_damaged_message_is_set_aside(c):
    absent(c)
    publisher = c.client("pub")
    for number in range(20):
        publisher.publish(c.topic(), b"<message %04d>" % number, 1)
    stop(c)
    assert damage(c, b"<message 0007>")
    c.broker.arrive()
    subscriber = c.client("sub", keep=True)
    assert subscriber.connack.session_present == 1
    for number in [*range(7), *range(8, 20)]:
        subscriber.take(b"<message %04d>" % number)
    c.nothing(subscriber, c.client("pub2"))
    assert "damaged" in c.broker.log(), c.broker.log()


@keeping(versions=(5,))
def test_damaged_retained_message_is_set_aside(c):
    publisher = c.client("pub")
    for number in range(20):
        publisher.publish(c.topic("%d" % number), b"<retained %04d>" % number, 1, retain=True)
    stop(c)
    assert damage(c, b"<retained 0007>")
    c.broker.arrive()
    subscriber = c.client("sub")
    subscriber.subscribe(c.topic("+"))
    got = {packet.payload for packet in [subscriber.take() for _ in range(19)]}
    assert got == {b"<retained %04d>" % number for number in range(20) if number != 7}
    c.nothing(subscriber, c.client("pub2"))
    assert "damaged" in c.broker.log(), c.broker.log()


@keeping(versions=(5,))
def test_random_damage_does_not_keep_it_from_starting(c):
    chance = random.Random(1)
    for _ in range(12):
        absent(c)
        publisher = c.client("pub")
        for number in range(50):
            publisher.publish(c.topic(), b"%d" % number, 1, retain=number % 2 == 0)
        publisher.disconnect()
        c.broker.kill()
        for path, data in c.broker.files():
            if data and not path.endswith("reserve") and chance.random() < 0.7:
                change(path, chance.randrange(min(len(data), 1 << 16)), chance.randbytes(64))
        start_at_last(c)
        c.client("other").ping()


def start_at_last(c):
    """systemd would start it again if it did not come up; once must do."""
    for _ in range(2):
        seen = c.broker.notices.seen()
        c.broker._start(c.broker.config)
        while c.broker.process.poll() is None:
            if "READY=1" in c.broker.notices.lines[seen:]:
                return
            assert c.left()
            c.after(0.02)
    raise AssertionError("it does not start:\n" + c.broker.log()[-3000:])


# who may have it


@keeping(versions=(5,))
def test_second_broker_in_one_folder_is_refused(c):
    port = free_port()
    path = os.path.join(c.broker.path, "second.conf")
    with open(c.broker.config_path, encoding="utf-8") as file:
        text = file.read().replace(str(c.broker.port), str(port))
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    done = subprocess.run([c.broker.program, "-c", path], capture_output=True, text=True,
                          timeout=LONGEST, check=False)
    assert done.returncode > 0, done
    assert "another process has it open" in done.stderr + done.stdout, done
    publisher, subscriber = c.pair()
    publisher.publish(c.topic(), b"x", 2)
    subscriber.take(b"x")


NEWER = b"\xff\xff\xff\x7f"


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


@keeping(versions=(5,))
def test_newer_format_is_refused_and_left_alone(c):
    absent(c)
    c.client("pub").publish(c.topic(), payload(0), 1)
    stop(c)
    before = dict(c.broker.files())
    for path, data in before.items():
        at = data.find(b".format")
        while at >= 0:
            change(path, at + len(b".format"), NEWER + struct.pack("<I", crc32c(NEWER)))
            at = data.find(b".format", at + 1)
    changed = dict(c.broker.files())
    assert changed != before
    c.broker._start(c.broker.config)
    c.broker.die()
    assert c.broker.process.returncode > 0
    assert "newer version" in c.broker.log(), c.broker.log()
    for path, data in before.items():
        change(path, 0, data)
    c.broker.arrive()
    take_all(c, 1)


@keeping(versions=(5,))
def test_nobody_else_can_read_it(c):
    absent(c)
    c.client("pub").publish(c.topic(), payload(0), 1)
    folder = os.path.join(c.broker.state, "store")
    assert os.stat(folder).st_mode & 0o7777 == 0o700
    names = os.listdir(folder)
    assert names
    for name in names:
        assert os.stat(os.path.join(folder, name)).st_mode & 0o7777 == 0o600, name
