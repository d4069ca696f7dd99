# SPDX-License-Identifier: Apache-2.0
"""Client identifiers: which are legal, the assigned ones, and taking over a session."""
import re

from harness import test

ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
LEGAL = {
    "one-letter": "Q",
    "23-letters": ALPHABET[:23],
    "last-letters": ALPHABET[-23:],
    "long": "x" * 300,
    "slash": "a/b",
    "space": "a b",
    "umlaut": "ä",
    "longest": "y" * 65535,
}


@test(v3="3.1.3-5", v5="3.1.3-5", cases=LEGAL)
def legal_identifier_is_accepted(c, client_id):
    c.client(client_id=client_id)


@test(v3="3.1.3-6", v5="3.1.3-6")
def empty_identifier_is_replaced_by_a_unique_one(c):
    first, second = c.client(client_id=""), c.client(client_id="")
    first.ping()
    second.ping()


@test(v3="3.1.3-7 3.1.3-8 3.1.3-9 3.2.2-4 3.2.2-5")
def empty_identifier_without_clean_session_gets_code_2(c):
    peer = c.raw()
    peer.open(client_id="", clean=False)
    peer.rejected(2)


@test(v5="3.1.3-6", cases={"clean-start": True, "resume": False})
def empty_identifier_is_told_to_the_client(c, clean):
    peer = c.client(client_id="", clean=clean)
    assert re.fullmatch(
        "auto-[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", peer.connack.prop("assigned_client_id")
    )


@test(v5="3.2.2-16")
def assigned_identifiers_differ(c):
    assigned = {c.client(client_id="").connack.prop("assigned_client_id") for _ in range(20)}
    assert len(assigned) == 20


@test(v5="3.1.3-7 3.1.3-2")
def assigned_identifier_resumes_its_session(c):
    peer = c.client(client_id="", props={"session_expiry": 60})
    assigned = peer.connack.prop("assigned_client_id")
    peer.disconnect()
    again = c.client(client_id=assigned, clean=False)
    assert again.connack.session_present == 1
    assert again.connack.prop("assigned_client_id") is None


@test(versions=[5], config=["auto_id_prefix house-"])
def prefix_of_assigned_identifiers_can_be_set(c):
    assert c.client(client_id="").connack.prop("assigned_client_id").startswith("house-")


@test(v3="3.1.3-9", config=["allow_zero_length_clientid false"])
def forbidden_empty_identifier_gets_code_2(c):
    peer = c.raw()
    peer.open(client_id="")
    peer.rejected(2)


@test(v5="3.1.3-8 3.1.4-2", config=["allow_zero_length_clientid false"])
def forbidden_empty_identifier_gets_0x85(c):
    peer = c.raw()
    peer.open(client_id="")
    peer.rejected(0x85)


@test(v3="3.1.3-9", config=["clientid_prefixes good-"])
def identifier_without_the_prefix_is_refused(c):
    c.client(client_id="good-1")
    peer = c.raw()
    peer.open(client_id="bad-1")
    peer.rejected(2, 5)


@test(v5="3.1.4-2 3.2.2-7", config=["clientid_prefixes good-"])
def identifier_without_the_prefix_is_refused_in_5(c):
    c.client(client_id="good-1")
    peer = c.raw()
    peer.open(client_id="bad-1")
    peer.rejected(0x85, 0x87)


@test(v3="3.1.4-2 3.1.3-2", v5="3.1.4-3 3.1.3-2")
def second_client_takes_over(c):
    first = c.client("same")
    c.client("same").ping()
    first.refused(0x8E)


@test(
    versions=[5],
    cases={"old-3.1.1-new-5": (4, 5), "old-5-new-3.1.1": (5, 4), "old-3.1-new-5": (3, 5)},
)
def takeover_works_between_versions(c, versions):
    old, new = versions
    first = c.client("same", version=old)
    c.client("same", version=new).ping()
    first.refused(0x8E)


@test(versions=[4, 5])
def takeover_keeps_the_session(c):
    first = c.client("same", keep=True)
    first.subscribe(c.topic(), qos=1)
    second = c.client("same", keep=True)
    assert second.connack.session_present == 1
    second.publish(c.topic(), b"x", 1)
    second.take(b"x")


@test(versions=[4, 5])
def a_hundred_takeovers_leave_one_client(c):
    peers = [c.client("same") for _ in range(100)]
    for peer in peers[:-1]:
        peer.refused(0x8E)
    peers[-1].ping()


@test(versions=[4, 5], config=["@use_username_as_clientid true"])
def user_name_becomes_the_identifier(c):
    first = c.client(client_id="first", username=c.id("user"))
    c.client(client_id="second", username=c.id("user"))
    first.refused(0x8E)


@test(versions=[4, 5], config=["@use_username_as_clientid true"])
def no_user_name_to_become_the_identifier_is_refused(c):
    peer = c.raw()
    peer.open(client_id="first")
    peer.rejected(*((0x85, 0x86, 0x87) if c.version == 5 else (2, 4, 5)))


@test(versions=[4, 5], cases={"plus": "+", "hash": "#", "both": "+/#"})
def identifier_of_wildcards_is_not_a_pattern(c, name):
    watcher = c.client(client_id=name)
    other = c.client("other")
    other.ping()
    watcher.ping()
