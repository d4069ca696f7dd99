#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The checker itself: each fault is found, and what is right is none. Prints TAP."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, os.pardir, "conformance"))
sys.dont_write_bytecode = True

from harness import Tap  # noqa: E402
from ledger import Interval, Key, Ledger, Message, Receiver, key_of, payload_of, topic_of  # noqa: E402


class Stage:
    """One publisher (0), one receiver `one` that is subscribed to it at QoS 2."""

    def __init__(self, shared=False):
        self.ledger = Ledger()
        self.one = Receiver(self.ledger, "one", shared)
        self.one.qos[0] = 2
        self.interval = Interval(self.ledger.tick())
        self.one.intervals[0].append(self.interval)
        self.interval.told = self.ledger.tick()

    def publish(self, number, qos=2, told=True):
        message = Message(Key(0, number, qos), topic_of(Key(0, number, qos), 100))
        self.ledger.sent(message)
        if told:
            self.ledger.acknowledged(message)
        return message

    def take(self, message, copy=1):
        self.one.deliver(message.key, copy)


def all_is_well(stage):
    for number in range(1, 9):
        stage.take(stage.publish(number))


def lost(stage):
    stage.take(stage.publish(1))
    stage.publish(2)


def not_acknowledged_may_be_lost(stage):
    stage.publish(1, told=False)


def sent_before_the_suback_may_be_lost(stage):
    message = stage.publish(1, told=False)
    stage.interval.told = stage.ledger.tick()
    stage.ledger.acknowledged(message)


def sent_after_the_unsubscribe_may_be_lost(stage):
    stage.interval.end_asked = stage.ledger.tick()
    stage.publish(1)


def unasked(stage):
    stage.interval.end_asked = stage.interval.end_told = stage.ledger.tick()
    stage.take(stage.publish(1))


def unasked_as_it_came_before(stage):
    message = stage.publish(1)
    stage.interval.asked = stage.ledger.tick()
    stage.take(message)


def doubled(stage):
    message = stage.publish(1)
    stage.take(message)
    stage.take(message)


def doubled_on_one_connection(stage):
    message = stage.publish(1, qos=1)
    stage.take(message)
    stage.take(message, copy=2)


def sent_twice_may_come_twice(stage):
    message = stage.publish(1, qos=1, told=False)
    stage.ledger.sent(message)
    stage.ledger.acknowledged(message)
    stage.take(message)
    stage.take(message, copy=2)


def again_at_qos_1_on_the_next_connection(stage):
    message = stage.publish(1, qos=1)
    stage.take(message)
    stage.take(message)


def doubled_after_it_was_settled(stage):
    message = stage.publish(1)
    stage.take(message)
    stage.ledger.settle()
    stage.take(message)


def late_when_nobody_waits_for_it_any_more(stage):
    message = stage.publish(1)
    stage.one.release(0)
    stage.ledger.settle()
    stage.take(message)


def doubled_when_nobody_waits_for_it_any_more(stage):
    late_when_nobody_waits_for_it_any_more(stage)
    stage.ledger.settle()
    stage.one.deliver(Key(0, 1, 2), 1)


def invented(stage):
    stage.one.deliver(Key(0, 7, 1), 1)


def overtaken(stage):
    first, second = [Message(Key(0, number, 2), "m/0/0") for number in (3, 6)]
    for message in (first, second):
        stage.ledger.sent(message)
    stage.take(second)
    stage.take(first)


def sent_3_6_3(stage):
    first, second = [Message(Key(0, number, 1), "m/0/0") for number in (3, 6)]
    for message in (first, second, first):
        stage.ledger.sent(message)
    return first, second


def overtaken_though_it_was_repeated(stage):
    first, second = sent_3_6_3(stage)
    stage.take(second)
    stage.take(first)


def repeated_behind_a_subscription_that_came_between(stage):
    first, second = sent_3_6_3(stage)
    stage.interval.asked = stage.interval.told = stage.ledger.tick()
    stage.take(second)
    stage.take(first)


CASES = (
    (all_is_well, None),
    (lost, "lost"),
    (not_acknowledged_may_be_lost, None),
    (sent_before_the_suback_may_be_lost, None),
    (sent_after_the_unsubscribe_may_be_lost, None),
    (unasked, "unasked"),
    (unasked_as_it_came_before, "unasked"),
    (doubled, "doubled"),
    (doubled_on_one_connection, "doubled"),
    (sent_twice_may_come_twice, None),
    (again_at_qos_1_on_the_next_connection, None),
    (doubled_after_it_was_settled, "doubled"),
    (late_when_nobody_waits_for_it_any_more, None),
    (doubled_when_nobody_waits_for_it_any_more, "doubled"),
    (invented, "invented"),
    (overtaken, "overtaken"),
    (overtaken_though_it_was_repeated, "overtaken"),
    (repeated_behind_a_subscription_that_came_between, None),
)


def main():
    tap = Tap()
    for case, expected in CASES:
        stage = Stage()
        case(stage)
        stage.ledger.settle()
        found = dict(stage.ledger.faults)
        tap.say(found == ({expected: 1} if expected else {}),
                "/torture/ledger/" + case.__name__.replace("_", "-"), repr(found))
    key = Key(3, 1234, 2)
    for size in (0, 11, 100, 300000):
        payload, topic = payload_of(key, size), topic_of(key, size)
        tap.say(key_of(topic, payload) == key and len(payload) == size,
                "/torture/ledger/payload-%d" % size)
    payload = bytearray(payload_of(key, 5000))
    payload[4000] ^= 1
    tap.say(key_of("m/3/0", bytes(payload)) is None, "/torture/ledger/garbled")
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
