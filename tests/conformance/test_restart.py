# SPDX-License-Identifier: Apache-2.0
"""A restart under a service manager that keeps descriptors: no client notices."""
import os
import signal
import ssl

import codec
import keeper
from codec import PUBACK, PUBCOMP, PUBLISH, PUBREC, PUBREL, Will
from harness import bare, test

SERVER = ("@certfile {certs}/server.pem", "@keyfile {certs}/server.key")
SHUTTING_DOWN, ADMINISTRATIVE, KEEP_ALIVE, NOT_AUTHORIZED = 0x8B, 0x98, 0x8D, 0x87


def restarting(versions=(4, 5), config=(), **options):
    return test(versions=list(versions), config=tuple(config), own=True, **options)


@restarting([3, 4, 5])
def nobody_notices(c):
    publisher, subscriber = c.pair()
    for number in range(20):
        c.broker.restart()
        for qos in (0, 1, 2):
            publisher.publish(c.topic(), b"%d" % number, qos)
            subscriber.take(b"%d" % number, qos=qos)


@restarting()
def what_is_in_flight_is_completed_once(c):
    publisher, subscriber = c.pair()
    one = publisher.publish(c.topic(), b"1", 1, wait=False)
    two = publisher.publish(c.topic(), b"2", 2, wait=False)
    publisher.expect(PUBACK, pid=one)
    publisher.expect(PUBREC, pid=two)
    first, second = subscriber.message(b"1"), subscriber.message(b"2")
    c.broker.restart()
    publisher.ack(PUBREL, two)
    publisher.expect(PUBCOMP, pid=two)
    subscriber.ack(PUBACK, first.pid)
    subscriber.ack(PUBREC, second.pid)
    subscriber.expect(PUBREL, pid=second.pid)
    c.broker.restart()
    subscriber.ack(PUBCOMP, second.pid)
    c.nothing(subscriber, publisher)


@restarting()
def what_was_sent_while_nobody_was_there_is_answered(c):
    publisher, subscriber = c.pair()
    c.broker.leave()
    pids = [publisher.publish(c.topic(), b"%d" % number, 1, wait=False) for number in range(100)]
    c.broker.arrive()
    for number, pid in enumerate(pids):
        publisher.expect(PUBACK, pid=pid)
        subscriber.take(b"%d" % number)


@restarting()
@bare
def who_connects_meanwhile_waits(c):
    c.client("a")
    c.broker.leave()
    late = c.raw()
    late.send(codec.connect(c.version, client_id=c.id("late")))
    c.broker.arrive()
    late.expect(codec.CONNACK, reason=0)


@restarting()
def packet_that_has_begun_is_continued(c):
    publisher, subscriber = c.pair(qos=1)
    packet = codec.publish(c.version, c.topic(), bytes(range(256)) * 40, 1, pid=7)
    last = 0
    for cut in (1, 2, 3, 5, 20, 5000, len(packet)):
        publisher.send(packet[last:cut])
        if cut < len(packet):
            c.broker.restart()
        last = cut
    publisher.expect(PUBACK, pid=7)
    subscriber.take(bytes(range(256)) * 40)


@restarting()
def connect_that_has_begun_is_continued(c):
    peer, silent = c.raw(), c.raw()
    packet = codec.connect(c.version, client_id=c.id("half"))
    peer.send(packet[:9])
    c.client("other").ping()
    c.broker.restart()
    peer.send(packet[9:])
    peer.expect(codec.CONNACK, reason=0)
    silent.connect(client_id=c.id("silent"))


@restarting(config=("max_output_buffer 0", "max_inflight_messages 0"))
def reader_that_is_behind_gets_all(c):
    publisher, subscriber = c.pair(qos=1)
    size, count = 400000, 50
    for number in range(count):
        publisher.publish(c.topic(), b"%08d" % number + bytes(size), number % 2)
    publisher.ping()
    c.broker.restart()
    c.broker.restart()
    for number in range(count):
        assert subscriber.take(qos=number % 2).payload[:8] == b"%08d" % number


@restarting([5], config=("@max_topic_alias_broker 3",))
def aliases_mean_what_they_meant(c):
    subscriber = c.client("sub", props={"topic_alias_maximum": 3})
    subscriber.subscribe(c.topic("#"))
    publisher = c.client("pub")
    publisher.publish(c.topic("a"), b"1", props={"topic_alias": 2})
    alias = dict(subscriber.message(b"1").props)["topic_alias"]
    c.broker.restart()
    publisher.publish("", b"2", props={"topic_alias": 2})
    packet = subscriber.message(b"2", topic="")
    assert dict(packet.props)["topic_alias"] == alias


@restarting()
def shared_subscriptions_share_on(c):
    publisher = c.client("pub")
    members = [c.client("member%d" % number) for number in range(3)]
    for member in members:
        member.subscribe("$share/g/" + c.topic(), qos=1)
    c.broker.restart()
    for number in range(30):
        publisher.publish(c.topic(), b"%d" % number, 1)
    got = []
    for member in members:
        got += [packet.payload for packet in member.ping() if packet.kind == PUBLISH]
    assert sorted(got, key=int) == [b"%d" % number for number in range(30)], got


@restarting([4, 5], timed=True)
def keep_alive_goes_on(c):
    peer = c.client("a", keep_alive=4)
    other = c.client("b", keep_alive=4)
    c.after(2)
    c.broker.restart()
    other.ping()
    c.after(2)
    other.ping()
    packets = peer.closed()
    if c.version == 5:
        assert [packet.reason for packet in packets] == [KEEP_ALIVE]
    other.ping()


@restarting()
def session_of_who_is_away_is_kept(c):
    publisher = c.client("pub")
    away = c.client("away", keep=True)
    away.subscribe(c.topic(), qos=1)
    away.disconnect()
    publisher.publish(c.topic(), b"before", 1)
    c.settle(publisher)
    c.broker.restart()
    publisher.publish(c.topic(), b"after", 1)
    c.settle(publisher)
    away = c.client("away", keep=True)
    assert away.connack.session_present
    away.take(b"before")
    away.take(b"after")


@restarting()
def retained_messages_are_kept(c):
    c.client("pub").publish(c.topic(), b"kept", 1, retain=True)
    c.broker.restart()
    peer = c.client("sub")
    peer.subscribe(c.topic())
    peer.message(b"kept", retain=True)


@restarting([5], timed=True)
def will_of_who_is_away_comes_in_its_time(c):
    watcher = c.client("watch")
    watcher.subscribe(c.topic())
    peer = c.client("a", keep=True,
                    will=Will(c.topic(), b"will", props={"will_delay": 10}))
    peer.drop()
    watcher.ping()
    c.broker.restart()
    assert watcher.ping() == []
    watcher.message(b"will")


@restarting()
def will_of_a_connected_client_waits_for_its_end(c):
    watcher = c.client("watch")
    watcher.subscribe(c.topic())
    peer = c.client("a", will=Will(c.topic(), b"will"))
    c.broker.restart()
    assert watcher.ping() == []
    peer.drop()
    watcher.message(b"will")


@restarting()
def any_number_of_workers_goes_on(c):
    peers = [c.client("n%d" % number) for number in range(50)]
    for peer in peers:
        peer.subscribe(c.topic(), qos=1)
    for workers in (1, 4, 3, 1):
        c.broker.restart(workers=workers)
        peers[workers].publish(c.topic(), b"%d" % workers, 1)
        for peer in peers:
            peer.take(b"%d" % workers)


@restarting(config=("listener {port} 127.0.0.1", "listener {port2} 127.0.0.1"))
def clients_of_a_listener_that_is_gone_are_told(c):
    stays = c.client("stays")
    goes = c.client("goes", address=c.broker.address2)
    c.broker.restart(config=("listener {port} 127.0.0.1",))
    packets = goes.closed()
    if c.version == 5:
        assert [packet.reason for packet in packets] == [ADMINISTRATIVE]
    stays.ping()


@restarting([3, 4, 5])
def client_that_has_lost_its_right_is_told(c):
    stays, goes = c.client("stays"), c.client("goes")
    c.broker.restart(config=("clientid_prefixes " + c.id("stays"),))
    packets = goes.closed()
    if c.version == 5:
        assert [packet.reason for packet in packets] == [NOT_AUTHORIZED]
    stays.ping()


@restarting([5])
def listener_may_move_to_all_addresses_and_back(c):
    for config in (("listener {port}",), ("listener {port} 127.0.0.1",)):
        peer = c.client("a")
        c.broker.restart(config=config)
        assert [packet.reason for packet in peer.closed()] == [ADMINISTRATIVE]
        c.client("b").drop()


@restarting([4, 5], config=("listener 0 {unix}",))
def unix_socket_goes_on(c):
    peer = c.client("a", address=c.broker.unix_path)
    c.broker.restart()
    peer.ping()
    c.broker.leave()
    late = c.raw(address=c.broker.unix_path)
    c.broker.arrive(config=("listener 0 {unix}", "@socket_mode 0640"))
    late.connect(client_id=c.id("late"))
    assert os.stat(c.broker.unix_path).st_mode & 0o777 == 0o640


@restarting([4, 5], config=("listener 0 {unix}",))
def unix_socket_whose_file_is_gone_is_made_again(c):
    peer = c.client("a", address=c.broker.unix_path)
    c.broker.leave()
    os.unlink(c.broker.unix_path)
    c.broker.arrive()
    peer.ping()
    c.client("b", address=c.broker.unix_path)


def told(c, *peers):
    """Each has heard that the broker ends, as far as its version knows a word for it."""
    for peer in peers:
        packets = peer.closed()
        if c.version == 5:
            assert [packet.reason for packet in packets] == [SHUTTING_DOWN], packets


def spoil(c, change):
    """Restarts with another image."""
    c.broker.leave()
    messages = keeper.take_parked(c.broker.notices.kept)
    for data, fds in messages:
        if data[4] == keeper.IMAGE:
            fds[0] = keeper.sealed_copy(fds[0], change)
    keeper.park(c.broker.notices.kept, messages)
    c.broker.arrive()


IMAGES = {
    "empty": lambda data: data[:0],
    "foreign": lambda data: b"something else" * 10,
    "newer": lambda data: data[:8] + b"\x63\0\0\0\x63\0\0\0" + data[16:],
    "short": lambda data: data[:30],
    "zeros": lambda data: bytes(len(data)),
}


@test(versions=[4, 5], own=True, cases=IMAGES)
def image_that_cannot_be_read(c, change):
    peers = [c.client("n%d" % number) for number in range(10)]
    spoil(c, change)
    told(c, *peers)
    lines = [line for line in c.broker.log().splitlines() if "Cannot go on with" in line]
    assert len(lines) == 1 and "10 connections are closed" in lines[0], c.broker.log()
    publisher, subscriber = c.pair()
    publisher.publish(c.topic(), b"on", 1)
    subscriber.take(b"on")
    c.broker.restart()
    publisher.ping()


@restarting()
def image_that_is_missing(c):
    peers = [c.client("n%d" % number) for number in range(10)]
    c.broker.leave()
    messages = keeper.take_parked(c.broker.notices.kept)
    keeper.park(c.broker.notices.kept, [one for one in messages if one[0][4] != keeper.IMAGE])
    for data, fds in messages:
        if data[4] == keeper.IMAGE:
            os.close(fds[0])
    c.broker.arrive()
    told(c, *peers)
    c.client("a").ping()


@restarting()
def connection_that_is_missing_has_left(c):
    watcher = c.client("watch")
    watcher.subscribe(c.topic())
    c.client("a", will=Will(c.topic(), b"will"))
    c.broker.leave()
    messages, kept = keeper.take_parked(c.broker.notices.kept), []
    watched = watcher.socket.getsockname()[1]
    for data, fds in messages:
        if data[4] != keeper.CLIENT:
            kept.append((data, fds))
            continue
        for number, fd in enumerate(fds):
            with keeper.socket.socket(fileno=os.dup(fd)) as one:
                is_watcher = one.getpeername()[1] == watched
            if is_watcher:
                first = int.from_bytes(data[8:12], "little") + number
                kept.append((data[:5] + b"\1" + data[6:8] + first.to_bytes(4, "little") +
                             data[12 + number : 13 + number], [fd]))
            else:
                os.close(fd)
    keeper.park(c.broker.notices.kept, kept)
    c.broker.arrive()
    watcher.message(b"will")


@restarting()
def who_is_killed_leaves_nothing_wedged(c):
    peer = c.client("a")
    c.broker.kill()
    peer.closed()
    c.broker.arrive()
    c.client("b").ping()
    c.broker.restart()
    c.client("c").ping()


@restarting([5])
def wrong_configuration_tells_those_who_wait(c):
    peer = c.client("a")
    c.broker.leave()
    assert c.broker.fail(("nonsense",)) == 3
    told(c, peer)
    c.broker.arrive()
    c.client("b").ping()


@restarting()
def start_that_fails_leaves_them_for_the_next(c):
    peer = c.client("a")
    c.broker.leave()
    config = ("listener {port} 192.0.2.1", "@bind_interface nosuchdevice")
    assert c.broker.fail(config) == 1, c.broker.log()
    c.broker.arrive()
    peer.ping()


@restarting([5])
def service_manager_is_asked_for_time(c):
    peer = c.client("a")
    seen = c.broker.notices.seen()
    c.broker.restart()
    lines = c.broker.notices.lines[seen:]
    patience = [line for line in lines if line.startswith("EXTEND_TIMEOUT_USEC=")]
    # For the state, and once more for the store.
    assert len(patience) == (2 if c.broker.durability else 1), lines
    assert int(patience[0].split("=")[1]) >= 30000000, lines
    assert lines.index(patience[0]) < lines.index("READY=1"), lines
    peer.ping()


@restarting()
def stop_is_no_restart(c):
    peer = c.client("a")
    c.broker.terminate()
    told(c, peer)


@restarting([4, 5])
def second_signal_changes_nothing(c):
    peer = c.client("a")
    c.broker.process.send_signal(signal.SIGRTMIN + 1)
    c.broker.leave()
    c.broker.arrive()
    peer.ping()


def tls_context(c):
    made = ssl.create_default_context(cafile=os.path.join(c.broker.certificates, "ca.pem"))
    made.maximum_version = ssl.TLSVersion.TLSv1_2  # whose tickets Python shows
    return made


@restarting(config=SERVER)
@bare
def clients_of_tls_are_told_and_come_back_by_their_ticket(c):
    tls = tls_context(c)
    will = Will(c.topic("gone"), b"gone")
    peer = c.client("a", tls=tls, keep=True, will=will)
    peer.subscribe(c.topic(), qos=1)
    session = peer.socket.session
    c.broker.leave()
    told(c, peer)
    c.broker.arrive()
    publisher = c.client("pub", tls=tls)
    publisher.subscribe(c.topic("gone"))
    publisher.publish(c.topic(), b"meanwhile", 1)
    back = c.raw()
    back.socket = tls.wrap_socket(back.socket, server_hostname="localhost", session=session)
    assert back.socket.session_reused
    back.connect(client_id=c.id("a"), clean=False,
                 props={"session_expiry": 300} if c.version == 5 else None)
    assert back.connack.session_present
    back.take(b"meanwhile")


@restarting([5], config=SERVER + ("connect_timeout 1000",))
@bare
def tls_client_that_does_not_shake_hands_holds_nobody_up(c):
    silent = c.raw()
    c.client("a", tls=tls_context(c))
    c.broker.restart()
    assert silent.socket.recv(1) == b""
    c.client("b", tls=tls_context(c))
