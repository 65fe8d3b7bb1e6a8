/* Counts of one event by region, for whoever started the program and asked for them. Part of board.c.
 *
 * SPECC_COUNTER in the environment asks for it: type and configuration of an event of perf_event_open(2), and the file
 * descriptor that lines go to, as decimal numbers. A line is 1, or 0 if the counter was off the hardware for a part of the
 * time, and the count of each region from 1 on. User-space code alone is counted.
 *
 * Reading the counter is a system call. What a region of two readings of the clock counts, as a layer without code is
 * one, is taken off.
 */
#ifndef SPECC_COUNTS_H
#define SPECC_COUNTS_H

#include "board.h"

#include <stdint.h>

#ifdef __linux__

#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MOST_REGIONS = 4096, CALIBRATIONS = 1000 };

typedef struct {
    uint64_t count, enabled, running;
} reading;

static int counter = -1, lines_to;
static uint64_t counts[MOST_REGIONS], of_nothing;
static uint32_t current, last;
static reading before;
static int complete = 1;

static reading read_counter(void)
{
    reading now;
    if (read(counter, &now, sizeof now) != sizeof now) {
        exit(1);
    }
    return now;
}

/* What happened since the last mark belongs to the region that began there; `region` begins now. */
static void counts_mark(uint32_t region)
{
    if (counter < 0) {
        return;
    }
    const reading now = read_counter();
    const uint64_t found = now.count - before.count;
    if (current < MOST_REGIONS) {
        counts[current] += found > of_nothing ? found - of_nothing : 0;
    }
    complete &= now.enabled == now.running;
    current = region;
    last = region > last ? region : last;
    before = read_counter(); /* what is above belongs to no region */
}

/* Writes the counts of all regions but 0 since the last time, if there are any, as a line. */
static void counts_write(void)
{
    if (!last) {
        return;
    }
    dprintf(lines_to, "%d", complete);
    for (uint32_t region = 1; region <= last && region < MOST_REGIONS; region++) {
        dprintf(lines_to, " %llu", (unsigned long long)counts[region]);
        counts[region] = 0;
    }
    dprintf(lines_to, "\n");
    complete = 1;
    last = 0;
}

static void calibrate(void)
{
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < CALIBRATIONS; i++) {
        counts_mark(1);
        board_ticks();
        board_ticks();
        counts_mark(0);
        least = counts[1] < least ? counts[1] : least;
        counts[1] = 0;
    }
    of_nothing = least;
    last = 0;
}

__attribute__((constructor)) static void open_counter(void)
{
    const char *asked = getenv("SPECC_COUNTER");
    unsigned type;
    unsigned long long config;
    if (!asked || sscanf(asked, "%u %llu %d", &type, &config, &lines_to) != 3) {
        return;
    }
    struct perf_event_attr attributes = {
        .type = type,
        .size = PERF_ATTR_SIZE_VER0,
        .config = config,
        .read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
        .exclude_kernel = 1,
        .exclude_hv = 1,
    };
    counter = (int)syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
    if (counter < 0) {
        close(lines_to); /* its reader need not wait */
        return;
    }
    before = read_counter();
    calibrate();
}

#else

static void counts_mark(uint32_t region)
{
    (void)region;
}

static void counts_write(void)
{
}

#endif
#endif
