/* STM32F407 at 168 MHz from its internal oscillator of 16 MHz, so that it runs on any board.
 *
 * Manual: RM0090. Flash: section 3.5.1, table of wait states (5 at 168 MHz and 2.7 V to 3.6 V), and FLASH_ACR. Clocks:
 * chapter "Reset and clock control for STM32F405xx/07xx", RCC_CR, RCC_PLLCFGR, RCC_CFGR, RCC_AHB1ENR, RCC_APB1ENR.
 * After reset the regulator is at scale 1 (PWR_CR, VOS), which 168 MHz needs.
 */
#include "board.h"
#include "dwt.h"
#include "gpio.h"
#include "registers.h"
#include "serial.h"
#include "usart.h"

#define RCC_CR REGISTER(0x40023800u)
#define RCC_PLLCFGR REGISTER(0x40023804u)
#define RCC_CFGR REGISTER(0x40023808u)
#define RCC_AHB1ENR REGISTER(0x40023830u)
#define RCC_APB1ENR REGISTER(0x40023840u)
#define FLASH_ACR REGISTER(0x40023C00u)
#define GPIOA 0x40020000u

#define PLL_ON (1u << 24)
#define PLL_READY (1u << 25)
/* Input 16 MHz / 8, oscillator x 168 = 336 MHz, system clock / 2, USB clock / 7. */
#define PLL_168_MHZ (8u | 168u << 6 | 0u << 16 | 7u << 24)
#define APB1_BY_4 (5u << 10)
#define APB2_BY_2 (4u << 13)
#define SWITCH_MASK 3u
#define SWITCH_PLL 2u
#define SWITCHED_MASK (3u << 2)
#define SWITCHED_PLL (2u << 2)
#define FLASH_5_WAITS_CACHES_PREFETCH (5u | 1u << 8 | 1u << 9 | 1u << 10)

static void clock_168_mhz(void)
{
    FLASH_ACR = FLASH_5_WAITS_CACHES_PREFETCH;
    wait_for(&FLASH_ACR, 0xFu, 5u);
    RCC_PLLCFGR = PLL_168_MHZ;
    RCC_CR |= PLL_ON;
    wait_for(&RCC_CR, PLL_READY, PLL_READY);
    RCC_CFGR = APB1_BY_4 | APB2_BY_2;
    set_field(&RCC_CFGR, SWITCH_MASK, SWITCH_PLL);
    wait_for(&RCC_CFGR, SWITCHED_MASK, SWITCHED_PLL);
}

void board_init(void)
{
    clock_168_mhz();
    RCC_AHB1ENR |= 1u << 0;  /* GPIOA */
    RCC_APB1ENR |= 1u << 17; /* USART2 */
    (void)RCC_APB1ENR;       /* the clock is on when the register has been read back (RM0090, RCC) */
    pin_function(GPIOA, 2, 7);
    pin_function(GPIOA, 3, 7);
    usart_start((specc_build.clock_hz / 4 + BAUD / 2) / BAUD);
    cycles_start();
}
