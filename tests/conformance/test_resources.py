# SPDX-License-Identifier: Apache-2.0
"""What is scarce: descriptors, memory, lines of log, and the queue of connections. Each has its own
broker."""
import resource

import codec
from codec import Will
from harness import test


@test(versions=[4, 5], own=True, timed=True)
def lack_of_descriptors_pauses_accepting(c):
    """No spinning while there is none, nobody lost, and all goes on once there are some."""
    stayer = c.client("stayer")
    room = c.broker.descriptors() + 6
    resource.prlimit(c.broker.process.pid, resource.RLIMIT_NOFILE, (room, room))
    crowd = [c.raw() for _ in range(30)]
    for number, peer in enumerate(crowd):
        peer.open(client_id=c.id("n%d" % number))
    stayer.ping()
    before = c.broker.processor_time()
    c.after(1.5)
    assert c.broker.processor_time() - before < 0.3
    stayer.ping()
    for peer in crowd:
        peer.drop()
    c.client("late").ping()
    stayer.ping()


@test(versions=[5], own=True, timed=True, config=["memory_limit 60000000", "max_queued_messages 0"])
def memory_limit_refuses_new_work(c):
    """0x97 for what would be kept and for who would come; those who are there stay."""
    publisher, subscriber = c.pair(qos=1, keep=True)
    subscriber.disconnect()
    payload, count = bytes(100000), 0
    while publisher.publish(c.topic(), payload, 1).reason != 0x97:
        count += 1
        assert count < 5000
    assert count * len(payload) < 300000000
    newcomer = c.raw()
    newcomer.open(client_id=c.id("new"))
    newcomer.rejected(0x97)
    assert publisher.ping() == []


@test(versions=[4], own=True)
def bad_clients_do_not_flood_the_log(c):
    for number in range(1000):
        peer = c.raw()
        peer.send(b"\0" if number % 2 else b"\x10\xff\xff\xff\xff\xff")
        peer.closed()
        peer.drop()
    c.client("good").ping()
    assert c.broker.log().count("\n") < 300


@test(versions=[4, 5], own=True)
def flood_of_connects_is_served(c):
    """Two hundred at once, all accepted, none mixed up with another."""
    peers = [c.raw() for _ in range(200)]
    for number, peer in enumerate(peers):
        peer.open(client_id=c.id("n%d" % number))
    for peer in peers:
        peer.expect(codec.CONNACK, reason=0)
    for number, peer in enumerate(peers):
        peer.subscribe(c.topic("%d" % number))
    for number, peer in enumerate(peers):
        peers[number - 1].publish(c.topic("%d" % number), b"%d" % number)
        peer.take(b"%d" % number)


@test(versions=[4, 5], own=True)
def churn_keeps_memory_flat(c):
    def turn(number):
        peer = c.raw()
        peer.connect(client_id=c.id("n%d" % (number % 50)), will=Will(c.topic("will"), b"x" * 100))
        peer.subscribe(c.topic("%d" % number), "$share/g/" + c.topic("%d" % number), qos=1)
        peer.publish(c.topic("%d" % number), b"x" * 1000, 1, retain=True)
        peer.publish(c.topic("%d" % number), b"", 1, retain=True)
        peer.disconnect()

    for number in range(300):
        turn(number)
    before = c.broker.memory()
    for number in range(300, 900):
        turn(number)
    # What a store has to write is in memory for up to a second.
    limit = 20000000 if c.broker.durability else 3000000
    assert c.broker.memory() - before < limit, (before, c.broker.memory())
