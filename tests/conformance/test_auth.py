# SPDX-License-Identifier: Apache-2.0
"""Enhanced authentication (MQTT 5.0, 4.12): SCRAM, with a client of the test's own."""
import base64
import hashlib
import hmac
import os
import tempfile

import codec
from codec import AUTH, CONNACK, DISCONNECT, Will
from harness import test

FILES = tempfile.TemporaryDirectory(prefix="hawker-auth-")
SUCCESS, GO_ON, AGAIN = 0x00, 0x18, 0x19
PROTOCOL_ERROR, NOT_AUTHORIZED, BAD_METHOD, TOO_LARGE = 0x82, 0x87, 0x8C, 0x95
SHA_256, SHA_512 = "SCRAM-SHA-256", "SCRAM-SHA-512"
HASHES = {SHA_256: "sha256", SHA_512: "sha512"}
ITERATIONS = 4096


def text64(data):
    return base64.b64encode(data).decode()


def mac(method, key, data):
    return hmac.digest(key, data, HASHES[method])


def digest(method, data):
    return hashlib.new(HASHES[method], data).digest()


def stored(method, password, salt):
    salted = hashlib.pbkdf2_hmac(HASHES[method], password, salt, ITERATIONS)
    client, server = (mac(method, salted, name) for name in (b"Client Key", b"Server Key"))
    keys = text64(digest(method, client)), text64(server)
    return "%s$%d:%s$%s:%s" % (method, ITERATIONS, text64(salt), *keys)


def written(name, lines):
    path = os.path.join(FILES.name, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write("".join(line + "\n" for line in lines))
    os.chmod(path, 0o600)
    return "password_file " + path


ADA, BOB = ("ada:" + stored(SHA_256, b"secret", b"0123456789abcdef"), "bob:" + stored(SHA_512, b"x", b"s"))
CONFIG = ["allow_anonymous false", written("users", [ADA, BOB])]
ONE = ["allow_anonymous false", written("one", [ADA])]


class Login:
    """The client's side of one login."""

    def __init__(self, user="ada", password=b"secret", method=SHA_256, header="n,,"):
        self.password, self.method, self.header = password, method, header
        self.bare = "n=%s,r=%s" % (user, text64(os.urandom(12)))

    def props(self, data=None, **more):
        data = (self.header + self.bare).encode() if data is None else data
        return {"auth_method": self.method, "auth_data": data, **more}

    def answer(self, challenge):
        """The last message to the broker; what the broker has to prove is remembered."""
        challenge = challenge.decode()
        fields = dict(field.split("=", 1) for field in challenge.split(","))
        assert fields["r"].startswith(self.bare.split("r=")[1])
        salt, count = base64.b64decode(fields["s"]), int(fields["i"])
        salted = hashlib.pbkdf2_hmac(HASHES[self.method], self.password, salt, count)
        without = "c=%s,r=%s" % (text64(self.header.encode()), fields["r"])
        said = ",".join((self.bare, challenge, without)).encode()
        client = mac(self.method, salted, b"Client Key")
        signature = mac(self.method, digest(self.method, client), said)
        proof = bytes(a ^ b for a, b in zip(client, signature))
        server = mac(self.method, mac(self.method, salted, b"Server Key"), said)
        self.expected = b"v=" + text64(server).encode()
        return ("%s,p=%s" % (without, text64(proof))).encode()


def challenged(peer, login, **fields):
    peer.open(props=login.props(), **fields)
    packet = peer.expect(AUTH, reason=GO_ON)
    assert packet.prop("auth_method") == login.method
    return login.answer(packet.prop("auth_data"))


def logged_in(c, login=None, name="a", **fields):
    login, peer = login or Login(), c.raw()
    final = challenged(peer, login, client_id=c.id(name), **fields)
    peer.send(codec.auth(GO_ON, login.props(final)))
    connack = peer.expect(CONNACK, reason=0)
    assert connack.prop("auth_method") == login.method
    assert connack.prop("auth_data") == login.expected
    return peer


@test(
    v5="4.12.0-2 4.12.0-5 3.15.2-2 3.15.2-3",
    config=CONFIG,
    cases={
        "sha-256": lambda: Login(),
        "sha-512": lambda: Login("bob", b"x", SHA_512),
        "knows-of-binding": lambda: Login(header="y,,"),
        "as-itself": lambda: Login(header="n,a=ada,"),
    },
)
def scram_comes_in(c, make):
    peer = logged_in(c, make())
    peer.subscribe(c.topic(), qos=1)
    peer.publish(c.topic(), b"x", 1)
    peer.take(b"x", qos=1)


@test(v5="4.12.0-5", config=CONFIG, cases={"same": "ada", "other": "bob"})
def username_is_that_of_the_login(c, username):
    peer, login = c.raw(), Login()
    peer.open(client_id=c.id(), username=username, props=login.props())
    if username == "ada":
        peer.expect(AUTH, reason=GO_ON)
    else:
        peer.rejected(NOT_AUTHORIZED)


@test(versions=[5], config=CONFIG + ["@use_username_as_clientid true"])
def login_may_name_the_client(c):
    login, peer = Login(), c.raw()
    final = challenged(peer, login, client_id=c.id())
    peer.send(codec.auth(GO_ON, login.props(final)))
    assert peer.expect(CONNACK, reason=0).prop("assigned_client_id") == "ada"


@test(versions=[5], config=CONFIG)
def connect_takes_effect_as_it_was(c):
    """Though other packets have come in between."""
    watcher = logged_in(c, name="w")
    watcher.subscribe(c.topic())
    peer = logged_in(c, keep_alive=30, will=Will(c.topic(), b"gone"))
    peer.ping()
    peer.drop()
    watcher.take(b"gone")


WRONG = {
    "password": lambda: Login(password=b"other"),
    "nobody": lambda: Login("nobody"),
    "other-hash": lambda: Login("bob", b"x"),
}


@test(v5="4.12.0-2", config=CONFIG, cases=WRONG)
def wrong_proof_is_refused_at_the_end(c, make):
    """A user who is not there is asked like any other."""
    peer, login = c.raw(), make()
    final = challenged(peer, login, client_id=c.id())
    peer.send(codec.auth(GO_ON, login.props(final)))
    peer.rejected(NOT_AUTHORIZED)


@test(versions=[5], config=CONFIG, own=True)
def nobody_s_salt_stays_over_a_restart(c):
    def salt(user):
        peer = c.raw()
        peer.open(client_id=c.id(), props=Login(user).props())
        return peer.expect(AUTH).prop("auth_data").split(b",")[1]

    before = salt("nobody"), salt("ada")
    assert len(set(before + (salt("other"),))) == 3
    c.broker.restart()
    assert (salt("nobody"), salt("ada")) == before


UNREADABLE = {
    "empty": b"",
    "binding": b"p=tls-exporter,,n=ada,r=x",
    "somebody-else": b"n,a=bob,n=ada,r=x",
    "no-nonce": b"n,,n=ada",
    "zero": b"n,,n=a\0da,r=x",
}


@test(versions=[5], config=CONFIG, cases=UNREADABLE)
def unreadable_first_message_is_refused(c, data):
    peer = c.raw()
    peer.open(client_id=c.id(), props=Login().props(data))
    peer.rejected(NOT_AUTHORIZED)


@test(v5="4.12.0-1", config=ONE, cases={"other": "PLAIN", "nobody-has-it": SHA_512, "case": "scram-sha-256"})
def unsupported_method_is_refused(c, method):
    peer, login = c.raw(), Login()
    login.method = method
    peer.open(client_id=c.id(), props=login.props())
    peer.rejected(BAD_METHOD)


@test(versions=[5], cases={"no-users": []})
def method_without_users_is_refused(c, _):
    peer = c.raw()
    peer.open(client_id=c.id(), props=Login().props())
    peer.rejected(BAD_METHOD)


ILLEGAL = {
    "publish": lambda login, data: codec.publish(5, "t", b"x"),
    "connect": lambda login, data: codec.connect(5, "x"),
    "ping": lambda login, data: codec.PING,
    "again": lambda login, data: codec.auth(AGAIN, login.props(data)),
    "success": lambda login, data: codec.auth(SUCCESS, login.props(data)),
    "no-method": lambda login, data: codec.auth(),
    "other-method": lambda login, data: codec.auth(GO_ON, {"auth_method": SHA_512, "auth_data": data}),
}


@test(v5="4.12.0-5 3.1.2-30", config=CONFIG, cases=ILLEGAL)
def only_the_next_step_is_legal_before_connack(c, make):
    peer, login = c.raw(), Login()
    final = challenged(peer, login, client_id=c.id())
    peer.send(make(login, final))
    peer.rejected(PROTOCOL_ERROR)


@test(versions=[5], config=CONFIG)
def client_may_give_up(c):
    peer = c.raw()
    challenged(peer, Login(), client_id=c.id())
    peer.send(codec.disconnect(5))
    assert peer.closed() == []


@test(versions=[5], config=CONFIG + ["connect_timeout 1"], timed=True)
def login_has_the_time_of_a_connect(c):
    peer = c.raw()
    challenged(peer, Login(), client_id=c.id())
    peer.rejected(NOT_AUTHORIZED)


@test(v5="3.1.2-24", config=CONFIG)
def challenge_must_fit(c):
    peer = c.raw()
    peer.open(client_id=c.id(), props=Login().props(maximum_packet_size=60))
    peer.rejected(TOO_LARGE)


# once more, on an open connection


def again(peer, login):
    peer.send(codec.auth(AGAIN, login.props()))
    return login.answer(peer.expect(AUTH, reason=GO_ON).prop("auth_data"))


@test(v5="4.12.1-1 4.12.0-5", config=CONFIG)
def client_may_prove_itself_again(c):
    """Messages go on meanwhile."""
    peer = logged_in(c)
    peer.subscribe(c.topic())
    for _ in range(2):
        login = Login()
        final = again(peer, login)
        peer.publish(c.topic(), b"x")
        peer.take(b"x")
        peer.send(codec.auth(GO_ON, login.props(final)))
        packet = peer.expect(AUTH, reason=SUCCESS)
        assert packet.prop("auth_method") == SHA_256
        assert packet.prop("auth_data") == login.expected
    peer.ping()


@test(v5="4.12.1-2", config=CONFIG, cases={"password": Login(password=b"other")})
def failing_again_ends_the_connection(c, login):
    peer = logged_in(c)
    final = again(peer, login)
    peer.send(codec.auth(GO_ON, login.props(final)))
    peer.refused(NOT_AUTHORIZED)


@test(v5="4.12.1-2", config=CONFIG)
def nobody_becomes_another_user(c):
    peer = logged_in(c)
    peer.send(codec.auth(AGAIN, Login("nobody").props()))
    peer.refused(NOT_AUTHORIZED)


AGAIN_WRONG = {
    "other-method": lambda: codec.auth(AGAIN, Login(method=SHA_512).props()),
    "goes-on": lambda: codec.auth(GO_ON, Login().props()),
    "success": lambda: codec.auth(SUCCESS, Login().props()),
    "no-method": codec.auth,
}


@test(v5="4.12.1-1", config=CONFIG, cases=AGAIN_WRONG)
def only_the_same_method_begins_again(c, make):
    peer = logged_in(c)
    peer.send(make())
    peer.refused(PROTOCOL_ERROR)


@test(versions=[5], config=CONFIG)
def beginning_twice_is_an_error(c):
    peer = logged_in(c)
    again(peer, Login())
    peer.send(codec.auth(AGAIN, Login().props()))
    peer.refused(PROTOCOL_ERROR)


# what else happens


@test(versions=[5], config=CONFIG, own=True)
def login_outlives_reload_and_restart(c):
    peer = logged_in(c)
    c.broker.restart()
    assert c.broker.reload([*CONFIG, "connection_messages false"])
    login = Login()
    final = again(peer, login)
    peer.send(codec.auth(GO_ON, login.props(final)))
    peer.expect(AUTH, reason=SUCCESS)
    assert c.broker.reload(CONFIG[:1] + [written("gone", [BOB])])
    peer.refused(NOT_AUTHORIZED)


@test(versions=[5], config=CONFIG, own=True)
def reload_amid_a_login_counts(c):
    gone, stays = c.raw(), c.raw()
    logins = Login(), Login()
    finals = [
        challenged(peer, login, client_id=c.id(name))
        for peer, login, name in zip((gone, stays), logins, "gs")
    ]
    assert c.broker.reload([*CONFIG, "connection_messages false"])
    stays.send(codec.auth(GO_ON, logins[1].props(finals[1])))
    stays.expect(CONNACK, reason=0)
    other = "ada:" + stored(SHA_256, b"new", b"0123456789abcdef")
    assert c.broker.reload(CONFIG[:1] + [written("other", [other])])
    gone.send(codec.auth(GO_ON, logins[0].props(finals[0])))
    gone.rejected(NOT_AUTHORIZED)
    stays.expect(DISCONNECT, reason=NOT_AUTHORIZED)


@test(versions=[4, 5], config=CONFIG)
def keys_serve_for_passwords_too(c):
    c.client(username="ada", password=b"secret").ping()
    peer = c.raw()
    peer.open(client_id=c.id(), username="ada", password=b"secrets")
    peer.rejected(0x86 if c.version == 5 else 5)
