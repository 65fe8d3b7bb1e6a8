/* Frames on a serial line: each is whole and correct, or it is dropped.
 *
 *   start (0x7E) | length | sequence | type | payload of `length` bytes | CRC-32 of all that stands before it but start
 *
 * Behind the start byte, 0x7E and 0x7D are sent as 0x7D and the byte with bit 5 flipped (RFC 1662, section 4.2), so
 * that a start byte always starts a frame, whatever was lost before it. The CRC is the usual one of 32 bits (IEEE
 * 802.3, section 3.2.9), least significant byte first. backends/specc_backends/serial_board/frames.py is the other end.
 */
#ifndef SPECC_FRAME_H
#define SPECC_FRAME_H

#include <stdint.h>

enum { FRAME_START = 0x7E, FRAME_PAYLOAD = 128 };

typedef enum { FRAME_UNFINISHED, FRAME_WHOLE, FRAME_BROKEN } frame_state;

typedef struct {
    uint8_t head[3]; /* length, sequence, type */
    uint8_t payload[FRAME_PAYLOAD];
    uint8_t checksum[4];
    uint32_t received; /* bytes behind the start byte */
    uint32_t crc;      /* of head and payload, as far as received */
    int escaped;
} frame_receiver;

enum { FRAME_LENGTH, FRAME_SEQUENCE, FRAME_TYPE };

/* CRC-32 over further bytes. Begins with a crc of 0. */
uint32_t frame_crc(uint32_t crc, const uint8_t *bytes, uint32_t count);

/* Makes ready for the byte that follows a start byte. */
void frame_begin(frame_receiver *receiver);

/* Takes one byte that is no start byte. */
frame_state frame_take(frame_receiver *receiver, uint8_t byte);

/* Sends a frame. */
void frame_send(uint8_t sequence, uint8_t type, const uint8_t *payload, uint32_t length);

#endif
