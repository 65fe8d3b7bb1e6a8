#include "board.h"
#include "serial.h"

uint64_t microseconds(void)
{
    static uint32_t last, rest; /* rest: ticks that are no whole microsecond yet */
    static uint64_t total;
    const uint32_t ticks_in_one = specc_build.clock_hz / 1000000u;
    uint32_t now = board_ticks();
    uint32_t passed = now - last;
    last = now;
    rest += passed % ticks_in_one;
    total += passed / ticks_in_one + rest / ticks_in_one;
    rest %= ticks_in_one;
    return total;
}
