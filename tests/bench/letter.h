/* SPDX-License-Identifier: Apache-2.0 */
/* A PUBLISH encoded once, of which only the packet identifier and the stamp change. */
/* Thread: any */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/buffer.h"
#include "bench/wire.h"

/* The first bytes of each payload: who sent it, the how manieth of that sender, and when it was
 * meant to be sent (CLOCK_MONOTONIC, ns): later than this by queueing in the generator too, so
 * that latency does not omit what a slow broker held up. */
typedef struct Stamp {
        uint32_t sender;
        uint32_t sequence;
        uint64_t intended;
} Stamp;

/* What to encode; payload_size counts the stamp and must not be below sizeof(Stamp). */
typedef struct LetterForm {
        uint8_t version;
        uint8_t qos;
        bool retain;
        uint32_t payload_size;
} LetterForm;

typedef struct Letter {
        uint8_t *data;
        size_t size;
        size_t id_at; /* 0 in QoS 0 */
        size_t stamp_at;
} Letter;

/* Returns 0 or -ENOMEM. */
int letter_init(Letter *letter, const LetterForm *form, const char *topic);
void letter_done(Letter *letter);

/* Appends the packet with this stamp and packet identifier. Returns 0 or -ENOMEM. */
int letter_put(const Letter *letter, const Stamp *stamp, uint16_t id, Buffer *out);

/* Reads the stamp and compares every byte after it with what letter_init() wrote.
 * Returns 0 or -EBADMSG. */
int letter_read(const Publish *publish, Stamp *ret);
