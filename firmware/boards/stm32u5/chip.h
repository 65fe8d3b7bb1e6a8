/* STM32U575 (RM0456, section 2.3.2, memory map): the serial port is USART1, pins PA9 and PA10. */
#define USART 0x40013800u
/* Port B and the register that turns it on (RM0456, memory map; RCC_AHB2ENR1). */
#define PORT_B 0x42020400u
#define PORT_B_CLOCK 0x46020C8Cu
