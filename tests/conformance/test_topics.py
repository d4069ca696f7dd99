# SPDX-License-Identifier: Apache-2.0
"""Which topic names a filter matches. These tests use whole topics, so they have a broker to
themselves."""
from codec import PUBLISH, subscribe
from expect import payloads
from harness import test

ALONE = ["sys_interval 0"]

# filter: (topics that match, topics that do not)
MATCHES = {
    "a": (["a"], ["b", "a/b", "A", "/a", "a/"]),
    "a/b": (["a/b"], ["a", "a/b/c", "a//b", "a/B"]),
    "#": (["a", "a/b", "/", "/a", "a/", " ", "a//b", "ä"], ["$a", "$a/b", "$"]),
    "+": (["a", "b", " "], ["a/b", "/a", "/", "$a"]),
    "+/+": (["a/b", "/a", "a/", "/"], ["a", "a/b/c", "//", "$a/b"]),
    "/+": (["/a", "/"], ["a", "a/b", "//a"]),
    "/#": (["/", "/a", "/a/b", "//"], ["a", "a/b"]),
    "+/#": (["a", "a/b", "/", "/a/b"], ["$a", "$a/b"]),
    "a/#": (["a", "a/", "a/b", "a/b/c", "a//"], ["b", "ab", "/a", "b/a"]),
    "a/+": (["a/b", "a/", "a/ä"], ["a", "a/b/c", "b/a"]),
    "a/+/c": (["a/b/c", "a//c"], ["a/b", "a/c", "a/b/c/d", "a/b/b/c"]),
    "a/+/#": (["a/b", "a/b/c", "a/", "a//"], ["a", "b/a"]),
    "+/b/+": (["a/b/c", "/b/", "/b/c"], ["a/b", "a/b/c/d", "a/c/b", "$a/b/c"]),
    "a//b": (["a//b"], ["a/b", "a/ /b", "a///b"]),
    "//": (["//"], ["/", "///", ""]),
    "$x/#": (["$x", "$x/a", "$x/a/b"], ["$xa", "x/a", "$y/a"]),
    "$x/+": (["$x/a", "$x/"], ["$x", "$x/a/b", "$y/a"]),
    "+/x": (["a/x", "/x"], ["$a/x", "a/y"]),
    "Case": (["Case"], ["case", "CASE"]),
    "caf\u00e9": (["caf\u00e9"], ["cafe\u0301"]),
    "a b": (["a b"], ["ab", "a  b", "a b "]),
    "a/$b": (["a/$b"], ["a/b", "$b"]),
    "a/$b/#": (["a/$b", "a/$b/c"], ["a/b"]),
    "+/$b": (["a/$b"], ["$a/$b", "$b"]),
    "very/long/"
    + "/".join("l%d" % level for level in range(50)): (
        ["very/long/" + "/".join("l%d" % level for level in range(50))],
        ["very/long/" + "/".join("l%d" % level for level in range(49))],
    ),
}


@test(
    v3="4.7.1-1 4.7.2-1 4.7.3-4 3.3.2-3",
    v5="4.7.0-1 4.7.2-1 4.7.3-4 3.3.2-3",
    config=ALONE,
    cases={pattern[:20]: (pattern,) + row for pattern, row in MATCHES.items()},
)
def filter_matches(c, row):
    pattern, yes, no = row
    publisher, subscriber = c.pair(pattern, qos=0)
    for topic in yes + [topic for topic in no if topic]:
        publisher.publish(topic, topic.encode())
    got = [packet.topic for packet in c.since(subscriber, publisher)]
    assert sorted(got) == sorted(yes), got


@test(v3="4.7.2-1", v5="4.7.2-1", config=["sys_interval 1"])
def system_topics_do_not_match_a_leading_wildcard(c):
    """Unlike the ones a client publishes, these are surely there."""
    exact = c.client("exact")
    exact.subscribe("$SYS/#")
    exact.message()
    wild = c.client("wild")
    wild.subscribe("#", "+/#", "+/broker/#", "+/+/+")
    assert [
        packet.topic
        for packet in wild.ping()
        if packet.kind == PUBLISH and packet.topic.startswith("$")
    ] == []


@test(v3="4.7.3-2", v5="4.7.3-2", config=ALONE, cases={"topic": False, "filter": True})
def nul_ends_connection(c, as_filter):
    peer = c.client("a")
    if as_filter:
        peer.send(subscribe(c.version, 1, [("a\0b", 0)]))
    else:
        peer.publish("a\0b", b"x")
    peer.refused(0x81, 0x82, 0x8F, 0x90)


@test(versions=[4, 5], config=ALONE)
def thousand_clients_filters_are_told_apart(c):
    publisher = c.client("pub")
    peers = [c.client() for _ in range(50)]
    for number, peer in enumerate(peers):
        peer.subscribe(*(c.topic("%d/%d" % (number, n)) for n in range(20)))
    for number in range(50):
        publisher.publish(c.topic("%d/%d" % (number, number % 20)), b"%d" % number)
    for number, peer in enumerate(peers):
        assert payloads(c.since(peer, publisher)) == [b"%d" % number]
