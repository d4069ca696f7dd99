# SPDX-License-Identifier: Apache-2.0
"""Listeners with TLS: who gets in, under which name, and what becomes of the others."""
import os
import re
import socket
import ssl
import subprocess
import threading
import time

import codec
from harness import bare, test
from peer import Failure

SERVER = ["@certfile {certs}/server.pem", "@keyfile {certs}/server.key"]
ONE_TWO = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
CLIENTS = ["@cafile {certs}/ca.pem", "@crlfile {certs}/crl.pem"]
WANTED = CLIENTS + ["@require_certificate true"]
REQUIRED = SERVER + WANTED
NAMED = REQUIRED + ["@use_identity_as_username true", "@listener_allow_anonymous false"]
OPTIONAL = SERVER + CLIENTS + ["@use_identity_as_username true"]


# With these other threads than the workers shake hands.
RSA = ["@certfile {certs}/server-rsa.pem", "@keyfile {certs}/server-rsa.key"]


def by_rsa(cases):
    return {"rsa/" + name: value for name, value in cases.items()}


def context(c, version=None, certificate=None, ca="ca"):
    made = ssl.create_default_context(cafile=os.path.join(c.broker.certificates, ca + ".pem"))
    if version:
        made.minimum_version = made.maximum_version = version
    if certificate:
        made.load_cert_chain(
            os.path.join(c.broker.certificates, certificate + ".pem"),
            os.path.join(c.broker.certificates, certificate + ".key"),
        )
    return made


def turned_away(c, tls, **how):
    """Neither a handshake nor an answer: in TLS 1.3 the client learns of it when it reads."""
    try:
        peer = c.raw(tls=tls, **how)
    except (ssl.SSLError, ConnectionResetError):
        return
    peer.open(client_id=c.id())
    if peer.closed():
        raise Failure("got an answer")


def logged(c, pattern):
    """Waits until the log has a line that matches."""
    while not re.search(pattern, c.broker.log()):
        if c.left() <= 0:
            raise Failure("no %r in the log:\n%s" % (pattern, c.broker.log()[-2000:]))
        c.after(0.01)


def still_serves(c, tls=None):
    publisher = c.client("well-pub", tls=tls or context(c))
    subscriber = c.client("well-sub", tls=tls or context(c))
    subscriber.subscribe(c.topic("well"))
    publisher.publish(c.topic("well"), b"x")
    subscriber.take(b"x")


@test(versions=[3, 4, 5], config=SERVER, cases=ONE_TWO)
@test(versions=[4, 5], config=RSA, cases=by_rsa(ONE_TWO))
def clients_talk(c, version):
    tls = context(c, version)
    subscriber = c.client("sub", tls=tls)
    subscriber.subscribe(c.topic(), qos=2)
    publisher = c.client("pub", tls=tls)
    for qos in range(3):
        publisher.publish(c.topic(), b"x%d" % qos, qos=qos)
        subscriber.take(b"x%d" % qos, qos=qos)
    publisher.disconnect()


@test(versions=[4, 5], config=SERVER + ["max_packet_size 20000000"], cases=ONE_TWO)
def large_payloads_arrive(c, version):
    tls, payload = context(c, version), os.urandom(1 << 20) * 10
    subscriber = c.client("sub", tls=tls)
    subscriber.subscribe(c.topic(), qos=1)
    c.client("pub", tls=tls).publish(c.topic(), payload, qos=1)
    assert subscriber.take(qos=1).payload == payload


@test(versions=[5], config=SERVER, cases=ONE_TWO)
def many_small_packets_in_one_record(c, version):
    """What GnuTLS has decrypted is taken, though the socket is silent."""
    tls = context(c, version)
    publisher, subscriber = c.client("pub", tls=tls), c.client("sub", tls=tls)
    subscriber.subscribe(c.topic())
    flood = b"".join(codec.publish(5, c.topic(), b"%05d" % i, 0) for i in range(2000))
    for at in range(0, len(flood), 5000):
        publisher.send(flood[at : at + 5000])
    for i in range(2000):
        subscriber.take(b"%05d" % i)


@test(versions=[4, 5], config=SERVER)
@test(versions=[4, 5], config=RSA, cases={"rsa": None})
def connect_in_one_breath(c, _=None):
    """CONNECT, SUBSCRIBE and PUBLISH in one record, before any answer; the connection moves."""
    for number in range(8):
        peer = c.raw(tls=context(c))
        topic = c.topic("breath%d" % number)
        peer.send(
            codec.connect(c.version, client_id=c.id("breath%d" % number))
            + codec.subscribe(c.version, 1, [(topic, 0)])
            + codec.publish(c.version, topic, bytes(40000), 0)
        )
        peer.expect(codec.CONNACK, reason=0)
        peer.expect(codec.SUBACK)
        peer.take(bytes(40000))


@test(versions=[5], config=SERVER + ["@tls_version tlsv1.3"])
def lower_versions_are_refused(c):
    turned_away(c, context(c, ssl.TLSVersion.TLSv1_2))
    still_serves(c, context(c, ssl.TLSVersion.TLSv1_3))


@test(versions=[5], config=SERVER, cases={"mqtt": ["mqtt"], "http": ["http/1.1"], "none": []})
@bare
def alpn_is_mqtt(c, protocols):
    tls = context(c)
    if protocols:
        tls.set_alpn_protocols(protocols)
    peer = c.client(tls=tls)
    expected = "mqtt" if protocols == ["mqtt"] else None
    assert peer.socket.selected_alpn_protocol() == expected


@test(
    versions=[5],
    config=["listener {port2} 127.0.0.1", "listener {port} 127.0.0.1", "protocol websockets"]
    + [line[1:] for line in SERVER],
    cases={"http": ["http/1.1"], "mqtt": ["mqtt"], "none": []},
)
@bare
def alpn_of_websockets_is_http(c, protocols):
    tls = context(c)
    if protocols:
        tls.set_alpn_protocols(protocols)
    expected = "http/1.1" if protocols == ["http/1.1"] else None
    assert c.raw(tls=tls).socket.selected_alpn_protocol() == expected


@test(versions=[5], config=SERVER)
def sessions_are_resumed_by_ticket(c):
    tls = context(c, ssl.TLSVersion.TLSv1_2)
    first = c.client(tls=tls)
    raw = socket.create_connection(c.broker.address, c.left())
    second = tls.wrap_socket(raw, server_hostname="localhost", session=first.socket.session)
    assert second.session_reused
    second.close()


# certificates of the broker


def shown(c, host, tls):
    with socket.create_connection(c.broker.address, c.left()) as raw:
        with tls.wrap_socket(raw, server_hostname=host) as peer:
            return peer.cipher(), dict(peer.getpeercert()["subject"][0])["commonName"]


TWO = SERVER + ["@certfile {certs}/server-two.pem", "@keyfile {certs}/server-two.key"]


@test(versions=[5], config=TWO, cases={"first": ("localhost",) * 2, "second": ("two.example", "two")})
def certificate_is_chosen_by_name(c, names):
    assert shown(c, names[0], context(c))[1] == names[1]


BOTH = SERVER + RSA


@test(versions=[5], config=BOTH, cases={"ECDSA": "ECDSA", "RSA": "RSA"})
def certificate_is_chosen_by_algorithm(c, algorithm):
    tls = context(c, ssl.TLSVersion.TLSv1_2)
    tls.set_ciphers("ECDHE-%s-AES128-GCM-SHA256" % algorithm)
    assert algorithm in shown(c, "localhost", tls)[0][0]


@test(
    versions=[5],
    config=[
        "@cafile {certs}/middle.pem",
        "@certfile {certs}/server-middle.pem",
        "@keyfile {certs}/server-middle.key",
    ],
)
def cafile_completes_the_chain(c):
    still_serves(c)


@test(versions=[5], config=SERVER + ["@ciphers ECDHE-ECDSA-AES128-GCM-SHA256"])
def ciphers_hold(c):
    assert shown(c, "localhost", context(c))[0][0] in (
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "TLS_AES_128_GCM_SHA256",
    )


OPENSSL_VERSIONS = {"1.2": "-tls1_2", "1.3": "-tls1_3"}


def status_shown(c, version):
    done = subprocess.run(
        ["openssl", "s_client", "-status", version, "-connect", "localhost:%d" % c.broker.port]
        + ["-CAfile", os.path.join(c.broker.certificates, "ca.pem")],
        input="",
        capture_output=True,
        text=True,
        timeout=c.left(),
        check=False,
    )
    return done.stdout


@test(versions=[5], config=SERVER + ["@ocsp_file {certs}/server.ocsp"], cases=OPENSSL_VERSIONS)
def status_is_stapled(c, version):
    shown_status = status_shown(c, version)
    assert "Cert Status: good" in shown_status, shown_status


@test(versions=[5], config=SERVER + ["@ocsp_file {certs}/revoked.ocsp"], cases=OPENSSL_VERSIONS)
def status_that_does_not_help_is_not_stapled(c, version):
    assert "OCSP response: no response sent" in status_shown(c, version)
    logged(c, "revoked.ocsp is not used: it says that the certificate is revoked")


# certificates of the clients


@test(versions=[4, 5], config=NAMED, cases=ONE_TWO)
def name_of_the_certificate_is_the_username(c, version):
    c.client("named", tls=context(c, version, "client"), username="eve", password=b"x")
    logged(c, c.id("named") + " connected .*, user alice\\)")


@test(
    versions=[5],
    config=REQUIRED + ["@use_subject_as_username true", "@listener_allow_anonymous false"],
)
def subject_can_be_the_username(c):
    c.client("named", tls=context(c, None, "client"))
    logged(c, c.id("named") + " connected .*, user CN=alice,OU=Pumps,O=Works\\)")


BAD = {
    "none": (None, "required|No certificate"),
    "revoked": ("client-revoked", "revoked"),
    "expired": ("client-expired", "expired"),
    "stranger": ("client-other", "issuer is unknown"),
    "purpose": ("client-for-server", "purpose"),
}


@test(versions=[5], config=NAMED, cases={k + "/1.2": v for k, v in BAD.items()})
def bad_certificates_are_turned_away(c, case):
    turned_away(c, context(c, ssl.TLSVersion.TLSv1_2, case[0]))
    logged(c, "Handshake failed from [0-9.]+:[0-9]+: TLS: .*(%s).*, listener " % case[1])


@test(versions=[5], config=NAMED, cases={k + "/1.3": v for k, v in BAD.items()})
@test(versions=[5], config=RSA + WANTED, cases=by_rsa(BAD))
def bad_certificates_are_turned_away_by_1_3(c, case):
    turned_away(c, context(c, ssl.TLSVersion.TLSv1_3, case[0]))
    logged(c, "Handshake failed from [0-9.]+:[0-9]+: TLS: .*(%s).*, listener " % case[1])


@test(versions=[5], config=REQUIRED + ["@disable_client_cert_date_checks true"])
def dates_can_be_ignored(c):
    c.client(tls=context(c, None, "client-expired"))
    turned_away(c, context(c, None, "client-revoked"))


@test(versions=[4, 5], config=NAMED, cases={"none": "client-nameless", "zero": "client-zero"})
def odd_names_are_refused(c, certificate):
    peer = c.raw(tls=context(c, None, certificate))
    peer.open(client_id=c.id())
    peer.rejected(0x86 if c.version == 5 else 4)


@test(versions=[4, 5], config=OPTIONAL)
def optional_certificates_name_who_has_one(c):
    c.client("named", tls=context(c, None, "client"))
    logged(c, c.id("named") + " connected .*, user alice\\)")
    peer = c.raw(tls=context(c))
    peer.open(client_id=c.id())
    peer.rejected(0x86 if c.version == 5 else 4)
    turned_away(c, context(c, None, "client-revoked"))


@test(versions=[5], config=REQUIRED + ["@listener_allow_anonymous false"])
def certificate_alone_is_no_username(c):
    peer = c.raw(tls=context(c, None, "client"))
    peer.open(client_id=c.id())
    peer.rejected(0x87)


# what is not TLS, or not whole


@test(versions=[4, 5], config=SERVER, own=True)
@bare
def plain_mqtt_on_a_tls_port(c):
    peer = c.raw()
    peer.open(client_id=c.id())
    peer.bytes_until_closed()
    logged(c, "not TLS but MQTT")
    still_serves(c)


@test(versions=[5], own=True)
def tls_on_a_plain_port(c):
    turned_away(c, context(c))
    logged(c, "this is TLS, but the listener has none")


TIMEOUT = ["connect_timeout 2"]
HELLO = bytes.fromhex("160301020001")
JUNK = {
    "http": b"GET / HTTP/1.1\r\n\r\n",
    "zeros": bytes(100),
    "oversized-record": b"\x16\x03\x01\xff\xff" + bytes(70000),
    "empty-hello": b"\x16\x03\x01\x00\x04\x01\x00\x00\x00",
    "alert": b"\x15\x03\x01\x00\x02\x02\x28",
    "data": b"\x17\x03\x03\x00\x10" + bytes(16),
    "warnings": b"\x15\x03\x01\x00\x02\x01\x00" * 10000,
}


@test(versions=[5], config=SERVER, cases=JUNK)
@test(versions=[5], config=RSA, cases=by_rsa(JUNK))
@bare
def junk_is_closed(c, junk):
    peer = c.raw()
    peer.send(junk)
    peer.bytes_until_closed()
    still_serves(c)


@test(versions=[5], config=SERVER, own=True)
@test(versions=[5], config=RSA, cases={"rsa": None}, own=True)
@bare
def junk_leaves_one_line_each(c, _=None):
    """With the peer and the reason. A broker of its own: floods of lines are held back."""
    for junk in JUNK.values():
        peer = c.raw()
        port = peer.socket.getsockname()[1]
        peer.send(junk)
        peer.bytes_until_closed()
        logged(c, "Handshake failed from [0-9.]+:%d: .*TLS.*, listener " % port)
        assert len(re.findall(r":%d\b" % port, c.broker.log())) == 1


@test(versions=[5], config=RSA, own=True)
@bare
def stop_in_a_storm_of_handshakes(c):
    """What helpers have is waited for, what waits for them is not."""
    begun = []
    for _ in range(60):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        hello = context(c).wrap_bio(incoming, outgoing, server_hostname="localhost")
        try:
            hello.do_handshake()
        except ssl.SSLWantReadError:
            pass
        begun.append(c.raw())
        begun[-1].send(outgoing.read())
    c.broker.terminate()
    for peer in begun:
        peer.bytes_until_closed()


@test(versions=[5], config=SERVER, cases=ONE_TWO, own=True)
def junk_behind_the_handshake_is_closed(c, version):
    peer = c.client(tls=context(c, version))
    os.write(peer.socket.fileno(), b"\x17\x03\x03\x00\x20" + bytes(32))
    peer.bytes_until_closed()
    logged(c, "Client %s at .* ended: .*TLS: " % c.id("n1"))
    still_serves(c)


@test(versions=[5], config=SERVER + TIMEOUT, timed=True, cases={"": b"", "half": HELLO})
@test(versions=[5], config=RSA + TIMEOUT, timed=True, cases={"rsa": b"", "rsa/half": HELLO})
@bare
def half_handshakes_time_out(c, begin):
    before = time.monotonic()
    peer = c.raw()
    peer.send(begin)
    peer.bytes_until_closed()
    assert time.monotonic() - before > 1.5
    logged(c, "no complete TLS handshake in time")


@test(versions=[5], config=SERVER)
@test(versions=[5], config=RSA, cases={"rsa": None})
@bare
def truncated_handshakes_do_no_harm(c, _=None):
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    hello = context(c).wrap_bio(incoming, outgoing, server_hostname="localhost")
    try:
        hello.do_handshake()
    except ssl.SSLWantReadError:
        pass
    first = outgoing.read()
    for size in range(1, len(first), 37):
        peer = c.raw()
        peer.send(first[:size])
        peer.drop()
    still_serves(c)


@test(versions=[5], config=SERVER)
def will_follows_a_lost_connection(c):
    watcher = c.client("watch", tls=context(c))
    watcher.subscribe(c.topic())
    c.client("w", tls=context(c), will=codec.Will(c.topic(), b"gone")).drop()
    watcher.take(b"gone")


@test(versions=[5], config=SERVER, own=True)
def stop_says_why(c):
    peer = c.client(tls=context(c))
    c.broker.terminate()
    assert [one.reason for one in peer.closed()] == [0x8B]


@test(versions=[5], config=SERVER)
@test(versions=[5], config=RSA, cases={"rsa": None})
def many_connections(c, _=None):
    """Four threads connect, talk and leave; then as many connections are there at once."""
    tls, faults = context(c), []

    def work(number):
        try:
            for i in range(10):
                peer = c.raw(tls=tls)
                peer.connect(client_id=c.id("many%dx%d" % (number, i)))
                peer.subscribe(c.topic("many%d" % number))
                peer.publish(c.topic("many%d" % number), b"%d" % i, qos=1)
                peer.until(codec.PUBLISH)
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]


# real clients


@test(
    versions=[5],
    config=[
        "psk_file {certs}/psk",
        "@psk_hint hint",
        "@use_identity_as_username true",
        "@listener_allow_anonymous false",
    ],
    cases={"right": ("sensor", 0), "wrong": ("other", 1)},
)
@bare
def mosquitto_with_a_pre_shared_key(c, case):
    pub(
        c,
        ["--psk-identity", case[0], "--psk", "00112233445566778899aabbccddeeff", "-i", c.id("psk")],
        case[1],
    )
    if not case[1]:
        logged(c, c.id("psk") + " connected .*, user sensor\\)")
    else:
        logged(c, "Handshake failed from ")


RULE = ["ban_after_failed_handshakes 3", "ban_loopback true"]


@test(versions=[5], config=RULE + REQUIRED, own=True)
@test(versions=[5], config=RULE + RSA + WANTED, cases={"rsa": None}, own=True)
@bare
def rule_bans_whose_handshakes_fail(c, _=None):
    """Those who have no good certificate or speak no TLS, not those who leave or do not like ours."""
    good, bad = context(c, None, "client"), context(c, None, "client-expired")
    for number in range(8):
        peer = c.raw(source="127.0.0.2")
        peer.send(HELLO if number % 2 else b"")
        peer.drop()
        try:
            c.raw(tls=ssl.create_default_context(), source="127.0.0.2")
        except ssl.SSLError:
            pass
    turned_away(c, bad, source="127.0.0.2")
    turned_away(c, bad, source="127.0.0.2")
    c.client("there", tls=good, source="127.0.0.2").ping()
    peer = c.raw(source="127.0.0.2")
    peer.send(codec.connect(5, c.id("plain")))
    peer.bytes_until_closed()
    logged(c, "Banned address 127.0.0.2 until")
    logged(c, "rule: 3 failed handshakes within 600 seconds")
    c.client("other", tls=good, source="127.0.0.3").ping()


@test(versions=[5], config=SERVER)
@bare
def mosquitto_with_a_certificate(c):
    pub(c, ["--cafile", os.path.join(c.broker.certificates, "ca.pem")], 0)


def pub(c, options, status):
    got = subprocess.run(
        ["mosquitto_pub", "-h", "localhost", "-p", str(c.broker.port), "-t", c.topic(), "-m", "x"]
        + ["-q", "1"]
        + options,
        timeout=c.left(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    assert (got.returncode != 0) == (status != 0), got.returncode


@test(
    versions=[5],
    config=["sys_interval 1", "listener {port2} 127.0.0.1", "listener {port} 127.0.0.1"] + SERVER,
    own=True,
    timed=True,
)
def sys_tells_what_handshakes_cost(c):
    """Also those that come to nothing; a listener without TLS has none."""
    watcher = c.client("watcher", address=c.broker.address2)
    watcher.subscribe("$SYS/broker/listeners/+/handshakes/#")
    figures = {}

    def until(reached):
        while not reached(shaken := figures.get(str(c.broker.address[1]), {})):
            packet = watcher.message()
            _, _, _, listener, name = packet.topic.split("/", 4)
            port = listener.rpartition(":")[2]
            figures.setdefault(port, {})[name.removeprefix("handshakes/")] = int(packet.payload)
        return dict(shaken)

    for _ in range(3):
        c.client(tls=context(c))
    until(lambda shaken: shaken.get("count") == 3)
    before = until(lambda shaken: "failed" in shaken and shaken.get("bytes/sent", 0) > 1500)
    assert 500 < before["bytes/received"] < before["bytes/sent"] < 100000, before
    try:
        c.raw(tls=ssl.create_default_context())
    except ssl.SSLError:
        pass
    until(lambda shaken: shaken["failed"] == before["failed"] + 1)
    until(lambda shaken: shaken["bytes/received"] > before["bytes/received"])
    assert not any(figures[str(c.broker.address2[1])].values()), figures
