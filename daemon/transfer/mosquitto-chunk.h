/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What is in one chunk of Mosquitto's persistence file (mosquitto-file.h), in the words of the
 * versions 3 to 6. All is views into the file.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/bytes.h"

typedef enum MosquittoChunkType {
        MOSQUITTO_CONFIG = 1,
        MOSQUITTO_MESSAGE = 2,      /* one of the messages that others name by its number */
        MOSQUITTO_DELIVERY = 3,     /* a message on its way to or from a client */
        MOSQUITTO_RETAINED = 4,     /* the message is what its topic retains */
        MOSQUITTO_SUBSCRIPTION = 5, /* of a client */
        MOSQUITTO_CLIENT = 6,       /* with a session that outlives its connection */
        MOSQUITTO_CHUNK_TYPES,
} MosquittoChunkType;

typedef struct MosquittoConfig {
        uint64_t last_message;
        uint8_t number_size; /* of the numbers of messages, in bytes */
} MosquittoConfig;

typedef struct MosquittoMessage {
        uint64_t number;
        int64_t expires; /* seconds since the epoch; 0: never */
        Bytes source;    /* client identifier */
        Bytes topic, payload;
        Bytes properties; /* what is passed on, in the encoding of MQTT 5; not its length */
        uint8_t qos;
        bool retain;
} MosquittoMessage;

typedef enum MosquittoState {
        MOSQUITTO_SEND_QOS_0 = 1,
        MOSQUITTO_SEND_QOS_1 = 2,
        MOSQUITTO_WAIT_PUBACK = 3,
        MOSQUITTO_SEND_QOS_2 = 4,
        MOSQUITTO_WAIT_PUBREC = 5,
        MOSQUITTO_SEND_PUBREL = 6,
        MOSQUITTO_WAIT_PUBREL = 7,
        MOSQUITTO_SEND_PUBCOMP = 8,
        MOSQUITTO_WAIT_PUBCOMP = 9,
        MOSQUITTO_SEND_PUBREC = 10,
        MOSQUITTO_QUEUED = 11,
} MosquittoState;

typedef struct MosquittoDelivery {
        uint64_t message;
        Bytes client_id;
        uint32_t identifier; /* of the subscription; 0: none */
        uint16_t packet_id;
        uint8_t qos;
        uint8_t state; /* MosquittoState */
        bool retain;
        bool incoming;
} MosquittoDelivery;

typedef struct MosquittoSubscription {
        Bytes client_id, filter;
        uint32_t identifier; /* 0: none */
        uint8_t options;     /* as in SUBSCRIBE */
} MosquittoSubscription;

typedef struct MosquittoClient {
        Bytes client_id;
        int64_t end;     /* seconds since the epoch; 0: it was connected, or it never ends */
        uint32_t expiry; /* interval; UINT32_MAX, and what older versions have: never */
        uint16_t last_id;
} MosquittoClient;

typedef struct MosquittoChunk {
        MosquittoChunkType type;
        size_t offset; /* in the file */
        union {
                MosquittoConfig config;
                MosquittoMessage message;
                MosquittoDelivery delivery;
                uint64_t retained; /* number of a message */
                MosquittoSubscription subscription;
                MosquittoClient client;
        };
} MosquittoChunk;

/* How the file was written. */
typedef struct MosquittoLayout {
        uint32_t version;
        bool is_big_endian; /* the machine, which shows in numbers that Mosquitto did not convert */
        bool is_packed;     /* a machine that aligns eight bytes to four */
} MosquittoLayout;

/*
 * Reads the fields of a chunk of this type out of `body` and checks that a broker could have had
 * them: text is UTF-8, topics and filters are valid, QoS is 2 at most. `length` is what the chunk
 * says of itself: bodies of versions before 5 go on to the end of the file, for only the fields say
 * where they end. *ret_used is where that is. 0 or -EBADMSG.
 */
int mosquitto_chunk_read(const MosquittoLayout *layout, Bytes body, size_t length,
                         MosquittoChunk *chunk, size_t *ret_used);

/* What to call it in a message. */
const char *mosquitto_chunk_name(unsigned type);
