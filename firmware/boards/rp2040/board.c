/* RP2040 at 133 or 125 MHz from the 12 MHz crystal of the Raspberry Pi Pico; serial port UART0 on GPIO 0 and 1.
 *
 * The Cortex-M0+ has no cycle counter. SysTick counts the same cycles, but only 24 bits of them: its interrupt counts
 * the wraps, 126 ms apart at 133 MHz, and takes some 30 cycles of each, below 0.001 % of the time.
 *
 * Source: RP2040 datasheet, sections 2.14 (RESETS), 2.15 (CLOCKS), 2.16 (XOSC), 2.18 (PLL), 2.19 (GPIO), 4.2 (UART) and
 * 2.1.2 (atomic register access); SysTick: Armv6-M Architecture Reference Manual (DDI 0419), B3.3.
 */
#include "board.h"
#include "port.h"
#include "registers.h"
#include "serial.h"

#define CLEAR_BITS 0x3000u /* added to a register's address: bits written as 1 are cleared */
#define RESETS 0x4000C000u
#define RESETS_DONE REGISTER(0x4000C008u)
#define CLK_REF_CTRL REGISTER(0x40008030u)
#define CLK_REF_SELECTED REGISTER(0x40008038u)
#define CLK_SYS_CTRL REGISTER(0x4000803Cu)
#define CLK_SYS_SELECTED REGISTER(0x40008044u)
#define CLK_PERI_CTRL REGISTER(0x40008048u)
#define XOSC_CTRL REGISTER(0x40024000u)
#define XOSC_STATUS REGISTER(0x40024004u)
#define XOSC_STARTUP REGISTER(0x4002400Cu)
#define PLL_CS REGISTER(0x40028000u)
#define PLL_PWR 0x40028004u
#define PLL_FBDIV REGISTER(0x40028008u)
#define PLL_PRIM REGISTER(0x4002800Cu)
#define GPIO0_CTRL REGISTER(0x40014004u)
#define GPIO1_CTRL REGISTER(0x4001400Cu)
#define UART_DATA REGISTER(0x40034000u)
#define UART_FLAGS REGISTER(0x40034018u)
#define UART_DIVIDER REGISTER(0x40034024u)
#define UART_FRACTION REGISTER(0x40034028u)
#define UART_LINE REGISTER(0x4003402Cu)
#define UART_CONTROL REGISTER(0x40034030u)
#define SYSTICK_CONTROL REGISTER(0xE000E010u)
#define SYSTICK_RELOAD REGISTER(0xE000E014u)
#define SYSTICK_COUNT REGISTER(0xE000E018u)

#define RESET_IO_BANK0 (1u << 5)
#define RESET_PADS_BANK0 (1u << 8)
#define RESET_PLL_SYS (1u << 12)
#define RESET_UART0 (1u << 22)
#define XOSC_ENABLE_1_TO_15_MHZ (0xFABu << 12 | 0xAA0u)
#define XOSC_STABLE (1u << 31)
#define XOSC_START_1_MS 47u /* 12 MHz * 1 ms / 256 */
#define PLL_LOCKED (1u << 31)
#define PLL_POWER_MAIN (1u << 0)
#define PLL_POWER_DIVIDERS (1u << 3)
#define PLL_POWER_OSCILLATOR (1u << 5)
#define PLL_BY_6_AND_2 (6u << 16 | 2u << 12)
#define FUNCTION_UART 2u
#define UART_NOTHING_RECEIVED (1u << 4)
#define UART_FULL (1u << 5)
#define UART_BUSY (1u << 3)
#define UART_8_BITS_FIFO (3u << 5 | 1u << 4)
#define UART_ENABLE_BOTH_WAYS (1u | 1u << 8 | 1u << 9)
#define SYSTICK_ON_INTERRUPT_CORE_CLOCK 7u
#define SYSTICK_LAST 0xFFFFFFu

enum { BAUD = 115200 };

static volatile uint32_t wraps;

static void out_of_reset(uint32_t what)
{
    REGISTER(RESETS + CLEAR_BITS) = what;
    wait_for(&RESETS_DONE, what, what);
}

static void clocks(void)
{
    XOSC_STARTUP = XOSC_START_1_MS;
    XOSC_CTRL = XOSC_ENABLE_1_TO_15_MHZ;
    wait_for(&XOSC_STATUS, XOSC_STABLE, XOSC_STABLE);
    CLK_REF_CTRL = 2; /* crystal */
    wait_for(&CLK_REF_SELECTED, 1u << 2, 1u << 2);
    CLK_SYS_CTRL = 0; /* reference clock, while the PLL is set up */
    wait_for(&CLK_SYS_SELECTED, 1u << 0, 1u << 0);
    out_of_reset(RESET_PLL_SYS);
    /* 12 MHz x 133 or x 125, by 6 and by 2: as many megahertz. */
    PLL_CS = 1;
    PLL_FBDIV = specc_build.clock_hz / 1000000u;
    REGISTER(PLL_PWR + CLEAR_BITS) = PLL_POWER_MAIN | PLL_POWER_OSCILLATOR;
    wait_for(&PLL_CS, PLL_LOCKED, PLL_LOCKED);
    PLL_PRIM = PLL_BY_6_AND_2;
    REGISTER(PLL_PWR + CLEAR_BITS) = PLL_POWER_DIVIDERS;
    CLK_SYS_CTRL = 1; /* auxiliary source 0: the PLL */
    wait_for(&CLK_SYS_SELECTED, 1u << 1, 1u << 1);
    CLK_PERI_CTRL = 1u << 11; /* on, from the system clock */
}

static void uart(void)
{
    out_of_reset(RESET_IO_BANK0 | RESET_PADS_BANK0 | RESET_UART0);
    GPIO0_CTRL = FUNCTION_UART;
    GPIO1_CTRL = FUNCTION_UART;
    uint32_t divider_64ths = (4u * specc_build.clock_hz + BAUD / 2) / BAUD;
    UART_DIVIDER = divider_64ths / 64;
    UART_FRACTION = divider_64ths % 64;
    UART_LINE = UART_8_BITS_FIFO; /* written after the divider, which it makes valid */
    UART_CONTROL = UART_ENABLE_BOTH_WAYS;
}

void board_init(void)
{
    clocks();
    uart();
    SYSTICK_RELOAD = SYSTICK_LAST;
    SYSTICK_COUNT = 0;
    SYSTICK_CONTROL = SYSTICK_ON_INTERRUPT_CORE_CLOCK;
}

void SysTick_Handler(void)
{
    wraps++;
}

uint32_t board_ticks(void)
{
    uint32_t high, low;
    do {
        high = wraps;
        low = SYSTICK_COUNT;
        __asm volatile("isb" ::: "memory"); /* a wrap that is due is counted before the next line */
    } while (high != wraps);
    return (high << 24) + (SYSTICK_LAST - low);
}

int board_read(void)
{
    while (UART_FLAGS & UART_NOTHING_RECEIVED) {
        microseconds(); /* keeps count when the counter wraps around while nothing arrives */
    }
    return (int)(UART_DATA & 0xFFu);
}

void board_write(const char *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        wait_for(&UART_FLAGS, UART_FULL, 0);
        UART_DATA = (uint8_t)bytes[i];
    }
}

void port_flush(void)
{
    if (UART_CONTROL & 1u) {
        wait_for(&UART_FLAGS, UART_BUSY, 0);
    }
}
