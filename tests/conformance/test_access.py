# SPDX-License-Identifier: Apache-2.0
"""Passwords and access rules: who comes in, and what they may do. Every user's password is `p`."""
import os
import tempfile

import codec
from codec import Will
from harness import test
from peer import Failure

# Of mosquitto_passwd 2.0.11, and of 2.1.2 without Argon2.
SLOW = (
    "$7$101$+pPGbac5yHb5t2Fw$armAGV3VxsgleWCm7zA7Zq4N8jqo9WsKzoigVDO2YY"
    "/GpgI0vkk7lUeOQqBWwWqceZJDEMu/+remG6dZhnVljg=="
)
QUICK = (
    "$6$jZ3u5vjXWoUkJkdr$pgcwLli4hLHR1He7q6K4Dn9EbZkpR0AQ0zfsQ6eGXSf2bhqEyHIuHbdvnxJbhKVgJNyK"
    "vqDe9M6fwW6gwpV4RQ=="
)
SLOWER = (
    "$7$1000$uNkdLxc5S3voZb+b32M4QuOuq9XADpr4cghBZkHSc01+v5Jsqd/zaulsWCnfChh7mDgsndzeCn2TD5JM"
    "qdzkBQ==$nUZTtkszsOr+Pf0fsMufzghkdAt7Vg1kSLduBnaaVI0NMAsCEhmxeVu/a3iobsXmDx6GHFkZUmsln2qH"
    "eiPZvA=="
)
PASSWORDS = "# users\nslow:%s\nquick:%s\n  slower : %s \nname:%s\n" % (SLOW, QUICK, SLOWER, SLOW)
RULES = """
topic read news/#
user name
topic a/#
topic read ro/#
topic write wo/#
topic deny a/secret/#
user other
topic #
user space cadet
topic readwrite cabin/with blank
user system
topic read $SYS/#
pattern write up/%c/%u/x
pattern read down/%c
"""

FILES = tempfile.TemporaryDirectory(prefix="hawker-access-")


def written(name, text, folder=FILES.name):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, 0o600)
    return path


PASSWORD_FILE = "password_file " + written("passwords", PASSWORDS)
ACL_FILE = "acl_file " + written("rules", RULES)
EMPTY_ACL = "acl_file " + written("empty", "")
KNOWN = [PASSWORD_FILE]
STRICT = ["allow_anonymous false", PASSWORD_FILE]
RULED = [ACL_FILE]
NOT_AUTHORIZED = 0x87


def user(name="name", password=b"p"):
    return {"username": name, "password": password}


# who comes in


GOOD = {"iterated": "slow", "salted": "quick", "long-salt": "slower"}


@test(versions=[3, 4, 5], config=STRICT, cases=GOOD)
def right_password_comes_in(c, name):
    c.client("a", **user(name)).ping()


BAD = {
    "wrong": user("slow", b"q"),
    "wrong-quick": user("quick", b"q"),
    "empty": user("slow", b""),
    "longer": user("slow", b"pp"),
    "nobody": user("nobody"),
    "no-name": user(""),
    "other-case": user("Slow"),
    "without": {"username": "slow"},
}


@test(versions=[3, 4, 5], config=KNOWN, cases=BAD)
def wrong_password_is_refused(c, fields):
    """Also where anonymous clients may come in. MQTT 3 has a number for passwords of a wrong form
    (3.1.1, 3.2.2.3), but none other for wrong ones than this."""
    peer = c.raw()
    peer.open(client_id=c.id(), **fields)
    peer.rejected(0x86 if c.version == 5 else 5)


# Lines; whether each may come in: nobody, a name without a file that knows it, the right password.
WHO = {
    "nothing-said": ([], (True, True, True)),
    "closed": (["allow_anonymous false"], (False, False, False)),
    "passwords": ([PASSWORD_FILE], (True, False, True)),
    "passwords-closed": (STRICT, (False, False, True)),
}


@test(versions=[4, 5], cases=WHO, own=True)
def anonymous_and_known(c, case):
    lines, expected = case
    assert c.broker.reload(lines), c.broker.notices.status()
    for fields, comes in zip(({}, user("stranger"), user("slow")), expected):
        peer = c.raw()
        peer.open(client_id=c.id(), **fields)
        reason = peer.expect(codec.CONNACK).reason
        assert (reason == 0) == comes, (fields, reason)
        if not fields and not comes:
            assert reason == (NOT_AUTHORIZED if c.version == 5 else 5), reason


@test(
    versions=[4, 5],
    config=[
        "per_listener_settings true",
        "listener {port} 127.0.0.1",
        "allow_anonymous false",
        PASSWORD_FILE,
        "listener {port2} 127.0.0.1",
        "allow_anonymous true",
        ACL_FILE,
    ],
)
def each_listener_has_its_own(c):
    peer = c.raw()
    peer.open(client_id=c.id("a"))
    peer.rejected(NOT_AUTHORIZED if c.version == 5 else 5)
    free = c.client("b", **user("slow"))
    assert free.subscribe("anything") == [0]
    ruled = c.client("c", address=c.broker.address2, **user("name", b"whatever"))
    assert ruled.subscribe("anything", "a/x") == [0x87 if c.version == 5 else 0x80, 0]


@test(versions=[4, 5], config=STRICT + ["@use_username_as_clientid true"])
def name_is_the_client_identifier(c):
    first = c.client("a", **user("slow"))
    second = c.client("b", **user("slow"))
    first.refused(0x8E)
    second.ping()


@test(versions=[4, 5], config=STRICT, cases=GOOD)
def what_follows_connect_is_read_after_the_check(c, name):
    """Also of a client that has closed its side by then."""
    watcher = c.client("watch", **user("quick"))
    watcher.subscribe(c.topic())
    peer = c.raw()
    peer.send(
        codec.connect(c.version, client_id=c.id("a"), **user(name))
        + codec.publish(c.version, c.topic(), b"early", 0)
        + codec.disconnect(c.version)
    )
    peer.half_close()
    watcher.take(b"early")
    peer.expect(codec.CONNACK, reason=0)


@test(versions=[4, 5], config=STRICT)
def checks_of_clients_that_are_gone_harm_nobody(c):
    for number in range(50):
        peer = c.raw()
        peer.open(client_id=c.id("g%d" % number), **user(("slow", "slower", "nobody")[number % 3]))
        peer.drop()
    c.client("last", **user("slow")).ping()


def occurrences(pid, word):
    """In the memory of a process of ours that can be written to."""
    found = 0
    with open("/proc/%d/maps" % pid, encoding="ascii") as maps:
        areas = [line.split()[:2] for line in maps if not line.rstrip().endswith("]")]
    with open("/proc/%d/maps" % pid, encoding="ascii") as maps:
        areas += [line.split()[:2] for line in maps if "[heap]" in line or "[stack]" in line]
    with open("/proc/%d/mem" % pid, "rb", 0) as memory:
        for area, rights in areas:
            begin, end = [int(number, 16) for number in area.split("-")]
            if rights.startswith("rw"):
                memory.seek(begin)
                try:
                    found += memory.read(end - begin).count(word)
                except OSError:
                    pass  # given back meanwhile
    return found


@test(versions=[4, 5], config=STRICT, own=True)
def passwords_do_not_stay_in_memory(c):
    """Neither where they were read nor where they waited, moved to, or were checked."""
    if not c.broker.memory():
        return  # a sanitizer keeps what was freed
    c.client("look", **user("slow")).publish("look", b"for this word, it stays", retain=True)
    for number in range(12):
        for name in ("slow", "quick", "slower", "nobody"):
            peer = c.raw()
            peer.open(client_id=c.id("%s%d" % (name, number)), **user(name, b"a word to look for"))
            peer.rejected(0x86 if c.version == 5 else 5)
    assert occurrences(c.broker.process.pid, b"for this word, it stays") > 0
    left = occurrences(c.broker.process.pid, b"a word to look for")
    assert left == 0, "%d passwords are left" % left


# what they may do


WRITES = {
    "own": ("a/x", True),
    "own-deep": ("a/b/c", True),
    "own-root": ("a", True),
    "denied": ("a/secret/x", False),
    "read-only": ("ro/x", False),
    "write-only": ("wo/x", True),
    "not-named": ("b", False),
    "of-anonymous": ("news/x", False),
    "of-others": ("cabin/with blank", False),
}


@test(versions=[5], config=RULED, cases=WRITES)
def publish_is_judged(c, case):
    topic, allowed = case
    watcher = c.client("watch", **user("other"))
    watcher.subscribe("#", qos=2)
    peer = c.client("a", **user())
    for qos in (1, 2):
        answer = peer.publish(topic, b"x%d" % c.number, qos=qos)
        assert answer.reason == (0 if allowed else NOT_AUTHORIZED), answer
        if allowed:
            watcher.take(b"x%d" % c.number, topic=topic)
    peer.publish(topic, b"y%d" % c.number)
    if allowed:
        watcher.take(b"y%d" % c.number, topic=topic)
    c.nothing(watcher, c.client("marks", **user("other")))


@test(versions=[3, 4], config=RULED, cases={"qos-0": 0, "qos-1": 1, "qos-2": 2})
def what_may_not_be_published_is_acknowledged_and_dropped(c, qos):
    watcher = c.client("watch", **user("other"))
    watcher.subscribe("#")
    peer = c.client("a", **user())
    peer.publish("b", b"x%d" % c.number, qos=qos)
    peer.ping()
    c.nothing(watcher, c.client("marks", **user("other")))


@test(versions=[4, 5], config=RULED)
def patterns_name_client_and_user(c):
    watcher = c.client("watch", **user("other"))
    watcher.subscribe("up/#")
    peer = c.client("a", **user("joe"))
    for topic, allowed in (
        ("up/%s/joe/x" % c.id("a"), True),
        ("up/%s/jim/x" % c.id("a"), False),
        ("up/%s/joe/x" % c.id("b"), False),
    ):
        peer.publish(topic, b"x")
        if allowed:
            watcher.take(b"x", topic=topic)
    c.nothing(watcher, c.client("marks", **user("other")))
    assert peer.subscribe("down/" + c.id("a")) == [0]
    nameless = c.client("b")
    nameless.publish("up/%s//x" % c.id("b"), b"x")
    assert nameless.subscribe("down/" + c.id("b"), "news/x") == [0, 0]
    c.nothing(watcher, c.client("marks2", **user("other")))


@test(versions=[4, 5], config=RULED, cases={"hash": "#", "plus": "+", "inside": "a+b"})
def names_with_wildcards_get_nothing_by_patterns(c, name):
    peer = c.client(**{"client_id": name, **user("joe")})
    denied = 0x87 if c.version == 5 else 0x80
    assert peer.subscribe("down/#", "down/" + c.id("a")) == [denied, denied]
    assert peer.subscribe("down/+") == [denied]
    peer.disconnect()


FILTERS = {
    "all-of-it": ("a/b/#", True),
    "one": ("a/x", True),
    "part": ("#", True),
    "part-plus": ("+/x", True),
    "denied": ("a/secret/#", False),
    "write-only": ("wo/#", False),
    "not-named": ("b", False),
    "shared": ("$share/g/a/b", True),
    "shared-denied": ("$share/g/b", False),
    "system": ("$SYS/#", False),
}


@test(versions=[3, 4, 5], config=RULED, cases=FILTERS)
def subscribe_is_judged_honestly(c, case):
    filter_text, allowed = case
    if c.version == 3 and filter_text.startswith("$share"):
        return
    peer = c.client("a", **user())
    denied = 0x87 if c.version == 5 else 0x80
    assert peer.subscribe(filter_text, "a/always", qos=1) == [1 if allowed else denied, 1]
    expected = [0 if allowed else 0x11, 0]
    assert c.version != 5 or peer.unsubscribe(filter_text, "a/always") == expected


@test(versions=[4, 5], config=RULED + ["acl_subscribe_granted true"])
def subscribe_is_granted_in_form(c):
    peer, other = c.client("a", **user()), c.client("o", **user("other"))
    assert peer.subscribe("b", "a/secret/x", "a/#", qos=1) == [1, 1, 1]
    for topic in ("b", "a/secret/x"):
        other.publish(topic, b"secret", retain=True)
    other.publish("a/x", b"fine")
    peer.take(b"fine")
    assert peer.ping() == []
    assert peer.subscribe("b") == [0]
    assert peer.ping() == []


@test(versions=[4, 5], config=RULED, cases={"qos-0": 0, "qos-1": 1, "qos-2": 2})
def delivery_is_judged_where_a_filter_says_too_much(c, qos):
    peer, other = c.client("a", **user()), c.client("o", **user("other"))
    assert peer.subscribe("#", qos=qos) == [qos]
    for topic in ("b", "a/secret/x", "wo/x", "a/x", "news/x", "ro/x"):
        other.publish(topic, b"%d" % c.number, qos=qos)
    for topic in ("a/x", "ro/x"):
        peer.take(b"%d" % c.number, topic=topic)
    assert peer.ping() == []


@test(versions=[5], config=RULED)
def who_may_not_read_is_no_subscriber(c):
    peer, other = c.client("a", **user()), c.client("o", **user("other"))
    peer.subscribe("#", qos=1)
    assert other.publish("b/" + c.topic(), b"x", qos=1).reason in (0, 0x10)
    assert peer.ping() == []


@test(versions=[4, 5], config=RULED, cases={"qos-0": 0, "qos-1": 1, "qos-2": 2})
def retained_messages_are_judged_when_they_are_sent(c, qos):
    other = c.client("o", **user("other"))
    for topic in ("b/r%d", "a/secret/r%d", "a/r%d", "ro/r%d"):
        other.publish(topic % c.number, b"%d" % c.number, qos=qos, retain=True)
    other.ping()
    peer = c.client("a", **user())
    peer.subscribe("+/r%d" % c.number, "a/secret/#" if c.version == 4 else "a/r", qos=qos)
    got = sorted(peer.take(b"%d" % c.number).topic for _ in range(2))
    assert got == ["a/r%d" % c.number, "ro/r%d" % c.number], got
    assert peer.ping() == []


@test(versions=[5], config=RULED)
def shared_message_goes_to_one_who_may_read_it(c):
    """The members have the same filter, and only one of them may read all of it."""
    other = c.client("o", **user("other"))
    group = "$share/g%d/+/s%d" % (c.number, c.number)
    able, unable = c.client("able", **user("other")), c.client("unable", **user())
    able.subscribe(group, qos=1)
    unable.subscribe(group, qos=1)
    for number in range(4):
        other.publish("b/s%d" % c.number, b"%d" % number, qos=1)
    # one that had to ask for another member may come later
    got = sorted(able.take().payload for _ in range(4))
    assert got == [b"0", b"1", b"2", b"3"], got
    assert unable.ping() == []


@test(versions=[4, 5], config=RULED, cases={"allowed": ("a/w", True), "denied": ("b/w", False)})
def will_is_judged_when_it_is_published(c, case):
    """The client comes in with either, as in Mosquitto."""
    topic, allowed = case
    topic += str(c.number)
    watcher = c.client("watch", **user("other"))
    watcher.subscribe(topic)
    dying = c.client("a", will=Will(topic, b"gone"), **user())
    dying.drop()
    if allowed:
        watcher.take(b"gone")
    else:
        c.client("a", **user()).ping()
        c.nothing(watcher, c.client("marks", **user("other")))


@test(versions=[4, 5], config=[EMPTY_ACL])
def empty_file_denies_all(c):
    peer = c.client("a", **user())
    denied = 0x87 if c.version == 5 else 0x80
    assert peer.subscribe("#", "x", "$SYS/#") == [denied] * 3
    answer = peer.publish("x", b"x", qos=1)
    assert c.version == 4 or answer.reason == NOT_AUTHORIZED, answer


@test(versions=[4, 5], config=RULED + ["sys_interval 1"])
def system_topics_need_a_rule_that_names_them(c):
    denied = 0x87 if c.version == 5 else 0x80
    assert c.client("o", **user("other")).subscribe("$SYS/broker/uptime") == [denied]
    peer = c.client("s", **user("system"))
    assert peer.subscribe("$SYS/broker/uptime") == [0]
    assert peer.recv().topic == "$SYS/broker/uptime"


@test(
    versions=[4, 5],
    config=[
        "acl_file " + written("jail", "topic jail/yes\ntopic no\n"),
        "listener {port} 127.0.0.1",
        "mount_point jail/",
    ],
)
def rules_know_topics_with_their_mount_point(c):
    peer = c.client("a")
    denied = 0x87 if c.version == 5 else 0x80
    assert peer.subscribe("yes", "no") == [0, denied]
    peer.publish("yes", b"%d" % c.number)
    peer.take(b"%d" % c.number, topic="yes")


LOOSE = "acl_file " + written("loose", "pattern dev-%c/x\npattern w/%c/x\n")


@test(versions=[4, 5], config=[LOOSE])
def pattern_words_are_whole_levels(c):
    peer = c.client(client_id="c1")
    slashed = c.client(client_id="c1/s")
    denied = 0x87 if c.version == 5 else 0x80
    assert peer.subscribe("dev-c1/x", "w/c1/x") == [denied, 0]
    assert slashed.subscribe("w/c1/s/x") == [denied]
    assert "acl_pattern_match compat" in c.broker.log()


@test(versions=[4, 5], config=[LOOSE, "acl_pattern_match compat"])
def pattern_words_are_anywhere_for_those_who_want_it(c):
    peer = c.client(client_id="c1")
    denied = 0x87 if c.version == 5 else 0x80
    assert peer.subscribe("dev-c1/x", "w/c1/x", "dev-c2/x") == [0, 0, denied]
    assert c.client(client_id="c1/s").subscribe("w/c1/s/x") == [0]


# reload


def reload(c, **files):
    """New files, by name, in the place of old ones."""
    for name, text in files.items():
        written(name, text, c.broker.path)
    if not c.broker.reload():
        raise Failure("the reload failed: " + c.broker.notices.status())


def begin(c, lines, **files):
    for name, text in files.items():
        written(name, text, c.broker.path)
    assert c.broker.reload(lines), c.broker.notices.status()


WITH_PASSWORDS = ["allow_anonymous false", "password_file {path}/passwords"]
WITH_RULES = ["acl_file {path}/rules"]
WRONG = {
    "hash": ("passwords", "slow:%s\nquick:$6$rubbish\n" % SLOW, "passwords:2: "),
    "no-name": ("passwords", ":%s\n" % SLOW, "passwords:1: "),
    "twice": ("passwords", "a:%s\n\na:%s\n" % (SLOW, QUICK), "passwords:3: "),
    "rule": ("rules", "user a\ntopic sometimes a b\n", "rules:2: "),
    "word": ("rules", "topics a\n", "rules:1: "),
    "filter": ("rules", "topic a/#/b\n", "rules:1: "),
}


@test(versions=[4, 5], own=True, cases=WRONG)
def wrong_file_leaves_the_old_one_in_force(c, case):
    name, text, blamed = case
    begin(c, WITH_PASSWORDS + WITH_RULES, passwords=PASSWORDS, rules="user slow\ntopic a/#\n")
    peer = c.client("a", **user("slow"))
    written(name, text, c.broker.path)
    assert not c.broker.reload(), "the reload was done"
    assert blamed in c.broker.notices.status(), c.broker.notices.status()
    c.client("b", **user("quick")).ping()
    assert peer.subscribe("a/x", "b") == [0, 0x87 if c.version == 5 else 0x80]
    peer.publish("a/x", b"x")
    peer.take(b"x")


@test(versions=[4, 5], own=True)
def missing_file_leaves_the_old_one_in_force(c):
    begin(c, WITH_PASSWORDS, passwords=PASSWORDS)
    os.unlink(os.path.join(c.broker.path, "passwords"))
    assert not c.broker.reload(), "the reload was done"
    assert "passwords" in c.broker.notices.status()
    c.client("b", **user("slow")).ping()


@test(versions=[4, 5], own=True)
def users_who_are_gone_or_changed_leave(c):
    begin(c, WITH_PASSWORDS, passwords=PASSWORDS)
    stays, goes, changed = [c.client(name, **user(name)) for name in ("slow", "quick", "name")]
    reload(c, passwords="slow:%s\nname:%s\n" % (SLOW, QUICK))
    goes.refused(NOT_AUTHORIZED)
    changed.refused(NOT_AUTHORIZED)
    assert stays.ping() == []
    c.client("again", **user("name")).ping()
    peer = c.raw()
    peer.open(client_id=c.id(), **user("quick"))
    peer.rejected(0x86 if c.version == 5 else 5)


@test(versions=[4, 5], own=True)
def first_password_file_ends_those_who_only_said_a_name(c):
    named, nameless = c.client("a", **user("slow")), c.client("b")
    begin(c, ["password_file {path}/passwords"], passwords=PASSWORDS)
    named.refused(NOT_AUTHORIZED)
    assert nameless.ping() == []


@test(versions=[5], own=True)
def same_files_change_nothing(c):
    begin(c, WITH_PASSWORDS + WITH_RULES, passwords=PASSWORDS, rules=RULES)
    peer = c.client("a", **user("slow"))
    reload(c, passwords=PASSWORDS, rules=RULES)
    assert "Reloaded: nothing has changed" in c.broker.log()
    reload(c, rules=RULES + "\n")
    log = c.broker.log()
    assert "acl_file: " in log and "Reloaded: 1 change" in log, log
    assert peer.ping() == []


@test(versions=[4, 5], own=True)
def new_rules_hold_at_once(c):
    begin(c, WITH_RULES, rules="user name\ntopic a/#\ntopic b/#\nuser other\ntopic #\n")
    peer, other = c.client("a", **user()), c.client("o", **user("other"))
    peer.subscribe("a/#", "b/#")
    reload(c, rules="user name\ntopic a/#\nuser other\ntopic #\n")
    other.publish("b/x", b"secret")
    other.publish("a/x", b"fine")
    peer.take(b"fine")
    answer = peer.publish("b/x", b"x", qos=1)
    assert c.version == 4 or answer.reason == NOT_AUTHORIZED, answer
    assert peer.ping() == []
    reload(c, rules="user name\ntopic b/#\nuser other\ntopic #\n")
    other.publish("a/x", b"secret")
    other.publish("b/x", b"again")
    peer.take(b"again")


WITNESSED = "topic witness\n"  # Case.settle()


@test(versions=[4, 5], own=True, cases={"qos-1": 1, "qos-2": 2})
def session_that_comes_back_has_the_rights_of_now(c, qos):
    """[CVE-2021-34434] Neither what was queued nor what comes."""
    begin(c, WITH_RULES, rules=WITNESSED + "user name\ntopic a/#\ntopic b/#\nuser other\ntopic #\n")
    other = c.client("o", **user("other"))
    peer = c.client("a", keep=True, **user())
    peer.subscribe("a/#", "b/#", qos=qos)
    peer.drop()
    other.publish("b/x", b"queued", qos=qos)
    other.publish("a/x", b"fine", qos=qos)
    c.settle(other)
    reload(c, rules=WITNESSED + "user name\ntopic a/#\nuser other\ntopic #\n")
    peer = c.client("a", keep=True, **user())
    peer.take(b"fine")
    other.publish("b/x", b"secret", qos=qos)
    other.publish("a/x", b"more", qos=qos)
    peer.take(b"more")
    assert peer.ping() == []


@test(versions=[4, 5], own=True, cases={"qos-1": 1, "qos-2": 2})
def what_was_in_flight_is_not_repeated_without_a_right(c, qos):
    begin(c, WITH_RULES, rules="user name\ntopic a/#\ntopic b/#\nuser other\ntopic #\n")
    other = c.client("o", **user("other"))
    peer = c.client("a", keep=True, **user())
    peer.subscribe("a/#", "b/#", qos=qos)
    other.publish("b/x", b"secret", qos=qos)
    peer.message(b"secret")
    other.publish("a/x", b"fine", qos=qos)
    peer.message(b"fine")
    peer.drop()
    reload(c, rules="user name\ntopic a/#\nuser other\ntopic #\n")
    peer = c.client("a", keep=True, **user())
    peer.take(b"fine", dup=True)
    assert peer.ping() == []


@test(versions=[4, 5], own=True)
def other_pattern_words_are_one_change(c):
    begin(c, WITH_RULES, rules="pattern dev-%c/x\n")
    peer = c.client(client_id="c1")
    assert peer.subscribe("dev-c1/x") == [0x87 if c.version == 5 else 0x80]
    begin(c, WITH_RULES + ["acl_pattern_match compat"])
    assert "Reloaded: 1 change" in c.broker.log().splitlines()[-1], c.broker.log()
    assert peer.subscribe("dev-c1/x") == [0]


@test(versions=[4, 5], own=True)
def session_is_judged_by_who_takes_it(c):
    begin(c, WITH_RULES, rules="user name\ntopic a\nuser joe\ntopic b\nuser other\ntopic #\n")
    peer = c.client("a", keep=True, **user())
    peer.subscribe("a")
    peer.drop()
    peer = c.client("a", keep=True, **user("joe"))
    other = c.client("o", **user("other"))
    other.publish("a", b"secret")
    assert peer.subscribe("b") == [0]
    other.publish("b", b"fine")
    peer.take(b"fine")


SOURCE = "user name\ntopic %s r/#\nuser other\ntopic #\n"


@test(versions=[4, 5], own=True, cases={"checked": True, "not-checked": False})
def retained_message_ends_with_the_right_of_its_author(c, checked):
    """[CVE-2018-12546]"""
    lines = WITH_RULES + (["check_retain_source false"] if not checked else [])
    begin(c, lines, rules=SOURCE % "readwrite")
    c.client("a", **user()).publish("r/x", b"kept", qos=1, retain=True)
    other = c.client("o", **user("other"))
    other.publish("r/y", b"other", qos=1, retain=True)
    other.subscribe("r/#")
    assert sorted(other.take().payload for _ in range(2)) == [b"kept", b"other"]
    reload(c, rules=SOURCE % "read")
    late = c.client("late", **user("other"))
    late.subscribe("r/#")
    got = sorted(late.take().payload for _ in range(1 if checked else 2))
    assert got == ([b"other"] if checked else [b"kept", b"other"]), got
    assert late.ping() == []


@test(versions=[4, 5], own=True)
def author_is_judged_by_the_rules_of_its_listener(c):
    lines = [
        "per_listener_settings true",
        "listener {port} 127.0.0.1",
        "allow_anonymous true",
        "acl_file {path}/rules",
        "listener {port2} 127.0.0.1",
        "allow_anonymous true",
    ]
    begin(c, lines, rules="user name\ntopic r/#\n")
    c.client("a", **user()).publish("r/x", b"kept", qos=1, retain=True)
    free = c.client("free", address=c.broker.address2)
    free.publish("r/y", b"free", qos=1, retain=True)
    free.subscribe("r/#")
    assert sorted(free.take().payload for _ in range(2)) == [b"free", b"kept"]
    reload(c, rules="user name\ntopic read r/#\n")
    late = c.client("late", address=c.broker.address2)
    late.subscribe("r/#")
    late.take(b"free")
    assert late.ping() == []


@test(versions=[4, 5], own=True)
def will_ends_with_the_right_of_its_author(c):
    begin(c, WITH_RULES, rules=SOURCE % "readwrite")
    dying = c.client("a", will=Will("r/w", b"gone"), **user())
    other = c.client("o", **user("other"))
    other.subscribe("r/#")
    reload(c, rules=SOURCE % "read")
    dying.drop()
    c.client("a", **user()).ping()
    c.nothing(other, c.client("marks", **user("other")))


@test(
    versions=[4, 5],
    own=True,
    config=["per_listener_settings true", "listener {port} 127.0.0.1", "allow_anonymous true"],
)
def listener_keeps_its_rules_at_a_reload(c):
    """[CVE-2017-7652] [CVE-2018-20145]"""
    lines = ["per_listener_settings true", "listener {port} 127.0.0.1"]
    begin(c, lines + WITH_PASSWORDS + WITH_RULES, passwords=PASSWORDS, rules="user slow\ntopic a\n")
    reload(c, passwords=PASSWORDS + "# changed\n")
    peer = c.raw()
    peer.open(client_id=c.id())
    peer.rejected(NOT_AUTHORIZED if c.version == 5 else 5)
    denied = 0x87 if c.version == 5 else 0x80
    assert c.client("a", **user("slow")).subscribe("a", "b") == [0, denied]
