/* ADC1 of an STM32F407 on PB0 (current) and PB1 (mark), started by TIM3, stored by DMA2.
 *
 * Manual: RM0090. Pins: the data sheet's table of pins, ADC12_IN8 and ADC12_IN9. Chapter "Analog-to-digital converter":
 * ADC_SR, ADC_CR1, ADC_CR2, ADC_SMPR2, ADC_SQR1, ADC_SQR3, ADC_CCR, and the table of external triggers. Chapter "DMA
 * controller": DMA_SxCR, DMA_SxNDTR; the table of requests has ADC1 on stream 0, channel 0 of DMA2. Chapter
 * "General-purpose timers (TIM2 to TIM5)": TIMx_CR1, TIMx_CR2, TIMx_ARR. Timers of a bus whose clock is divided run at
 * twice its clock (RCC, "Clocks").
 */
#include "converter.h"

#include "registers.h"
#include "sampler.h"
#include "serial.h"

#define RCC_AHB1ENR REGISTER(0x40023830u)
#define RCC_APB1ENR REGISTER(0x40023840u)
#define RCC_APB2ENR REGISTER(0x40023844u)
#define GPIOB_MODER REGISTER(0x40020400u)
#define ADC_SR REGISTER(0x40012000u)
#define ADC_CR1 REGISTER(0x40012004u)
#define ADC_CR2 REGISTER(0x40012008u)
#define ADC_SMPR2 REGISTER(0x40012010u)
#define ADC_SQR1 REGISTER(0x4001202Cu)
#define ADC_SQR3 REGISTER(0x40012034u)
#define ADC_DR_ADDRESS 0x4001204Cu
#define ADC_CCR REGISTER(0x40012304u)
#define TIM3_CR1 REGISTER(0x40000400u)
#define TIM3_CR2 REGISTER(0x40000404u)
#define TIM3_ARR REGISTER(0x4000042Cu)
#define DMA_S0CR REGISTER(0x40026410u)
#define DMA_S0NDTR REGISTER(0x40026414u)
#define DMA_S0PAR REGISTER(0x40026418u)
#define DMA_S0M0AR REGISTER(0x4002641Cu)

#define PORT_B_ON (1u << 1)
#define DMA2_ON (1u << 22)
#define TIM3_ON (1u << 1)
#define ADC1_ON (1u << 8)
#define ANALOG_PB0_PB1 0xFu
#define CLOCK_BY_4 (1u << 16) /* 84 MHz / 4 = 21 MHz; at most 36 MHz (data sheet, ADC characteristics) */
#define SCAN (1u << 8)
#define CHANNELS_8_9_56_CYCLES (3u << 24 | 3u << 27)
#define TWO_CONVERSIONS (1u << 20)
#define CHANNEL_8_THEN_9 (8u | 9u << 5)
#define ADC_POWER (1u << 0)
#define DMA_WITHOUT_END (1u << 8 | 1u << 9)
#define TIM3_UPDATE_RISING (8u << 24 | 1u << 28)
#define OVERRUN (1u << 5)
#define DMA_ENABLE (1u << 0)
#define CIRCULAR_INTO_HALFWORDS (1u << 8 | 1u << 10 | 1u << 11 | 1u << 13)
#define TRIGGER_AT_UPDATE (2u << 4)
#define COUNT (1u << 0)

void converter_start(volatile uint16_t *ring, uint32_t count)
{
    RCC_AHB1ENR |= PORT_B_ON | DMA2_ON;
    RCC_APB1ENR |= TIM3_ON;
    RCC_APB2ENR |= ADC1_ON;
    (void)RCC_APB2ENR; /* the clocks are on when the register has been read back */
    GPIOB_MODER |= ANALOG_PB0_PB1;

    DMA_S0PAR = ADC_DR_ADDRESS;
    DMA_S0M0AR = (uint32_t)(uintptr_t)ring;
    DMA_S0NDTR = count;
    DMA_S0CR = CIRCULAR_INTO_HALFWORDS;
    DMA_S0CR |= DMA_ENABLE;

    ADC_CCR = CLOCK_BY_4;
    ADC_CR1 = SCAN;
    ADC_SMPR2 = CHANNELS_8_9_56_CYCLES;
    ADC_SQR1 = TWO_CONVERSIONS;
    ADC_SQR3 = CHANNEL_8_THEN_9;
    ADC_CR2 = ADC_POWER | DMA_WITHOUT_END | TIM3_UPDATE_RISING;

    /* The first update comes a period from now: 50 us, and the converter is stable after 3 us. */
    TIM3_ARR = specc_build.clock_hz / 2 / SAMPLER_HERTZ - 1;
    TIM3_CR2 = TRIGGER_AT_UPDATE;
    TIM3_CR1 = COUNT;
}

uint32_t converter_left(void)
{
    return DMA_S0NDTR;
}

int converter_overran(void)
{
    return (ADC_SR & OVERRUN) != 0;
}
