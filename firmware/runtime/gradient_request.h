/* The request `gradient`, for the harness that includes this: an inference, then the backward pass of its last layers.
 *
 *   gradient <label> <hex>   layer <index> <hex of its gradient>   for every layer that has one, last to first, then a result
 *                            line with the ticks of the backward pass
 */
#include "backward.h"

static uint32_t input_rows_saved;

static int read_and_save_row(uint32_t row, uint8_t *to)
{
    int arrived = read_row(row, to);
    if (arrived) {
        save_input(to, input_rows_saved++ * specc_input_row_bytes, specc_input_row_bytes);
    }
    return arrived;
}

static int infer_and_save(void)
{
    const inference_client client = {read_and_save_row, save_part};
    uint32_t total;
    input_rows_saved = 0;
    if (specc_input_rows_kept) {
        return run_network(&client, &total) && read_end();
    }
    if (!read_bytes(specc_input, specc_input_bytes) || !read_end()) {
        return 0;
    }
    save_input(specc_input, 0, specc_input_bytes);
    return run_network(&client, &total);
}

/* Reads a class. Returns 0 if it is none, with the character behind it in `behind`. */
static int read_label(uint32_t *label, int *behind)
{
    char digits[WORD_BYTES];
    *behind = read_word(digits);
    *label = 0;
    for (const char *digit = digits; *digit; digit++) {
        if (*digit < '0' || *digit > '9' || *label >= specc_classes) {
            return 0;
        }
        *label = *label * 10 + (uint32_t)(*digit - '0');
    }
    return digits[0] && *label < specc_classes;
}

static void answer_gradient(int behind_word)
{
    uint32_t label;
    int behind = behind_word;
    if (behind != ' ' || !read_label(&label, &behind)) {
        skip_line(behind);
        write_error("a class is expected");
        return;
    }
    wrong = "input is too short";
    if (behind != ' ' || !infer_and_save()) {
        write_error(wrong);
        return;
    }
    uint32_t total = run_backward(label);
    for (uint32_t i = 0; i < specc_gradient_count; i++) {
        const specc_gradient *own = &specc_gradients[i];
        write_text("layer ");
        write_number(own->layer);
        write_text(" ");
        write_hex((const uint8_t *)own->gradient, (own->features + 1) * own->units * sizeof *own->gradient);
        write_text("\n");
    }
    write_result(total);
}
