/* The device end of the MLPerf Tiny serial protocol, performance mode (mlcommons/tiny, benchmark/api: the commands,
 * what each answers, and its defaults). A command ends in '%', a reply line in CR LF, every answer with the line
 * m-ready.
 *
 * The input is kept as it was sent, in SRAM that nothing else uses, and is copied into the network before every
 * inference, because layers may overwrite it. It is either the input's codes, or four bytes for each of them: a float,
 * as the anomaly detection benchmark sends.
 */
#include "mlperf.h"

#include "board.h"
#include "codes.h"
#include "inference.h"
#include "network.h"
#include "serial.h"
#include "text.h"

#include <stdint.h>

enum { COMMAND_CHARACTERS = 80, DEFAULT_WARMUP = 10, PRINTED_IN_A_LINE = 8, FLOAT_BYTES = 4, NO_NUMBER = -1 };
enum { STACK_MARGIN = 256 }; /* the stack may grow further than it has */

extern uint32_t _stack_bottom[]; /* linker script */

static char command[COMMAND_CHARACTERS + 1];
static uint32_t characters;

static struct {
    uint8_t *bytes;
    uint32_t size, loaded;
} input;

static void end_line(void)
{
    write_text("\r\n");
}

static void write_message(const char *text)
{
    write_text(text);
    end_line();
}

static void write_numbered(const char *before, uint32_t number, const char *after)
{
    write_text(before);
    write_number(number);
    write_message(after);
}

static void write_timestamp(void)
{
    write_numbered("m-lap-us-", (uint32_t)microseconds(), "");
}

/* ---- reading commands ---- */

/* The next word of a command, which ends at a space; an empty one at the end. */
static char *next_word(char **rest)
{
    char *start = *rest;
    while (*start == ' ') {
        start++;
    }
    char *end = start;
    while (*end && *end != ' ') {
        end++;
    }
    *rest = *end ? end + 1 : end;
    *end = 0;
    return start;
}

/* Value of a word of at most nine decimal digits, or NO_NUMBER. */
static int32_t number_of(const char *word)
{
    int32_t number = 0;
    uint32_t digits = 0;
    for (; word[digits]; digits++) {
        if (word[digits] < '0' || word[digits] > '9' || digits == 9) {
            return NO_NUMBER;
        }
        number = 10 * number + (word[digits] - '0');
    }
    return digits ? number : NO_NUMBER;
}

/* ---- the input ---- */

static uint32_t code_count(void)
{
    return specc_input_bytes / specc_build.input.code_bytes;
}

/* Bytes of SRAM behind the program's data that the stack has never reached. What is written there counts as used stack
 * afterwards. */
static uint32_t spare_memory(void)
{
    uint32_t unused = board_stack_reserved() - board_stack_used();
    return unused > STACK_MARGIN ? unused - STACK_MARGIN : 0;
}

static void expect_input(int32_t size)
{
    uint32_t spare = spare_memory();
    input.bytes = (uint8_t *)_stack_bottom;
    input.size = input.loaded = 0;
    if (size <= 0) {
        write_message("e-[Command 'db load' requires a number of bytes above 0]");
    } else if ((uint32_t)size != specc_input_bytes && (uint32_t)size != FLOAT_BYTES * code_count()) {
        write_numbered("e-[This network takes ", specc_input_bytes, " bytes]");
    } else if ((uint32_t)size > spare) {
        write_numbered("e-[No more memory is free than ", spare, " bytes]");
    } else {
        input.size = (uint32_t)size;
        write_numbered("m-[Expecting ", input.size, " bytes]");
    }
}

static void take_hex(const char *digits)
{
    uint32_t count = 0;
    for (; digits[count]; count++) {
        if (hex_digit(digits[count]) < 0) {
            write_message("e-[Invalid hex digit]");
            return;
        }
    }
    if (count % 2) {
        write_message("e-[Insufficient number of hex digits]");
        return;
    }
    if (!input.size) {
        write_message("e-[No 'db load' came before]");
        return;
    }
    for (uint32_t i = 0; i < count && input.loaded < input.size; i += 2) {
        input.bytes[input.loaded++] = (uint8_t)(hex_digit(digits[i]) << 4 | hex_digit(digits[i + 1]));
        if (input.loaded == input.size) {
            write_message("m-load-done");
        }
    }
}

static void print_input(void)
{
    for (uint32_t i = 0; i < input.size; i++) {
        write_text(i % PRINTED_IN_A_LINE ? "-" : "m-buffer-");
        write_hex(input.bytes + i, 1);
        if (i % PRINTED_IN_A_LINE == PRINTED_IN_A_LINE - 1 || i + 1 == input.size) {
            end_line();
        }
    }
}

static void serve_db(char *rest)
{
    const char *word = next_word(&rest);
    if (!*word) {
        write_message("e-[Command 'db' requires a subcommand]");
    } else if (same(word, "load")) {
        expect_input(number_of(next_word(&rest)));
    } else if (same(word, "print")) {
        print_input();
    } else {
        take_hex(word);
    }
}

/* ---- inference ---- */

/* Copies so many codes of the input, from the one with that number. */
static void give_codes(uint32_t first, uint32_t count, uint8_t *to)
{
    const uint32_t bytes = specc_build.input.code_bytes;
    if (input.size == specc_input_bytes) {
        for (uint32_t i = first * bytes; i < (first + count) * bytes; i++) {
            *to++ = input.bytes[i];
        }
        return;
    }
    for (uint32_t i = first; i < first + count; i++) {
        int32_t code = input_code(input.bytes + FLOAT_BYTES * i);
        for (uint32_t byte = 0; byte < bytes; byte++) {
            *to++ = (uint8_t)((uint32_t)code >> 8 * byte);
        }
    }
}

static int give_row(uint32_t row, uint8_t *to)
{
    const uint32_t count = specc_input_row_bytes / specc_build.input.code_bytes;
    give_codes(row * count, count, to);
    return 1;
}

static void write_results(void)
{
    const uint8_t *from = specc_output;
    write_text("m-results-[");
    for (uint32_t at = 0; at < specc_output_bytes; at += specc_build.output.code_bytes) {
        int32_t code = specc_build.output.code_bytes == 1 ? (int8_t)from[at] : (int16_t)(from[at] | from[at + 1] << 8);
        if (at) {
            write_text(",");
        }
        write_output_code(code);
    }
    write_message("]");
}

static void repeat(uint32_t times)
{
    const inference_client client = {give_row, 0};
    for (; times; times--) {
        uint32_t ticks;
        if (!specc_input_rows_kept) {
            give_codes(0, code_count(), specc_input);
        }
        run_network(&client, &ticks);
        microseconds(); /* keeps count when the counter wraps around */
    }
}

static void infer(int32_t times, int32_t warmup)
{
    if (times <= 0) {
        write_message("e-[Inference iterations must be >0]");
    } else if (warmup < 0) {
        write_message("e-[Inference warmup must be >=0]");
    } else if (!input.size || input.loaded < input.size) {
        write_message("e-[No whole input was loaded]");
    } else {
        write_numbered("m-warmup-start-", (uint32_t)warmup, "");
        repeat((uint32_t)warmup);
        write_message("m-warmup-done");
        write_numbered("m-infer-start-", (uint32_t)times, "");
        write_timestamp();
        repeat((uint32_t)times);
        write_timestamp();
        write_message("m-infer-done");
        write_results();
    }
}

static void serve_infer(char *rest)
{
    const char *times = next_word(&rest), *warmup = next_word(&rest);
    infer(*times ? number_of(times) : 1, *warmup ? number_of(warmup) : DEFAULT_WARMUP);
}

/* ---- commands ---- */

/* Which benchmark the network is, told by the size of its input; other networks go by their names. */
static const char *model(void)
{
    switch (code_count()) {
    case 490:
        return "kws01";
    case 640: /* floats */
        return "ad01";
    case 3072:
        return "ic01";
    case 27648:
        return "vww01";
    default:
        return specc_network_name;
    }
}

static void write_profile(void)
{
    write_message("m-profile-[ULPMark for tinyML Firmware V0.0.1]");
    write_text("m-model-[");
    write_text(model());
    write_message("]");
}

static void write_help(void)
{
    write_message("name              say who this is");
    write_message("profile           say which benchmark this is");
    write_message("timestamp         tell the time in microseconds");
    write_message("db load N         make ready for an input of N bytes");
    write_message("db HEX            load further bytes of it");
    write_message("db print          show what is loaded");
    write_message("infer [N=1] [W=10]  run the network W times, then N times between two timestamps");
    write_message("results           show the last output");
}

static void serve(char *text)
{
    const char *word = next_word(&text);
    if (same(word, "name")) {
        write_message("m-name-dut-[specc]");
    } else if (same(word, "profile")) {
        write_profile();
    } else if (same(word, "timestamp")) {
        write_timestamp();
    } else if (same(word, "db")) {
        serve_db(text);
    } else if (same(word, "infer")) {
        serve_infer(text);
    } else if (same(word, "results")) {
        write_results();
    } else if (same(word, "help")) {
        write_help();
    } else {
        write_text("e-[Unknown command: ");
        write_text(word);
        write_message("]");
    }
    write_message("m-ready");
}

void mlperf_start(void)
{
    write_message("m-timestamp-mode-performance");
    write_timestamp();
    write_message("m-init-done");
    write_message("m-ready");
}

void mlperf_take(char character)
{
    if (character != '%') {
        if (character != '\r' && character != '\n') {
            command[characters < COMMAND_CHARACTERS ? characters : COMMAND_CHARACTERS] = character;
            characters++;
        }
        return;
    }
    int too_long = characters > COMMAND_CHARACTERS;
    command[too_long ? 0 : characters] = 0;
    characters = 0;
    if (too_long) {
        write_message("e-[Command too long]");
        write_message("m-ready");
    } else {
        serve(command);
    }
}
