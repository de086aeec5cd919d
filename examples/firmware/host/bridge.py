"""A meter on the network, as a gateway meets one on two serial lines. Not run by itself.

`Log` performs the requests of the first line over HTTP, and sends the answers in pieces of random length. `Console` passes
frames of the second line on as datagrams, and the answers back, of which some are damaged on the way.
"""
import base64
import binascii
import http.client
import random
import re
import socket
import struct
import threading

END, BROKEN = b"\x04", b"\x18"


class Log(threading.Thread):
    """`GET` for each line of the gateway: the body, and the mark of its end."""

    def __init__(self, line, meter, seed=1):
        super().__init__(daemon=True)
        self._line, self._meter, self._random = line, meter, random.Random(seed)
        self.requests, self.broken, self.cut_in_row, self.pieces, self.bytes = [], 0, 0, 0, 0
        self.start()

    def run(self):
        try:
            with self._line.makefile("rb") as lines:
                for line in lines:
                    self._answer(line.decode("ascii").rstrip("\n"))
        except OSError:
            # The gateway has ended.
            pass

    def _answer(self, target):
        self.requests.append(target)
        connection = http.client.HTTPConnection(self._meter, timeout=20)
        end = END
        try:
            connection.request("GET", target)
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200:
                body, end = b"", BROKEN
        except http.client.IncompleteRead as cut:
            body, end = cut.partial, BROKEN
        except OSError:
            body, end = b"", BROKEN
        finally:
            connection.close()
        self.broken += end == BROKEN
        self.cut_in_row += end == BROKEN and not body.endswith(b"\n")
        self._send(body + end)

    def _send(self, data):
        self.bytes += len(data)
        while data:
            length = self._random.choice((1, 2, 3, 17, 64, 250, 1000))
            self._line.sendall(data[:length])
            self.pieces += 1
            data = data[length:]


class Console(threading.Thread):
    """Frames between the gateway's console line and a server on UDP.

    A frame is sent as lines of base64 behind a marker, with its length in front and a checksum behind; see Zephyr, "SMP over
    console".
    """

    FIRST, FURTHER = b"\x06\x09", b"\x04\x14"

    def __init__(self, line, port, seed=1, damage=0.1):
        super().__init__(daemon=True)
        self._line, self._random, self._damage = line, random.Random(seed), damage
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect(("127.0.0.1", port))
        self.sent, self.answered, self.damaged = 0, 0, 0
        self.start()
        threading.Thread(target=self._back, daemon=True).start()

    def run(self):
        packet = b""
        try:
            with self._line.makefile("rb") as lines:
                for line in lines:
                    packet = b"" if line.startswith(self.FIRST) else packet
                    packet += base64.b64decode(line[2:])
                    (length,) = struct.unpack(">H", packet[:2])
                    if len(packet) == length + 2:
                        frame = packet[2:-2]
                        assert packet[-2:] == checksum(frame), "the gateway's checksum is wrong"
                        self.sent += 1
                        self._socket.send(frame)
        except OSError:
            pass

    def _back(self):
        while True:
            try:
                frame = self._socket.recv(4096)
            except ConnectionRefusedError:
                # The meter restarts.
                continue
            packet = struct.pack(">H", len(frame) + 2) + frame + checksum(frame)
            self.answered += 1
            if self._random.random() < self._damage:
                # Behind the length, which has no checksum.
                at = self._random.randrange(2, len(packet))
                packet = packet[:at] + bytes([packet[at] ^ 1 << self._random.randrange(8)]) + packet[at + 1 :]
                self.damaged += 1
            text, marker = base64.b64encode(packet), self.FIRST
            for chunk in re.findall(b".{1,124}", text):
                try:
                    self._line.sendall(marker + chunk + b"\n")
                except OSError:
                    return
                marker = self.FURTHER


def checksum(frame):
    """CRC-16/XMODEM."""
    return struct.pack(">H", binascii.crc_hqx(frame, 0))
