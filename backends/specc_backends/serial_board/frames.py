"""Frames on a serial line, as firmware/runtime/frame.h describes them: whole and correct, or dropped."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Final

START, ESCAPE, FLIPPED = 0x7E, 0x7D, 0x20
PAYLOAD_LIMIT: Final = 128
_HEAD, _CHECKSUM = 3, 4


@dataclass(frozen=True)
class Frame:
    """One frame: `sequence` and `kind` are bytes, the payload has at most `PAYLOAD_LIMIT`."""

    sequence: int
    kind: int
    payload: bytes = b""

    def encode(self) -> bytes:
        """As sent: start byte, escaped content, checksum."""
        content = bytes((len(self.payload), self.sequence, self.kind)) + self.payload
        content += zlib.crc32(content).to_bytes(_CHECKSUM, "little")
        return bytes((START,)) + b"".join(_escaped(byte) for byte in content)


def _escaped(byte: int) -> bytes:
    return bytes((ESCAPE, byte ^ FLIPPED)) if byte in (START, ESCAPE) else bytes((byte,))


class Decoder:
    """Finds the frames in what arrives. Everything between them is kept as `noise`, up to a limit."""

    _NOISE_LIMIT: Final = 4096

    def __init__(self) -> None:
        self.noise = bytearray()
        self.broken = 0  # frames with a wrong length or checksum
        self._content: bytearray | None = None  # of the frame that is arriving
        self._escaped = False

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that `data` completes, in order."""
        frames = []
        for byte in data:
            if byte == START:
                self.broken += self._content is not None
                self._content, self._escaped = bytearray(), False
            elif self._content is None:
                self.noise.append(byte)
                del self.noise[: -self._NOISE_LIMIT]
            elif byte == ESCAPE:
                self._escaped = True
            else:
                self._content.append(byte ^ FLIPPED if self._escaped else byte)
                self._escaped = False
                frame = self._finished(self._content)
                if frame is not None:
                    frames.append(frame)
        return frames

    def _finished(self, content: bytearray) -> Frame | None:
        """The frame if this is all of it and correct."""
        length = content[0]
        if length <= PAYLOAD_LIMIT and len(content) < _HEAD + length + _CHECKSUM:
            return None
        self._content = None
        body, checksum = bytes(content[:-_CHECKSUM]), content[-_CHECKSUM:]
        if length > PAYLOAD_LIMIT or zlib.crc32(body) != int.from_bytes(checksum, "little"):
            self.broken += 1
            return None
        return Frame(sequence=body[1], kind=body[2], payload=body[_HEAD:])
