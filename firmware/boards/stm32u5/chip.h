/* STM32U575 (RM0456, section 2.3.2, memory map): the serial port is USART1, pins PA9 and PA10. */
#define USART 0x40013800u
