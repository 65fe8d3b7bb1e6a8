/* The program that runs on every target: reads commands, runs the network, reports outputs and times.
 *
 *   hello        specc 1 <network> <layers> <tick unit>
 *   run <hex>    result <hex output> <total ticks> <ticks of layer 0> ...
 *   trace <hex>  layer <index> <hex output>   for every layer, then the result line; a line for each row where it runs by
 *                rows, and none where its output exists nowhere
 *   repeat <count> <hex>   a result line for each inference; where there is an operating system
 *   memory       memory <stack bytes used> <stack bytes reserved>
 *   quit         bye
 *
 * Input is decoded while it arrives, straight into the network's input: no line buffer takes memory from the network.
 * Where the input arrives by rows, so does the line: the network runs as far as it can before the next row is read.
 */
#include "board.h"
#include "inference.h"
#include "text.h"

enum { LINE_END = '\n', END_OF_INPUT = -1, WORD_BYTES = 16 };

/* ---- reading ---- */

static int read_character(void)
{
    int character = board_read();
    while (character == '\r') {
        character = board_read();
    }
    return character;
}

/* Reads the command word. Returns the character behind it; a word that is too long comes back empty. */
static int read_word(char word[WORD_BYTES])
{
    uint32_t length = 0;
    int character = read_character();
    while (character != ' ' && character != LINE_END && character != END_OF_INPUT) {
        if (length < WORD_BYTES) {
            word[length] = (char)character;
        }
        length++;
        character = read_character();
    }
    word[length < WORD_BYTES ? length : 0] = 0;
    return character;
}

static void skip_line(int character)
{
    while (character != LINE_END && character != END_OF_INPUT) {
        character = read_character();
    }
}

static const char *wrong; /* with the input on the line; a null pointer: nothing */

/* Decodes further bytes of the line. On an error the rest of the line is skipped, and 0 returned. */
static int read_bytes(uint8_t *to, uint32_t count)
{
    for (uint32_t i = 0; i < 2 * count; i++) {
        int character = read_character();
        int value = hex_digit(character);
        if (value < 0) {
            wrong = character == LINE_END || character == END_OF_INPUT ? "input is too short" : "input is not hexadecimal";
            skip_line(character);
            return 0;
        }
        to[i / 2] = (uint8_t)(i % 2 ? to[i / 2] | value : value << 4);
    }
    return 1;
}

/* Reads the end of the line, behind the last byte. */
static int read_end(void)
{
    int character = read_character();
    if (character == LINE_END || character == END_OF_INPUT) {
        return 1;
    }
    wrong = hex_digit(character) < 0 ? "input is not hexadecimal" : "input is too long";
    skip_line(character);
    return 0;
}

static int read_row(uint32_t row, uint8_t *to)
{
    (void)row;
    return read_bytes(to, specc_input_row_bytes);
}

/* ---- running ---- */

static void write_part(const specc_call *done)
{
    const uint8_t *part = completed_part(done);
    if (part) {
        write_text("layer ");
        write_number(done->layer);
        write_text(" ");
        write_hex(part, specc_layers[done->layer].part_bytes);
        write_text("\n");
    }
}

static void write_result_of(const uint8_t *output, uint32_t total, const uint32_t *layer_ticks)
{
    write_text("result ");
    write_hex(output, specc_output_bytes);
    write_text(" ");
    write_number(total);
    for (uint32_t i = 0; i < specc_layer_count; i++) {
        write_text(" ");
        write_number(layer_ticks[i]);
    }
    write_text("\n");
}

static void write_result(uint32_t total)
{
    write_result_of(specc_output, total, specc_layer_ticks);
}

static void write_error(const char *text)
{
    write_text("error ");
    write_text(text);
    write_text("\n");
}

static uint32_t sum_of_layers(void)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < specc_layer_count; i++) {
        sum += specc_layer_ticks[i];
    }
    return sum;
}

/* Runs the network on the rest of the line. An input that arrives whole is read to its end before; of one that arrives
 * by rows, what follows the last row shows afterwards. */
static int run_on_line(const inference_client *client, uint32_t *total)
{
    if (specc_input_rows_kept) {
        return run_network(client, total) && read_end();
    }
    return read_bytes(specc_input, specc_input_bytes) && read_end() && run_network(client, total);
}

/* With `show`, which takes time that is not inference, the total is the sum of the layers. */
static void infer(int behind_word, void (*show)(const specc_call *done))
{
    const inference_client client = {read_row, show};
    uint32_t total;
    wrong = "input is too short";
    if (behind_word == ' ' && run_on_line(&client, &total)) {
        write_result(show ? sum_of_layers() : total);
    } else {
        write_error(wrong);
    }
}

#if __STDC_HOSTED__
#include "repeat_request.h"
#endif

#ifdef SPECC_GRADIENTS
#include "gradient_request.h"
#endif

static void write_hello(void)
{
    write_text("specc 1 ");
    write_text(specc_network_name);
    write_text(" ");
    write_number(specc_layer_count);
    write_text(" ");
    write_text(board_tick_unit());
    write_text("\n");
}

static void write_memory(void)
{
    write_text("memory ");
    write_number(board_stack_used());
    write_text(" ");
    write_number(board_stack_reserved());
    write_text("\n");
}

/* Serves one line. Returns 0 when the program is to end. */
static int serve_command(void)
{
    char word[WORD_BYTES];
    int behind = read_word(word);
    if (behind == END_OF_INPUT && !word[0]) {
        return 0;
    }
    if (same(word, "run")) {
        infer(behind, 0);
        return 1;
    }
    if (same(word, "trace")) {
        infer(behind, write_part);
        return 1;
    }
#if __STDC_HOSTED__
    if (same(word, "repeat")) {
        answer_repeat(behind);
        return 1;
    }
#endif
#ifdef SPECC_GRADIENTS
    if (same(word, "gradient")) {
        answer_gradient(behind);
        return 1;
    }
#endif
    skip_line(behind);
    if (same(word, "quit")) {
        write_text("bye\n");
        return 0;
    }
    if (same(word, "hello")) {
        write_hello();
    } else if (same(word, "memory")) {
        write_memory();
    } else {
        write_error("unknown command");
    }
    return 1;
}

int main(void)
{
    board_init();
    while (serve_command()) {
    }
    board_exit(0);
    return 0;
}
