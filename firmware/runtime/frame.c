#include "frame.h"

#include "board.h"

enum { ESCAPE = 0x7D, FLIPPED = 0x20, HEAD = 3, CHECKSUM = 4 };

/* Bit by bit: a table would take 1 KiB of flash, and a byte takes far longer on the line than here. */
uint32_t frame_crc(uint32_t crc, const uint8_t *bytes, uint32_t count)
{
    crc = ~crc;
    for (uint32_t i = 0; i < count; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1u)));
        }
    }
    return ~crc;
}

void frame_begin(frame_receiver *receiver)
{
    receiver->received = 0;
    receiver->crc = 0;
    receiver->escaped = 0;
}

frame_state frame_take(frame_receiver *receiver, uint8_t byte)
{
    if (byte == ESCAPE) {
        receiver->escaped = 1;
        return FRAME_UNFINISHED;
    }
    if (receiver->escaped) {
        byte ^= FLIPPED;
        receiver->escaped = 0;
    }
    uint32_t at = receiver->received++;
    if (at < HEAD) {
        receiver->head[at] = byte;
        receiver->crc = frame_crc(receiver->crc, &byte, 1);
        return receiver->head[FRAME_LENGTH] > FRAME_PAYLOAD ? FRAME_BROKEN : FRAME_UNFINISHED;
    }
    at -= HEAD;
    uint32_t length = receiver->head[FRAME_LENGTH];
    if (at < length) {
        receiver->payload[at] = byte;
        receiver->crc = frame_crc(receiver->crc, &byte, 1);
        return FRAME_UNFINISHED;
    }
    at -= length;
    receiver->checksum[at] = byte;
    if (at + 1 < CHECKSUM) {
        return FRAME_UNFINISHED;
    }
    uint32_t sent = 0;
    for (int i = CHECKSUM - 1; i >= 0; i--) {
        sent = sent << 8 | receiver->checksum[i];
    }
    return sent == receiver->crc ? FRAME_WHOLE : FRAME_BROKEN;
}

static void send(const uint8_t *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        char escaped[2] = {ESCAPE, (char)(bytes[i] ^ FLIPPED)};
        int special = bytes[i] == FRAME_START || bytes[i] == ESCAPE;
        board_write(special ? escaped : (const char *)&bytes[i], special ? 2 : 1);
    }
}

void frame_send(uint8_t sequence, uint8_t type, const uint8_t *payload, uint32_t length)
{
    const char start = FRAME_START;
    const uint8_t head[HEAD] = {(uint8_t)length, sequence, type};
    uint32_t crc = frame_crc(frame_crc(0, head, HEAD), payload, length);
    const uint8_t checksum[CHECKSUM] = {(uint8_t)crc, (uint8_t)(crc >> 8), (uint8_t)(crc >> 16), (uint8_t)(crc >> 24)};
    board_write(&start, 1);
    send(head, HEAD);
    send(payload, length);
    send(checksum, CHECKSUM);
}
