# SPDX-License-Identifier: Apache-2.0
"""Listeners behind a proxy that tells who its clients are."""
import socket
import ssl
import struct

from harness import bare, test

ONE = ["listener {port} 127.0.0.1", "enable_proxy_protocol 1"]
TWO = ["listener {port} 127.0.0.1", "enable_proxy_protocol 2"]
TLS = ["certfile {certs}/server.pem", "keyfile {certs}/server.key"]
LINE = b"PROXY TCP4 192.0.2.1 192.0.2.2 4711 1883\r\n"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
CERTIFICATE = b"\x20\x00\x0a\x07\x00\x00\x00\x00\x22\x00\x02cn"


def header(tlvs=b"", source="192.0.2.1"):
    body = socket.inet_aton(source) + bytes(4) + struct.pack(">HH", 4711, 1883) + tlvs
    return SIGNATURE + b"\x21\x11" + struct.pack(">H", len(body)) + body


def serves(c, name, before, **how):
    peer = c.raw(before=before, **how)
    peer.connect(client_id=c.id(name))
    peer.subscribe(c.topic(name))
    peer.publish(c.topic(name), b"x", 1)
    peer.take(b"x")
    return peer


def logged(c, text):
    while text not in c.broker.log():
        assert c.left() > 0, c.broker.log()
        c.after(0.005)


@test(versions=[4, 5], config=ONE)
def line_names_the_client(c):
    serves(c, "a", LINE)
    logged(c, "Client %s connected from 192.0.2.1:4711" % c.id("a"))


@test(versions=[4, 5], config=TWO)
def binary_header_names_the_client(c):
    serves(c, "a", header())
    logged(c, "Client %s connected from 192.0.2.1:4711" % c.id("a"))


@test(versions=[5], config=ONE + TLS)
def tls_follows_a_line(c):
    tls = ssl.create_default_context(cafile=c.broker.certificates + "/ca.pem")
    serves(c, "a", LINE, tls=tls)
    logged(c, "Client %s connected from 192.0.2.1:4711" % c.id("a"))


@test(versions=[5], config=TWO, cases={"none": b"", "line": LINE, "short": header()[:-1]})
@bare
def without_header_nobody_comes_in(c, before):
    peer = c.raw(before=before)
    peer.open(client_id=c.id())
    assert peer.closed() == []


@test(versions=[5], config=TWO + ["proxy_trusted 192.0.2.0/24", "proxy_trusted 127.0.0.2"])
def only_trusted_proxies_are_heard(c):
    serves(c, "a", header(), source="127.0.0.2")
    try:
        peer = c.raw(before=header())
        peer.open(client_id=c.id())
        assert peer.closed() == []
    except ConnectionError:
        pass  # it was closed even before that
    logged(c, "not in proxy_trusted")


@test(versions=[5], config=["listener 0 {unix}", "enable_proxy_protocol 1", "listener {port}"])
def unix_socket_may_be_the_proxys(c):
    serves(c, "a", LINE, address=c.broker.unix_path)
    logged(c, "Client %s connected from 192.0.2.1:4711" % c.id("a"))


@test(versions=[5], config=TWO + ["use_identity_as_username true", "allow_anonymous false"])
def certificate_that_the_proxy_saw_names_the_user(c):
    serves(c, "a", header(CERTIFICATE))
    logged(c, "user cn")
    peer = c.raw(before=header())
    peer.open(client_id=c.id())
    assert peer.recv().reason == 0x86


@test(versions=[5], config=["listener {port} 127.0.0.1"])
@bare
def reload_brings_it_for_new_connections(c):
    before = c.client("before")
    assert c.broker.reload(TWO)
    serves(c, "after", header())
    peer = c.raw()
    peer.open(client_id=c.id())
    assert peer.closed() == []
    before.ping()


@test(versions=[5], config=TWO, own=True)
def restart_keeps_the_address(c):
    peer = serves(c, "a", header())
    c.broker.restart()
    peer.ping()
    peer.drop()
    logged(c, "Client %s at 192.0.2.1:4711 disconnected" % c.id("a"))
