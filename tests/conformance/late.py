# SPDX-License-Identifier: Apache-2.0
"""Everybody is late now and then: the threads of the broker, by the shim tests/robust/late.c, and
the tests themselves. A test that fails so has not waited for what it asks for, or the broker has a
fault that an idle machine does not show."""
import os
import random
import time

import broker
from peer import Peer

ONE_IN, MILLISECONDS = int(os.environ.get("LATE_ONE_IN", 150)), int(os.environ.get("LATE_MS", 30))


def hold_back(owner, name, chance):
    """The function is late, before or after it, in one call of ONE_IN."""
    inner = getattr(owner, name)

    def dawdle():
        if chance.random() < 1 / ONE_IN:
            time.sleep(chance.random() * MILLISECONDS / 1000)

    def late(*arguments, **fields):
        dawdle()
        try:
            return inner(*arguments, **fields)
        finally:
            dawdle()

    setattr(owner, name, late)


def begin(shim, seed):
    """From now on. The seed brings back the same delays, though not the same order of events."""
    broker.Broker.environment = {
        "LD_PRELOAD": os.path.abspath(shim),
        "LATE_SEED": str(seed),
        "LATE_ONE_IN": str(ONE_IN),
        "LATE_MS": str(MILLISECONDS),
    }
    chance = random.Random(seed)
    for owner, name in (
        (Peer, "send"),
        (Peer, "_fill"),
        (Peer, "drop"),
        (broker.Notices, "_read"),
        (broker.Broker, "_start"),
        (broker.Broker, "leave"),
    ):
        hold_back(owner, name, chance)
