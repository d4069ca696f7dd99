# SPDX-License-Identifier: Apache-2.0
"""Wills: when they are published, and as what. Those that wait for the clock are in test_time.py.
"""
import codec
from codec import Will
from harness import test


def watched(c, qos=2, options=0):
    """A subscriber to the will topic."""
    subscriber = c.client("watch")
    subscriber.subscribe(c.topic(), qos=qos, options=options)
    return subscriber


@test(v3="3.1.2-8", v5="3.1.2-7 3.1.2-8")
def lost_connection_publishes_the_will(c):
    subscriber = watched(c)
    c.client("w", will=Will(c.topic(), b"gone")).drop()
    subscriber.take(b"gone", topic=c.topic(), retain=False)


@test(v3="3.1.2-10 3.14.4-3", v5="3.1.2-10 3.14.4-3 3.14.4-2")
def disconnect_discards_the_will(c):
    subscriber = watched(c)
    c.client("w", will=Will(c.topic(), b"gone")).disconnect()
    c.nothing(subscriber, c.client("w"))


@test(v3="3.1.2-10", v5="3.1.2-10")
def will_is_published_once(c):
    subscriber = watched(c)
    c.client("w", will=Will(c.topic(), b"gone"), keep=True).drop()
    subscriber.take(b"gone")
    c.client("w", keep=True).drop()
    c.nothing(subscriber, c.client("w"))


@test(v3="3.1.2-12", v5="3.1.2-11")
def no_will_flag_no_will(c):
    subscriber = watched(c)
    c.client("w").drop()
    c.nothing(subscriber, c.client("w"))


@test(versions=[4, 5], cases={"q%d-s%d" % (q, s): (q, s) for q in range(3) for s in range(3)})
def will_qos_is_respected(c, qos):
    subscriber = watched(c, qos[1])
    c.client("w", will=Will(c.topic(), b"gone", qos=qos[0])).drop()
    subscriber.take(b"gone", qos=min(qos))


@test(v3="3.1.2-16", v5="3.1.2-14")
def will_without_retain_is_not_retained(c):
    subscriber = watched(c)
    c.client("w", will=Will(c.topic(), b"gone")).drop()
    subscriber.take(b"gone")
    late = c.client("late")
    late.subscribe(c.topic())
    c.nothing(late, late)


@test(v3="3.1.2-17", v5="3.1.2-15")
def will_with_retain_is_retained(c):
    subscriber = watched(c)
    c.client("w", will=Will(c.topic(), b"gone", retain=True)).drop()
    subscriber.take(b"gone", retain=False)
    late = c.client("late")
    late.subscribe(c.topic())
    late.take(b"gone", retain=True)


@test(versions=[4, 5])
def empty_retained_will_clears(c):
    subscriber = watched(c)
    publisher = c.client("pub")
    publisher.publish(c.topic(), b"old", 1, retain=True)
    subscriber.take(b"old")
    c.client("w", will=Will(c.topic(), b"", retain=True)).drop()
    subscriber.take(b"")
    late = c.client("late")
    late.subscribe(c.topic())
    c.nothing(late, late)


@test(v3="3.1.2-8", v5="3.1.2-8")
def takeover_publishes_the_will(c):
    subscriber = watched(c)
    c.client("w", will=Will(c.topic(), b"gone"))
    c.client("w")
    subscriber.take(b"gone")


@test(
    v3="3.1.2-8",
    v5="3.1.2-8",
    cases={"second-connect": codec.connect(4, "w"), "qos-3": b"\x36\x05\0\1t\0\1"},
)
def protocol_error_publishes_the_will(c, packet):
    subscriber = watched(c)
    peer = c.client("w", will=Will(c.topic(), b"gone"))
    peer.send(packet)
    subscriber.take(b"gone")


@test(v5="3.1.2-8", cases={"0x04": 0x04, "0x80": 0x80, "0x81": 0x81})
def disconnect_with_another_reason_publishes_the_will(c, reason):
    subscriber = watched(c)
    c.client("w", will=Will(c.topic(), b"gone")).disconnect(reason)
    subscriber.take(b"gone")


@test(
    v5="3.14.4-3", cases={"no-properties": b"\xe0\x01\x00", "empty-properties": b"\xe0\x02\x00\x00"}
)
def disconnect_of_other_lengths_discards_the_will(c, packet):
    subscriber = watched(c)
    peer = c.client("w", will=Will(c.topic(), b"gone"))
    peer.send(packet)
    assert peer.closed() == []
    c.nothing(subscriber, c.client("w"))


@test(v5="3.1.3-10")
def will_properties_are_passed_on(c):
    subscriber = watched(c)
    user = [("b", "1"), ("a", "2"), ("b", "1")]
    props = {
        "payload_format": 1,
        "content_type": "text/plain",
        "response_topic": "r/t",
        "correlation_data": b"\0\1",
        "user_property": user,
    }
    c.client("w", will=Will(c.topic(), b"gone", props=props)).drop()
    got = subscriber.take(b"gone")
    assert got.all("user_property") == user
    assert {name: got.prop(name) for name in list(props)[:4]} == {
        name: props[name] for name in list(props)[:4]
    }
    assert got.prop("will_delay") is None


@test(v5="3.1.2-8")
def clean_start_within_the_delay_publishes_the_will(c):
    subscriber = watched(c)
    will = Will(c.topic(), b"gone", props={"will_delay": 100})
    c.client("w", will=will, props={"session_expiry": 200}).drop()
    c.client("w", clean=True)
    subscriber.take(b"gone")


@test(v5="3.1.2-8")
def delay_without_a_session_is_no_delay(c):
    subscriber = watched(c)
    c.client("w", will=Will(c.topic(), b"gone", props={"will_delay": 100})).drop()
    subscriber.take(b"gone")


@test(v5="3.1.3-9")
def resuming_within_the_delay_discards_the_will(c):
    subscriber = watched(c)
    will = Will(c.topic(), b"gone", props={"will_delay": 100})
    c.client("w", will=will, keep=True).drop()
    peer = c.client("w", keep=True)
    c.nothing(subscriber, peer)
    peer.disconnect(0x00, {"session_expiry": 0})
    c.nothing(subscriber, c.client("w"))


@test(versions=[4, 5])
def empty_will_payload_is_published(c):
    subscriber = watched(c)
    c.client("w", will=Will(c.topic(), b"")).drop()
    subscriber.take(b"")


@test(versions=[4, 5])
def large_will_is_published_whole(c):
    subscriber = watched(c)
    payload = bytes(range(256)) * 255
    c.client("w", will=Will(c.topic(), payload, qos=1)).drop()
    subscriber.take(payload)


@test(versions=[4, 5])
def will_reaches_its_own_session(c):
    peer = c.client("w", keep=True, will=Will(c.topic(), b"gone", qos=1))
    peer.subscribe(c.topic(), qos=1)
    watcher = watched(c)
    peer.drop()
    watcher.take(b"gone")
    c.client("w", keep=True).take(b"gone")


@test(v5="3.2.2-12", config=["@max_qos 1"])
def will_above_max_qos_is_refused(c):
    peer = c.raw()
    peer.open(client_id=c.id(), will=Will(c.topic(), b"x", qos=2))
    peer.rejected(0x9B)


@test(v5="3.2.2-13", config=["retain_available false"])
def retained_will_is_refused_without_retain(c):
    peer = c.raw()
    peer.open(client_id=c.id(), will=Will(c.topic(), b"x", retain=True))
    peer.rejected(0x9A)
