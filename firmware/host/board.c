/* The host as a board: commands on standard input, replies on standard output, time from the monotonic clock. */
#define _GNU_SOURCE

#include "board.h"
#include "counts.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static unsigned char incoming[4096];
static ssize_t incoming_count;
static ssize_t incoming_next;
static char outgoing[4096];
static uint32_t outgoing_count;

static void flush_output(void)
{
    uint32_t written = 0;
    if (outgoing_count) {
        counts_write(); /* before the reply, so that who has read the one finds the other */
    }
    while (written < outgoing_count) {
        ssize_t count = write(STDOUT_FILENO, outgoing + written, outgoing_count - written);
        if (count <= 0) {
            _exit(1); /* nobody listens any more */
        }
        written += (uint32_t)count;
    }
    outgoing_count = 0;
}

void board_init(void)
{
}

uint32_t board_ticks(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)now.tv_sec * 1000000000u + (uint32_t)now.tv_nsec;
}

const char *board_tick_unit(void)
{
    return "ns";
}

void board_mark(uint32_t region)
{
    counts_mark(region);
}

int board_read(void)
{
    if (incoming_next == incoming_count) {
        flush_output(); /* every reply is out before the program waits */
        incoming_next = 0;
        incoming_count = read(STDIN_FILENO, incoming, sizeof incoming);
        if (incoming_count <= 0) {
            incoming_count = 0;
            return -1;
        }
    }
    return incoming[incoming_next++];
}

void board_write(const char *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (outgoing_count == sizeof outgoing) {
            flush_output();
        }
        outgoing[outgoing_count++] = bytes[i];
    }
}

void board_exit(int code)
{
    flush_output();
    exit(code);
}

uint32_t board_stack_used(void)
{
    return 0;
}

uint32_t board_stack_reserved(void)
{
    return 0;
}
