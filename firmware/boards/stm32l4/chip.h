/* STM32L4R5 (RM0432, section 2.2, memory map): the serial port is LPUART1, pins PG7 and PG8. */
#define USART 0x40008000u
