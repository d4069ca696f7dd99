# SPDX-License-Identifier: Apache-2.0
"""Listeners on Unix sockets, beside the TCP listener that shows that the broker is there."""
import os
import pwd
import stat

import codec
from codec import Will
from harness import test

BOTH = ["listener {port} 127.0.0.1", "listener 0 {unix}"]


@test(v3="7.1.1-1", v5="4.2.0-1", config=BOTH)
def clients_talk_through_the_socket(c):
    subscriber = c.client("sub", address=c.broker.unix_path)
    subscriber.subscribe(c.topic(), qos=2)
    publisher = c.client("pub", address=c.broker.unix_path)
    for qos in range(3):
        publisher.publish(c.topic(), bytes(100000), qos)
        subscriber.take(bytes(100000), qos=qos)


@test(versions=[4, 5], config=BOTH)
def socket_and_tcp_are_one_broker(c):
    subscriber = c.client("sub", address=c.broker.unix_path)
    subscriber.subscribe(c.topic())
    c.client("pub").publish(c.topic(), b"x")
    subscriber.take(b"x")


@test(versions=[4, 5], config=BOTH)
def lost_socket_publishes_the_will(c):
    watcher = c.client("watch")
    watcher.subscribe(c.topic())
    c.client("w", address=c.broker.unix_path, will=Will(c.topic(), b"gone")).drop()
    watcher.take(b"gone")


@test(versions=[5], config=BOTH + ["socket_mode 0600"], cases={"0600": 0o600})
def mode_can_be_private(c, mode):
    assert stat.S_IMODE(os.stat(c.broker.unix_path).st_mode) == mode


@test(versions=[5], config=BOTH + ["socket_mode 0666"])
def mode_can_be_open(c):
    assert stat.S_IMODE(os.stat(c.broker.unix_path).st_mode) == 0o666


@test(
    versions=[5],
    config=BOTH + ["socket_owner nobody", "socket_group nogroup"] if os.geteuid() == 0 else BOTH,
)
def owner_and_group_can_be_set(c):
    if os.geteuid() == 0:
        status = os.stat(c.broker.unix_path)
        assert (status.st_uid, status.st_gid) == (65534, 65534)


NAMED = BOTH + ["unix_peer_username true", "listener_allow_anonymous false"]
USER = pwd.getpwuid(os.geteuid()).pw_name


@test(
    versions=[4, 5],
    config=NAMED + ["use_username_as_clientid true"],
    cases={"no-name": None, "same-name": USER},
    own=True,
)
def kernel_names_the_client(c, username):
    peer = c.client(address=c.broker.unix_path, username=username, client_id="x")
    if c.version == 5:
        assert peer.connack.prop("assigned_client_id") == USER
    # The client identifier is that name: whoever has it takes over.
    c.client(address=c.broker.unix_path, client_id="y")
    peer.refused(0x8E)


@test(versions=[4, 5], config=NAMED)
def other_name_than_the_kernels_is_refused(c):
    peer = c.raw(address=c.broker.unix_path)
    peer.send(codec.connect(c.version, c.id(), username=USER + "x"))
    peer.rejected(0x86 if c.version == 5 else 4)


@test(versions=[4, 5], config=BOTH, own=True)
def reload_that_names_peers_ends_the_nameless(c):
    nameless, other = c.client("a", address=c.broker.unix_path), c.client("b")
    assert c.broker.reload(NAMED)
    nameless.refused(0x87)
    other.ping()
    c.client("a", address=c.broker.unix_path).ping()


@test(versions=[5], config=BOTH + ["mount_point local/"])
def socket_can_have_a_mount_point(c):
    watcher = c.client("watch")
    watcher.subscribe("local/" + c.topic())
    c.client("in", address=c.broker.unix_path).publish(c.topic(), b"x")
    watcher.take(b"x")


@test(versions=[4, 5], config=NAMED, own=True)
def names_outlive_a_restart(c):
    client = c.client("a", address=c.broker.unix_path)
    silent, half = (c.raw(address=c.broker.unix_path) for _ in range(2))
    packet = codec.connect(c.version, c.id("half"), username=USER)
    half.send(packet[:9])
    c.client("b").ping()
    c.broker.restart()
    client.ping()
    half.send(packet[9:])
    half.expect(codec.CONNACK, reason=0)
    silent.connect(client_id=c.id("silent"))
    # Looked at again, and all of them still have their names.
    assert c.broker.reload([*NAMED, "connection_messages false"])
    for peer in (client, half, silent):
        peer.ping()
