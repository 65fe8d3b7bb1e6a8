"""Rescaling from halves or thirds, as a Cortex-M0+ does it, against 64-bit arithmetic."""

from __future__ import annotations

import subprocess
from pathlib import Path

from specc.codegen.toolchain import HOST_FLAGS, Toolchain
from specc.resources import resource

PROGRAM = """
#include "arithmetic.h"
#include <stdio.h>
static const int32_t corners[] = {0, 1, -1, 65535, 65536, -65536, 32767, -32768, 2147483647, INT32_MIN, 123456789};
static uint32_t state = 1;
static uint32_t draw(void) { return state = state * 1664525u + 1013904223u; }
static int check_thirds(int32_t a, int32_t b, int32_t shift) {
    int64_t code = (((int64_t)a * b + ((int64_t)1 << (shift - 1))) >> shift) - 5;
    int32_t expected = (int32_t)(code < -30000 ? -30000 : code > 30000 ? 30000 : code);
    return rescale_thirds(a, b, shift, -5, -30000, 30000) != expected
        || requantize(a, b, shift, 3, -5, -30000, 30000) != expected;
}
static int check(int32_t a, int32_t b, int32_t shift) {
    int64_t code = (((int64_t)a * b + ((int64_t)1 << (shift - 1))) >> shift) - 5;
    int32_t expected = (int32_t)(code < -30000 ? -30000 : code > 30000 ? 30000 : code);
    return rescale_halves(a, b, shift, -5, -30000, 30000) != expected
        || rescale_high((int64_t)a * b, shift, -5, -30000, 30000) != expected
        || (shift > 32 && rescale_upper((int64_t)a * b, shift, -5, -30000, 30000) != expected)
        || requantize(a, b, shift, 1, -5, -30000, 30000) != expected;
}
int main(void) {
    int wrong = 0, count = (int)(sizeof corners / sizeof *corners);
    for (int32_t shift = 32; shift < 63; shift++) {
        for (int i = 0; i < count; i++)
            for (int j = 0; j < count; j++)
                if (corners[j] >= 0) wrong += check(corners[i], corners[j], shift);
        for (int i = 0; i < 20000; i++) {
            int32_t small = (int32_t)(draw() % 200000) - 100000;
            wrong += check((int32_t)draw(), (int32_t)(draw() >> 1), shift);
            wrong += check(small, (int32_t)(draw() >> 1), shift);
        }
    }
    for (int32_t shift = 23; shift < 55; shift++) {
        const int32_t ends[] = {-(1 << 20), 1 - (1 << 20), -2049, -2048, -1, 0, 1, 2047, 2048, (1 << 20) - 1, 1 << 20};
        for (int i = 0; i < 11; i++)
            for (int j = 0; j < count; j++)
                if (corners[j] >= 0) wrong += check_thirds(ends[i], corners[j], shift);
        for (int i = 0; i < 20000; i++) {
            const int32_t b = (int32_t)(draw() >> 1), a = (int32_t)(draw() >> 11) - (1 << 20);
            wrong += check_thirds(a, b, shift);
            /* Beside a sum at which the code changes. */
            const int64_t boundary = (((int64_t)(int32_t)(draw() >> 16) - 32768) << shift >> 1) / (b + 1);
            if (boundary > -(1 << 20) && boundary < (1 << 20)) wrong += check_thirds((int32_t)boundary, b, shift);
        }
    }
    printf("%d", wrong);
    return 0;
}
"""


def test_rescaling_from_parts_equals_64_bits(toolchain: Toolchain, tmp_path: Path) -> None:
    source = tmp_path / "main.c"
    source.write_text(PROGRAM)
    flags = (*HOST_FLAGS, "-O1", "-DSPECC_NO_LONG_PRODUCT")
    toolchain.compile([source], tmp_path / "program", flags, [resource("firmware", "kernels")])
    assert subprocess.run([tmp_path / "program"], capture_output=True, text=True, check=True).stdout == "0"
