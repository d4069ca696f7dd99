# SPDX-License-Identifier: Apache-2.0
"""What libwebsockets 4.1.6 does otherwise than our own frames do, by the names of cases: where it
makes the frames the tests hold it to that. None of it hurts anybody but the client.
"""
from broker import Broker

OURS = Broker.framing == "native"
END = ["end"]  # without a Close
ANSWER = b"\xd0\x00"
DEAF = "what follows is taken for a part of it"
NO_ANSWER = "half a code, or nothing"

_BAD_CONTROL = ["ping-that-claims-126-bytes", "ping-that-claims-2-to-the-62"]
_BAD_CONTROL += ["ping-of-1-in-16-bits", "ping-of-1-in-64-bits"]
_BAD_CONTROL += [
    "%s-%d-bytes" % (name, size)
    for name in ("ping", "pong", "close")
    for size in (126, 127, 65535, 65536)
]
_NOT_TEXTS = ["lone-continuation", "cut-after-one-of-two", "cut-after-two-of-three"]
_NOT_TEXTS += ["cut-after-three-of-four", "overlong-slash", "overlong-of-three"]
_NOT_TEXTS += ["overlong-of-four", "overlong-zero", "surrogate-low-end", "surrogate-high-end"]
_NOT_TEXTS += ["above-the-last", "five-bytes", "fe-and-ff", "bad-at-the-end-of-123"]

FRAMES = {
    **{name: END for name in _BAD_CONTROL},
    "sign-bit": END,
    "all-bits": END,
    "text-in-a-message": [("close", 1002)],
    # A frame need not be masked.
    "unmasked-binary": [ANSWER],
    "unmasked-binary-empty": [],
    "unmasked-continuation-in-a-message": [ANSWER],
    "unmasked-text": [("close", 1003)],
    "unmasked-ping": [("pong", b"x")],
    "unmasked-ping-empty": [("pong", b"")],
    "unmasked-pong": [],
    "unmasked-close": [("close", 1000)],
    "unmasked-close-empty": [("close", None)],
    "0-in-16-bits": DEAF,
    "0-in-64-bits": DEAF,
}

CLOSES = {
    "one-byte": NO_ANSWER,
    # It does not know codes that came after RFC 6455, nor an end of them.
    **{"code-%d" % code: 1002 for code in (1012, 1013, 1014)},
    **{"code-%d-refused" % code: code for code in (5000, 32768, 65535)},
    # The reason of a Close may be anything.
    **{"reason-%s-refused" % name: 1000 for name in _NOT_TEXTS},
    "reason-of-124-bytes": NO_ANSWER,
}
# It looks at what comes behind a Close, and ends without one of its own if that is no frame; and it
# waits for the answer to its own one for five seconds.
AFTER = {"what-is-no-frame": END}


def ours(register):
    """For a test of what only our own frames promise."""
    return register if OURS else lambda function: function


def otherwise(cases, theirs):
    """These cases with what is expected in them: ours, or theirs."""
    if OURS:
        return cases
    return {name: (theirs.get(name, row[0]), *row[1:]) for name, row in cases.items()}
