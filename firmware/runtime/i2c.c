/* Source: NXP UM10204, "I2C-bus specification and user manual": 3.1.4 start and stop, 3.1.5 bytes, 3.1.6 acknowledge,
 * 3.1.9 clock stretching, 3.1.10 address and direction; table 10, standard mode: at most 100 kHz. */
#include "i2c.h"

#include "serial.h"

enum { READ = 1, BITS = 8, HERTZ = 100000, STRETCH_HERTZ = 1000 };

/* Waits for at least half a period; longer is allowed. A turn of a loop that accesses memory takes two cycles and more
 * on every core: time is counted in turns here, so that the cycle counter stays out of it. */
static void half_a_period(void)
{
    for (volatile uint32_t turns = specc_build.clock_hz / (2 * HERTZ) / 2; turns > 0; turns--) {
    }
}

/* Lets go of the clock and waits until the device does too. */
static int clock_high(int sda)
{
    board_i2c_lines(1, sda);
    uint32_t turns = specc_build.clock_hz / STRETCH_HERTZ / 2;
    while (!board_i2c_scl()) {
        if (turns-- == 0) {
            return 0;
        }
    }
    half_a_period();
    return 1;
}

/* A clock pulse with SDA at a level; the level that it then has, or -1. */
static int pulse(int sda)
{
    board_i2c_lines(0, sda);
    half_a_period();
    int level = clock_high(sda) ? board_i2c_sda() : -1;
    board_i2c_lines(0, sda);
    return level;
}

static int start(void)
{
    board_i2c_lines(0, 1);
    half_a_period();
    if (!clock_high(1) || !board_i2c_sda()) {
        return 0; /* the bus is held by somebody else */
    }
    board_i2c_lines(1, 0);
    half_a_period();
    board_i2c_lines(0, 0);
    return 1;
}

static void stop(void)
{
    board_i2c_lines(0, 0);
    half_a_period();
    clock_high(0);
    board_i2c_lines(1, 1);
    half_a_period();
}

static int send(uint8_t byte)
{
    for (int bit = BITS - 1; bit >= 0; bit--) {
        if (pulse(byte >> bit & 1) < 0) {
            return 0;
        }
    }
    return pulse(1) == 0;
}

/* `more`: whether another byte is wanted, which the acknowledgement tells the device. */
static int receive(int more, uint8_t *byte)
{
    uint32_t bits = 0;
    for (int bit = 0; bit < BITS; bit++) {
        int level = pulse(1);
        if (level < 0) {
            return 0;
        }
        bits = bits << 1 | (uint32_t)level;
    }
    *byte = (uint8_t)bits;
    return pulse(!more) >= 0;
}

int i2c_read_word(uint8_t address, uint8_t which, uint16_t *word)
{
    uint8_t high = 0, low = 0;
    int fine = start() && send((uint8_t)(address << 1)) && send(which) && start() &&
               send((uint8_t)(address << 1 | READ)) && receive(1, &high) && receive(0, &low);
    stop();
    *word = (uint16_t)(high << 8 | low);
    return fine;
}

int i2c_write_word(uint8_t address, uint8_t which, uint16_t word)
{
    int fine = start() && send((uint8_t)(address << 1)) && send(which) && send((uint8_t)(word >> 8)) &&
               send((uint8_t)word);
    stop();
    return fine;
}
