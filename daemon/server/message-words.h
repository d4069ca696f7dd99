/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The properties of an application message in words, as an administrator writes and reads them.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buffer.h"
#include "util/bytes.h"

typedef struct Message Message;

typedef struct WordPair {
        const char *name, *value;
} WordPair;

/* Zeroed: there is none. */
typedef struct MessageWords {
        const char *content_type;   /* NULL: none */
        const char *response_topic; /* NULL: none */
        Bytes correlation_data;     /* data NULL: none */
        const WordPair *user;       /* in their order */
        size_t n_user;
        bool has_payload_format;
        uint8_t payload_format; /* 1: text in UTF-8, 0: bytes */
} MessageWords;

/* The longest text that MQTT carries, bytes. */
#define MESSAGE_TEXT_MAX 65535U

/* Appends them as MQTT 5 writes them, without their length. They are what MQTT allows. 0 or
 * -ENOMEM. */
int message_words_encode(const MessageWords *words, Buffer *to);

/* Those of the message, texts made clean (utf8_clean()); *ret_memory holds them and is the caller's
 * to free(). 0 or -ENOMEM. */
int message_words_decode(const Message *message, MessageWords *ret_words, void **ret_memory);
