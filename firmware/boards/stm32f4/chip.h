/* STM32F405/407 (RM0090, section 2.3, memory map): the serial port is USART2, pins PA2 and PA3. */
#define USART 0x40004400u
#define USART_OLD
/* Port B and the register that turns it on (RM0090, memory map; RCC_AHB1ENR). */
#define PORT_B 0x40020400u
#define PORT_B_CLOCK 0x40023830u
