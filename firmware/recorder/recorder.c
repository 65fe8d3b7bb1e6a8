/* The program of a recorder: a board beside the measured one, which reads the current of its supply and sends it on.
 *
 * It only speaks, in the frames of frame.h; their sequence numbers count up. Numbers are little endian. Two types:
 *
 *   0x40 FACTS    version (1 byte), conversions in a sample (1 byte), largest conversion (2 bytes), samples a second
 *                 (4 bytes); before the first frame of samples, and about once in a second
 *   0x41 SAMPLES  index of the first sample since the start (4 bytes), conversions in this frame at the end of the
 *                 converter's range (2 bytes), samples of 2 bytes each
 *
 * A sample is the sum of its conversions, and in its highest bit whether most of them found the mark high. 2,500
 * samples a second pass at 115,200 baud even if every byte has to be escaped: 41 frames of 271 bytes.
 */
#include "board.h"
#include "frame.h"
#include "sampler.h"
#include "serial.h"

enum { FACTS = 0x40, SAMPLES };
enum { VERSION = 1, SUMMED = 8, SAMPLES_IN_FRAME = 61, FRAMES_BETWEEN_FACTS = 41, MARK_BIT = 15 };

static uint8_t payload[FRAME_PAYLOAD];
static uint32_t payload_bytes;
static uint8_t sequence;

static void put(uint32_t number, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) {
        payload[payload_bytes++] = (uint8_t)(number >> 8 * i);
    }
}

static void send(uint8_t type)
{
    frame_send(sequence++, type, payload, payload_bytes);
    payload_bytes = 0;
}

static void send_facts(void)
{
    put(VERSION, 1);
    put(SUMMED, 1);
    put(SAMPLER_TOP, 2);
    put(SAMPLER_HERTZ / SUMMED, 4);
    send(FACTS);
}

/* The next pair. Where one was lost the count is no longer true: the board starts over, and the host sees that. */
static sampler_pair next_pair(void)
{
    sampler_pair pair;
    sampler_state state;
    do {
        state = sampler_take(&pair);
        if (state == SAMPLER_LOST) {
            board_restart();
        }
    } while (state == SAMPLER_EMPTY);
    return pair;
}

/* The next sample; conversions that lie at the end of the range are added to `clipped`. */
static uint32_t next_sample(uint32_t *clipped)
{
    uint32_t sum = 0, high = 0;
    for (int i = 0; i < SUMMED; i++) {
        sampler_pair pair = next_pair();
        sum += pair.current;
        high += pair.mark > SAMPLER_TOP / 2;
        *clipped += pair.current >= SAMPLER_TOP;
    }
    return sum | (uint32_t)(high > SUMMED / 2) << MARK_BIT;
}

int main(void)
{
    board_init();
    sampler_start();
    uint32_t index = 0;
    for (uint32_t frames = 0;; frames++) {
        if (frames % FRAMES_BETWEEN_FACTS == 0) {
            send_facts();
        }
        uint32_t samples[SAMPLES_IN_FRAME], clipped = 0;
        for (int i = 0; i < SAMPLES_IN_FRAME; i++) {
            samples[i] = next_sample(&clipped);
        }
        put(index, 4);
        put(clipped, 2);
        for (int i = 0; i < SAMPLES_IN_FRAME; i++) {
            put(samples[i], 2);
        }
        send(SAMPLES);
        index += SAMPLES_IN_FRAME;
    }
}
