/* GPIO 6 (pin 9 of the Raspberry Pi Pico) is high while an inference runs.
 *
 * Source: RP2040 datasheet, sections 2.3.1.7 (SIO: GPIO_OUT_SET, GPIO_OUT_CLR, GPIO_OE_SET) and 2.19.2 (function 5 is
 * SIO). */
#include "registers.h"
#include "serial.h"

#define SIO_OUT_SET REGISTER(0xD0000014u)
#define SIO_OUT_CLEAR REGISTER(0xD0000018u)
#define SIO_OUTPUT_SET REGISTER(0xD0000024u)
#define CONTROL(pin) REGISTER(0x40014004u + 8u * (pin))
#define FUNCTION_SIO 5u

enum { MARK_PIN = 6 };

void board_inference(int running)
{
    if (running) {
        SIO_OUT_SET = 1u << MARK_PIN;
    } else {
        SIO_OUT_CLEAR = 1u << MARK_PIN;
    }
    SIO_OUTPUT_SET = 1u << MARK_PIN;
    CONTROL(MARK_PIN) = FUNCTION_SIO;
}
