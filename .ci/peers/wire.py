"""The few lines of SMP that the server scripts need by themselves, without any package: frames, the serial console's
lines, an echo. Not run by itself."""
import base64
import struct

ECHO = b"\xa1\x61d\x65ready"


def frame(operation, group, sequence, command, body=b"\xa0", version=0):
    return struct.pack(">BBHHBB", version << 3 | operation, 0, len(body), group, sequence, command) + body


def crc(data):
    value = 0
    for byte in data:
        value ^= byte << 8
        for _ in range(8):
            value = (value << 1 ^ 0x1021 if value & 0x8000 else value << 1) & 0xFFFF
    return value


def lines(message):
    """The lines, of at most 127 bytes, that carry a frame over a serial console."""
    text = base64.b64encode(struct.pack(">H", len(message) + 2) + message + struct.pack(">H", crc(message)))
    for at in range(0, len(text), 124):
        yield (b"\x04\x14" if at else b"\x06\x09") + text[at:at + 124] + b"\n"


class Console:
    """Bytes of a serial console in, whole frames and lines of log out."""

    def __init__(self):
        self._line, self._text = b"", None

    def push(self, data):
        self._line += data
        while b"\n" in self._line:
            line, self._line = self._line.split(b"\n", 1)
            start, follow = line.rfind(b"\x06\x09"), line.rfind(b"\x04\x14")
            if start >= 0:
                self._text = line[start + 2:].strip()
            elif follow >= 0 and self._text is not None:
                self._text += line[follow + 2:].strip()
            else:
                yield None, line
                continue
            try:
                packet = base64.b64decode(self._text)
            except ValueError:
                continue
            if len(packet) < 2 or len(packet) < 2 + int.from_bytes(packet[:2], "big"):
                continue
            message, check = packet[2:int.from_bytes(packet[:2], "big")], packet[int.from_bytes(packet[:2], "big"):]
            self._text = None
            if crc(message) == int.from_bytes(check[:2], "big"):
                yield message, None
