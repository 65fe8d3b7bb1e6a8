/* The parts of the virtual board that run too often for Python: the block counter, the UART and reads of constant data.
 *
 * Built by native.py into a shared library and handed to Unicorn as callbacks. The layout of every structure here is
 * mirrored there. Nothing in this file knows about cycles: it counts, and timing.py gives the counts their meaning.
 */
#include <stdint.h>

typedef struct {
    uint64_t executions; /* times the block was entered */
    uint64_t jumps;      /* of these, times it was entered by a taken branch rather than from the block before it */
} block_count;

typedef struct {
    uint32_t address;
    uint32_t size; /* bytes of code */
} block;

/* How often flash itself must be read, behind the vendor's cache. Each set lists its lines from the most to the least
 * recently used, as line number plus one; 0 is an empty place. Without ways there is no cache: every access is a miss.
 */
typedef struct {
    uint32_t line_bytes; /* 0: not simulated */
    uint32_t sets;
    uint32_t ways;
    uint32_t *lines; /* sets times ways */
    uint64_t misses;
} cache;

typedef struct {
    /* Set up by Python. */
    void (*stop)(void *engine);
    uint32_t code_start;   /* first address that may execute */
    uint32_t code_end;     /* address behind the last */
    uint32_t *slot_by_halfword; /* newest slot of the block that starts there, plus one; 0: none yet */
    uint32_t *slot_before;      /* an older slot of another size that starts at the same address, plus one; 0: none */
    block *blocks;              /* by slot */
    block_count *counts;        /* by slot */
    const uint8_t *constants;   /* contents of the constants in flash */
    uint32_t constants_start;
    uint32_t constant_bytes;
    uint32_t slot_limit;
    uint8_t *received; /* bytes on their way to the guest */
    uint8_t *sent;     /* bytes the guest wrote, not yet taken */
    uint32_t sent_limit;
    cache fetches; /* on the side of instructions */
    cache reads;   /* on the side of data */
    /* State. */
    uint32_t received_bytes, received_next;
    uint32_t sent_bytes;
    uint32_t slots;
    uint32_t current;      /* slot of the block that is executing */
    uint32_t instruction;  /* address of the instruction that is executing, in a block that is watched */
    uint32_t expected;     /* where execution goes on if no branch is taken */
    int64_t code_budget;   /* bytes of code that may still be executed */
    uint64_t constant_reads; /* data reads from the constants in flash */
    uint32_t stopped;      /* why the guest was stopped: one of the reasons below */
    uint32_t fault_address;
} board;

enum { RUNNING = 0, WAITING_FOR_INPUT = 1, BUDGET_SPENT = 2, OUTSIDE_CODE = 3, TOO_MANY_BLOCKS = 4, OUTPUT_FULL = 5,
       WRITE_TO_FLASH = 6 };

static void halt(board *b, void *engine, uint32_t reason, uint32_t address) {
    if (b->stopped <= WAITING_FOR_INPUT) {
        b->stopped = reason;
        b->fault_address = address;
    }
    b->stop(engine);
}

/* Slot of the block at an address. One address can start blocks of two sizes: the translator may cut a block short. */
static uint32_t slot_of(board *b, void *engine, uint32_t address, uint32_t size) {
    uint32_t *newest = &b->slot_by_halfword[(address - b->code_start) >> 1];
    for (uint32_t slot = *newest; slot; slot = b->slot_before[slot - 1])
        if (b->blocks[slot - 1].size == size) return slot - 1;
    if (b->slots == b->slot_limit) {
        halt(b, engine, TOO_MANY_BLOCKS, address);
        return 0;
    }
    uint32_t slot = b->slots++;
    b->blocks[slot].address = address;
    b->blocks[slot].size = size;
    b->slot_before[slot] = *newest;
    *newest = slot + 1;
    return slot;
}

static void touch(cache *c, uint32_t line) {
    uint32_t *set = c->lines + (line % c->sets) * c->ways;
    uint32_t place = 0;
    while (place < c->ways && set[place] != line + 1) place++;
    if (place == c->ways) {
        c->misses++;
        if (place == 0) return;
        place--; /* the least recently used line makes room */
    }
    for (; place; place--) set[place] = set[place - 1];
    set[0] = line + 1;
}

/* Reads of flash to execute a block. Running on within a line reads nothing. A branch that is taken has let the fetch
 * unit run ahead, by up to the three words it can hold: those reads are in vain, but delay the ones that follow. */
static void fetch(board *b, uint32_t address, uint32_t size, int jumped) {
    enum { FETCH_AHEAD_BYTES = 12 };
    cache *c = &b->fetches;
    uint32_t before = (b->expected - 1) / c->line_bytes;
    uint32_t first = address / c->line_bytes, last = (address + size - 1) / c->line_bytes;
    if (jumped) {
        uint32_t ahead = (b->expected + FETCH_AHEAD_BYTES - 1) / c->line_bytes;
        for (uint32_t line = before + 1; line <= ahead; line++) touch(c, line);
    } else if (first == before) {
        first++;
    }
    for (uint32_t line = first; line <= last; line++) touch(c, line);
}

/* Unicorn's block hook: called before a block runs. */
void board_block(void *engine, uint64_t block_address, uint32_t size, void *user) {
    board *b = user;
    uint32_t address = (uint32_t)block_address;
    if (address < b->code_start || address >= b->code_end) {
        halt(b, engine, OUTSIDE_CODE, address);
        return;
    }
    uint32_t slot = slot_of(b, engine, address, size);
    block_count *count = &b->counts[slot];
    b->current = slot;
    count->executions++;
    int jumped = address != b->expected;
    count->jumps += (uint64_t)jumped;
    if (b->fetches.line_bytes) fetch(b, address, size, jumped);
    b->expected = address + size;
    b->code_budget -= size;
    if (b->code_budget < 0) halt(b, engine, BUDGET_SPENT, address);
}

/* Unicorn's code hook, on watched blocks only: called before each of their instructions. */
void board_instruction(void *engine, uint64_t address, uint32_t size, void *user) {
    (void)engine;
    (void)size;
    ((board *)user)->instruction = (uint32_t)address;
}

/* UART registers: data at offset 0, status at offset 4 (bit 0: a byte has arrived; bit 1: ready to send, always). */
uint64_t board_uart_read(void *engine, uint64_t offset, unsigned size, void *user) {
    board *b = user;
    (void)size;
    if (offset == 0) return b->received_next < b->received_bytes ? b->received[b->received_next++] : 0;
    if (offset != 4) return 0;
    if (b->received_next < b->received_bytes) return 3;
    halt(b, engine, WAITING_FOR_INPUT, 0);
    return 2;
}

void board_uart_write(void *engine, uint64_t offset, unsigned size, uint64_t value, void *user) {
    board *b = user;
    (void)size;
    if (offset != 0) return;
    if (b->sent_bytes == b->sent_limit) {
        halt(b, engine, OUTPUT_FULL, 0);
        return;
    }
    b->sent[b->sent_bytes++] = (uint8_t)value;
}

/* Constants in flash are mapped as a device, so that every data read of them can be counted. */
uint64_t board_constant_read(void *engine, uint64_t offset, unsigned size, void *user) {
    board *b = user;
    (void)engine;
    uint64_t value = 0;
    b->constant_reads++;
    if (b->reads.line_bytes) {
        uint32_t address = b->constants_start + (uint32_t)offset;
        uint32_t last = (address + size - 1) / b->reads.line_bytes;
        for (uint32_t line = address / b->reads.line_bytes; line <= last; line++) touch(&b->reads, line);
    }
    for (unsigned i = 0; i < size; i++) {
        uint64_t at = offset + i;
        value |= (uint64_t)(at < b->constant_bytes ? b->constants[at] : 0xff) << (8 * i); /* erased flash reads as ones */
    }
    return value;
}

void board_constant_write(void *engine, uint64_t offset, unsigned size, uint64_t value, void *user) {
    board *b = user;
    (void)size;
    (void)value;
    halt(b, engine, WRITE_TO_FLASH, (uint32_t)offset);
}
