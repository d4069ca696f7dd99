# SPDX-License-Identifier: Apache-2.0
"""Clients of a proxy that says in X-Forwarded-For who they are: its word counts for limits, bans and
the log if it is trusted, and nobody else's does."""
import websocket
from harness import test
from peer import Failure
from visitor import LAST, Visitor

PROXY = "127.0.0.4"  # from elsewhere than whoever looked whether the broker is there
TRUSTING = [*LAST, "proxy_trusted " + PROXY]
ONE_EACH = ["address_max_connections 1", *TRUSTING]


def come(c, forwarded=None, source=PROXY):
    """The visitor, if he is let in, else None."""
    visitor = Visitor(c, upgraded=False, source=source)
    visitor.send(websocket.request(x_forwarded_for=forwarded))
    try:
        visitor.head = visitor.answer(101)
        return visitor.connected()
    except Failure:
        return None


@test(versions=[4], config=ONE_EACH, own=True)
def each_client_of_a_proxy_counts_for_itself(c):
    first = come(c, "192.0.2.1")
    assert come(c, "192.0.2.1") is None
    second = come(c, "192.0.2.2")
    third = come(c, "2001:db8::3")
    assert first.alive() == second.alive() == third.alive() == []


@test(versions=[4], config=ONE_EACH, own=True)
def nobody_else_may_say_who_he_is(c):
    """He is not turned away for it either."""
    first = come(c, "192.0.2.1", source="127.0.0.2")
    other = come(c, "192.0.2.1")
    assert come(c, "192.0.2.3", source="127.0.0.2") is None
    assert first.alive() == other.alive() == []


@test(versions=[4], config=["address_max_connections 1", *LAST], own=True)
def without_a_list_nobody_may(c):
    first = come(c, "192.0.2.1")
    assert come(c, "192.0.2.2") is None
    assert first.alive() == []


@test(versions=[4], config=ONE_EACH, own=True)
def proxy_without_a_word_speaks_for_itself(c):
    first = come(c)
    assert come(c) is None
    assert first.alive() == come(c, "192.0.2.1").alive() == []


@test(versions=[4], config=TRUSTING, own=True)
def log_names_the_client(c):
    assert come(c, "192.0.2.77")
    while "connected from 192.0.2.77:0 " not in c.broker.log():
        assert c.left(), c.broker.log()[-2000:]
        c.after(0.02)
