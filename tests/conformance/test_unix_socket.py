# SPDX-License-Identifier: Apache-2.0
"""Listeners on Unix sockets, beside the TCP listener that shows that the broker is there."""
import os
import stat

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


@test(versions=[5], config=BOTH + ["mount_point local/"])
def socket_can_have_a_mount_point(c):
    watcher = c.client("watch")
    watcher.subscribe("local/" + c.topic())
    c.client("in", address=c.broker.unix_path).publish(c.topic(), b"x")
    watcher.take(b"x")
