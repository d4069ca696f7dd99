# SPDX-License-Identifier: Apache-2.0
"""A reload changes everything that it says, or nothing; and clients stay."""
import errno
import os
import re
import shutil
import socket
import ssl
import stat
import threading

import codec
from harness import bare, test
from peer import Failure

HERE = "listener {port} 127.0.0.1"
THERE = "listener {port2} 127.0.0.1"
EVERYWHERE = "listener {port}"


def reload(c, config):
    if not c.broker.reload(config):
        raise Failure("the reload failed: " + c.broker.notices.status())


def refused(c, config, *words):
    """The reload fails and says so; each of the words is in the status."""
    assert not c.broker.reload(config), "the reload was done"
    for word in words:
        if word not in c.broker.notices.status():
            raise Failure("no %r in %r" % (word, c.broker.notices.status()))


def is_open(address):
    with socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET) as probe:
        probe.settimeout(1)
        return probe.connect_ex(address) == 0


def has_descriptors(c, n):
    """No more are open than n were after an earlier reload. The one by which we are told that a
    reload is over may be among either: only what several reloads leave open shows."""
    while c.broker.descriptors() > n:
        if c.left() <= 0:
            raise Failure("%d descriptors, not %d" % (c.broker.descriptors(), n))
        c.after(0.001)


class Pair:
    """Two clients, of 3.1.1 and of 5.0, that are there before a reload and stay."""

    def __init__(self, c):
        self.c, self.number = c, 0
        self.old = c.client("old", version=4)
        self.new = c.client("new", version=5)
        for peer in (self.old, self.new):
            peer.subscribe(c.topic("pair"), qos=2)

    def stay(self):
        for sender in (self.old, self.new):
            for qos in range(3):
                self.number += 1
                payload = b"pair %d" % self.number
                sender.publish(self.c.topic("pair"), payload, qos=qos)
                for taker in (self.old, self.new):
                    taker.take(payload, qos=qos)


# what changes, and when


@test(versions=[5], own=True)
def limit_of_a_message_holds_at_once(c):
    pair = Pair(c)
    pair.new.publish(c.topic(), bytes(100), qos=1)
    reload(c, ["message_size_limit 50"])
    pair.stay()
    answer = pair.new.publish(c.topic(), bytes(100), qos=1)
    assert answer.reason == 0x83, answer


@test(versions=[5], own=True)
def what_connack_told_holds_for_new_connections(c):
    pair = Pair(c)
    reload(c, ["max_packet_size 5000", "retain_available false", "max_keepalive 77", "@max_qos 1"])
    pair.stay()
    newer = c.client("newer", version=5, keep_alive=100)
    props = dict(newer.connack.props)
    assert props["maximum_packet_size"] == 5000, props
    assert props["retain_available"] == 0, props
    assert props["server_keep_alive"] == 77, props
    assert props["maximum_qos"] == 1, props


@test(versions=[5], own=True, config=["sys_interval 1"])
def sys_topics_stop_and_go(c):
    pair = Pair(c)
    watcher = c.client("watch")
    watcher.subscribe("$SYS/broker/uptime")
    assert watcher.recv().topic == "$SYS/broker/uptime"
    reload(c, ["sys_interval 0"])
    reload(c, ["sys_interval 1"])
    before = int(watcher.recv().payload.split()[0])
    assert before < 10, before
    pair.stay()


@test(versions=[5], own=True)
def log_goes_where_it_is_told(c):
    pair = Pair(c)
    path = os.path.join(c.broker.path, "other.log")
    reload(c, ["log_dest file " + path])
    with open(path, encoding="utf-8") as file:
        assert "log_dest: file %s (was stderr), at once" % path in file.read()
    before = c.broker.log()
    c.client("logged")
    assert c.broker.log() == before
    os.rename(path, path + ".1")
    reload(c, None)
    assert os.path.exists(path)
    refused(c, ["log_dest file /nonexistent/log"], "/nonexistent/log", "hawker.conf:")
    c.client("logged2")
    with open(path, encoding="utf-8") as file:
        assert c.id("logged2") in file.read()
    pair.stay()


@test(versions=[5], own=True)
def log_as_topic_is_turned_on(c):
    watcher = c.client("watch")
    watcher.subscribe("$SYS/broker/log/#")
    reload(c, ["log_dest topic"])
    assert "log_dest: topic (was stderr)" in watcher.recv().payload.decode()
    reload(c, ["log_dest stderr"])
    reload(c, ["log_dest topic"])
    watcher.ping()


@test(versions=[5], own=True)
def what_needs_a_restart_waits(c):
    pair = Pair(c)
    reload(c, ["workers 7", "max_keepalive 10"])
    log = c.broker.log()
    assert re.search(r"workers: 7 \(was .*\), by a restart", log), log
    assert "max_keepalive: 10 (was 0), for new connections" in log, log
    assert "Reloaded: 1 change, 1 more after a restart" in log, log
    reload(c, None)
    assert "Reloaded: 1 change after a restart" in c.broker.log()
    assert "%d worker" % c.broker.workers in c.broker.notices.status() or c.broker.workers == 0
    pair.stay()


@test(versions=[5], own=True)
def same_files_change_nothing(c):
    pair = Pair(c)
    reload(c, None)
    descriptors = c.broker.descriptors()
    for _ in range(4):
        reload(c, None)
        pair.stay()
    assert c.broker.log().count("Reloaded: nothing has changed") == 5
    has_descriptors(c, descriptors)


# what is wrong


# Lines, the number of the one that is blamed, and what is said of it.
WRONG = {
    "syntax": (["nonsense"], 0, "nonsense"),
    "between-listener-and-mount-point": ([HERE, "nonsense 1", "mount_point jail/"], 1, "nonsense"),
    "listener-allow-anonymous": ([HERE, "listener_allow_anonymous maybe"], 1, "maybe"),
    "value": (["max_keepalive lots"], 0, "max_keepalive"),
    "busy-port": ([HERE, "listener {busy} 127.0.0.1"], 1, "in use"),
    "own-port-twice": ([EVERYWHERE, HERE], 0, "in use"),
    "new-port-twice": ([HERE, "listener {port2}", THERE], 2, "another listener"),
    "no-such-host": ([HERE, "listener {port2} host.invalid"], 1, "host.invalid"),
    "no-such-device": ([HERE, "bind_interface none0"], 1, "none0"),
    "socket-in-no-folder": ([HERE, "listener 0 /nonexistent/s"], 1, "No such file"),
    "not-a-socket": ([HERE, "listener 0 {path}/hawker.conf"], 1, "not a socket"),
    "socket-owner": ([HERE, "listener 0 {unix}", "socket_owner none-such"], 2, "none-such"),
    "missing-certificate": (
        [HERE, THERE, "certfile /nonexistent/c", "keyfile {certs}/server.key"],
        2,
        "/nonexistent/c",
    ),
    "mismatched-key": (
        [HERE, THERE, "certfile {certs}/server.pem", "keyfile {certs}/server-two.key"],
        3,
        "server-two.key",
    ),
    "password-file": ([HERE, "password_file /nonexistent/p"], 1, "password_file"),
    "log-file": (["log_dest file /nonexistent/l"], 0, "/nonexistent/l"),
    "log-is-a-folder": (["log_dest file {path}"], 0, "Is a directory"),
    "include": (["include_dir /nonexistent"], 0, "/nonexistent"),
}


@test(
    versions=[4, 5],
    own=True,
    config=["max_keepalive 500", HERE, "mount_point jail/", "listener 0 {path}/old.sock"],
    cases=WRONG,
)
@bare
def wrong_settings_change_nothing(c, case):
    lines, blamed, words = case
    pair = Pair(c)
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        lines = [line.replace("{busy}", str(busy.getsockname()[1])) for line in lines]
        config = ["max_keepalive 600", "retain_available false"] + lines
        before = c.broker.configuration(config).splitlines()
        first = len(before) - len(lines)
        if not any(line.startswith("listener ") for line in lines):
            first -= 1  # the one that is added behind
        refused(c, config, "hawker.conf:%d: " % (first + blamed + 1), words)
        descriptors = c.broker.descriptors()
        for _ in range(3):
            refused(c, None, words)
    has_descriptors(c, descriptors)
    jailed(c)
    pair.stay()
    assert not os.path.exists(c.broker.unix_path), "a socket is left"
    assert is_open(os.path.join(c.broker.path, "old.sock")), "the old socket is gone"
    assert not is_open(c.broker.address2), "a new port is open"


def jailed(c):
    """The mount point and the other settings are those of the start."""
    inside = c.client("inside")
    outside = c.client("outside", address=os.path.join(c.broker.path, "old.sock"))
    outside.subscribe("jail/" + c.topic("j"))
    inside.publish(c.topic("j"), b"in jail", retain=True)
    outside.take(b"in jail")
    if c.version == 5:
        assert dict(inside.connack.props).get("retain_available", 1) == 1


@test(versions=[5], own=True, config=["@listener_auto_id_prefix pump-"])
def generated_identifiers_keep_their_prefix(c):
    refused(c, ["@listener_auto_id_prefix other-", "nonsense"])
    reload(c, ["@listener_auto_id_prefix pump-", "max_keepalive 900"])
    peer = c.client(client_id="")
    assert dict(peer.connack.props)["assigned_client_id"].startswith("pump-"), peer.connack


@test(versions=[5], own=True)
def missing_file_changes_nothing(c):
    pair = Pair(c)
    os.unlink(c.broker.config_path)
    refused(c, None, "hawker.conf", "No such file")
    pair.stay()


@test(versions=[5], own=True)
def trouble_is_told_until_it_is_over(c):
    refused(c, ["nonsense"], "hawker.conf:", "clients connected")
    client = c.client("a")
    refused(c, None, "hawker.conf:")
    reload(c, [])
    assert c.broker.notices.status().startswith("1 client connected, 1 address"), (
        c.broker.notices.status()
    )
    client.ping()


# listeners


@test(versions=[4, 5], own=True)
def listener_is_added(c):
    pair = Pair(c)
    reload(c, [HERE, THERE, "listener 0 {unix}"])
    pair.stay()
    for address in (c.broker.address, c.broker.address2, c.broker.unix_path):
        c.client(address=address).ping()
    assert ", 3 addresses" in c.broker.notices.status()


@test(versions=[5], own=True, config=["removed_listener_timeout 0", HERE, THERE, "listener 0 {unix}"])
def listener_is_removed(c):
    pair = Pair(c)
    gone = [c.client(address=c.broker.address2), c.client(address=c.broker.unix_path)]
    old = c.client(address=c.broker.address2, version=4)
    reload(c, ["removed_listener_timeout 0", HERE])
    assert not is_open(c.broker.address2)
    assert not os.path.exists(c.broker.unix_path)
    for peer in gone:
        assert [packet.reason for packet in peer.closed()] == [0x98]
    assert old.closed() == []
    pair.stay()
    reload(c, [HERE, THERE, "listener 0 {unix}"])
    c.client(address=c.broker.address2).ping()
    c.client(address=c.broker.unix_path).ping()


@test(versions=[4, 5], own=True, config=[HERE, "listener 0 {unix}", "socket_mode 0600"])
def socket_file_changes_in_place(c):
    peer = c.client(address=c.broker.unix_path)
    inode = os.stat(c.broker.unix_path).st_ino
    reload(c, [HERE, "listener 0 {unix}", "socket_mode 0666"])
    status = os.stat(c.broker.unix_path)
    assert (status.st_ino, stat.S_IMODE(status.st_mode)) == (inode, 0o666)
    peer.ping()
    refused(c, [HERE, THERE, "listener 0 {unix}", "listener 0 /nonexistent/x"])
    assert stat.S_IMODE(os.stat(c.broker.unix_path).st_mode) == 0o666
    assert os.stat(c.broker.unix_path).st_ino == inode
    c.client(address=c.broker.unix_path).ping()


@test(versions=[4, 5], own=True, config=[HERE, "listener 0 {unix}"])
def path_of_a_socket_changes(c):
    peer = c.client(address=c.broker.unix_path)
    reload(c, [HERE, "listener 0 {path}/new.sock"])
    assert not os.path.exists(c.broker.unix_path)
    c.client(address=os.path.join(c.broker.path, "new.sock")).ping()
    peer.ping()  # until its time is over


class Callers(threading.Thread):
    """Connects again and again: a port where nobody listens refuses."""

    def __init__(self, c):
        super().__init__()
        self.address, self.limit = c.broker.address, c.left()
        self.n_calls, self.refused, self.over = 0, [], threading.Event()
        self.many = threading.Condition()

    def run(self):
        while not self.over.is_set():
            with socket.socket() as caller:
                caller.settimeout(self.limit)
                error = caller.connect_ex(self.address)
            if error:
                self.refused.append(errno.errorcode[error])
            with self.many:
                self.n_calls += 1
                self.many.notify_all()

    def wait_for_more(self, n):
        with self.many:
            wanted = self.n_calls + n
            assert self.many.wait_for(lambda: self.n_calls >= wanted, self.limit)

    def stop(self):
        self.over.set()
        self.join()


@test(versions=[4, 5], own=True, config=[HERE, "connect_timeout 1"])
def address_changes_while_somebody_always_listens(c):
    pair = Pair(c)
    callers = Callers(c)
    callers.start()
    try:
        for config in [[EVERYWHERE], [HERE], [EVERYWHERE, "socket_domain ipv4"], [EVERYWHERE]] * 3:
            callers.wait_for_more(5)
            reload(c, config + ["max_connections 10000"])
            callers.wait_for_more(5)
    finally:
        callers.stop()
    # A call that was being answered when the old socket closed may be reset.
    assert "ECONNREFUSED" not in callers.refused, (callers.refused, callers.n_calls)
    assert len(callers.refused) < callers.n_calls / 20, (callers.refused, callers.n_calls)
    c.client().ping()
    pair.old.ping()
    pair.new.ping()


@test(versions=[4, 5], own=True, config=[EVERYWHERE])
def narrower_address_lets_others_have_the_rest(c):
    reload(c, [HERE])
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.2", c.broker.port))
        other.listen()
        refused(c, [EVERYWHERE], "in use")
        c.client().ping()
    reload(c, [EVERYWHERE])
    assert is_open(("127.0.0.2", c.broker.port))


@test(versions=[4, 5], own=True, config=[HERE, "@mount_point a/", THERE])
def settings_of_listeners_change_places(c):
    reload(c, [THERE, "mount_point a/", HERE])
    watcher = c.client(address=c.broker.address)
    watcher.subscribe("a/" + c.topic())
    c.client(address=c.broker.address2).publish(c.topic(), b"moved")
    watcher.take(b"moved")


@test(versions=[4, 5], own=True, config=["@max_connections 2"])
def connections_are_counted_over_a_reload(c):
    c.client("1")
    reload(c, ["@max_connections 2", "max_keepalive 900"])
    c.client("2")
    peer = c.raw()
    peer.open(client_id=c.id("3"))
    assert all(packet.reason not in (None, 0) for packet in peer.closed())


# certificates


LIVE = [HERE, "certfile {path}/live.pem", "keyfile {path}/live.key"]
MUTUAL = LIVE + ["cafile {certs}/ca.pem", "crlfile {path}/live.crl", "require_certificate true"]


def put(c, name):
    """The certificate is the live one from now on."""
    for ending in ("pem", "key"):
        shutil.copy(
            os.path.join(c.broker.certificates, "%s.%s" % (name, ending)),
            os.path.join(c.broker.path, "live." + ending),
        )


def tls(c, version=None, certificate=None):
    made = ssl.create_default_context(cafile=os.path.join(c.broker.certificates, "ca.pem"))
    made.check_hostname = False
    if version:
        made.minimum_version = made.maximum_version = version
    if certificate:
        name = os.path.join(c.broker.certificates, certificate)
        made.load_cert_chain(name + ".pem", name + ".key")
    return made


def serial(peer):
    return peer.socket.getpeercert()["serialNumber"].lower()


@test(versions=[4, 5], own=True)
def certificate_is_renewed_under_live_clients(c):
    put(c, "server")
    reload(c, LIVE)
    first = c.client("first", tls=tls(c))
    reload(c, None)
    assert c.broker.log().endswith("\n") and "nothing has changed" in c.broker.log()
    put(c, "server-two")
    reload(c, None)
    second = c.client("second", tls=tls(c))
    assert serial(first) != serial(second)
    first.subscribe(c.topic())
    second.publish(c.topic(), b"over")
    first.take(b"over")
    found = re.search(r"certificate of \S+: serial (\w+) until .* \(was serial (\w+) ", c.broker.log())
    assert found, c.broker.log()[-2000:]
    assert (int(found[1], 16), int(found[2], 16)) == (int(serial(second), 16), int(serial(first), 16))
    assert "certificates until 20" in c.broker.notices.status()


@test(versions=[4, 5], own=True, cases={"key": "key", "half": "half"})
def half_of_a_renewal_is_refused(c, what):
    put(c, "server")
    reload(c, LIVE)
    first = c.client("first", tls=tls(c))
    path = os.path.join(c.broker.path, "live.pem")
    if what == "key":
        shutil.copy(os.path.join(c.broker.certificates, "server-two.pem"), path)
    else:
        os.truncate(path, os.path.getsize(path) // 2)
    refused(c, None, "hawker.conf:", "live.")
    second = c.client("second", tls=tls(c))
    assert serial(first) == serial(second)
    first.ping()


@test(versions=[5], own=True)
def tickets_outlive_a_renewal(c):
    put(c, "server")
    reload(c, LIVE)
    context = tls(c, ssl.TLSVersion.TLSv1_2)
    first = c.client(tls=context)
    put(c, "server-two")
    reload(c, None)
    with socket.create_connection(c.broker.address, c.left()) as raw:
        second = context.wrap_socket(
            raw, server_hostname="localhost", session=first.socket.session
        )
        assert second.session_reused
        second.close()


@test(versions=[5], own=True)
def revoked_client_is_locked_out(c):
    put(c, "server")
    live = os.path.join(c.broker.path, "live.crl")
    shutil.copy(os.path.join(c.broker.certificates, "crl-empty.pem"), live)
    reload(c, MUTUAL)
    context = tls(c, ssl.TLSVersion.TLSv1_2, "client-revoked")
    peer = c.client(tls=context)
    shutil.copy(os.path.join(c.broker.certificates, "crl.pem"), live)
    reload(c, None)
    assert "TLS files of" in c.broker.log()
    for session in (None, peer.socket.session):
        try:
            with socket.create_connection(c.broker.address, c.left()) as raw:
                with context.wrap_socket(
                    raw, server_hostname="localhost", session=session
                ) as again:
                    again.sendall(codec.connect(5, client_id=c.id("again")))
                    assert again.recv(100) == b""
        except (ssl.SSLError, ConnectionResetError):
            pass
    c.client(tls=tls(c, certificate="client")).ping()


# many


@test(versions=[5], own=True)
def many_reloads_under_load_lose_nothing(c):
    publisher, subscriber = c.pair(qos=2)
    descriptors, memory = None, None
    for number in range(100):
        publisher.publish(c.topic(), b"%d" % number, qos=number % 3)
        other = [THERE] if number % 2 else ["listener 0 {unix}"]
        reload(c, [HERE] + other + ["max_keepalive %d" % (number + 99)])
        subscriber.take(b"%d" % number, qos=number % 3)
        if number == 49:
            descriptors, memory = c.broker.descriptors(), c.broker.memory()
    has_descriptors(c, descriptors)
    assert c.broker.memory() <= memory + (4 << 20), (c.broker.memory(), memory)
