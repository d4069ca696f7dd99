# SPDX-License-Identifier: Apache-2.0
"""Who comes in by a token, by PAM, by the word of another service."""
import base64
import hashlib
import hmac
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import codec
import test_auth
from harness import test
from peer import Failure

FILES = tempfile.TemporaryDirectory(prefix="hawker-identity-")
SECRET, OTHER = "a secret of thirty-two bytes....", "another secret, as long as it is."
NOT_AUTHORIZED, BAD_USER, UNAVAILABLE = 0x87, 0x86, 0x88
EXAMPLE = os.path.join(os.path.dirname(__file__), "../../examples/authority.py")


def written(name, text, mode=0o600):
    path = os.path.join(FILES.name, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)
    return path


def rejected(peer, code, older=5):
    peer.rejected(code if peer.version == 5 else older)


def refused(c, code, older=5, **fields):
    peer = c.raw()
    peer.open(**{"client_id": c.id(), **fields})
    rejected(peer, code, older)


# tokens

KEY = written("key", SECRET + "\n")
TOKENS = ["allow_anonymous false", "jwt_key " + KEY]


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def token(secret=SECRET, alg="HS256", **claims):
    claims = {"sub": "ada", "exp": int(time.time()) + 600, **claims}
    claims = {name: value for name, value in claims.items() if value is not None}
    text = b".".join(encode(json.dumps(one).encode()) for one in ({"alg": alg}, claims))
    return text + b"." + encode(hmac.digest(secret.encode(), text, hashlib.sha256))


def bearer(username="", **claims):
    return {"username": username, "password": token(**claims)}


@test(versions=[3, 4, 5], config=TOKENS, cases={"named": "ada", "nameless": ""})
def token_comes_in(c, username):
    c.client(**bearer(username)).ping()


@test(
    versions=[4, 5],
    config=TOKENS + ["ban_file " + written("bans", "user ada -\n")],
    cases={"named": "ada", "nameless": ""},
)
def token_of_a_banned_user_is_refused(c, username):
    refused(c, 0x8A, **bearer(username))
    c.client(**bearer(sub="bob")).ping()


@test(versions=[5], config=TOKENS)
def token_needs_no_username_in_mqtt_5(c):
    c.client(password=token()).ping()


WRONG = {
    "other-user": {"username": "bob"},
    "other-secret": {"secret": OTHER},
    "no-algorithm": {"alg": "none"},
    "expired": {"exp": 1000000000},
    "endless": {"exp": None},
    "not-yet": {"nbf": 4000000000},
    "other-audience": {"aud": "elsewhere"},
    "nobody": {"sub": None},
}


@test(versions=[4, 5], config=TOKENS, cases=WRONG)
def wrong_token_is_refused(c, fields):
    refused(c, NOT_AUTHORIZED, **bearer(**fields))


@test(versions=[4, 5], config=TOKENS)
def password_is_no_token(c):
    refused(c, BAD_USER, username="ada", password=b"secret")
    refused(c, BAD_USER, username="ada")


STRICT = ["jwt_audience broker", "jwt_issuer us", "jwt_username_claim name"]
STRICT += ["jwt_clientid_claim device"]
FULL = {"aud": ["x", "broker"], "iss": "us", "name": "bob", "sub": None}


@test(versions=[4, 5], config=TOKENS + STRICT)
def claims_of_the_settings_hold(c):
    c.client(**bearer("bob", device=c.id("a"), **FULL), client_id=c.id("a")).ping()
    refused(c, NOT_AUTHORIZED, **bearer("bob", device=c.id("a"), **FULL), client_id=c.id("b"))
    for name, value in ("aud", "x"), ("iss", "them"), ("name", None):
        refused(c, NOT_AUTHORIZED, **bearer("bob", device=c.id(), **{**FULL, name: value}))


RULES = "acl_file " + written("rules", "user ada\ntopic own/#\n")


@test(versions=[4, 5], config=TOKENS + [RULES])
def rules_are_those_of_the_token_s_user(c):
    client = c.client(**bearer())
    client.subscribe("own/x", qos=1)
    client.publish("own/x", b"1", 1)
    client.take(b"1", qos=1)
    assert client.subscribe("other/x")[0] & 0x80


@test(versions=[4, 5], config=TOKENS, timed=True)
def client_ends_with_its_token(c):
    """The leeway of 30 s is nearly used up."""
    client, other = c.client(**bearer(exp=int(time.time()) - 27)), c.client(**bearer())
    client.refused(NOT_AUTHORIZED)
    other.ping()


@test(versions=[4, 5], config=TOKENS, own=True)
def client_ends_with_its_token_over_a_restart(c):
    client = c.client(**bearer(exp=int(time.time()) - 26))
    c.broker.restart()
    client.ping()
    client.refused(NOT_AUTHORIZED)


@test(versions=[4, 5], config=TOKENS, own=True)
def other_keys_end_clients(c):
    """Also those that were there before a restart."""
    clients = [c.client(**bearer())]
    c.broker.restart()
    clients.append(c.client(**bearer()))
    assert c.broker.reload([*TOKENS, "connection_messages false"])
    for client in clients:
        client.ping()
    assert c.broker.reload(TOKENS[:1] + ["jwt_key " + written("other", OTHER)])
    for client in clients:
        client.refused(NOT_AUTHORIZED)


@test(versions=[5], config=TOKENS, own=True)
def broken_key_file_keeps_the_old_one(c):
    client = c.client(**bearer())
    assert not c.broker.reload(TOKENS[:1] + ["jwt_key " + written("short", "short")])
    assert "fewer than 32 bytes" in c.broker.notices.status()
    client.ping()
    c.client(**bearer()).ping()


# PAM


def service(name, *lines):
    return "pam_service " + written(name, "".join(line + "\n" for line in lines))


CHECK = written(
    "check", '#!/bin/sh\n[ "$(tr -d "\\000")" = "$PAM_USER-$PAM_RHOST" ]\n', mode=0o755
)
PERMIT = "account required pam_permit.so"
PATIENT = "connect_timeout 300"  # with programs that a busy machine starts
PAM = [
    "allow_anonymous false",
    PATIENT,
    service("pam", "auth required pam_exec.so expose_authtok quiet " + CHECK, PERMIT),
]
HANGS = written("hangs", '#!/bin/sh\necho $$ >"$PAM_USER"; exec sleep 600\n', mode=0o755)
HANGING = [
    "allow_anonymous false",
    PATIENT,
    service("hanging", "auth required pam_exec.so quiet " + HANGS, PERMIT),
]
EXPIRED = [
    service("expired", "auth required pam_permit.so", "account required pam_debug.so acct=acct_expired")
]
AWAY = [service("away", "auth required pam_debug.so auth=authinfo_unavail", PERMIT)]


@test(versions=[3, 4, 5], config=PAM)
def pam_lets_in(c):
    c.client(username="ada", password=b"ada-127.0.0.1").ping()
    refused(c, BAD_USER, username="ada", password=b"bob-127.0.0.1")
    refused(c, BAD_USER, username="ada")
    refused(c, NOT_AUTHORIZED)


class Hanging:
    """A client whose password is asked for without end."""

    def __init__(self, c):
        self.fifo = os.path.join(FILES.name, "fifo-%d-%d" % (c.broker.port, c.version))
        self.processes = []
        os.mkfifo(self.fifo)
        self.peer = c.raw()
        self.peer.open(client_id=c.id(), username=self.fifo, password=b"x")
        self.is_asked()

    def is_asked(self):
        with open(self.fifo, encoding="ascii") as told:
            self.processes.append(int(told.read()))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.processes:
            os.kill(process, signal.SIGKILL)


@test(versions=[5], config=HANGING, timed=True, own=True)
def module_that_hangs_does_not_hold_up_the_stop(c):
    with Hanging(c) as hanging:
        c.broker.terminate()
        assert [packet.reason for packet in hanging.peer.closed()] == [0x88]
        assert c.broker.process.wait(c.left()) == 0


@test(versions=[5], config=HANGING, timed=True, own=True)
def module_that_hangs_does_not_hold_up_the_restart(c):
    """The next process asks it again."""
    with Hanging(c) as hanging:
        c.broker.leave()
        assert "a module of PAM or PKCS#11 hangs" in c.broker.log()
        c.broker.arrive()
        hanging.is_asked()
        c.broker.terminate()
        assert c.broker.process.wait(c.left()) == 0


@test(versions=[4, 5], config=EXPIRED)
def expired_account_is_refused(c):
    refused(c, NOT_AUTHORIZED, username="ada", password=b"x")


@test(versions=[4, 5], config=AWAY)
def directory_that_is_away_lets_nobody_in(c):
    refused(c, UNAVAILABLE, older=3, username="ada", password=b"x")


@test(versions=[4, 5], config=PAM, own=True)
def many_ask_pam_at_once(c):
    """More than threads that ask; a worker goes on meanwhile."""
    other = c.client(username="ada", password=b"ada-127.0.0.1")
    peers = [c.raw() for _ in range(40)]
    for number, peer in enumerate(peers):
        right = number % 2
        password = b"ada-127.0.0.1" if right else b"x"
        peer.open(client_id=c.id(str(number)), username="ada", password=password)
    other.ping()
    for number, peer in enumerate(peers):
        if number % 2:
            peer.expect(codec.CONNACK, reason=0)
        else:
            rejected(peer, BAD_USER)


@test(versions=[5], own=True)
def missing_service_is_refused(c):
    assert not c.broker.reload(["pam_service no-such-service-of-hawker"])
    assert "pam_service no-such-service-of-hawker" in c.broker.notices.status()


# another service


class Service:
    """Answers with what `decide` gives for a question; None: not at all."""

    def __init__(self, path, decide):
        self.decide, self.questions, self.path = decide, [], path
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(path)
        self.socket.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer):
        for line in peer.makefile("rb"):
            question = json.loads(line)
            self.questions.append(question)
            answer = self.decide(question)
            if answer is not None:
                peer.sendall(json.dumps(answer).encode() + b"\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        os.unlink(self.path)


ASKED = ["allow_anonymous false", "auth_service unix:{path}/authority"]


def authority(c, decide):
    return Service(os.path.join(c.broker.path, "authority"), decide)


def is_ada(question):
    return {"allow": question.get("username") == "ada"}


@test(versions=[3, 4, 5], config=ASKED, own=True)
def service_decides(c):
    with authority(c, is_ada) as service:
        c.client("a", username="ada", password=b"\xc3\xa4").ping()
        refused(c, NOT_AUTHORIZED, username="bob", password=b"\xff")
        refused(c, NOT_AUTHORIZED)
        first, second, third = service.questions
    assert first == {
        "ask": "connect",
        "client_id": c.id("a"),
        "username": "ada",
        "password": "\u00e4",
        "listener": "127.0.0.1:%d" % c.broker.port,
        "address": "127.0.0.1",
    }
    assert second["password_base64"] == "/w==" and "password" not in second
    assert "username" not in third and "password" not in third


@test(versions=[4, 5], config=ASKED, own=True)
def answer_is_remembered_as_long_as_it_says(c):
    answers = iter([{"allow": True, "ttl": 60}, {"allow": True}, {"allow": False}])
    with authority(c, lambda question: next(answers)):
        for _ in range(3):
            c.client("a", username="ada", password=b"p").ping()
        c.client("a", username="ada", password=b"q").ping()
        refused(c, NOT_AUTHORIZED, client_id=c.id("a"), username="ada", password=b"q")


@test(versions=[4, 5], config=ASKED, own=True)
def nobody_there_lets_nobody_in(c):
    refused(c, UNAVAILABLE, older=3, username="ada")
    with authority(c, is_ada):
        while True:  # it has a rest of 100 ms after a failure
            peer = c.raw()
            peer.open(client_id=c.id(), username="ada")
            if peer.expect(codec.CONNACK).reason == 0:
                break
            if c.left() <= 0:
                raise Failure("is not asked again")


@test(versions=[4, 5], config=ASKED, timed=True, own=True)
def service_that_is_silent_is_not_waited_for(c):
    with authority(c, lambda question: None):
        refused(c, UNAVAILABLE, older=3, username="ada")


@test(versions=[4, 5], config=ASKED + ["auth_service_asks connect stay"], own=True)
def service_is_asked_again_at_a_reload(c):
    """Whom it has let in, whether anything else has changed or not; who does not stay is told."""
    gone = set()

    def decide(question):
        return {"allow": question["username"] not in gone, "ttl": 600}

    with authority(c, decide) as service:
        peers = {
            name: [c.client(name + str(number), username=name) for number in range(12)]
            for name in ("ada", "bob")
        }
        service.questions.clear()
        gone.add("bob")
        assert c.broker.reload()
        for peer in peers["bob"]:
            peer.refused(NOT_AUTHORIZED)
        for peer in peers["ada"]:
            peer.ping()
        while len(service.questions) < 24:
            assert c.left() > 0, service.questions
            c.after(0.01)
        assert len(service.questions) == 24
        assert service.questions[0] == {
            "ask": "stay",
            "client_id": service.questions[0]["client_id"],
            "username": service.questions[0]["username"],
            "listener": "127.0.0.1:%d" % c.broker.port,
            "address": "127.0.0.1",
        }
        refused(c, NOT_AUTHORIZED, client_id=c.id("bob0"), username="bob")


@test(versions=[5], config=ASKED + ["auth_service_asks connect stay"], timed=True, own=True)
def who_is_here_stays_without_an_answer(c):
    with authority(c, lambda question: None if question["ask"] == "stay" else {"allow": True}):
        peers = [c.client(str(number)) for number in range(20)]
        assert c.broker.reload(ASKED + ["auth_service_asks connect stay", "max_keepalive 100"])
        while "does not say whether a client may stay" not in c.broker.log():
            assert c.left() > 0
            c.after(0.01)
        for peer in peers:
            peer.ping()


@test(versions=[4, 5], config=ASKED, own=True)
def reload_forgets_what_the_service_has_said(c):
    answers = iter([True, False])
    with authority(c, lambda question: {"allow": next(answers), "ttl": 600}) as service:
        for _ in range(2):
            peer = c.client("a", username="ada")
        assert c.broker.reload()
        peer.ping()  # it is not asked about whether it may stay
        refused(c, NOT_AUTHORIZED, client_id=c.id("a"), username="ada")
        assert len(service.questions) == 2


@test(versions=[4, 5], config=ASKED, own=True)
def example_is_an_authority(c):
    users = written("users", "ada secret own/#\n")
    path = os.path.join(c.broker.path, "authority")
    with subprocess.Popen([sys.executable, EXAMPLE, path, users]) as process:
        try:
            while not os.path.exists(path):
                c.after(0.01)
            peer = None
            while peer is None or peer.expect(codec.CONNACK).reason:
                peer = c.raw()
                peer.open(client_id=c.id(), username="ada", password=b"secret")
            refused(c, NOT_AUTHORIZED, username="ada", password=b"secrets")
            refused(c, NOT_AUTHORIZED, username="bob", password=b"secret")
        finally:
            process.terminate()


# what a service says of topics

PASSWORDS_OF_SCRAM = test_auth.CONFIG[1]
OPEN = ["allow_anonymous true", "auth_service unix:{path}/authority"]
TOPICS = OPEN + ["auth_service_asks publish", "auth_service_asks subscribe"]


def below(root, **more):
    """Allows what is below this level."""

    def decide(question):
        topic = question.get("topic")
        return {"allow": topic is None or topic.split("/")[0] == root, **more}

    return decide


@test(versions=[3, 4, 5], config=TOPICS, own=True)
def service_decides_about_topics(c):
    with authority(c, below("own", ttl=60)) as service:
        client = c.client("a", username="ada")
        codes = client.subscribe("own/#", "other/#", "$share/g/own/#", "$share/g/other/#", qos=1)
        assert [code & 0x80 for code in codes] == [0, 0x80, 0, 0x80], codes
        for number in range(3):
            client.publish("own/x", b"%d" % number, 1)
            client.take(b"%d" % number, qos=1)
            client.take(b"%d" % number, qos=1)
        c.client("b").publish("other/x", b"x", 0)
        c.client("c").publish("other/x", b"x", 2) if c.version == 5 else None
        client.ping()
    asked = [(one["ask"], one["topic"], one.get("username")) for one in service.questions]
    assert asked[:3] == [
        ("subscribe", "own/#", "ada"),
        ("subscribe", "other/#", "ada"),
        ("publish", "own/x", "ada"),
    ], asked
    assert all(one["address"] == "127.0.0.1" for one in service.questions)


@test(versions=[4, 5], config=TOPICS, own=True)
def nobody_is_asked_about_topics_of_names_with_wildcards(c):
    """Unless that is wanted; without topics they may come in as others."""
    names = ({"username": "a+"}, {"username": "#", "client_id": "x"}, {"client_id": "a/#/b"})
    will = codec.Will("own/w", b"x")
    with authority(c, below("own")) as service:
        for fields in names:
            client = c.raw()
            client.connect(**{"client_id": c.id(), **fields})
            assert client.subscribe("own/#")[0] & 0x80
            client.publish("own/x", b"x")
            if c.version == 5:
                assert client.publish("own/x", b"x", 1).reason == NOT_AUTHORIZED
            client.ping()
            refused(c, NOT_AUTHORIZED, will=will, **fields)
        assert not [one for one in service.questions if one["ask"] != "connect"]
        assert c.broker.reload(TOPICS + ["auth_plugin_deny_special_chars false"])
        for fields in names:
            client = c.raw()
            client.connect(**{"client_id": c.id(), "will": will, **fields})
            assert client.subscribe("own/#")[0] == 0


@test(versions=[5], config=TOPICS, own=True)
def refused_publish_says_so(c):
    with authority(c, below("own")):
        client = c.client("a")
        pid = client.publish("other/x", b"x", 1, wait=False)
        client.expect(codec.PUBACK, pid=pid, reason=NOT_AUTHORIZED)
        pid = client.publish("other/x", b"x", 2, wait=False)
        client.expect(codec.PUBREC, pid=pid, reason=NOT_AUTHORIZED)


@test(versions=[4, 5], config=TOPICS + ["@mount_point own/"], own=True)
def topics_have_the_mount_point(c):
    with authority(c, below("own")):
        client = c.client("a")
        assert client.subscribe("x")[0] == 0
        client.publish("x", b"x")
        client.take(b"x")


@test(versions=[5], config=TOPICS, own=True)
def alias_stands_for_its_topic(c):
    with authority(c, below("own", ttl=60)):
        client = c.client("a")
        client.subscribe("own/x")
        client.publish("own/x", b"1", props={"topic_alias": 1})
        client.publish("", b"2", props={"topic_alias": 1})
        client.take(b"1")
        client.take(b"2")


@test(versions=[4, 5], config=TOPICS, own=True)
def order_stays_and_messages_come_meanwhile(c):
    """While the service thinks about one client's packet, the others go on, and so does what this
    one gets."""
    gate = threading.Event()

    def decide(question):
        if (question["ask"], question["topic"]) == ("publish", "slow"):
            gate.wait()
        return {"allow": True, "ttl": 60}

    with authority(c, decide):
        watcher, client = c.client("w"), c.client("a")
        watcher.subscribe("slow", "quick", "other")
        client.subscribe("quick")
        client.publish("other", b"0")
        watcher.take(b"0")
        client.publish("slow", b"1")
        client.publish("other", b"2")
        watcher.publish("quick", b"3")
        watcher.take(b"3")
        client.take(b"3")
        gate.set()
        watcher.take(b"1")
        watcher.take(b"2")


@test(versions=[4, 5], config=TOPICS, own=True)
def no_answer_is_a_no(c):
    client, qos = c.client("a"), 1
    pid = client.publish("t", b"x", qos, wait=False)
    if c.version == 5:
        client.expect(codec.PUBACK, pid=pid, reason=NOT_AUTHORIZED)
    else:
        client.expect(codec.PUBACK, pid=pid)
    assert client.subscribe("t")[0] & 0x80


@test(versions=[4, 5], config=TOPICS, own=True)
def client_may_leave_amid_a_question(c):
    gate, asked = threading.Event(), threading.Event()

    def decide(question):
        asked.set()
        gate.wait()
        return {"allow": True}

    with authority(c, decide):
        client = c.client("a")
        client.publish("t", b"x")
        asked.wait()
        client.drop()
        c.client("a").ping()
        gate.set()
        c.client("b").ping()


@test(versions=[4, 5], config=TOPICS, own=True)
def will_is_asked_about_at_connect(c):
    with authority(c, below("own", ttl=60)):
        watcher = c.client("w")
        watcher.subscribe("own/#")
        peer = c.raw()
        peer.open(client_id=c.id(), will=codec.Will("other/x", b"gone"))
        rejected(peer, NOT_AUTHORIZED)
        c.client("x", will=codec.Will("own/x", b"gone")).drop()
        watcher.take(b"gone")


@test(versions=[5], config=TOPICS + [PASSWORDS_OF_SCRAM], own=True)
def will_of_a_scram_login_is_asked_about(c):
    will = codec.Will("own/x", b"gone")
    with authority(c, below("own", ttl=60)) as service:
        test_auth.logged_in(c, will=will).ping()
        assert [one["topic"] for one in service.questions] == ["own/x"]
        login, peer = test_auth.Login(), c.raw()
        will = codec.Will("other/x", b"gone")
        final = test_auth.challenged(peer, login, client_id=c.id("b"), will=will)
        peer.send(codec.auth(0x18, login.props(final)))
        peer.rejected(NOT_AUTHORIZED)


# the chain

HASH = (
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
    "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
)
PASSWORDS = "password_file " + written("passwords", "user:%s\n" % HASH)
CHAIN = PAM + TOKENS[1:] + ASKED[1:] + [PASSWORDS]


@test(versions=[4, 5], config=CHAIN, own=True)
def first_who_knows_a_client_decides(c):
    with authority(c, lambda question: {"allow": True}) as service:
        c.client(username="user", password=b"pencil").ping()
        refused(c, BAD_USER, username="user", password=b"user-127.0.0.1")
        c.client(**bearer()).ping()
        refused(c, NOT_AUTHORIZED, **bearer(secret=OTHER))
        c.client(username="ada", password=b"ada-127.0.0.1").ping()
        assert not service.questions
        c.client(username="ada").ping()
        assert len(service.questions) == 1
