"""Whole programs on the virtual board: what its cycle counter, probe, UART and memory do, and what stops it."""

from __future__ import annotations

import pytest

from specc.measure.backend import BackendError

MAIN = 'int main(void) {{ board_init(); for (;;) {{ board_read(); {body} board_write("\\n", 1); }} }}\n'


def main(body: str, before: str = "") -> str:
    """A program that runs `body` for every byte it receives."""
    return before + MAIN.format(body=body)


def numbers(reply) -> list[int]:
    return [int(word) for word in reply.lines[0].split()]


STRAIGHT = """
    uint32_t first, second, t;
    __asm volatile("nop\\n ldr %0, [%3]\\n nop\\n nop\\n nop\\n mul %2, %2, %2\\n ldr %1, [%3]\\n"
                   : "=&r"(first), "=&r"(second), "=&r"(t) : "r"(0xE0001004u));
    put(second - first);
"""


def test_counter_is_exact_within_a_block(build, board) -> None:
    # The first load takes 2 cycles, then three nops and a multiplication take 4: the second one starts 6 cycles later.
    reply = board(build(main(STRAIGHT))[0]).command("")
    assert numbers(reply) == [6]


LOOP = """
    uint32_t first, second, n = 1000;
    __asm volatile(".balign 8\\n ldr %0, [%3]\\n 1: subs %2, %2, #1\\n bne 1b\\n ldr %1, [%3]\\n"
                   : "=&r"(first), "=&r"(second), "+&r"(n) : "r"(0xE0001004u) : "cc");
    put(second - first);
"""


def test_loop_costs_its_instructions_and_refills(build, board) -> None:
    # 2 for the load; 1,000 times subs and bne, 1 each; the branch is taken 999 times, each refill at least 1.
    reply = board(build(main(LOOP))[0]).command("")
    assert numbers(reply) == [2 + 2 * 1000 + 999]
    whole = reply.counters[0]
    assert (whole["taken_branches"], whole["branches"], whole["refill_cycles"]) == (999, 1000, 999)
    assert whole["cycles_low"] == 3001
    assert whole["cycles_high"] >= 3001 + 2 * 999


def test_skipped_instructions_are_right_and_cheap(build, board) -> None:
    body = """
    uint32_t first, second, a = 5, b = 0;
    static volatile uint32_t cell = 7;
    __asm volatile("nop\\n ldr %0, [%4]\\n cmp %2, #9\\n ite eq\\n ldreq %3, [%5]\\n addne %3, %2, #1\\n"
                   "ldr %1, [%4]\\n"
                   : "=&r"(first), "=&r"(second), "+&r"(a), "+&r"(b) : "r"(0xE0001004u), "r"(&cell) : "cc");
    put(second - first); put(b);
    """
    # 2 for the load, 1 compare, the IT folds away, the skipped load takes 1 cycle, the addition 1.
    assert numbers(board(build(main(body))[0]).command("")) == [5, 6]


def test_counter_stands_still_until_it_is_enabled(build, board) -> None:
    source = "int main(void) { for (;;) { board_read(); put(CYCLES); put(CYCLES); board_init(); put(CYCLES > 0); } }\n"
    elf, _ = build(source.replace("board_init();", 'board_init(); board_write("", 0);'))
    assert numbers(board(elf).command("")) == [0, 0, 1]


def test_regions_are_counted_apart(build, board) -> None:
    work = "__attribute__((noinline)) static void work(uint32_t n) { for (volatile uint32_t i = 0; i < n; i++) {} }\n"
    timed = "board_mark({0}); {{ uint32_t t = board_ticks(); work({1}); put(board_ticks() - t); }} board_mark(0);"
    body = "uint32_t t = board_ticks();" + timed.format(1, 10) + timed.format(2, 1000) + "put(board_ticks() - t);"
    reply = board(build(main(body, work))[0]).command("")
    first, second, total = numbers(reply)
    assert [region.get("cycles_low") for region in reply.counters] == [total, first, second, None]
    assert first < second < total


def test_uart_carries_every_byte(build, board) -> None:
    source = "int main(void) { for (;;) { int c = board_read(); char s = (char)c; board_write(&s, 1); } }\n"
    process = board(build(source)[0])
    for line in ("", "hello", "x" * 5000):
        assert process.command(line).lines == (line,)


CONSTANTS = """
__attribute__((noinline)) static uint32_t sum(const uint8_t *p, uint32_t n) {
    uint32_t s = 0;
    for (uint32_t i = 0; i < n; i++) { s += p[i]; __asm volatile("" ::: "memory"); }
    return s;
}
static const uint8_t table[300] = {1, 2, 3, [299] = 200};
static uint8_t copy[300];
"""


@pytest.mark.parametrize(("where", "expected"), [("table", 300), ("copy", 0)])
def test_reads_of_flash_are_counted(build, board, where: str, expected: int) -> None:
    body = f"uint32_t t = board_ticks(); uint32_t s = sum({where}, 300); t = board_ticks() - t; put(s); put(t);"
    elf, _ = build(main(body, CONSTANTS))
    plain, counted = (board(elf, counting=counting).command("") for counting in (False, True))
    assert plain.lines == counted.lines
    assert counted.counters[0]["flash_data_reads"] - plain.counters[0]["flash_data_reads"] == expected


TWICE = """
static const uint8_t table[320] __attribute__((aligned(64))) = {1};
__attribute__((noinline)) static void read_all(void) {
    for (uint32_t i = 0; i < 320; i++) (void)((const volatile uint8_t *)table)[i];
}
"""


@pytest.mark.parametrize(
    ("geometry", "misses"),
    [
        ((16, 1, 0), (320, 320)),  # no cache: every byte is a read of flash
        ((16, 1, 1), (20, 20)),  # one line: every line is read once in each pass
        ((16, 1, 20), (20, 0)),  # all of the table fits
        ((16, 1, 19), (20, 20)),  # one line short: the least recently used is always the one needed next
        ((16, 4, 5), (20, 0)),  # five lines in each of four sets
        ((16, 4, 4), (20, 20)),
        ((16, 16, 1), (20, 8)),  # lines 16 to 19 share a place with 0 to 3; the other twelve stay
        ((32, 1, 10), (10, 0)),
    ],
)
def test_data_cache_misses(build, board, geometry: tuple[int, int, int], misses: tuple[int, int]) -> None:
    timed = "board_ticks(); read_all(); board_ticks();"
    body = f"board_mark(1); {timed} board_mark(2); {timed} board_mark(0);"
    elf, _ = build(main(body, TWICE))
    _, first, second, _ = board(elf, counting=True, caches=((16, 1, 0), geometry)).command("").counters
    literals = first["flash_data_reads"] - 320
    assert literals in (0, 1)
    assert (first["flash_data_misses"] - literals, second["flash_data_misses"] - literals) == misses


LONG_LOOP = """
    board_mark(1); uint32_t t = board_ticks();
    uint32_t n = 100;
    __asm volatile(".balign 16\\n 1: .rept 64\\n add.w r0, r0, #1\\n .endr\\n subs %0, %0, #1\\n bne.w 1b\\n"
                   : "+r"(n) :: "r0", "cc");
    put(board_ticks() - t); board_mark(0);
"""  # 256 bytes of additions and 6 of loop control: 17 lines of 16 bytes


@pytest.mark.parametrize(
    ("geometry", "least", "most"),
    [
        ((16, 1, 0), 1700, 1700 + 100 + 30),  # every line in every turn, and one line fetched in vain for each branch
        ((16, 1, 64), 17, 17 + 30),  # the loop fits
        ((16, 1, 16), 1700, 1700 + 100 + 30),  # it does not, by one line
        ((64, 1, 16), 5, 5 + 30),
    ],
)
def test_instruction_cache_misses(build, board, geometry: tuple[int, int, int], least: int, most: int) -> None:
    elf, _ = build(main(LONG_LOOP))
    _, region, *_ = board(elf, counting=True, caches=(geometry, (16, 1, 0))).command("").counters
    assert least <= region["flash_fetch_misses"] <= most
    assert 1700 <= region["flash_fetch_lines"] <= 1700 + 30


def test_program_that_ends_says_how(build, board) -> None:
    assert board(build("int main(void) { board_read(); return 3; }\n")[0]).command("").exit_code == 3


@pytest.mark.parametrize("depth", [1, 10, 50])
def test_painted_stack_sees_the_deepest_call(build, board, depth: int) -> None:
    source = """
    __attribute__((noinline)) static uint32_t fall(uint32_t n) {
        volatile uint8_t frame[128];
        frame[n % 128] = (uint8_t)n;
        return n ? fall(n - 1) + frame[n % 128] : 0;
    }
    """
    before = "uint32_t a = board_stack_used();"
    after = f"put(fall({depth}) > 0); put(board_stack_used() - a); put(board_stack_reserved());"
    elf, image = build(main(before + after, source))
    _, more, reserved = numbers(board(elf).command(""))
    assert 128 * (depth + 1) <= more <= 176 * (depth + 1)
    assert reserved == 32 * 1024 - image.static_sram_bytes


def test_initial_values_reach_sram(build, board) -> None:
    source = "static volatile uint32_t numbers[3] = {11, 22, 33};\nstatic volatile uint32_t zeros[2];\n"
    elf, image = build(main("put(numbers[0]); put(numbers[2]); put(zeros[1]);", source))
    assert numbers(board(elf).command("")) == [11, 33, 0]
    assert image.data_bytes >= 12
    assert image.zeroed_bytes >= 8


def test_floating_point_unit_is_on(build, board) -> None:
    body = """
    uint32_t product;
    __asm volatile(".fpu fpv4-sp-d16\\n vmov.f32 s0, #1.5\\n vmov.f32 s1, #2.0\\n vmul.f32 s0, s0, s1\\n"
                   "vcvt.u32.f32 s0, s0\\n vmov %0, s0\\n" : "=r"(product));
    put(product);
    """
    assert numbers(board(build(main(body))[0]).command("")) == [3]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("for (;;) {}", "did not come to an end within its instruction budget"),
        ("*(volatile uint32_t *)0x90000000u = 1;", "faulted at 0x08"),
        ("*(volatile uint32_t *)0x08000000u = 1;", "faulted at 0x08"),
        ("((void (*)(void))0x20000001u)();", "0x20000000|faulted"),
        ('__asm volatile(".inst.n 0xde00");', "faulted|does not decode|no published timing"),
        ("board_mark(9);", "marked region 9; the board was told of 4"),
        ("for (;;) board_write(digits, 1000);", "wrote more than|instruction budget"),
    ],
)
def test_what_no_board_survives_is_one_clear_error(build, board, body: str, message: str) -> None:
    elf, _ = build(main(body, "static const char digits[1000];\n"))
    with pytest.raises(BackendError, match=message):
        board(elf, code_budget=10**7).command("")


def test_write_to_constants_is_caught_while_counting(build, board) -> None:
    source = "static const volatile uint8_t table[16] = {1};\n"
    elf, _ = build(main("put(table[0]); *(volatile uint8_t *)&table[4] = 1;", source))
    for counting in (False, True):
        with pytest.raises(BackendError, match=r"faulted|wrote to constants"):
            board(elf, counting=counting).command("")


def test_program_that_hangs_within_its_budget_is_timed_out(build, board) -> None:
    elf, _ = build(main("for (;;) {}"))
    with pytest.raises(BackendError, match=r"did not come to an end within 0\.3 s"):
        board(elf, seconds=0.3, code_budget=2**62).command("")


def test_same_program_same_counts(build, board) -> None:
    elf, _ = build(main(LOOP))
    assert board(elf).command("").counters == board(elf).command("").counters
