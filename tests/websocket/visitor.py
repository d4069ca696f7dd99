# SPDX-License-Identifier: Apache-2.0
"""Who comes to a listener with `protocol websockets`, with bytes of a test's own; and the listeners
that the tests are made for: one for WebSocket, a plain one beside it.
"""
import codec
import websocket
from peer import Failure
from websocket import BINARY, CLOSE, CONTINUATION, PONG, frame

FRAMED = ["listener {port} 127.0.0.1", "protocol websockets", "listener {port2} 127.0.0.1"]
# For what the first listener is given besides: the plain one stands before it.
LAST = ["listener {port2} 127.0.0.1", "listener {port} 127.0.0.1", "protocol websockets"]
MARK = 0xBEEF  # a packet identifier that no test uses otherwise


def connect(**fields):
    """For a client without a name."""
    return codec.connect(4, client_id="", keep_alive=0, **fields)


class Visitor:
    """A connection to the listener. What comes after the upgrade is told as a list of events:
    ("pong", payload), ("close", code), and all that binary messages carry as bytes."""

    def __init__(self, c, upgraded=True, address=None, source=None, **headers):
        self.c, self.buffer = c, bytearray()
        self.peer = c.raw(address=address, source=source)
        self.in_message, self.payload = False, bytearray()
        self.head = None
        if upgraded:
            self.send(websocket.request(**headers))
            self.head = self.answer(101)

    def send(self, *pieces):
        self.peer.send(*pieces)
        return self

    def _fill(self):
        more = self.peer._fill()
        self.buffer += self.peer.buffer
        self.peer.buffer.clear()
        return more

    def answer(self, *statuses):
        """(status, headers) of an answer that has one of these statuses."""
        while (head := websocket.take_head(self.buffer)) is None:
            if not self._fill():
                raise Failure("closed instead of an answer; got %r" % bytes(self.buffer[:200]))
        if statuses and head[0] not in statuses:
            raise Failure("expected %r, got %r" % (statuses, head))
        return head

    def rest(self):
        """All until the end of the stream."""
        while self._fill():
            pass
        return bytes(self.buffer)

    def frame(self):
        """(opcode, final, payload), None at the end of the stream."""
        while (one := websocket.take_frame(self.buffer)) is None:
            if not self._fill():
                if self.buffer:
                    raise Failure("the stream ends in a frame: %r" % bytes(self.buffer[:40]))
                return None
        opcode, final, _ = one
        if opcode < CLOSE:
            if (opcode == CONTINUATION) != self.in_message:
                raise Failure("a fragment out of its message: %r" % (one,))
            self.in_message = not final
        return one

    def data(self, size):
        """So many bytes of binary messages; no other frame may come in between."""
        while len(self.payload) < size:
            one = self.frame()
            if one is None or one[0] not in (BINARY, CONTINUATION):
                raise Failure("expected %d bytes, got %r after %d" % (size, one, len(self.payload)))
            self.payload += one[2]
        got = bytes(self.payload[:size])
        del self.payload[:size]
        return got

    def connected(self, **fields):
        """CONNECT has been accepted."""
        self.send(frame(BINARY, connect(**fields)))
        got = self.data(4)
        if got != b"\x20\x02\x00\x00":
            raise Failure("CONNECT is answered with %r" % got)
        return self

    def events(self, is_over):
        """Until is_over(events), or with a Close or the end of the stream."""
        events = [bytes(self.payload)] if self.payload else []
        self.payload.clear()
        while not is_over(events):
            one = self.frame()
            if one is None:
                events.append("end")
                return events
            opcode, _, payload = one
            if opcode == CLOSE:
                events.append(("close", websocket.code_of(payload)))
                return events
            if opcode == PONG:
                events.append(("pong", payload))
            elif opcode not in (BINARY, CONTINUATION):
                raise Failure("a frame that nobody asked for: %r" % (one,))
            elif events and isinstance(events[-1], bytes):
                events[-1] += payload
            else:
                events.append(payload)
        return events

    def alive(self):
        """The events until an UNSUBSCRIBE of now is answered, without that answer."""
        answer = codec.ack(codec.UNSUBACK, 4, MARK)
        self.send(frame(BINARY, codec.unsubscribe(4, MARK, ["nothing"])))
        events = self.events(
            lambda got: got and isinstance(got[-1], bytes) and got[-1].endswith(answer)
        )
        if not events or not isinstance(events[-1], bytes) or not events[-1].endswith(answer):
            raise Failure("not alive: %r" % (events,))
        events[-1] = events[-1][: -len(answer)]
        return [one for one in events if one]

    def ended(self):
        """The server ends the connection, without another byte."""
        one = self.frame()
        if one is not None:
            raise Failure("expected the end, got %r" % (one,))

    def expect(self, expected):
        """Exactly these events; the last one says whether the connection has ended."""
        over = expected and isinstance(expected[-1], tuple) and expected[-1][0] == "close"
        gone = expected[-1:] == ["end"]
        got = self.events(lambda _: False) if over or gone else self.alive()
        if got != expected:
            raise Failure("expected %r, got %r" % (expected, got))
        if over:
            # As a client that was told so: it answers, and has no more to say.
            self.send(websocket.close(expected[-1][1]))
            self.peer.half_close()
            self.ended()


def witness(c):
    """The broker goes on, for others."""
    client = c.client("witness%d" % len(c.peers), address=c.broker.address2)
    client.ping()
    client.drop()
