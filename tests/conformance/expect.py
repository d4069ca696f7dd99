# SPDX-License-Identifier: Apache-2.0
"""Outcomes that many tests ask for."""
import codec
from peer import Failure


def not_served(peer, *reasons):
    """A CONNECT that is not served: closed, in MQTT 5 perhaps after a CONNACK with one of
    `reasons`."""
    packets = peer.closed()
    told = [
        packet for packet in packets if packet.kind == codec.CONNACK and packet.reason in reasons
    ]
    if packets and (peer.version != 5 or told != packets or len(told) != 1):
        raise Failure("expected the end, got %r" % packets)


def refused_filter(peer, pattern):
    """A SUBSCRIBE that is refused: by a failure code in SUBACK, or by the end of the connection."""
    peer.send(codec.subscribe(peer.version, 1, [(pattern, 0)]))
    packet = peer.recv()
    if packet and packet.kind == codec.SUBACK:
        allowed = (0x8F, 0x80, 0x9E) if peer.version == 5 else (0x80,)
        if len(packet.codes) != 1 or packet.codes[0] not in allowed:
            raise Failure("expected a failure code, got %r" % packet)
        return
    if packet:
        peer.held.insert(0, packet)
    peer.refused(0x81, 0x82, 0x8F)


def payloads(packets):
    return [packet.payload for packet in packets]
