#include "codes.h"

#include "board.h"
#include "serial.h"
#include "text.h"

enum { LARGE = 1 << 30 };

static int32_t clamp(int32_t value, int32_t low, int32_t high)
{
    return value < low ? low : value > high ? high : value;
}

/* number * 2^exponent * factor, rounded half up; LARGE where it is that large or larger. */
static int32_t scaled(uint32_t number, int32_t exponent, specc_factor factor)
{
    uint64_t product = (uint64_t)number * factor.mantissa; /* below 2^63 */
    int32_t shift = -(exponent + factor.exponent);
    if (!product || shift > 63) {
        return 0;
    }
    if (shift > 0) {
        product = ((product >> (shift - 1)) + 1) >> 1;
    } else if (shift < 0) {
        product = LARGE; /* the mantissa has 31 bits: it is large */
    }
    return product < LARGE ? (int32_t)product : LARGE;
}

int32_t input_code(const uint8_t *bytes)
{
    uint32_t bits = bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
    uint32_t exponent = bits >> 23 & 0xFFu, fraction = bits & 0x7FFFFFu;
    int32_t limit = specc_build.input.code_bytes == 1 ? 127 : 32767;
    if (exponent == 0xFFu && fraction) {
        return specc_build.input.zero_point; /* no number */
    }
    uint32_t number = exponent ? fraction | 0x800000u : fraction;
    int32_t steps = scaled(number, (int32_t)(exponent ? exponent : 1) - 150, specc_build.input.factor);
    return clamp((bits >> 31 ? -steps : steps) + specc_build.input.zero_point, -limit - 1, limit);
}

void write_output_code(int32_t code)
{
    int32_t distance = code - specc_build.output.zero_point;
    uint32_t thousandths =
        (uint32_t)scaled((uint32_t)(distance < 0 ? -distance : distance), 0, specc_build.output.factor);
    const char decimals[4] = {'.', (char)('0' + thousandths / 100 % 10), (char)('0' + thousandths / 10 % 10),
                              (char)('0' + thousandths % 10)};
    if (distance < 0 && thousandths) {
        write_text("-");
    }
    write_number(thousandths / 1000);
    board_write(decimals, sizeof decimals);
}
