/* I2C on GPIO 5 (clock) and GPIO 4 (data), pins 7 and 6 of the Raspberry Pi Pico, with the pads' own pull-ups.
 *
 * Source: RP2040 datasheet, sections 2.3.1.7 (SIO: GPIO_IN, GPIO_OUT_CLR, GPIO_OE_SET, GPIO_OE_CLR), 2.19.2 (function
 * 5 is SIO) and 2.19.6.3 (pads). */
#include "i2c.h"
#include "registers.h"

#define SIO_IN REGISTER(0xD0000004u)
#define SIO_OUT_CLEAR REGISTER(0xD0000018u)
#define SIO_OUTPUT_SET REGISTER(0xD0000024u)
#define SIO_OUTPUT_CLEAR REGISTER(0xD0000028u)
#define CONTROL(pin) REGISTER(0x40014004u + 8u * (pin))
#define PAD(pin) REGISTER(0x4001C004u + 4u * (pin))

#define FUNCTION_SIO 5u
#define PAD_PULL_DOWN (1u << 2)
#define PAD_PULL_UP (1u << 3)

enum { DATA_PIN = 4, CLOCK_PIN = 5 };

static void open_drain(uint32_t pin)
{
    SIO_OUTPUT_CLEAR = 1u << pin;
    SIO_OUT_CLEAR = 1u << pin; /* low, as soon as it is an output */
    set_field(&PAD(pin), PAD_PULL_DOWN | PAD_PULL_UP, PAD_PULL_UP);
    CONTROL(pin) = FUNCTION_SIO;
}

static void drive(uint32_t pin, int level)
{
    if (level) {
        SIO_OUTPUT_CLEAR = 1u << pin;
    } else {
        SIO_OUTPUT_SET = 1u << pin;
    }
}

void board_i2c_lines(int scl, int sda)
{
    static int ready;
    if (!ready) {
        open_drain(CLOCK_PIN);
        open_drain(DATA_PIN);
        ready = 1;
    }
    drive(CLOCK_PIN, scl);
    drive(DATA_PIN, sda);
}

int board_i2c_scl(void)
{
    return (int)(SIO_IN >> CLOCK_PIN & 1u);
}

int board_i2c_sda(void)
{
    return (int)(SIO_IN >> DATA_PIN & 1u);
}
