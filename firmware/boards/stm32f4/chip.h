/* STM32F405/407 (RM0090, section 2.3, memory map): the serial port is USART2, pins PA2 and PA3. */
#define USART 0x40004400u
#define USART_OLD
