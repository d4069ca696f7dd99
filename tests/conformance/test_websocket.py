# SPDX-License-Identifier: Apache-2.0
"""What the standards say of MQTT over WebSocket. The frames themselves are for tests/websocket."""
import codec
import websocket
from harness import bare, test

FRAMED = ["listener {port2} 127.0.0.1", "listener {port} 127.0.0.1", "protocol websockets"]
UNSUPPORTED_DATA = 1003


def upgraded(c, protocol="mqtt"):
    """The peer, and the frames that it sends and receives."""
    peer = c.raw()
    return peer, websocket.Stream(peer.socket, protocol)


def accepted(c, stream):
    stream.sendall(codec.connect(c.version, client_id=c.id("a"), keep_alive=0))
    received(stream, codec.CONNACK)


def received(stream, kind):
    """The next bytes are those of such a packet."""
    data = stream.recv(1 << 16)
    assert data and data[0] >> 4 == kind, data


@test(v3="6.0.0-1", v5="6.0.0-1", config=FRAMED, cases={"before": False, "behind": True})
@bare
def text_ends_the_connection(c, is_behind):
    peer, stream = upgraded(c)
    if is_behind:
        accepted(c, stream)
    peer.socket.sendall(websocket.frame(websocket.TEXT, codec.PING))
    left = stream.recv(1 << 16)
    assert is_behind or left == b""
    while left:
        left = stream.recv(1 << 16)
    assert stream.code == UNSUPPORTED_DATA, stream.code


@test(v3="6.0.0-2", v5="6.0.0-2", config=FRAMED)
@bare
def packets_are_cut_as_one_likes(c):
    _, stream = upgraded(c)
    packets = codec.connect(c.version, client_id=c.id("a"), keep_alive=0) + 2 * codec.PING
    for at in range(len(packets) - 3):
        stream.sendall(packets[at : at + 1])
    stream.sendall(packets[-3:])
    answers = b""
    while answers.count(b"\xd0\x00") < 2:
        more = stream.recv(1 << 16)
        assert more, answers
        answers += more
    assert answers[0] >> 4 == codec.CONNACK, answers


@test(v3="6.0.0-4", v5="6.0.0-4", config=FRAMED, cases={"mqtt": "mqtt", "3.1": "mqttv3.1"})
@bare
def subprotocol_is_selected(c, protocol):
    """Stream wants it in the answer."""
    accepted(c, upgraded(c, protocol)[1])
