/* STM32L4R5 at 120 MHz from its internal oscillator of 16 MHz, so that it runs on any board.
 *
 * Manual: RM0432. Flash: FLASH_ACR and its table of wait states (5 at 120 MHz in range 1 boost mode). Power: PWR_CR2,
 * PWR_CR5, and "Dynamic voltage scaling management": above 80 MHz range 1 boost mode, entered with the bus clock
 * halved. Clocks: RCC_CR, RCC_CFGR, RCC_PLLCFGR, RCC_AHB2ENR, RCC_APB1ENR1, RCC_APB1ENR2. Port G has a supply of its
 * own, which must be declared valid (PWR_CR2, IOSV). LPUART divider: "Low-power universal asynchronous receiver
 * transmitter", 256 times the port's clock by the baud rate.
 */
#include "board.h"
#include "dwt.h"
#include "gpio.h"
#include "registers.h"
#include "serial.h"
#include "usart.h"

#define RCC_CR REGISTER(0x40021000u)
#define RCC_CFGR REGISTER(0x40021008u)
#define RCC_PLLCFGR REGISTER(0x4002100Cu)
#define RCC_AHB2ENR REGISTER(0x4002104Cu)
#define RCC_APB1ENR1 REGISTER(0x40021058u)
#define RCC_APB1ENR2 REGISTER(0x4002105Cu)
#define PWR_CR2 REGISTER(0x40007004u)
#define PWR_CR5 REGISTER(0x40007080u)
#define FLASH_ACR REGISTER(0x40022000u)
#define GPIOG 0x48001800u

#define HSI_ON (1u << 8)
#define HSI_READY (1u << 10)
#define PLL_ON (1u << 24)
#define PLL_READY (1u << 25)
/* Source: the oscillator of 16 MHz, / 2 (the field holds one less), x 30 = 240 MHz, output R on and / 2. */
#define PLL_120_MHZ (2u | 1u << 4 | 30u << 8 | 1u << 24 | 0u << 25)
#define NO_BOOST (1u << 8)
#define PORT_G_SUPPLIED (1u << 9)
#define AHB_MASK (0xFu << 4)
#define AHB_BY_2 (8u << 4)
#define SWITCH_MASK 3u
#define SWITCH_PLL 3u
#define SWITCHED_MASK (3u << 2)
#define SWITCHED_PLL (3u << 2)
#define FLASH_5_WAITS_PREFETCH_CACHES (5u | 1u << 8 | 1u << 9 | 1u << 10)

static void clock_120_mhz(void)
{
    RCC_APB1ENR1 |= 1u << 28; /* PWR */
    (void)RCC_APB1ENR1;
    PWR_CR5 &= ~NO_BOOST;
    RCC_CR |= HSI_ON;
    wait_for(&RCC_CR, HSI_READY, HSI_READY);
    RCC_PLLCFGR = PLL_120_MHZ;
    RCC_CR |= PLL_ON;
    wait_for(&RCC_CR, PLL_READY, PLL_READY);
    FLASH_ACR = FLASH_5_WAITS_PREFETCH_CACHES;
    wait_for(&FLASH_ACR, 0xFu, 5u);
    set_field(&RCC_CFGR, AHB_MASK, AHB_BY_2);
    set_field(&RCC_CFGR, SWITCH_MASK, SWITCH_PLL);
    wait_for(&RCC_CFGR, SWITCHED_MASK, SWITCHED_PLL);
    for (volatile int wait = 0; wait < 60; wait++) { /* at least a microsecond at half the clock */
    }
    set_field(&RCC_CFGR, AHB_MASK, 0);
}

void board_init(void)
{
    clock_120_mhz();
    PWR_CR2 |= PORT_G_SUPPLIED;
    RCC_AHB2ENR |= 1u << 6;  /* GPIOG */
    RCC_APB1ENR2 |= 1u << 0; /* LPUART1 */
    (void)RCC_APB1ENR2;
    pin_function(GPIOG, 7, 8);
    pin_function(GPIOG, 8, 8);
    /* 256 * clock / baud, both divided by 32 to stay within 32 bits. */
    usart_start((8 * specc_build.clock_hz + BAUD / 64) / (BAUD / 32));
    cycles_start();
}
