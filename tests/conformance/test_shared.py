# SPDX-License-Identifier: Apache-2.0
"""Shared subscriptions."""
import codec
from codec import PUBACK, PUBLISH, PUBREC, PUBREL
from expect import payloads, refused_filter
from harness import test


def members(c, count, qos=1, group="g", **fields):
    peers = [c.client("m%d%s" % (number, group), **fields) for number in range(count)]
    for peer in peers:
        assert peer.subscribe("$share/%s/%s" % (group, c.topic()), qos=qos) == [qos]
    return peers


def deal(c, publisher, peers):
    """What each member got, acknowledged."""
    hands = []
    for peer in peers:
        hand = [packet for packet in c.since(peer, publisher) if packet.kind == PUBLISH]
        for packet in hand:
            if packet.qos == 1:
                peer.ack(PUBACK, packet.pid)
        hands.append(payloads(hand))
    return hands


@test(v3="4.5.0-1", v5="4.5.0-1", cases={"2-members": 2, "3-members": 3, "8-members": 8})
def each_message_goes_to_one_member(c, count):
    peers, publisher = members(c, count), c.client("pub")
    for number in range(40):
        publisher.publish(c.topic(), b"%d" % number, 1)
    hands = deal(c, publisher, peers)
    assert sorted(sum(hands, []), key=int) == [b"%d" % number for number in range(40)], hands


@test(versions=[4, 5])
def members_take_turns(c):
    peers, publisher = members(c, 4), c.client("pub")
    for number in range(40):
        publisher.publish(c.topic(), b"%d" % number, 1)
    assert [len(hand) for hand in deal(c, publisher, peers)] == [10, 10, 10, 10]


@test(versions=[4, 5])
def each_group_gets_its_copy(c):
    one, two = members(c, 2, group="g1"), members(c, 3, group="g2")
    plain = c.client("plain")
    plain.subscribe(c.topic(), qos=1)
    publisher = c.client("pub")
    for number in range(12):
        publisher.publish(c.topic(), b"%d" % number, 1)
    whole = [b"%d" % number for number in range(12)]
    for peers in (one, two, [plain]):
        assert sorted(sum(deal(c, publisher, peers), []), key=int) == whole


@test(versions=[5])
def member_can_also_subscribe_alone(c):
    peer, publisher = members(c, 1)[0], c.client("pub")
    peer.subscribe(c.topic(), qos=1)
    publisher.publish(c.topic(), b"x", 1)
    assert deal(c, publisher, [peer]) == [[b"x", b"x"]]


@test(v5="4.8.2-3", cases={"qos-0": 0, "qos-1": 1, "qos-2": 2})
def member_gets_its_granted_qos(c, qos):
    peer = members(c, 1, qos)[0]
    c.client("pub").publish(c.topic(), b"x", 2)
    peer.take(b"x", qos=qos)


INVALID = {
    "no-name": "$share//a",
    "no-filter": "$share/g",
    "empty-filter": "$share/g/",
    "plus-name": "$share/+/a",
    "hash-name": "$share/#",
    "plus-in-name": "$share/g+/a",
    "hash-in-name": "$share/g#/a",
    "bare": "$share/",
    "bad-filter": "$share/g/a/#/b",
}


@test(v5="4.8.2-1 4.8.2-2", cases=INVALID)
def invalid_share_is_refused(c, pattern):
    refused_filter(c.client("a"), pattern)


@test(v5="4.8.2-2", cases={"hash": "#", "plus": "+/+", "leading-slash": "/x", "dots": "a.b"})
def any_filter_can_be_shared(c, pattern):
    peer = c.client("a")
    assert peer.subscribe("$share/g-%d/%s" % (c.number, pattern)) == [0]
    assert peer.unsubscribe("$share/g-%d/%s" % (c.number, pattern)) == [0]


@test(versions=[4, 5])
def absent_member_is_left_out(c):
    peers, publisher = members(c, 3, keep=True), c.client("pub")
    peers[1].disconnect()
    for number in range(20):
        publisher.publish(c.topic(), b"%d" % number, 1)
    hands = deal(c, publisher, [peers[0], peers[2]])
    assert [len(hand) for hand in hands] == [10, 10]
    c.nothing(c.client("m1g", keep=True), publisher)


@test(versions=[4, 5])
def message_waits_when_nobody_is_there(c):
    peers, publisher = members(c, 2, keep=True), c.client("pub")
    for peer in peers:
        peer.disconnect()
    for number in range(6):
        publisher.publish(c.topic(), b"%d" % number, 1)
    peers = [c.client("m%dg" % number, keep=True) for number in range(2)]
    hands = deal(c, publisher, peers)
    assert sorted(sum(hands, []), key=int) == [b"%d" % number for number in range(6)], hands


@test(versions=[4, 5])
def member_that_comes_back_takes_part_again(c):
    peers, publisher = members(c, 2, keep=True), c.client("pub")
    peers[0].disconnect()
    peers[0] = c.client("m0g", keep=True)
    for number in range(10):
        publisher.publish(c.topic(), b"%d" % number, 1)
    assert [len(hand) for hand in deal(c, publisher, peers)] == [5, 5]


@test(versions=[4, 5])
def unacknowledged_message_of_an_ended_session_goes_to_another(c):
    first, publisher = members(c, 1)[0], c.client("pub")
    publisher.publish(c.topic(), b"x", 1)
    first.message(b"x")
    second = c.client("second")
    second.subscribe("$share/g/" + c.topic(), qos=1)
    first.disconnect()
    second.take(b"x", qos=1)


@test(v5="4.8.2-4")
def qos_2_is_completed_with_the_member_that_comes_back(c):
    peers, publisher = members(c, 2, qos=2, keep=True), c.client("pub")
    publisher.publish(c.topic(), b"x", 2)
    publisher.publish(c.topic(), b"y", 2)
    first = peers[0].message()
    peers[0].ack(PUBREC, first.pid)
    peers[0].expect(PUBREL, pid=first.pid)
    peers[0].drop()
    again = c.client("m0g", keep=True)
    again.expect(PUBREL, pid=first.pid)
    other = peers[1].take(qos=2)
    assert {first.payload, other.payload} == {b"x", b"y"}
    c.nothing(peers[1], publisher)


@test(v5="4.8.2-5")
def qos_2_of_an_ended_session_goes_to_nobody_else(c):
    first, publisher = members(c, 1, qos=2)[0], c.client("pub")
    publisher.publish(c.topic(), b"x", 2)
    first.ack(PUBREC, first.message(b"x", qos=2).pid)
    first.until(PUBREL)
    second = c.client("second")
    second.subscribe("$share/g/" + c.topic(), qos=2)
    first.disconnect()
    c.nothing(second, c.client("m0g"))


@test(v5="4.8.2-6", cases={"PUBACK": (1, PUBACK), "PUBREC": (2, PUBREC)})
def refused_message_goes_to_nobody_else(c, row):
    qos, kind = row
    peers, publisher = members(c, 2, qos=qos), c.client("pub")
    publisher.publish(c.topic(), b"x", qos)
    publisher.publish(c.topic(), b"y", qos)
    got = [peer.message() for peer in peers]
    assert {packet.payload for packet in got} == {b"x", b"y"}
    for peer, packet in zip(peers, got):
        peer.ack(kind, packet.pid, 0x83)
    for peer in peers:
        c.nothing(peer, publisher)


@test(versions=[4, 5])
def unsubscribed_member_is_left_out(c):
    peers, publisher = members(c, 2), c.client("pub")
    peers[0].unsubscribe("$share/g/" + c.topic())
    for number in range(4):
        publisher.publish(c.topic(), b"%d" % number, 1)
    assert [len(hand) for hand in deal(c, publisher, peers)] == [0, 4]


@test(
    v5="3.10.4-1", cases={"plain": "{}", "other-group": "$share/h/{}", "no-group": "$share/g/x{}"}
)
def only_the_very_share_is_unsubscribed(c, pattern):
    peer, publisher = members(c, 1)[0], c.client("pub")
    assert peer.unsubscribe(pattern.format(c.topic())) == [0x11]
    publisher.publish(c.topic(), b"x", 1)
    peer.take(b"x")


@test(v5="3.10.4-1")
def share_is_not_unsubscribed_from_the_plain_filter(c):
    publisher, peer = c.pair()
    assert peer.unsubscribe("$share/g/" + c.topic()) == [0x11]
    publisher.publish(c.topic(), b"x", 1)
    peer.take(b"x")


@test(v5="3.3.4-3")
def share_carries_the_members_identifier(c):
    peer, publisher = c.client("a"), c.client("pub")
    peer.subscribe("$share/g/" + c.topic(), props={"subscription_id": 12})
    publisher.publish(c.topic(), b"x")
    assert peer.take(b"x").all("subscription_id") == [12]


@test(versions=[4, 5])
def wildcards_in_shares_match(c):
    peer, publisher = c.client("a"), c.client("pub")
    peer.subscribe("$share/g/" + c.topic("+/x/#"))
    publisher.publish(c.topic("1/x/2"), b"yes")
    publisher.publish(c.topic("1/y/2"), b"no")
    assert payloads(c.since(peer, publisher)) == [b"yes"]


@test(versions=[4, 5])
def messages_to_one_member_keep_their_order(c):
    peers, publisher = members(c, 3, qos=0), c.client("pub")
    publisher.send(
        b"".join(codec.publish(c.version, c.topic(), b"%d" % number) for number in range(300))
    )
    for hand in deal(c, publisher, peers):
        assert hand == sorted(hand, key=int) and hand
