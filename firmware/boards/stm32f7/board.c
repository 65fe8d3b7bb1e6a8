/* STM32F746 at 216 MHz from its internal oscillator of 16 MHz, so that it runs on any board.
 *
 * Manual: RM0385. Flash: section 3.3.2, table of wait states (7 at 216 MHz and 2.7 V to 3.6 V), and FLASH_ACR. Power:
 * PWR_CR1 and PWR_CSR1, over-drive mode, which 216 MHz needs. Clocks: RCC_CR, RCC_PLLCFGR, RCC_CFGR, RCC_AHB1ENR,
 * RCC_APB1ENR. Code runs from 0x08000000, over the bus matrix and through the core's caches; the ART accelerator stands
 * before the other way to flash, at 0x00200000, and is left off.
 */
#include "board.h"
#include "caches.h"
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
#define PWR_CR1 REGISTER(0x40007000u)
#define PWR_CSR1 REGISTER(0x40007004u)
#define GPIOD 0x40020C00u

#define PLL_ON (1u << 24)
#define PLL_READY (1u << 25)
/* Input 16 MHz / 8, oscillator x 216 = 432 MHz, system clock / 2, USB clock / 9. */
#define PLL_216_MHZ (8u | 216u << 6 | 0u << 16 | 9u << 24)
#define SCALE_1 (3u << 14)
#define OVERDRIVE_ON (1u << 16)
#define OVERDRIVE_SWITCH (1u << 17)
#define APB1_BY_4 (5u << 10)
#define APB2_BY_2 (4u << 13)
#define SWITCH_MASK 3u
#define SWITCH_PLL 2u
#define SWITCHED_MASK (3u << 2)
#define SWITCHED_PLL (2u << 2)

static void clock_216_mhz(void)
{
    RCC_APB1ENR |= 1u << 28; /* PWR */
    (void)RCC_APB1ENR;
    PWR_CR1 |= SCALE_1;
    RCC_PLLCFGR = PLL_216_MHZ;
    RCC_CR |= PLL_ON;
    /* Over-drive is entered while the PLL is on and not yet used (RM0385, "Entering Over-drive mode"). */
    PWR_CR1 |= OVERDRIVE_ON;
    wait_for(&PWR_CSR1, OVERDRIVE_ON, OVERDRIVE_ON); /* ready flags stand where the requests do */
    PWR_CR1 |= OVERDRIVE_SWITCH;
    wait_for(&PWR_CSR1, OVERDRIVE_SWITCH, OVERDRIVE_SWITCH);
    FLASH_ACR = 7u;
    wait_for(&FLASH_ACR, 0xFu, 7u);
    wait_for(&RCC_CR, PLL_READY, PLL_READY);
    RCC_CFGR = APB1_BY_4 | APB2_BY_2;
    set_field(&RCC_CFGR, SWITCH_MASK, SWITCH_PLL);
    wait_for(&RCC_CFGR, SWITCHED_MASK, SWITCHED_PLL);
}

void board_init(void)
{
    clock_216_mhz();
    caches_enable();
    RCC_AHB1ENR |= 1u << 3;  /* GPIOD */
    RCC_APB1ENR |= 1u << 18; /* USART3 */
    (void)RCC_APB1ENR;
    pin_function(GPIOD, 8, 7);
    pin_function(GPIOD, 9, 7);
    usart_start((specc_build.clock_hz / 4 + BAUD / 2) / BAUD);
    cycles_start();
}
