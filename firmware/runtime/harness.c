/* The program that runs on every target: reads commands, runs the network, reports outputs and times.
 *
 *   hello        specc 1 <network> <layers> <tick unit>
 *   run <hex>    result <hex output> <total ticks> <ticks of layer 0> ...
 *   trace <hex>  layer <index> <hex output>   for every layer, then the result line
 *   memory       memory <stack bytes used> <stack bytes reserved>
 *   quit         bye
 *
 * Input is decoded while it arrives, straight into the network's input: no line buffer takes memory from the network.
 */
#include "board.h"
#include "inference.h"
#include "network.h"
#include "text.h"

enum { LINE_END = '\n', END_OF_INPUT = -1, WORD_BYTES = 8 };

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

/* Decodes the rest of the line into the network's input. Returns 0, or what is wrong with it. */
static const char *read_input(void)
{
    uint8_t *input = specc_input;
    uint32_t digits = 0;
    int character;
    for (;;) {
        character = read_character();
        if (character == LINE_END || character == END_OF_INPUT) {
            break;
        }
        int value = hex_digit(character);
        if (value < 0) {
            skip_line(character);
            return "input is not hexadecimal";
        }
        if (digits / 2 == specc_input_bytes) {
            skip_line(character);
            return "input is too long";
        }
        if (digits % 2 == 0) {
            input[digits / 2] = (uint8_t)(value << 4);
        } else {
            input[digits / 2] |= (uint8_t)value;
        }
        digits++;
    }
    return digits == 2 * specc_input_bytes ? 0 : "input is too short";
}

/* ---- running ---- */

/* As run_network, but writes every output. The total is the sum of the layers: time spent writing is not inference. */
static uint32_t trace_network(void)
{
    uint32_t total = 0;
    for (uint32_t i = 0; i < specc_layer_count; i++) {
        specc_layer_ticks[i] = run_layer(i);
        total += specc_layer_ticks[i];
        write_text("layer ");
        write_number(i);
        write_text(" ");
        write_hex(specc_layers[i].output, specc_layers[i].output_bytes);
        write_text("\n");
    }
    return total;
}

static void write_result(uint32_t total)
{
    write_text("result ");
    write_hex(specc_output, specc_output_bytes);
    write_text(" ");
    write_number(total);
    for (uint32_t i = 0; i < specc_layer_count; i++) {
        write_text(" ");
        write_number(specc_layer_ticks[i]);
    }
    write_text("\n");
}

static void write_error(const char *text)
{
    write_text("error ");
    write_text(text);
    write_text("\n");
}

static void infer(int behind_word, uint32_t (*run)(void))
{
    const char *wrong = behind_word == ' ' ? read_input() : "input is too short";
    if (wrong) {
        write_error(wrong);
    } else {
        write_result(run());
    }
}

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
        infer(behind, run_network);
        return 1;
    }
    if (same(word, "trace")) {
        infer(behind, trace_network);
        return 1;
    }
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
