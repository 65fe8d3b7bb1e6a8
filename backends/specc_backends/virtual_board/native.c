/* The parts of the virtual board that run too often for Python: the block counter, the UART and reads of constant data.
 *
 * Built by native.py into a shared library and handed to Unicorn as callbacks. The layout of every structure here is
 * mirrored there. Nothing in this file knows about cycles: it counts, and timing.py gives the counts their meaning.
 */
#include <stdint.h>

enum { PAGE_BYTES = 4096, HALFWORDS = PAGE_BYTES / 2 };

typedef struct {
    uint64_t executions; /* times the block was entered */
    uint64_t jumps;      /* of these, times it was entered by a taken branch rather than from the block before it */
    uint64_t exits;      /* times it was left by a taken branch */
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

/* A function as it was called from a chain of others. */
typedef struct {
    uint64_t cycles;         /* spent in it, not in what it called */
    uint32_t entry;          /* first address executed in it */
    uint32_t return_address; /* where its caller goes on */
    uint32_t parent, first_child, next_sibling; /* places in `nodes`; 0: none, for place 0 is the root */
} call;

enum { ENDS_WITH_CALL = 1, ENDS_WITH_RETURN = 2, STARTS_FUNCTION = 4 };

/* Who called whom, for how long. Needs the price of every block, so it is filled when a program runs a second time. */
typedef struct {
    call *nodes; /* null: not recorded */
    uint32_t limit, count, current;
    const uint32_t *block_cycles; /* by slot */
    const uint32_t *taken_cycles; /* by slot: added when the branch at the block's end is taken */
    const uint8_t *roles;         /* by slot: which of the above hold for the block */
    uint32_t priced;              /* slots that have a price */
} call_tree;

typedef struct {
    /* Set up by Python. */
    void (*stop)(void *engine);
    const uint32_t *code_pages; /* by address / PAGE_BYTES: place of the page in slot_by_halfword, plus one; 0: no code */
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
    call_tree calls;
} board;

enum { RUNNING = 0, WAITING_FOR_INPUT = 1, BUDGET_SPENT = 2, OUTSIDE_CODE = 3, TOO_MANY_BLOCKS = 4, OUTPUT_FULL = 5,
       WRITE_TO_FLASH = 6, NOT_PRICED = 7 };

static void halt(board *b, void *engine, uint32_t reason, uint32_t address) {
    if (b->stopped <= WAITING_FOR_INPUT) {
        b->stopped = reason;
        b->fault_address = address;
    }
    b->stop(engine);
}

/* Slot of the block at an address. One address can start blocks of two sizes: the translator may cut a block short. */
static uint32_t slot_of(board *b, void *engine, uint32_t page, uint32_t address, uint32_t size) {
    uint32_t *newest = &b->slot_by_halfword[page * HALFWORDS + address % PAGE_BYTES / 2];
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

static uint32_t callee(call_tree *t, uint32_t entry) {
    uint32_t *link = &t->nodes[t->current].first_child;
    while (*link && t->nodes[*link].entry != entry) link = &t->nodes[*link].next_sibling;
    if (*link) return *link;
    if (t->count == t->limit) return t->current; /* what goes deeper still counts for the caller */
    *link = t->count;
    t->nodes[t->count].entry = entry;
    t->nodes[t->count].parent = t->current;
    return t->count++;
}

static void enter(call_tree *t, uint32_t entry, uint32_t return_address) {
    uint32_t child = callee(t, entry);
    if (child != t->current) t->nodes[child].return_address = return_address;
    t->current = child;
}

/* Charge a block to the chain of calls that leads to it. */
static void follow(board *b, void *engine, uint32_t slot, int jumped) {
    call_tree *t = &b->calls;
    if (slot >= t->priced) {
        halt(b, engine, NOT_PRICED, b->blocks[slot].address);
        return;
    }
    uint32_t address = b->blocks[slot].address;
    if (jumped) {
        t->nodes[t->current].cycles += t->taken_cycles[b->current];
        if (t->roles[b->current] & ENDS_WITH_CALL) {
            enter(t, address, b->expected);
        } else if (t->roles[b->current] & ENDS_WITH_RETURN) {
            uint32_t frame = t->current;
            while (frame && t->nodes[frame].return_address != address) frame = t->nodes[frame].parent;
            if (frame) t->current = t->nodes[frame].parent;
        } else if (t->roles[slot] & STARTS_FUNCTION && address != t->nodes[t->current].entry) {
            /* A call in place of a return: the caller's caller goes on behind it. */
            uint32_t behind = t->nodes[t->current].return_address;
            t->current = t->nodes[t->current].parent;
            enter(t, address, behind);
        }
    }
    t->nodes[t->current].cycles += t->block_cycles[slot];
}

/* Unicorn's block hook: called before a block runs. */
void board_block(void *engine, uint64_t block_address, uint32_t size, void *user) {
    board *b = user;
    uint32_t address = (uint32_t)block_address;
    uint32_t page = b->code_pages[address / PAGE_BYTES];
    if (!page) {
        halt(b, engine, OUTSIDE_CODE, address);
        return;
    }
    uint32_t slot = slot_of(b, engine, page - 1, address, size);
    block_count *count = &b->counts[slot];
    int jumped = b->expected && address != b->expected; /* nothing was executed before the first block */
    b->counts[b->current].exits += (uint64_t)jumped;
    if (b->calls.nodes) follow(b, engine, slot, jumped);
    b->current = slot;
    count->executions++;
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
