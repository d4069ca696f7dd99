# SPDX-License-Identifier: Apache-2.0
"""Sessions: when they begin, what they keep, when they end."""
import codec
from harness import test


@test(v3="3.1.2-4 3.1.2-5 4.1.0-1", v5="3.1.2-5 3.1.2-23 4.1.0-1", cases={"qos-1": 1, "qos-2": 2})
def resumed_session_has_its_messages(c, qos):
    publisher, subscriber = c.pair(qos=qos, keep=True)
    subscriber.disconnect()
    for number in range(5):
        publisher.publish(c.topic(), b"%d" % number, qos)
    subscriber = c.client("sub", keep=True)
    assert subscriber.connack.session_present == 1
    for number in range(5):
        subscriber.take(b"%d" % number, qos=qos, dup=False)
    c.nothing(subscriber, publisher)


@test(v3="4.5.0-1", v5="4.5.0-1")
def message_is_added_to_every_matching_session(c):
    names = ["s%d" % number for number in range(8)]
    for name in names:
        peer = c.client(name, keep=True)
        peer.subscribe(c.topic("+"), qos=1)
        if name > "s3":
            peer.disconnect()
    c.client("pub").publish(c.topic(), b"x", 1)
    for name in names:
        c.client(name, keep=True).take(b"x")


@test(versions=[4, 5])
def qos_0_is_not_kept_for_an_absent_client(c):
    publisher, subscriber = c.pair(keep=True)
    subscriber.disconnect()
    publisher.publish(c.topic(), b"0", 0)
    publisher.publish(c.topic(), b"1", 1)
    c.settle(publisher)
    c.client("sub", keep=True).take(b"1")


@test(v3="3.1.2-4", v5="3.1.2-5")
def subscriptions_outlive_the_connection(c):
    publisher, subscriber = c.pair(keep=True)
    subscriber.disconnect()
    subscriber = c.client("sub", keep=True)
    publisher.publish(c.topic(), b"x")
    subscriber.take(b"x")


@test(v3="3.1.2-6 3.1.4-3", v5="3.1.2-4 3.1.4-4")
def clean_start_discards_subscriptions_and_messages(c):
    publisher, subscriber = c.pair(keep=True)
    subscriber.disconnect()
    publisher.publish(c.topic(), b"queued", 1)
    subscriber = c.client("sub", clean=True)
    assert subscriber.connack.session_present == 0
    publisher.publish(c.topic(), b"new", 1)
    c.nothing(subscriber, publisher)


@test(v3="3.1.2-6", v5="4.1.0-2")
def session_without_expiry_ends_with_the_connection(c):
    publisher, subscriber = c.pair()
    subscriber.disconnect()
    publisher.publish(c.topic(), b"x", 1)
    subscriber = c.client("sub", keep=True)
    assert subscriber.connack.session_present == 0
    c.nothing(subscriber, publisher)


@test(v3="3.1.2-4", v5="3.1.2-6")
def resuming_nothing_makes_a_session(c):
    assert c.client("a", keep=True).connack.session_present == 0


@test(v5="4.1.0-2", cases={"absent": {}, "zero": {"session_expiry": 0}})
def clean_start_0_without_expiry_leaves_nothing(c, props):
    c.client("a", clean=False, props=props).disconnect()
    assert c.client("a", clean=False).connack.session_present == 0


@test(v3="3.1.2-7", v5="4.1.0-2")
def retained_messages_outlive_the_session(c):
    peer = c.client("a")
    peer.publish(c.topic(), b"kept", 1, retain=True)
    peer.disconnect()
    late = c.client("late")
    late.subscribe(c.topic())
    late.take(b"kept")


@test(v5="4.1.0-2")
def disconnect_can_end_the_session(c):
    c.client("a", keep=True).disconnect(0, {"session_expiry": 0})
    assert c.client("a", keep=True).connack.session_present == 0


@test(v5="3.1.2-23")
def disconnect_can_prolong_the_session(c):
    c.client("a", clean=False, props={"session_expiry": 1}).disconnect(0, {"session_expiry": 100})
    assert c.client("a", keep=True).connack.session_present == 1


@test(v5="3.1.2-23")
def disconnect_without_expiry_changes_nothing(c):
    c.client("a", keep=True).disconnect(0)
    assert c.client("a", keep=True).connack.session_present == 1


@test(v5="4.13.1-1")
def disconnect_cannot_revive_a_session_of_expiry_0(c):
    peer = c.client("a")
    peer.send(codec.disconnect(5, 0, {"session_expiry": 10}))
    peer.refused(0x82)


@test(v5="3.1.2-23")
def lost_connection_keeps_the_session(c):
    peer = c.client("a", keep=True)
    peer.subscribe(c.topic(), qos=1)
    peer.drop()
    c.client("pub").publish(c.topic(), b"x", 1)
    peer = c.client("a", keep=True)
    assert peer.connack.session_present == 1
    peer.take(b"x")


@test(v5="3.1.2-23", cases={"never": 0xFFFFFFFF, "nearly-never": 0xFFFFFFFE, "2-31": 1 << 31})
def very_long_expiry_is_kept(c, expiry):
    c.client("a", props={"session_expiry": expiry}).disconnect()
    assert c.client("a", keep=True).connack.session_present == 1


@test(v5="3.1.2-23")
def each_connect_sets_the_expiry_anew(c):
    c.client("a", keep=True).disconnect()
    c.client("a", clean=False).disconnect()
    assert c.client("a", keep=True).connack.session_present == 0


@test(
    versions=[5],
    cases={"3.1.1-to-5": (4, 5), "5-to-3.1.1": (5, 4), "3.1-to-5": (3, 5), "3.1-to-3.1.1": (3, 4)},
)
def session_passes_between_versions(c, versions):
    old, new = versions
    peer = c.client("a", version=old, keep=True)
    peer.subscribe(c.topic(), qos=1)
    peer.disconnect()
    c.client("pub").publish(c.topic(), b"x", 1, props={"user_property": ("a", "b")})
    peer = c.client("a", version=new, keep=True)
    if new != 3:
        assert peer.connack.session_present == 1
    peer.take(b"x")


@test(versions=[5])
def session_of_3_1_1_has_no_session_present_for_3_1(c):
    c.client("a", version=4, keep=True).disconnect()
    assert c.client("a", version=3, keep=True).connack.session_present == 0


@test(v3="4.1.0-2", v5="4.1.0-1")
def session_is_not_discarded_while_connected(c):
    publisher, subscriber = c.pair(keep=True)
    for _ in range(3):
        publisher.publish(c.topic(), b"x", 2)
        subscriber.take(b"x")


@test(versions=[4, 5])
def queued_messages_of_several_publishers_arrive(c):
    _, subscriber = c.pair(c.topic("#"), qos=1, keep=True)
    subscriber.disconnect()
    for name in "abcd":
        peer = c.client(name)
        for number in range(10):
            peer.publish(c.topic(name), b"%d" % number, 1)
    subscriber = c.client("sub", keep=True)
    got = {}
    for _ in range(40):
        packet = subscriber.take()
        got.setdefault(packet.topic, []).append(int(packet.payload))
    assert got == {c.topic(name): list(range(10)) for name in "abcd"}, got
