/* STM32H743 at 480 MHz (revision V) or 400 MHz (any revision), from its internal oscillator of 64 MHz.
 *
 * Manual: RM0433. Flash: FLASH_ACR and its table of wait states and programming delay (4 and 2 at 240 MHz of AXI clock
 * in scale 0; 2 and 2 at 200 MHz in scale 1). Power: PWR_CR3, PWR_CSR1, PWR_D3CR, SYSCFG_PWRCR, and "VOS0 activation".
 * Clocks: RCC_CR, RCC_CFGR, RCC_D1CFGR to RCC_D3CFGR, RCC_PLLCKSELR, RCC_PLLCFGR, RCC_PLL1DIVR. Data lie in AXI SRAM,
 * behind the core's data cache.
 */
#include "board.h"
#include "caches.h"
#include "dwt.h"
#include "gpio.h"
#include "registers.h"
#include "serial.h"
#include "usart.h"

#define RCC_CR REGISTER(0x58024400u)
#define RCC_CFGR REGISTER(0x58024410u)
#define RCC_D1CFGR REGISTER(0x58024418u)
#define RCC_D2CFGR REGISTER(0x5802441Cu)
#define RCC_D3CFGR REGISTER(0x58024420u)
#define RCC_PLLCKSELR REGISTER(0x58024428u)
#define RCC_PLLCFGR REGISTER(0x5802442Cu)
#define RCC_PLL1DIVR REGISTER(0x58024430u)
#define RCC_AHB4ENR REGISTER(0x580244E0u)
#define RCC_APB1LENR REGISTER(0x580244E8u)
#define RCC_APB4ENR REGISTER(0x580244F4u)
#define FLASH_ACR REGISTER(0x52002000u)
#define PWR_CSR1 REGISTER(0x58024804u)
#define PWR_CR3 REGISTER(0x5802480Cu)
#define PWR_D3CR REGISTER(0x58024818u)
#define SYSCFG_PWRCR REGISTER(0x5800042Cu)
#define GPIOD 0x58020C00u

#define PLL1_ON (1u << 24)
#define PLL1_READY (1u << 25)
#define PLL1_SOURCE_MASK (3u | 0x3Fu << 4)
#define PLL1_HSI_BY_4 (0u | 4u << 4)
/* Input range 8 MHz to 16 MHz, the wide oscillator, output P on; the fields of the other PLLs stay. */
#define PLL1_MASK (0xFu | 7u << 16)
#define PLL1_WIDE_16_MHZ_P (3u << 2 | 1u << 16)
#define SUPPLY_LDO (1u << 1)
#define SUPPLY_READY (1u << 13)
#define SCALE_1 (3u << 14)
#define SCALE_READY (1u << 13)
#define SCALE_0 1u
#define AHB_BY_2_APB3_BY_2 (8u | 4u << 4)
#define APB1_APB2_BY_2 (4u << 4 | 4u << 8)
#define APB4_BY_2 (4u << 4)
#define SWITCH_MASK 7u
#define SWITCH_PLL1 3u
#define SWITCHED_MASK (7u << 3)
#define SWITCHED_PLL1 (3u << 3)

static void voltage(int highest)
{
    PWR_CR3 = SUPPLY_LDO; /* written once after power-on; later writes are ignored */
    wait_for(&PWR_CSR1, SUPPLY_READY, SUPPLY_READY);
    PWR_D3CR |= SCALE_1;
    wait_for(&PWR_D3CR, SCALE_READY, SCALE_READY);
    if (highest) {
        RCC_APB4ENR |= 1u << 1; /* SYSCFG */
        (void)RCC_APB4ENR;
        SYSCFG_PWRCR |= SCALE_0;
        wait_for(&PWR_D3CR, SCALE_READY, SCALE_READY);
    }
}

static void clock(int highest)
{
    voltage(highest);
    set_field(&RCC_PLLCKSELR, PLL1_SOURCE_MASK, PLL1_HSI_BY_4);
    set_field(&RCC_PLLCFGR, PLL1_MASK, PLL1_WIDE_16_MHZ_P);
    /* 16 MHz x 60 or x 50, divided by 2; all fields hold one less. */
    RCC_PLL1DIVR = ((highest ? 60u : 50u) - 1u) | 1u << 9 | 1u << 16 | 1u << 24;
    RCC_CR |= PLL1_ON;
    wait_for(&RCC_CR, PLL1_READY, PLL1_READY);
    FLASH_ACR = highest ? 4u | 2u << 4 : 2u | 2u << 4;
    wait_for(&FLASH_ACR, 0xFu, highest ? 4u : 2u);
    RCC_D1CFGR = AHB_BY_2_APB3_BY_2;
    RCC_D2CFGR = APB1_APB2_BY_2;
    RCC_D3CFGR = APB4_BY_2;
    set_field(&RCC_CFGR, SWITCH_MASK, SWITCH_PLL1);
    wait_for(&RCC_CFGR, SWITCHED_MASK, SWITCHED_PLL1);
}

void board_init(void)
{
    clock(specc_build.clock_hz > 400000000u);
    caches_enable();
    RCC_AHB4ENR |= 1u << 3;   /* GPIOD */
    RCC_APB1LENR |= 1u << 18; /* USART3 */
    (void)RCC_APB1LENR;
    pin_function(GPIOD, 8, 7);
    pin_function(GPIOD, 9, 7);
    usart_start((specc_build.clock_hz / 4 + BAUD / 2) / BAUD); /* the core's clock / 2 for AHB, / 2 for APB1 */
    cycles_start();
}
