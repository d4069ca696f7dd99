# SPDX-License-Identifier: Apache-2.0
"""A connection that never waits: packets in, packets out."""
import errno
import socket

import codec


class Wire:
    def __init__(self, address, version):
        self.version, self.input, self.output = version, bytearray(), bytearray()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            self.socket.connect(address)  # of this machine: at once, or never
        except OSError:
            self.socket.close()
            raise
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.is_closed = False

    def fileno(self):
        return self.socket.fileno()

    def send(self, data):
        self.output += data

    def flush(self):
        while self.output and not self.is_closed:
            try:
                sent = self.socket.send(memoryview(self.output)[: 1 << 18])
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno not in (errno.EPIPE, errno.ECONNRESET):
                    raise
                self.output.clear()  # what the broker has still said can be read
                return
            del self.output[:sent]

    def _fill(self):
        try:
            data = self.socket.recv(1 << 18)
        except BlockingIOError:
            return False
        except ConnectionResetError:
            data = b""
        self.is_closed = not data
        self.input += data
        return bool(data)

    def _length(self):
        """(size of the fixed header, of the rest), or None while they are not there."""
        length = 0
        for at in range(1, min(len(self.input), 5)):
            digit = self.input[at]
            length |= (digit & 127) << 7 * (at - 1)
            if digit < 128:
                return at + 1, length
        return None

    def _take(self):
        sizes = self._length()
        if not sizes or len(self.input) < sum(sizes):
            return None
        head, body = self.input[0], bytes(self.input[sizes[0] : sum(sizes)])
        del self.input[: sum(sizes)]
        return codec.parse(head, body, sum(sizes), self.version)

    def packets(self):
        """Those that are there; after the last one see `is_closed`."""
        more = True
        while more and not self.is_closed:
            more = self._fill()
            while True:
                packet = self._take()
                if packet is None:
                    break
                yield packet
            if len(self.input) == 0 and more:
                more = False  # others have their turn

    def rest(self):
        """All that comes before the end of a connection whose other side is dead."""
        while not self.is_closed:
            yield from self.packets()

    def close(self):
        self.is_closed = True
        self.socket.close()
