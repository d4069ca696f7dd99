# SPDX-License-Identifier: Apache-2.0
"""A disk that is full, by what is stored or by others: nothing that was acknowledged is lost, and it
goes on when there is room."""
import contextlib
import os
import select
import threading

import codec
from codec import PUBACK, PUBCOMP, PUBREC, PUBREL
from directed import keeping
from small_disk import Ballast

QUOTA_EXCEEDED = 0x97
MIB = 1 << 20
SIZE = 20000  # of a message that is to fill a disk
AT_ONCE = 16


def absent(c, name="sub", qos=1):
    peer = c.client(name, keep=True)
    peer.subscribe(c.topic(), qos=qos)
    peer.disconnect()


def payload(number):
    return b"%08d" % number + bytes(SIZE)


def fill(c, publisher):
    """Publishes until it is refused, or no acknowledgement comes; how many were acknowledged."""
    for number in range(10000):
        pid = publisher.publish(c.topic(), payload(number), 1, wait=False)
        if publisher.version == 5:
            reason = publisher.expect(PUBACK, pid=pid).reason
            assert reason in (0, QUOTA_EXCEEDED), reason
            if reason:
                return number
        else:
            if not is_acknowledged(c, publisher, pid):
                return number
    raise AssertionError("it is never full")


def is_acknowledged(c, publisher, pid):
    """False: it is closed, or not answered although another one is: that it is full."""
    while not select.select([publisher.socket], [], [], 1)[0]:
        if is_full(c):
            break
    if not select.select([publisher.socket], [], [], 0)[0]:
        return False
    packet = publisher.recv()
    assert packet is None or packet.kind == PUBACK and packet.pid == pid, packet
    return packet is not None


def is_full(c):
    """What one says who may: MQTT 5 has a reason for it."""
    probe = c.client("probe", version=5)
    reason = probe.publish(c.topic("probe"), payload(0), 1, retain=True).reason
    probe.disconnect()
    return reason == QUOTA_EXCEEDED


def take_all(c, count):
    """The session gets what was acknowledged."""
    subscriber = c.client("sub", keep=True)
    assert subscriber.connack.session_present == 1
    for number in range(count):
        packet = subscriber.take(qos=1)
        assert packet.payload == payload(number), (number, packet)
    return subscriber


def becomes_full_and_recovers(c):
    """It is full, and has room again when messages are taken from it."""
    absent(c)
    publisher = c.client("pub", keep=True)
    count = fill(c, publisher)
    assert count > 10, count
    subscriber = take_all(c, count)
    if publisher.version == 4:  # it was not told anything, but perhaps closed
        publisher = c.client("pub", keep=True)
        publisher.publish(c.topic(), b"room", 1)
    else:
        wait_for_room(c, publisher)
    # What was refused may have reached it all the same.
    while subscriber.take(qos=1).payload != b"room":
        pass
    publisher.publish(c.topic(), b"again", 2)
    subscriber.take(b"again", qos=1)


def wait_for_room(c, publisher):
    """What was taken is free a commit or two later."""
    while c.left():
        if publisher.publish(c.topic(), b"room", 1).reason == 0:
            return
        c.after(0.05)
    raise AssertionError("there is never room again")


# full


@keeping("storage_max 20000000")
def test_quota_is_reached(c):
    becomes_full_and_recovers(c)


@keeping("storage_max 20000000", versions=(5,))
def test_what_is_refused_reaches_nobody(c):
    """Also of those that came at once with what was taken: they would come twice at QoS 2."""
    absent(c, qos=2)
    publisher = c.client("pub", keep=True)
    taken, refused = [], 0
    for first in range(0, 10000, AT_ONCE):
        accepted = publish_at_once(c, publisher, range(first, first + AT_ONCE))
        taken += accepted
        refused += AT_ONCE - len(accepted)
        if refused > 2 * AT_ONCE:
            break
    assert refused > 2 * AT_ONCE, "it is never full"
    subscriber = c.client("sub", keep=True)
    for number in taken:
        packet = subscriber.take(qos=2)
        assert packet.payload == payload(number), (number, packet)
    wait_for_room(c, publisher)
    subscriber.take(b"room", qos=1)


def publish_at_once(c, publisher, numbers):
    """At QoS 2, in one piece; which of them were accepted."""
    pids = {publisher.pid(): number for number in numbers}
    publisher.send(b"".join(codec.publish(5, c.topic(), payload(number), 2, pid=pid)
                            for pid, number in pids.items()))
    accepted = []
    for pid in pids:
        reason = publisher.expect(PUBREC, pid=pid).reason
        assert reason in (0, QUOTA_EXCEEDED), reason
        if reason == 0:
            accepted.append(pid)
    for pid in accepted:
        publisher.send(codec.ack(PUBREL, 5, pid))
        publisher.expect(PUBCOMP, pid=pid)
    return [pids[pid] for pid in accepted]


@keeping("storage_max 20000000", versions=(5,))
def test_what_nobody_keeps_is_not_refused(c):
    absent(c)
    publisher = c.client("pub")
    live = c.client("live")
    live.subscribe(c.topic("live"), qos=2)
    fill(c, publisher)
    assert publisher.publish(c.topic(), payload(0), 1).reason == QUOTA_EXCEEDED
    assert publisher.publish(c.topic("nobody"), b"x", 1).reason != QUOTA_EXCEEDED
    if c.broker.workers == 1:  # of others it is not known who takes it
        assert publisher.publish(c.topic("live"), b"x", 1).reason == 0
        live.take(b"x", qos=1)


@keeping("storage_max 20000000")
def test_quota_survives_a_kill(c):
    absent(c)
    count = fill(c, c.client("pub"))
    assert count > 10, count
    c.broker.kill()
    c.broker.arrive()
    take_all(c, count)


@keeping("storage_max 1000000000", room=200 * MIB)
def test_file_system_is_full_by_what_is_stored(c):
    becomes_full_and_recovers(c)


@keeping("storage_max 1000000000", room=200 * MIB)
def test_file_system_is_filled_by_another(c):
    absent(c)
    publisher = c.client("pub", version=5, keep=True)
    for number in range(100):
        assert publisher.publish(c.topic(), payload(number), 1).reason == 0
    ballast = Ballast(c.broker.state)
    more = fill_on(c, publisher, 100)
    ballast.drop()
    wait_for_room(c, publisher)
    publisher.publish(c.topic(), b"after", 1)
    c.broker.kill()
    c.broker.arrive()
    subscriber = take_all(c, 100 + more)
    while subscriber.take(qos=1).payload != b"after":
        pass


def fill_on(c, publisher, number):
    """As fill(), when there is something already."""
    more = 0
    while publisher.publish(c.topic(), payload(number + more), 1).reason == 0:
        more += 1
        assert more < 10000, "it is never full"
    return more


@keeping("storage_max 1000000000", room=200 * MIB)
def test_who_is_there_is_served_while_the_disk_is_full(c):
    absent(c)
    publisher, subscriber = c.client("pub", version=5), c.client("live", version=5)
    subscriber.subscribe(c.topic("live"), qos=1)
    for number in range(50):
        assert publisher.publish(c.topic(), payload(number), 1).reason == 0
    ballast = Ballast(c.broker.state)
    fill_on(c, publisher, 50)
    publisher.publish(c.topic("live"), b"x", 0)
    subscriber.take(b"x")
    late = take_all(c, 50)
    late.ping()
    ballast.drop()


@keeping("storage_max 1000000000", room=200 * MIB)
def test_it_starts_on_a_full_disk(c):
    absent(c)
    publisher = c.client("pub")
    for number in range(50):
        assert publisher.publish(c.topic(), payload(number), 1).reason == 0
    c.broker.kill()
    ballast = Ballast(c.broker.state)
    c.broker.arrive()
    take_all(c, 50)
    ballast.drop()


def fill_up_amid_traffic(c):
    """Others take what is left while it writes, what it has given up for that, and what is left when
    it was killed. How many messages were acknowledged, and what the others have."""
    publisher = c.client("pub")
    taken = []
    other = threading.Thread(target=lambda: taken.append(Ballast(c.broker.state)))
    count = 0
    while publisher.publish(c.topic(), payload(count), 1).reason == 0:
        count += 1
        if count == 50:
            other.start()
        assert count < 10000, "it is never full"
    other.join()
    c.broker.kill()
    taken.append(Ballast(c.broker.state, "rest"))
    return count, taken


def goes_on(c, subscriber, taken):
    """There is room again."""
    for ballast in taken:
        ballast.drop()
    wait_for_room(c, c.client("pub"))
    while subscriber.take(qos=1).payload != b"room":
        pass


@keeping("storage_max 1000000000", room=200 * MIB, versions=(5,))
def test_it_fills_up_amid_traffic(c):
    """What is in the journal has its room in the tables, whatever others do."""
    absent(c)
    count, taken = fill_up_amid_traffic(c)
    c.broker.arrive()
    goes_on(c, take_all(c, count), taken)


def take_everything(c, name):
    """Of one that does not run: also what it had given up before."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.path.join(c.broker.state, "store", "reserve"))
    return Ballast(c.broker.state, name)


@keeping("storage_max 1000000000", room=200 * MIB, versions=(5,))
def test_others_take_all_between_two_starts(c):
    """Also what each start gives back. Most of it is in the journal: it is killed before a checkpoint,
    unless that is long."""
    absent(c)
    publisher = c.client("pub")
    for number in range(400):
        assert publisher.publish(c.topic(), payload(number), 1).reason == 0
    c.broker.kill()
    taken = [take_everything(c, "first")]
    for name in ("second", "third"):
        c.broker.arrive()
        c.broker.kill()
        taken.append(take_everything(c, name))
    c.broker.arrive()
    goes_on(c, take_all(c, 400), taken)


@keeping("storage_max 1000000000", room=200 * MIB, versions=(5,))
def test_it_starts_full_after_a_stop(c):
    """No file of a journal is left then that it could write on in."""
    absent(c)
    publisher = c.client("pub")
    for number in range(50):
        assert publisher.publish(c.topic(), payload(number), 1).reason == 0
    c.broker.terminate()
    assert c.broker.process.wait(60) == 0
    taken = [take_everything(c, "all")]
    c.broker.arrive()
    goes_on(c, take_all(c, 50), taken)
