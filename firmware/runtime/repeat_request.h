/* The request `repeat`, of a program with an operating system, for the harness that includes this: inferences of one input,
 * one right after the other, each timed by itself.
 *
 *   repeat <count> <hex>   a result line for every inference
 *
 * Nothing is read or written between them, so that they run as in a loop: a program that waits for its next input loses
 * cached constants to others, and the processor rests its wide vector units. Where inferences overwrite the input, it has
 * to be kept meanwhile, and the results until the end: boards have no memory for that.
 */
#include <stdlib.h>
#include <string.h>

enum { MOST_REPETITIONS = 1000 };

static uint8_t *repeated; /* the whole input */

static int take_repeated_row(uint32_t row, uint8_t *to)
{
    memcpy(to, repeated + row * specc_input_row_bytes, specc_input_row_bytes);
    return 1;
}

/* Reads how often. Returns 0 if it is no such number, with the character behind it in `behind`. */
static uint32_t read_count(int *behind)
{
    char digits[WORD_BYTES];
    uint32_t count = 0;
    *behind = read_word(digits);
    for (const char *digit = digits; *digit; digit++) {
        if (*digit < '0' || *digit > '9' || count > MOST_REPETITIONS) {
            return 0;
        }
        count = count * 10 + (uint32_t)(*digit - '0');
    }
    return count <= MOST_REPETITIONS ? count : 0;
}

/* The inferences and their answers; `outputs` and `ticks` have room for all, with the total behind the layers' ticks. */
static void repeat(uint32_t count, uint8_t *outputs, uint32_t *ticks)
{
    const inference_client client = {take_repeated_row, 0};
    const uint32_t all = specc_layer_count + 1;
    for (uint32_t i = 0; i < count; i++) {
        if (!specc_input_rows_kept) {
            memcpy(specc_input, repeated, specc_input_bytes);
        }
        run_network(&client, &ticks[i * all + specc_layer_count]);
        memcpy(outputs + i * specc_output_bytes, specc_output, specc_output_bytes);
        memcpy(ticks + i * all, specc_layer_ticks, specc_layer_count * sizeof *ticks);
    }
    for (uint32_t i = 0; i < count; i++) {
        write_result_of(outputs + i * specc_output_bytes, ticks[i * all + specc_layer_count], ticks + i * all);
    }
}

static void answer_repeat(int behind)
{
    const uint32_t count = behind == ' ' ? read_count(&behind) : 0;
    if (!count) {
        skip_line(behind);
        write_error("a count from 1 to 1000 is expected");
        return;
    }
    repeated = malloc(specc_input_bytes);
    uint8_t *outputs = malloc((size_t)count * specc_output_bytes);
    uint32_t *ticks = malloc((size_t)count * (specc_layer_count + 1) * sizeof *ticks);
    wrong = "input is too short";
    if (!repeated || !outputs || !ticks) {
        skip_line(behind);
        write_error("out of memory");
    } else if (behind == ' ' && read_bytes(repeated, specc_input_bytes) && read_end()) {
        repeat(count, outputs, ticks);
    } else {
        write_error(wrong);
    }
    free(repeated);
    free(outputs);
    free(ticks);
}
