/* PB11 of an STM32 is high while an inference runs.
 *
 * Manuals: RM0090, RM0385, RM0432, RM0433, RM0456, chapter "General-purpose I/Os": GPIOx_MODER, BSRR; and of the clock
 * controller the register that turns port B on, which chip.h names (bit 1 in all of them). */
#include "chip.h"
#include "registers.h"
#include "serial.h"

#define MODE REGISTER(PORT_B + 0x00u)
#define SET_RESET REGISTER(PORT_B + 0x18u)
#define PORT_B_ON (1u << 1)

enum { MARK_PIN = 11, MODE_OUTPUT = 1 };

void board_inference(int running)
{
    static int ready;
    if (!ready) {
        REGISTER(PORT_B_CLOCK) |= PORT_B_ON;
        (void)REGISTER(PORT_B_CLOCK); /* the port is on when the register has been read back */
        set_field(&MODE, 3u << 2u * MARK_PIN, (uint32_t)MODE_OUTPUT << 2u * MARK_PIN);
        ready = 1;
    }
    SET_RESET = running ? 1u << MARK_PIN : 1u << (MARK_PIN + 16u);
}
