/* ADC1 of an STM32L4R5 on PB0 (current) and PB1 (mark), started by TIM3, stored by DMA1.
 *
 * Manual: RM0432. Pins: the data sheet's table of pins, ADC1_IN15 and ADC1_IN16. Chapter "Analog-to-digital converters":
 * ADC_ISR, ADC_CR, ADC_CFGR, ADC_SMPR2, ADC_SQR1, ADC_CCR, the table of external triggers, and the sections on deep
 * power-down, calibration and "ADC on-off control". Chapters "DMA controller" (DMA_CCRx, DMA_CNDTRx) and "DMA request
 * multiplexer" (DMAMUX_CxCR; the table of requests has ADC1 at 5; channel 0 serves channel 1 of DMA1). Chapter
 * "General-purpose timers (TIM2 to TIM5)": TIMx_CR1, TIMx_CR2, TIMx_ARR.
 */
#include "converter.h"

#include "board.h"
#include "registers.h"
#include "sampler.h"
#include "serial.h"

#define RCC_AHB1ENR REGISTER(0x40021048u)
#define RCC_AHB2ENR REGISTER(0x4002104Cu)
#define RCC_APB1ENR1 REGISTER(0x40021058u)
#define GPIOB_MODER REGISTER(0x48000400u)
#define ADC_ISR REGISTER(0x50040000u)
#define ADC_CR REGISTER(0x50040008u)
#define ADC_CFGR REGISTER(0x5004000Cu)
#define ADC_SMPR2 REGISTER(0x50040018u)
#define ADC_SQR1 REGISTER(0x50040030u)
#define ADC_DR_ADDRESS 0x50040040u
#define ADC_CCR REGISTER(0x50040308u)
#define TIM3_CR1 REGISTER(0x40000400u)
#define TIM3_CR2 REGISTER(0x40000404u)
#define TIM3_ARR REGISTER(0x4000042Cu)
#define DMA_CCR1 REGISTER(0x40020008u)
#define DMA_CNDTR1 REGISTER(0x4002000Cu)
#define DMA_CPAR1 REGISTER(0x40020010u)
#define DMA_CMAR1 REGISTER(0x40020014u)
#define DMAMUX_C0CR REGISTER(0x40020800u)

#define DMA1_AND_DMAMUX_ON (1u << 0 | 1u << 2)
#define PORT_B_AND_ADC_ON (1u << 1 | 1u << 13)
#define TIM3_ON (1u << 1)
#define ANALOG_PB0_PB1 0xFu
#define REQUEST_ADC1 5u
#define DMA_ENABLE (1u << 0)
#define CIRCULAR_INTO_HALFWORDS (1u << 5 | 1u << 7 | 1u << 8 | 1u << 10)
#define BUS_CLOCK_BY_4 (3u << 16) /* 120 MHz / 4 = 30 MHz; at most 80 MHz (data sheet, ADC characteristics) */
#define DEEP_POWER_DOWN (1u << 29)
#define REGULATOR_ON (1u << 28)
#define CALIBRATE (1u << 31)
#define ADC_POWER (1u << 0)
#define READY (1u << 0)
#define START (1u << 2)
#define OVERRUN (1u << 4)
#define CHANNELS_15_16_47_CYCLES (4u << 15 | 4u << 18)
#define CHANNEL_15_THEN_16 (1u | 15u << 6 | 16u << 12)
/* DMA without end, TIM3's trigger, its rising edge; the queue of injected conversions stays off, as after reset. */
#define DMA_AND_TIM3_TRIGGER (1u << 0 | 1u << 1 | 4u << 6 | 1u << 10 | 1u << 31)
#define TRIGGER_AT_UPDATE (2u << 4)
#define COUNT (1u << 0)

enum { REGULATOR_MICROSECONDS = 20 }; /* data sheet, ADC characteristics: start-up time of the regulator */

static void wait_microseconds(uint32_t microseconds)
{
    uint32_t start = board_ticks();
    while (board_ticks() - start < specc_build.clock_hz / 1000000u * microseconds) {
    }
}

static void power_up(void)
{
    ADC_CCR = BUS_CLOCK_BY_4;
    ADC_CR &= ~DEEP_POWER_DOWN;
    ADC_CR |= REGULATOR_ON;
    wait_microseconds(REGULATOR_MICROSECONDS);
    ADC_CR |= CALIBRATE;
    wait_for(&ADC_CR, CALIBRATE, 0);
    wait_microseconds(1); /* four cycles of the converter before it is turned on */
    ADC_ISR = READY;
    ADC_CR |= ADC_POWER;
    wait_for(&ADC_ISR, READY, READY);
}

void converter_start(volatile uint16_t *ring, uint32_t count)
{
    RCC_AHB1ENR |= DMA1_AND_DMAMUX_ON;
    RCC_AHB2ENR |= PORT_B_AND_ADC_ON;
    RCC_APB1ENR1 |= TIM3_ON;
    (void)RCC_APB1ENR1; /* the clocks are on when the register has been read back */
    GPIOB_MODER |= ANALOG_PB0_PB1;

    DMAMUX_C0CR = REQUEST_ADC1;
    DMA_CPAR1 = ADC_DR_ADDRESS;
    DMA_CMAR1 = (uint32_t)(uintptr_t)ring;
    DMA_CNDTR1 = count;
    DMA_CCR1 = CIRCULAR_INTO_HALFWORDS;
    DMA_CCR1 |= DMA_ENABLE;

    power_up();
    ADC_SMPR2 = CHANNELS_15_16_47_CYCLES;
    ADC_SQR1 = CHANNEL_15_THEN_16;
    ADC_CFGR = DMA_AND_TIM3_TRIGGER;
    ADC_CR |= START;

    TIM3_ARR = specc_build.clock_hz / SAMPLER_HERTZ - 1;
    TIM3_CR2 = TRIGGER_AT_UPDATE;
    TIM3_CR1 = COUNT;
}

uint32_t converter_left(void)
{
    return DMA_CNDTR1;
}

int converter_overran(void)
{
    return (ADC_ISR & OVERRUN) != 0;
}
