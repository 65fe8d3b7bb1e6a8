/* STM32L4R5 (RM0432, section 2.2, memory map): the serial port is LPUART1, pins PG7 and PG8. */
#define USART 0x40008000u
/* Port B and the register that turns it on (RM0432, memory map; RCC_AHB2ENR). */
#define PORT_B 0x48000400u
#define PORT_B_CLOCK 0x4002104Cu
