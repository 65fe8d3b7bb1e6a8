/* The program on a board that is reached over a serial line.
 *
 * It speaks two protocols. After start-up it greets, and takes commands, as the MLPerf Tiny device protocol asks
 * (mlperf.c). The first HELLO frame turns it into specc's own protocol, until the next start; text is ignored then.
 *
 * Each request is answered by one frame with the request's sequence number. A request that comes twice in a row is done
 * once and answered twice: the host repeats what it got no answer to, and cannot know which way the frame was lost.
 * After a start every request but HELLO is refused, so the host learns of a reset.
 *
 * Numbers are little endian, of 32 bits where nothing else is said. Requests and what their answers carry:
 *
 *   1 HELLO    session                 -> version (1 byte), hash (8 bytes), clock in Hz, layers, input bytes,
 *                                         output bytes, bytes of an input row (0: the input
 *                                         arrives whole), name of the network (the rest)
 *   2 INPUT    offset, bytes           -> bytes of input there are now; offset 0 begins a new input. Where the input
 *                                         arrives by rows, a request stays within a row, the network runs as far as it
 *                                         can meanwhile, and the answer comes when there is room for more
 *   3 RUN      sample                  -> sample, runs since HELLO, ticks of the whole inference
 *   4 LAYER    layer                   -> layer, ticks, output bytes; layers run in order after a whole input, and only
 *                                         in a network that runs none by rows
 *   5 READ     what, offset, count     -> offset, bytes; what is a LAYER's number, or TICKS, or OUTPUT
 *   6 STACK                            -> deepest use, reserved
 *   7 RESTART                          -> nothing; the board then starts over
 *   8 I2C_READ address, register       -> whether the device acknowledged, content of the register
 *   9 I2C_WRITE address, register, word -> whether the device acknowledged
 */
#include "serial.h"

#include "board.h"
#include "frame.h"
#include "i2c.h"
#include "inference.h"
#include "mlperf.h"
#include "network.h"

enum { HELLO = 1, INPUT, RUN, LAYER, READ, STACK, RESTART, I2C_READ, I2C_WRITE };
enum { ANSWER = 0x80, NOT_GREETED = 0xFE, REFUSED = 0xFF }; /* types of answers; the first is added to the request's */
enum { VERSION = 2, WORD = 4 };
static const uint32_t TICKS = 0xFFFFFFFFu, OUTPUT = 0xFFFFFFFEu; /* of READ */

static frame_receiver incoming;
static struct {
    int greeted;
    uint32_t session;
    uint8_t sequence;     /* of the last request */
    uint32_t input_bytes; /* received of the next input */
    int ran;              /* the network, on all rows of an input that arrives by rows */
    int interrupted;      /* was it, by a frame that is no row's and is still to be served */
    uint32_t next_layer;  /* that LAYER may run; the layer count and more: none */
    uint32_t runs;
    uint32_t ticks;       /* of the last RUN or LAYER */
    int acknowledged;     /* by the device of the last I2C_READ or I2C_WRITE */
    uint16_t content;     /* that I2C_READ found */
    const char *refusal;  /* of the last request, if it was refused */
} state;

static uint32_t word(const uint8_t *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* An answer under construction. */
static uint8_t answer[FRAME_PAYLOAD];
static uint32_t answer_bytes;

static void put(const void *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count && answer_bytes < FRAME_PAYLOAD; i++) {
        answer[answer_bytes++] = ((const uint8_t *)bytes)[i];
    }
}

static void put_word(uint32_t number)
{
    const uint8_t bytes[WORD] = {(uint8_t)number, (uint8_t)(number >> 8), (uint8_t)(number >> 16),
                                 (uint8_t)(number >> 24)};
    put(bytes, WORD);
}

static void put_text(const char *text)
{
    while (*text && answer_bytes < FRAME_PAYLOAD) {
        put(text++, 1);
    }
}

/* ---- receiving ---- */

static int in_frame;

/* Waits for a whole frame, in `incoming`. Returns 0 when the stream has ended. */
static int next_frame(void)
{
    for (int byte = board_read(); byte >= 0; byte = board_read()) {
        if (byte == FRAME_START) {
            frame_begin(&incoming);
            in_frame = 1;
        } else if (in_frame) {
            frame_state now = frame_take(&incoming, (uint8_t)byte);
            in_frame = now == FRAME_UNFINISHED;
            if (now == FRAME_WHOLE) {
                return 1;
            }
        } else if (!state.greeted) {
            mlperf_take((char)byte);
        }
    }
    return 0;
}

/* ---- an input that arrives by rows: the network runs within the request that begins it ---- */

/* Whether the frame is the next piece of a row that lacks so many bytes. */
static int is_next_piece(uint32_t lacking)
{
    uint32_t length = incoming.head[FRAME_LENGTH];
    return incoming.head[FRAME_TYPE] == INPUT && length > WORD && length - WORD <= lacking &&
           word(incoming.payload) == state.input_bytes;
}

/* Answers the piece before, now that there is room, and waits for the next. Returns 0 if something else arrives. */
static int next_piece(uint32_t lacking)
{
    do {
        answer_bytes = 0;
        put_word(state.input_bytes);
        frame_send(state.sequence, INPUT | ANSWER, answer, answer_bytes);
        if (!next_frame()) {
            return 0;
        }
    } while (incoming.head[FRAME_SEQUENCE] == state.sequence); /* the piece before, again */
    if (!is_next_piece(lacking)) {
        state.interrupted = 1;
        return 0;
    }
    state.sequence = incoming.head[FRAME_SEQUENCE];
    return 1;
}

static int take_row(uint32_t row, uint8_t *to)
{
    for (uint32_t there = 0; there < specc_input_row_bytes;) {
        int began_with_it = row == 0 && there == 0;
        if (!began_with_it && !next_piece(specc_input_row_bytes - there)) {
            return 0;
        }
        uint32_t count = incoming.head[FRAME_LENGTH] - WORD;
        for (uint32_t i = 0; i < count; i++) {
            to[there++] = incoming.payload[WORD + i];
        }
        state.input_bytes += count;
    }
    return 1;
}

static const char *run_on_rows(void)
{
    const inference_client client = {take_row, 0};
    state.input_bytes = 0;
    state.ran = 0;
    if (!is_next_piece(specc_input_row_bytes)) {
        return "input out of order";
    }
    board_inference(1);
    state.ran = run_network(&client, &state.ticks);
    board_inference(0);
    return 0;
}

/* ---- what requests do, once. Each returns 0, or why it is refused. ---- */

static const char *take_input(const uint8_t *payload, uint32_t length)
{
    uint32_t offset = word(payload), count = length - WORD;
    if (offset == 0) {
        state.input_bytes = 0;
    }
    if (offset != state.input_bytes || count > specc_input_bytes - offset) {
        return "input out of order";
    }
    for (uint32_t i = 0; i < count; i++) {
        ((uint8_t *)specc_input)[offset + i] = payload[WORD + i];
    }
    state.input_bytes += count;
    state.next_layer = state.input_bytes == specc_input_bytes ? 0 : specc_layer_count;
    return 0;
}

static const char *run_all(void)
{
    if (specc_input_rows_kept) {
        state.runs += (uint32_t)state.ran;
        return state.ran ? 0 : "no input";
    }
    if (state.input_bytes != specc_input_bytes || state.next_layer != 0) {
        return "no input";
    }
    const inference_client client = {0, 0};
    state.next_layer = specc_layer_count; /* the input may be overwritten now */
    board_inference(1);
    run_network(&client, &state.ticks);
    board_inference(0);
    state.runs++;
    return 0;
}

static const char *run_one(uint32_t layer)
{
    if (layer != state.next_layer || layer >= specc_layer_count) {
        return "layer out of order";
    }
    if (specc_call_count != specc_layer_count) {
        return "some layers run by rows";
    }
    specc_layer_ticks[layer] = 0;
    run_call(&specc_calls[layer]);
    state.ticks = specc_layer_ticks[layer];
    state.next_layer = layer + 1;
    return 0;
}

static const char *read_sensor(const uint8_t *payload)
{
    state.acknowledged = i2c_read_word((uint8_t)word(payload), (uint8_t)word(payload + WORD), &state.content);
    return 0;
}

static const char *write_sensor(const uint8_t *payload)
{
    state.acknowledged =
        i2c_write_word((uint8_t)word(payload), (uint8_t)word(payload + WORD), (uint16_t)word(payload + 2 * WORD));
    return 0;
}

static const char *execute(uint8_t type, const uint8_t *payload, uint32_t length)
{
    switch (type) {
    case HELLO:
        state.runs = 0;
        state.input_bytes = 0;
        state.ran = 0;
        state.next_layer = specc_layer_count;
        return 0;
    case INPUT:
        if (length <= WORD) {
            return "short";
        }
        return specc_input_rows_kept ? run_on_rows() : take_input(payload, length);
    case RUN:
        return length == WORD ? run_all() : "short";
    case LAYER:
        return length == WORD ? run_one(word(payload)) : "short";
    case READ:
        return length == 3 * WORD ? 0 : "short";
    case STACK:
    case RESTART:
        return 0;
    case I2C_READ:
        return length == 2 * WORD ? read_sensor(payload) : "short";
    case I2C_WRITE:
        return length == 3 * WORD ? write_sensor(payload) : "short";
    default:
        return "unknown request";
    }
}

/* ---- answers; they change nothing, so that they can be given again ---- */

static void answer_hello(void)
{
    const uint8_t version = VERSION;
    put(&version, 1);
    put(specc_build.hash, sizeof specc_build.hash);
    put_word(specc_build.clock_hz);
    put_word(specc_layer_count);
    put_word(specc_input_bytes);
    put_word(specc_output_bytes);
    put_word(specc_input_rows_kept ? specc_input_row_bytes : 0);
    put_text(specc_network_name);
}

static const char *answer_read(uint32_t what, uint32_t offset, uint32_t count)
{
    const void *from;
    uint32_t size;
    if (what == TICKS) {
        from = specc_layer_ticks;
        size = specc_layer_count * WORD;
    } else if (what == OUTPUT) {
        from = specc_output;
        size = specc_output_bytes;
    } else if (what < specc_layer_count) {
        from = specc_layers[what].output;
        size = specc_layers[what].part_bytes;
    } else {
        return "no such layer";
    }
    if (offset > size || count > size - offset || count > FRAME_PAYLOAD - WORD) {
        return "no such bytes";
    }
    put_word(offset);
    put((const uint8_t *)from + offset, count);
    return 0;
}

static const char *compose(uint8_t type, const uint8_t *payload)
{
    switch (type) {
    case HELLO:
        answer_hello();
        break;
    case INPUT:
        put_word(state.input_bytes);
        break;
    case RUN:
        put_word(word(payload));
        put_word(state.runs);
        put_word(state.ticks);
        break;
    case LAYER:
        put_word(state.next_layer - 1);
        put_word(state.ticks);
        put_word(specc_layers[state.next_layer - 1].part_bytes);
        break;
    case READ:
        return answer_read(word(payload), word(payload + WORD), word(payload + 2 * WORD));
    case STACK:
        put_word(board_stack_used());
        put_word(board_stack_reserved());
        break;
    case I2C_READ:
        put_word((uint32_t)state.acknowledged);
        put_word(state.content);
        break;
    case I2C_WRITE:
        put_word((uint32_t)state.acknowledged);
        break;
    }
    return 0;
}

/* Whether the board may do what this frame asks for: it has been greeted, or is being greeted now. */
static int admit(uint8_t type, const uint8_t *payload, uint32_t length)
{
    if (type == HELLO && length == WORD && (!state.greeted || word(payload) != state.session)) {
        state.greeted = 1;
        state.session = word(payload);
        state.sequence = (uint8_t)(incoming.head[FRAME_SEQUENCE] + 1); /* unlike this one's: it is new */
    }
    return state.greeted;
}

/* Does what the frame asks for, unless it did before. Returns 0 if the board was not greeted. */
static int obey(void)
{
    do {
        uint8_t type = incoming.head[FRAME_TYPE];
        state.interrupted = 0;
        if (!admit(type, incoming.payload, incoming.head[FRAME_LENGTH])) {
            return 0;
        }
        if (incoming.head[FRAME_SEQUENCE] != state.sequence) {
            state.sequence = incoming.head[FRAME_SEQUENCE];
            state.refusal = execute(type, incoming.payload, incoming.head[FRAME_LENGTH]);
        }
    } while (state.interrupted);
    return 1;
}

static void serve(void)
{
    int greeted = obey();
    /* Behind an input that arrived by rows, the frame is its last piece. */
    uint8_t sequence = incoming.head[FRAME_SEQUENCE], type = incoming.head[FRAME_TYPE];
    answer_bytes = 0;
    if (!greeted) {
        frame_send(sequence, NOT_GREETED, answer, 0);
        return;
    }
    const char *wrong = state.refusal ? state.refusal : compose(type, incoming.payload);
    if (wrong) {
        answer_bytes = 0;
        put_text(wrong);
    }
    frame_send(sequence, wrong ? REFUSED : (uint8_t)(type | ANSWER), answer, answer_bytes);
    if (type == RESTART) {
        board_restart();
    }
}

int main(void)
{
    board_init();
    board_inference(0);
    mlperf_start();
    while (next_frame()) {
        serve();
    }
    board_exit(0);
    return 0;
}
