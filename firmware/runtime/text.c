#include "text.h"

#include "board.h"

void write_text(const char *text)
{
    uint32_t length = 0;
    while (text[length]) {
        length++;
    }
    board_write(text, length);
}

void write_number(uint32_t number)
{
    char digits[10];
    uint32_t start = sizeof digits;
    do {
        digits[--start] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    board_write(digits + start, sizeof digits - start);
}

void write_hex(const uint8_t *bytes, uint32_t count)
{
    static const char digits[] = "0123456789abcdef";
    char chunk[64];
    uint32_t used = 0;
    for (uint32_t i = 0; i < count; i++) {
        chunk[used++] = digits[bytes[i] >> 4];
        chunk[used++] = digits[bytes[i] & 15];
        if (used == sizeof chunk) {
            board_write(chunk, used);
            used = 0;
        }
    }
    board_write(chunk, used);
}

int same(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

int hex_digit(int character)
{
    if (character >= '0' && character <= '9') {
        return character - '0';
    }
    if (character >= 'a' && character <= 'f') {
        return character - 'a' + 10;
    }
    if (character >= 'A' && character <= 'F') {
        return character - 'A' + 10;
    }
    return -1;
}
