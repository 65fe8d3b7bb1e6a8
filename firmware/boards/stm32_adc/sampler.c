/* The pairs that a converter writes into a ring, taken one by one. */
#include "sampler.h"

#include "board.h"
#include "converter.h"
#include "serial.h"

/* 102 ms of conversions: more than four times as long as a frame takes on the line. */
enum { RING = 4096, PAIR = 2 };
static volatile uint16_t ring[RING];

static struct {
    uint32_t position; /* where the writer was when it was last looked at */
    uint32_t ticks;    /* when that was */
    uint32_t waiting;  /* conversions that it had written and nobody had taken */
    uint32_t next;     /* to take */
} state;

void sampler_start(void)
{
    converter_start(ring, RING);
    state.ticks = board_ticks();
}

sampler_state sampler_take(sampler_pair *pair)
{
    uint32_t ticks = board_ticks(), position = (RING - converter_left()) % RING;
    /* Longer than half the ring's time away: it may have gone round more than once. */
    const uint32_t too_long = specc_build.clock_hz / SAMPLER_HERTZ * (RING / PAIR / 2);
    int away_too_long = ticks - state.ticks > too_long;
    state.waiting += (position - state.position) % RING;
    state.position = position;
    state.ticks = ticks;
    if (away_too_long || state.waiting > RING - PAIR || converter_overran()) {
        return SAMPLER_LOST;
    }
    if (state.waiting < PAIR) {
        return SAMPLER_EMPTY;
    }
    pair->current = ring[state.next];
    pair->mark = ring[state.next + 1];
    state.next = (state.next + PAIR) % RING;
    state.waiting -= PAIR;
    return SAMPLER_PAIR;
}
