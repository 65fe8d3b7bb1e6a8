"""Frames: golden vectors for both ends, and whatever else may come along the line."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specc.codegen.toolchain import HOST_FLAGS, Toolchain
from specc.resources import resource
from specc_backends.serial_board.frames import PAYLOAD_LIMIT, Decoder, Frame

# The check value of CRC-32/ISO-HDLC in the catalogue of parametrised CRC algorithms.
CHECK = b"123456789"
CHECK_CRC = 0xCBF43926

PROGRAM = """
#include "board.h"
#include "frame.h"
#include <stdio.h>
/* Reads bytes; sends each whole frame back, and tells how many were broken. */
void board_write(const char *bytes, uint32_t count) { fwrite(bytes, 1, count, stdout); }
int main(void) {
    static frame_receiver r;
    int in_frame = 0, broken = 0;
    for (int byte = getchar(); byte != EOF; byte = getchar()) {
        if (byte == FRAME_START) {
            broken += in_frame;
            frame_begin(&r);
            in_frame = 1;
        } else if (in_frame) {
            frame_state now = frame_take(&r, (uint8_t)byte);
            in_frame = now == FRAME_UNFINISHED;
            broken += now == FRAME_BROKEN;
            if (now == FRAME_WHOLE)
                frame_send(r.head[FRAME_SEQUENCE], r.head[FRAME_TYPE], r.payload, r.head[FRAME_LENGTH]);
        }
    }
    fprintf(stderr, "%d %08x", broken, frame_crc(0, (const uint8_t *)"123456789", 9));
    return 0;
}
"""


def slow_crc(data: bytes) -> int:
    """CRC-32 by polynomial long division over whole messages, written without looking at either implementation."""
    bits = [(byte >> i) & 1 for byte in data for i in range(8)] + [0] * 32
    for i in range(32):
        bits[i] ^= 1
    polynomial = [int(c) for c in f"{0x104C11DB7:033b}"]
    for i in range(len(bits) - 32):
        if bits[i]:
            for j in range(33):
                bits[i + j] ^= polynomial[j]
    remainder = [bit ^ 1 for bit in bits[-32:]]
    return sum(bit << i for i, bit in enumerate(remainder))


def slow_encode(frame: Frame) -> bytes:
    content = bytes([len(frame.payload), frame.sequence, frame.kind]) + frame.payload
    content += slow_crc(content).to_bytes(4, "little")
    return b"\x7e" + content.replace(b"\x7d", b"\x7d\x5d").replace(b"\x7e", b"\x7d\x5e")


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Path:
    work = tmp_path_factory.mktemp("frames")
    source = work / "echo.c"
    source.write_text(PROGRAM)
    runtime = resource("firmware", "runtime")
    Toolchain(folder).compile([source, runtime / "frame.c"], work / "echo", [*HOST_FLAGS, "-O1"], [runtime])
    return work / "echo"


def through_c(echo: Path, data: bytes) -> tuple[bytes, int, int]:
    done = subprocess.run([str(echo)], input=data, capture_output=True, check=True, timeout=20)
    broken, crc = done.stderr.split()
    return done.stdout, int(broken), int(crc, 16)


frames = st.builds(Frame, st.integers(0, 255), st.integers(0, 255), st.binary(max_size=PAYLOAD_LIMIT))


def test_the_checksum_is_the_usual_one(echo: Path) -> None:
    assert slow_crc(CHECK) == CHECK_CRC
    assert through_c(echo, b"")[2] == CHECK_CRC


def test_a_frame_written_out() -> None:
    # Content 02 05 03 7e 7d; checksum by slow_crc; both payload bytes are escaped.
    content = bytes.fromhex("02 05 03 7e 7d")
    checksum = slow_crc(content).to_bytes(4, "little")
    assert not set(checksum) & {0x7E, 0x7D}
    assert Frame(5, 3, b"\x7e\x7d").encode() == bytes.fromhex("7e 02 05 03 7d 5e 7d 5d") + checksum


@given(frames)
def test_encoding(frame: Frame) -> None:
    data = frame.encode()
    assert data == slow_encode(frame)
    assert data.count(b"\x7e") == 1
    assert Decoder().feed(data) == [frame]


def test_both_ends_agree(echo: Path) -> None:
    payloads = [
        b"",
        bytes(range(128)),
        bytes(range(128, 256)),
        b"\x7e" * 128,
        b"\x7d" * 127,
        b"\x00",
        b"\x7d\x7e\x5d\x5e",
    ]
    sent = [Frame(i * 37 % 256, i * 91 % 256, payload) for i, payload in enumerate(payloads)]
    data = b"".join(slow_encode(frame) for frame in sent)
    back, broken, _ = through_c(echo, data)
    assert (back, broken) == (data, 0)
    assert Decoder().feed(data) == sent


@given(st.lists(frames, min_size=1, max_size=4), st.binary(max_size=40))
def test_what_comes_before_a_frame_does_not_hurt_it(sent: list[Frame], garbage: bytes) -> None:
    decoder = Decoder()
    received = decoder.feed(garbage) + decoder.feed(b"".join(frame.encode() for frame in sent))
    assert received[-len(sent) :] == sent


def test_both_ends_drop_the_same_damage(echo: Path) -> None:
    whole = Frame(9, 4, b"payload").encode()
    damaged = [whole[:i] + whole[i + 1 :] for i in range(1, len(whole))]
    damaged += [
        whole[:i] + bytes([whole[i] ^ 1 << bit]) + whole[i + 1 :] for i in range(len(whole)) for bit in range(8)
    ]
    damaged += [b"\x7e\xff" + whole[2:], b"\x7e", b"\x7e\x7d", whole[:-1] + b"\x7d"]
    for data in damaged:
        back, broken, _ = through_c(echo, data + whole) if data[:1] == b"\x7e" else (whole, 0, 0)
        decoder = Decoder()
        assert decoder.feed(data + whole) == [Frame(9, 4, b"payload")], data.hex()
        if data[:1] == b"\x7e":
            assert back == whole, data.hex()
            assert broken == decoder.broken, data.hex()


def test_noise_is_kept_for_the_log_but_not_without_end() -> None:
    decoder = Decoder()
    decoder.feed(b"x" * 100_000)
    assert bytes(decoder.noise) == b"x" * 4096
