/* I2C on PB8 (clock) and PB9 (data) of an STM32: D15 and D14 of the Nucleo boards. Open-drain outputs with the pins' own
 * pull-ups, which suffice for short wires beside those of a sensor board.
 *
 * Manuals: RM0090, RM0385, RM0432, RM0433, RM0456, chapter "General-purpose I/Os": GPIOx_MODER, OTYPER, PUPDR, IDR,
 * BSRR; and of the clock controller the register that turns port B on, which chip.h names (bit 1 in all of them). */
#include "chip.h"
#include "i2c.h"
#include "registers.h"

#define MODE REGISTER(PORT_B + 0x00u)
#define OUTPUT_TYPE REGISTER(PORT_B + 0x04u)
#define PULL REGISTER(PORT_B + 0x0Cu)
#define INPUT REGISTER(PORT_B + 0x10u)
#define SET_RESET REGISTER(PORT_B + 0x18u)
#define PORT_B_ON (1u << 1)

enum { CLOCK_PIN = 8, DATA_PIN = 9, MODE_OUTPUT = 1, PULL_UP = 1 };

static void open_drain(uint32_t pin)
{
    SET_RESET = 1u << pin; /* let go, before the pin becomes an output */
    OUTPUT_TYPE |= 1u << pin;
    set_field(&PULL, 3u << 2u * pin, (uint32_t)PULL_UP << 2u * pin);
    set_field(&MODE, 3u << 2u * pin, (uint32_t)MODE_OUTPUT << 2u * pin);
}

static void drive(uint32_t pin, int level)
{
    SET_RESET = level ? 1u << pin : 1u << (pin + 16u);
}

void board_i2c_lines(int scl, int sda)
{
    static int ready;
    if (!ready) {
        REGISTER(PORT_B_CLOCK) |= PORT_B_ON;
        (void)REGISTER(PORT_B_CLOCK); /* the port is on when the register has been read back */
        open_drain(CLOCK_PIN);
        open_drain(DATA_PIN);
        ready = 1;
    }
    drive(CLOCK_PIN, scl);
    drive(DATA_PIN, sda);
}

int board_i2c_scl(void)
{
    return (int)(INPUT >> CLOCK_PIN & 1u);
}

int board_i2c_sda(void)
{
    return (int)(INPUT >> DATA_PIN & 1u);
}
