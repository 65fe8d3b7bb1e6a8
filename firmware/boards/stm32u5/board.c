/* STM32U575 at 160 MHz from its internal oscillator of 16 MHz, so that it runs on any board.
 *
 * Manual: RM0456. Flash: FLASH_ACR and its table of wait states (4 at 160 MHz in range 1). Power: PWR_VOSR, voltage
 * scaling and the booster that range 1 needs above 55 MHz. Clocks: RCC_CR, RCC_CFGR1, RCC_PLL1CFGR, RCC_PLL1DIVR,
 * RCC_AHB2ENR1, RCC_AHB3ENR, RCC_APB2ENR. Instruction cache: ICACHE_CR; constants in flash come over the same cache.
 * Registers are those of a chip whose TrustZone is off, as delivered.
 */
#include "board.h"
#include "dwt.h"
#include "gpio.h"
#include "registers.h"
#include "serial.h"
#include "usart.h"

#define RCC_CR REGISTER(0x46020C00u)
#define RCC_CFGR1 REGISTER(0x46020C1Cu)
#define RCC_PLL1CFGR REGISTER(0x46020C28u)
#define RCC_PLL1DIVR REGISTER(0x46020C34u)
#define RCC_AHB2ENR1 REGISTER(0x46020C8Cu)
#define RCC_AHB3ENR REGISTER(0x46020C94u)
#define RCC_APB2ENR REGISTER(0x46020CA4u)
#define PWR_VOSR REGISTER(0x4602080Cu)
#define FLASH_ACR REGISTER(0x40022000u)
#define ICACHE_CR REGISTER(0x40030400u)
#define ICACHE_SR REGISTER(0x40030404u)
#define GPIOA 0x42020000u

#define HSI_ON (1u << 8)
#define HSI_READY (1u << 10)
#define PLL1_ON (1u << 24)
#define PLL1_READY (1u << 25)
/* Source: the oscillator of 16 MHz, undivided; input range 8 MHz to 16 MHz; output R on. */
#define PLL1_HSI_R (2u | 3u << 2 | 0u << 8 | 1u << 18)
/* x 20 = 320 MHz, all outputs / 2; all fields hold one less. */
#define PLL1_160_MHZ (19u | 1u << 9 | 1u << 16 | 1u << 24)
#define RANGE_MASK (3u << 16)
#define RANGE_1 (3u << 16)
#define RANGE_READY (1u << 15)
#define BOOSTER_ON (1u << 18)
#define BOOSTER_READY (1u << 14)
#define SWITCH_MASK 3u
#define SWITCH_PLL1 3u
#define SWITCHED_MASK (3u << 2)
#define SWITCHED_PLL1 (3u << 2)

static void clock_160_mhz(void)
{
    RCC_AHB3ENR |= 1u << 2; /* PWR */
    (void)RCC_AHB3ENR;
    RCC_CR |= HSI_ON;
    wait_for(&RCC_CR, HSI_READY, HSI_READY);
    RCC_PLL1CFGR = PLL1_HSI_R; /* before the booster, which takes its clock from the PLL's source */
    RCC_PLL1DIVR = PLL1_160_MHZ;
    set_field(&PWR_VOSR, RANGE_MASK, RANGE_1);
    wait_for(&PWR_VOSR, RANGE_READY, RANGE_READY);
    PWR_VOSR |= BOOSTER_ON;
    wait_for(&PWR_VOSR, BOOSTER_READY, BOOSTER_READY);
    FLASH_ACR = 4u | 1u << 8; /* and prefetch */
    wait_for(&FLASH_ACR, 0xFu, 4u);
    RCC_CR |= PLL1_ON;
    wait_for(&RCC_CR, PLL1_READY, PLL1_READY);
    set_field(&RCC_CFGR1, SWITCH_MASK, SWITCH_PLL1);
    wait_for(&RCC_CFGR1, SWITCHED_MASK, SWITCHED_PLL1);
}

static void instruction_cache(void)
{
    wait_for(&ICACHE_SR, 1u, 0u); /* busy: it invalidates itself after reset */
    ICACHE_CR |= 1u;
}

void board_init(void)
{
    clock_160_mhz();
    instruction_cache();
    RCC_AHB2ENR1 |= 1u << 0; /* GPIOA */
    RCC_APB2ENR |= 1u << 14; /* USART1 */
    (void)RCC_APB2ENR;
    pin_function(GPIOA, 9, 7);
    pin_function(GPIOA, 10, 7);
    usart_start((specc_build.clock_hz + BAUD / 2) / BAUD);
    cycles_start();
}
