# SPDX-License-Identifier: Apache-2.0
"""mosquitto_pub and mosquitto_sub, as the distribution has them."""
import os
import shutil
import subprocess
import tempfile

from harness import test
from peer import Failure

LARGE = ["max_packet_size 20000000"]
FLAGS = {3: "mqttv31", 4: "mqttv311", 5: "mqttv5"}
QUALITIES = {"qos-%d" % qos: qos for qos in range(3)}


def common(c):
    return ["-h", "127.0.0.1", "-p", str(c.broker.port), "-V", FLAGS[c.version]]


def publish(c, *arguments, **fields):
    done = subprocess.run(
        ["mosquitto_pub", *common(c), *arguments],
        timeout=60,
        check=False,
        stderr=subprocess.PIPE,
        **fields
    )
    if done.returncode:
        raise Failure("mosquitto_pub ended with %d: %s" % (done.returncode, done.stderr))


class Subscriber:
    """mosquitto_sub; its lines are `MSG topic qos retain payload-in-hex`, and the ones of -d."""

    def __init__(self, c, *arguments):
        # Its output is a pipe, which the C library would fill before it is read.
        command = [
            "stdbuf",
            "-oL",
            "mosquitto_sub",
            *common(c),
            "-d",
            "-F",
            "MSG %t %q %r %x",
            *arguments,
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        c.children = getattr(c, "children", []) + [self.process]

    def line(self, start):
        for line in self.process.stdout:
            if line.startswith(start):
                return line
        raise Failure("mosquitto_sub ended before a line with %r" % start)

    def subscribed(self):
        self.line(b"Subscribed")
        return self

    def message(self):
        """(topic, QoS, retain, payload)"""
        _, topic, qos, retain, *payload = self.line(b"MSG ").split(b" ")
        return (
            topic.decode(),
            int(qos),
            int(retain),
            bytes.fromhex(payload[0].decode()) if payload else b"",
        )

    def kill(self):
        self.process.kill()
        self.process.wait()

    def end(self):
        return self.process.wait(60)


def subscriber(c, *arguments):
    return Subscriber(c, *arguments).subscribed()


def ended(function):
    """Lets no mosquitto_sub outlive its test."""

    def guarded(c, *rest):
        try:
            function(c, *rest)
        finally:
            for process in getattr(c, "children", []):
                process.kill()
                process.wait()
                process.stdout.close()

    guarded.__name__, guarded.__module__ = function.__name__, function.__module__
    return guarded


@test(versions=[3, 4, 5], cases=QUALITIES)
@ended
def message_arrives(c, qos):
    listener = subscriber(c, "-t", c.topic(), "-q", str(qos))
    publish(c, "-t", c.topic(), "-q", str(qos), "-m", "hello")
    assert listener.message() == (c.topic(), qos, 0, b"hello")


@test(versions=[3, 4, 5], cases=QUALITIES)
@ended
def lines_arrive_in_order(c, qos):
    listener = subscriber(c, "-t", c.topic(), "-q", str(qos))
    lines = [b"%d" % number for number in range(300)]
    publish(c, "-t", c.topic(), "-q", str(qos), "-l", input=b"\n".join(lines) + b"\n")
    assert [listener.message()[3] for _ in lines] == lines


@test(versions=[3, 4, 5])
@ended
def retained_message_arrives_and_is_cleared(c):
    publish(c, "-t", c.topic(), "-r", "-q", "1", "-m", "kept")
    assert subscriber(c, "-t", c.topic()).message() == (c.topic(), 0, 1, b"kept")
    publish(c, "-t", c.topic(), "-r", "-q", "1", "-n")
    watcher = c.client("watch", version=4)
    watcher.subscribe(c.topic())
    c.nothing(watcher, watcher)


@test(versions=[3, 4, 5], cases=QUALITIES)
@ended
def will_of_a_killed_client_arrives(c, qos):
    watcher = c.client("watch", version=5)
    watcher.subscribe(c.topic("will"), qos=2)
    victim = subscriber(
        c,
        "-t",
        c.topic(),
        "--will-topic",
        c.topic("will"),
        "--will-payload",
        "gone",
        "--will-qos",
        str(qos),
    )
    victim.kill()
    watcher.take(b"gone", qos=qos)


@test(versions=[3, 4, 5])
@ended
def session_keeps_messages(c):
    session = ["-i", c.id(), "-c", "-q", "1", "-t", c.topic()] + (
        ["-x", "300"] if c.version == 5 else []
    )
    assert Subscriber(c, *session, "-E").end() == 0
    for number in range(5):
        publish(c, "-t", c.topic(), "-q", "1", "-m", str(number))
    again = Subscriber(c, *session, "-C", "5")
    assert [again.message()[3] for _ in range(5)] == [b"%d" % number for number in range(5)]
    assert again.end() == 0


SIZES = {
    "%d-bytes-qos-%d" % (size, qos): (size, qos)
    for size in (100000, 1000000, 10000000)
    for qos in (0, 2)
}


@test(versions=[3, 4, 5], config=LARGE, cases=SIZES)
@ended
def large_payload_is_published(c, row):
    size, qos = row
    watcher = c.client("watch", version=4)
    watcher.subscribe(c.topic(), qos=qos)
    payload = os.urandom(size)
    publish(c, "-t", c.topic(), "-q", str(qos), "-s", input=payload)
    watcher.take(payload, qos=qos)


@test(versions=[3, 4, 5], config=LARGE, cases={"100000-bytes": 100000, "1000000-bytes": 1000000})
@ended
def large_payload_is_received(c, size):
    listener = subscriber(c, "-t", c.topic(), "-q", "1")
    payload = os.urandom(size)
    c.client("pub", version=4).publish(c.topic(), payload, 1)
    assert listener.message()[3] == payload


@test(versions=[5])
@ended
def properties_arrive(c):
    watcher = c.client("watch")
    watcher.subscribe(c.topic())
    publish(
        c,
        "-t",
        c.topic(),
        "-m",
        "x",
        "-D",
        "publish",
        "user-property",
        "a",
        "b",
        "-D",
        "publish",
        "content-type",
        "text",
        "-D",
        "publish",
        "message-expiry-interval",
        "100",
    )
    packet = watcher.take(b"x")
    assert packet.all("user_property") == [("a", "b")] and packet.prop("content_type") == "text"


@test(versions=[4, 5])
@ended
def shared_subscription_divides(c):
    listeners = [subscriber(c, "-t", "$share/g/" + c.topic(), "-q", "1") for _ in range(2)]
    publish(
        c,
        "-t",
        c.topic(),
        "-q",
        "1",
        "-l",
        input=b"".join(b"%d\n" % number for number in range(10)),
    )
    got = [listener.message()[3] for listener in listeners for _ in range(5)]
    assert sorted(got) == [b"%d" % number for number in range(10)]


@test(versions=[5])
@ended
def request_gets_its_response(c):
    server = c.client("server")
    server.subscribe(c.topic("ask"), qos=1)
    with subprocess.Popen(
        [
            "mosquitto_rr",
            *common(c),
            "-t",
            c.topic("ask"),
            "-e",
            c.topic("answer"),
            "-m",
            "ping",
            "-q",
            "1",
        ],
        stdout=subprocess.PIPE,
    ) as client:
        request = server.take(b"ping")
        props = (
            {"correlation_data": request.prop("correlation_data")}
            if request.prop("correlation_data")
            else {}
        )
        server.publish(request.prop("response_topic"), b"pong", 1, props=props)
        assert client.communicate(timeout=60)[0] == b"pong\n"


@test(versions=[3, 4, 5])
@ended
def system_topics_are_readable(c):
    assert subscriber(c, "-t", "$SYS/broker/version").message()[3]


@test(versions=[4, 5])
@ended
def everything_retained_is_listed(c):
    publisher = c.client("pub", version=4)
    for number in range(200):
        publisher.publish(c.topic("%03d" % number), b"%d" % number, 1, retain=True)
    listener = Subscriber(c, "-t", c.topic("#"), "--retained-only", "-q", "1", "-C", "200")
    assert sorted(int(listener.message()[3]) for _ in range(200)) == list(range(200))
    assert listener.end() == 0


# Users of the distribution's own tool: what it writes is read as it is.
ACCESS = tempfile.TemporaryDirectory(prefix="hawker-access-")
PASSWORDS = os.path.join(ACCESS.name, "passwords")
RULES = os.path.join(ACCESS.name, "rules")


def make_access_files():
    with open(RULES, "w", encoding="utf-8") as file:
        file.write("user joe\ntopic joe/#\ntopic read all\n")
    for number, name in enumerate(("joe", "jim")):
        made = ["-c"] if number == 0 else []
        subprocess.run(
            ["mosquitto_passwd", *made, "-b", PASSWORDS, name, "secret of " + name],
            check=True,
            stdout=subprocess.DEVNULL,
        )


if shutil.which("mosquitto_passwd"):
    make_access_files()
    ENFORCED = ["allow_anonymous false", "password_file " + PASSWORDS, "acl_file " + RULES]

    @test(versions=[3, 4, 5], config=ENFORCED)
    @ended
    def user_of_mosquitto_passwd_comes_in(c):
        joe = ["-u", "joe", "-P", "secret of joe"]
        taker = subscriber(c, *joe, "-t", "joe/#", "-C", "1")
        publish(c, *joe, "-t", "joe/x", "-m", "hello", "-q", "1")
        assert taker.message() == ("joe/x", 0, 0, b"hello")
        assert taker.end() == 0

    @test(versions=[3, 4, 5], config=ENFORCED)
    def wrong_password_is_told(c):
        for who in (["-u", "joe", "-P", "secret of jim"], ["-u", "jack", "-P", "x"], []):
            done = subprocess.run(
                ["mosquitto_pub", *common(c), *who, "-t", "joe/x", "-m", "x"],
                timeout=60,
                check=False,
                stderr=subprocess.PIPE,
            )
            assert done.returncode != 0, who
            words = b"Bad User Name or Password" if c.version == 5 and who else b"ot authorized"
            if c.version < 5:
                words = b"not authorised"
            assert words in done.stderr, done.stderr

    @test(versions=[4, 5], config=ENFORCED)
    @ended
    def denied_subscription_is_told(c):
        jim = Subscriber(c, "-u", "jim", "-P", "secret of jim", "-t", "joe/#")
        jim.line(b"All subscription requests were denied" if c.version == 5 else b"Subscribed")
