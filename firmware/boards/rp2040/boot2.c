/* The second stage of an RP2040's start-up: sets up the flash for fast reading in place, then starts the program.
 *
 * The chip's first stage copies the first 256 bytes of flash to SRAM and runs them there if their last four are the CRC
 * of the others (RP2040 datasheet, section 2.8.1.3). So this code must not depend on where it lies, nor call anything;
 * the build compiles it alone, pads it, and appends the CRC.
 *
 * Flash: the Winbond W25Q16JV of the Raspberry Pi Pico. Commands and the quad enable bit (status register 2, bit 1):
 * its datasheet, sections 7.1 and 8.2. The controller: RP2040 datasheet, section 4.10.13, list of registers.
 */
#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define SSI_CTRLR0 REGISTER(0x18000000u)
#define SSI_CTRLR1 REGISTER(0x18000004u)
#define SSI_ENABLE REGISTER(0x18000008u)
#define SSI_BAUD REGISTER(0x18000014u)
#define SSI_STATUS REGISTER(0x18000028u)
#define SSI_DATA REGISTER(0x18000060u)
#define SSI_SAMPLE_DELAY REGISTER(0x180000F0u)
#define SSI_SPI_CTRLR0 REGISTER(0x180000F4u)
#define PADS_SCLK REGISTER(0x40020004u)
#define VTOR REGISTER(0xE000ED08u)

#define STATUS_BUSY (1u << 0)
#define STATUS_SENT_ALL (1u << 2)
#define FRAME_8_BITS (7u << 16)
#define FRAME_32_BITS (31u << 16)
#define QUAD (2u << 21)
#define EEPROM_READ (3u << 8)
#define ADDRESS_AND_MODE_32_BITS (8u << 2)
#define INSTRUCTION_8_BITS (2u << 8)
#define WAIT_4_CYCLES (4u << 11)
#define ADDRESS_QUAD (1u << 0)         /* the command on one line, the address on four */
#define COMMAND_AND_ADDRESS_QUAD (2u << 0)
#define CLOCK_DIVIDER 2u
#define PADS_FAST_8_MA 0x21u           /* slew fast, drive 8 mA, no pull (section 2.19.6.3) */

enum { WRITE_ENABLE = 0x06, READ_STATUS_1 = 0x05, READ_STATUS_2 = 0x35, WRITE_STATUS_2 = 0x31, READ_QUAD = 0xEB };
enum { QUAD_ENABLED = 1 << 1, STILL_WRITING = 1 << 0, STAY_IN_QUAD = 0xA0 };
#define PROGRAM 0x10000100u

/* Sends one or two bytes and returns what came back with the last. */
static inline __attribute__((always_inline)) uint32_t exchange(uint32_t first, int32_t second)
{
    SSI_DATA = first;
    if (second >= 0) {
        SSI_DATA = (uint32_t)second;
    }
    while ((SSI_STATUS & (STATUS_SENT_ALL | STATUS_BUSY)) != STATUS_SENT_ALL) {
    }
    uint32_t received = SSI_DATA;
    return second >= 0 ? SSI_DATA : received;
}

__attribute__((section(".boot2"), noreturn, used)) void second_stage(void)
{
    PADS_SCLK = PADS_FAST_8_MA;
    SSI_ENABLE = 0;
    SSI_BAUD = CLOCK_DIVIDER;
    SSI_SAMPLE_DELAY = 1;
    SSI_CTRLR0 = FRAME_8_BITS;
    SSI_ENABLE = 1;
    while (!(exchange(READ_STATUS_2, 0) & QUAD_ENABLED)) { /* once in the life of a flash: it keeps the bit */
        exchange(WRITE_ENABLE, -1);
        exchange(WRITE_STATUS_2, QUAD_ENABLED);
        while (exchange(READ_STATUS_1, 0) & STILL_WRITING) {
        }
    }
    SSI_ENABLE = 0;
    SSI_CTRLR0 = QUAD | FRAME_32_BITS | EEPROM_READ;
    SSI_CTRLR1 = 0;
    SSI_SPI_CTRLR0 = ADDRESS_AND_MODE_32_BITS | WAIT_4_CYCLES | INSTRUCTION_8_BITS | ADDRESS_QUAD;
    SSI_ENABLE = 1;
    /* A first read by command; its mode bits tell the flash to take addresses alone from now on. */
    SSI_DATA = READ_QUAD;
    SSI_DATA = STAY_IN_QUAD;
    while ((SSI_STATUS & (STATUS_SENT_ALL | STATUS_BUSY)) != STATUS_SENT_ALL) {
    }
    SSI_ENABLE = 0;
    SSI_SPI_CTRLR0 = (uint32_t)STAY_IN_QUAD << 24 | ADDRESS_AND_MODE_32_BITS | WAIT_4_CYCLES | COMMAND_AND_ADDRESS_QUAD;
    SSI_ENABLE = 1;
    VTOR = PROGRAM;
    __asm volatile("msr msp, %0\n\tbx %1" ::"r"(REGISTER(PROGRAM)), "r"(REGISTER(PROGRAM + 4u)));
    __builtin_unreachable();
}
