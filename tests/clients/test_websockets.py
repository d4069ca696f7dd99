# SPDX-License-Identifier: Apache-2.0
"""The library websockets, which knows of no MQTT: frames of another author."""
import asyncio
import os

import codec
import websockets
from harness import test
from peer import Failure, Peer

SIZES = {"%d-bytes" % size: size for size in (1, 125, 126, 4096, 65535, 65536, 1 << 20, 10000000)}
CONFIG = ["max_packet_size 20000000", "max_queued_bytes 0"]
CONNECT = codec.connect(4, client_id="", keep_alive=0)


class Link:
    """A connection; what binary messages carry is one stream."""

    def __init__(self, c, **options):
        options.setdefault("subprotocols", ["mqtt"])
        scheme, host = ("wss", "localhost") if Peer.tls else ("ws", "127.0.0.1")
        self.address = "%s://%s:%d/mqtt" % (scheme, host, c.broker.port)
        self.options = {
            "max_size": None,
            "open_timeout": c.left(),
            "ping_interval": None,
            **options,
        }
        if Peer.tls:
            self.options["ssl"] = Peer.tls
        self.buffer = bytearray()

    async def __aenter__(self):
        self.socket = await websockets.connect(self.address, **self.options)
        return self

    async def __aexit__(self, *_):
        await self.socket.close()

    async def data(self, size):
        while len(self.buffer) < size:
            message = await self.socket.recv()
            if not isinstance(message, bytes):
                raise Failure("a text message: %r" % message)
            self.buffer += message
        got = bytes(self.buffer[:size])
        del self.buffer[:size]
        return got

    async def connected(self):
        await self.socket.send(CONNECT)
        assert await self.data(4) == b"\x20\x02\x00\x00"
        return self

    async def subscribe(self, topic):
        await self.socket.send(codec.subscribe(4, 1, [(topic, 0)]))
        assert await self.data(5) == b"\x90\x03\x00\x01\x00"


def waited(function):
    """Runs it within the deadline of the test."""

    def run(c, *rest):
        asyncio.run(asyncio.wait_for(function(c, *rest), c.left()))

    run.__name__, run.__module__ = function.__name__, function.__module__
    return run


@test(versions=[4], config=CONFIG, cases={"mqtt": ["mqtt"], "mqttv3.1": ["mqttv3.1"]})
@waited
async def subprotocol_is_agreed_on(c, names):
    async with Link(c, subprotocols=names) as link:
        assert link.socket.subprotocol == names[0]
        await link.connected()


@test(versions=[4], config=CONFIG, cases=SIZES)
@waited
async def message_comes_back(c, size):
    packet = codec.publish(4, c.topic(), os.urandom(size))
    async with Link(c) as link:
        await (await link.connected()).subscribe(c.topic())
        await link.socket.send(packet)
        assert await link.data(len(packet)) == packet


@test(versions=[4], config=CONFIG, cases={"1": 1, "7": 7, "125": 125, "4096": 4096})
@waited
async def fragments_come_back(c, step):
    packet = codec.publish(4, c.topic(), os.urandom(step * 300))
    async with Link(c) as link:
        await (await link.connected()).subscribe(c.topic())
        await link.socket.send(packet[at : at + step] for at in range(0, len(packet), step))
        assert await link.data(len(packet)) == packet


@test(versions=[4], config=CONFIG, cases={"deflate": "deflate", "nothing": None})
@waited
async def compression_that_is_offered_is_agreed_on_or_not(c, compression):
    packet = codec.publish(4, c.topic(), b"again " * 10000)
    async with Link(c, compression=compression) as link:
        await (await link.connected()).subscribe(c.topic())
        for _ in range(3):
            await link.socket.send(packet)
            assert await link.data(len(packet)) == packet


@test(versions=[4], config=CONFIG)
@waited
async def ping_is_answered(c):
    async with Link(c) as link:
        await link.connected()
        for _ in range(10):
            await (await link.socket.ping(os.urandom(100)))


@test(versions=[4], config=CONFIG, cases={"1000": 1000, "1001": 1001, "4999": 4999})
@waited
async def close_is_answered(c, code):
    async with Link(c) as link:
        await link.connected()
        await link.socket.close(code, "a reason: ä")
        assert link.socket.close_rcvd.code == code


@test(versions=[4], config=CONFIG)
@waited
async def text_is_refused(c):
    async with Link(c) as link:
        await link.connected()
        await link.socket.send("hello")
        await link.socket.wait_closed()
        assert link.socket.close_rcvd.code == 1003


@test(versions=[4], config=CONFIG)
@waited
async def many_at_once(c):
    """Each publishes what all get."""
    links = [Link(c) for _ in range(20)]
    try:
        for link in links:
            await link.__aenter__()
            await (await link.connected()).subscribe(c.topic())
        packet = codec.publish(4, c.topic(), b"x" * 500)
        for link in links:
            await link.socket.send(packet)
        for link in links:
            assert await link.data(20 * len(packet)) == packet * 20
    finally:
        for link in links:
            await link.socket.close()
