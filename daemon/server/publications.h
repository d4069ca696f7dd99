/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What this worker has published and the store is to keep: message, takers, and that its packet
 * identifier is used, in one piece. A queue, in the order of the messages' numbers: the first one
 * waits until all workers that were asked have told which of their sessions took it.
 *
 * A publication is open from publication_begin() to publication_end(); meanwhile it is offered to
 * takers (taken.h). Without a store all of this does nothing.
 *
 * Thread: worker
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "broker/message.h"
#include "broker/persist-record.h"
#include "broker/ring.h"
#include "broker/session-id.h"

typedef struct Connection Connection;
typedef struct Shard Shard;

/* Whom a publication answers, and what else becomes true with it. */
typedef struct PublicationOrigin {
        Connection *connection;  /* that is to have PUBACK or PUBREC; NULL: nobody */
        struct Receipt *receipt; /* what is over instead, if it is written; NULL: none */
        uint16_t packet_id;
        uint32_t will_of; /* number of the session whose will it is; 0: of none */
        uint32_t leaver;  /* number of a session that had the message before, */
        uint64_t left;    /* which had this number then; 0: of none */
} PublicationOrigin;

#define PUBLICATION_NO_PLACE UINT64_MAX

typedef struct Publication {
        Message *message; /* a reference */
        PublicationOrigin origin;
        PersistTakerList takers;
        uint64_t place;      /* of its answer: held.h; PUBLICATION_NO_PLACE: there is none */
        SessionId publisher; /* of a PUBLISH at QoS 2; else SESSION_ID_NONE */
        uint64_t promised;   /* room in the store, until it is written */
        uint32_t workers;    /* which ones have told takers */
        uint32_t unanswered; /* mails */
        bool is_lost;        /* a taker could not be noted: it must not be acknowledged */
} Publication;

/* Lists of takers that are kept, so that a publication needs no new memory. */
#define PUBLICATIONS_SPARE 32U

typedef struct Publications {
        Ring queue; /* the last one may be open */
        bool is_open;
        PersistTakerList spare[PUBLICATIONS_SPARE];
        unsigned n_spare;
} Publications;

/* 0 or -ENOMEM. */
int publications_new(Publications **ret_publications);
Publications *publications_free(Publications *publications);

/* Whether messages of this QoS are kept for those who take them. */
bool publication_is_kept(const Shard *shard, uint8_t qos);
/* The number that a message of this QoS is to be made with; 0: none. */
uint64_t publication_number(const Shard *shard, uint8_t qos);

/* What a message of so many bytes may cost in the store, as store_cost(), without its takers. */
uint64_t publication_cost(size_t message_size);

/* The message is about to be routed. The answer to its publisher has its place behind those of
 * before. 0 or -ENOMEM: then nothing has begun. */
int publication_begin(Shard *shard, Message *message, const PublicationOrigin *origin);

/* A mail about the message goes to another worker, which will answer. */
void publication_asked(Shard *shard, const Message *message);

/* It has been routed; reason: what its publisher is to hear, now or later. 1: nothing was open, and
 * nobody will be told; 0 or -ENOMEM. */
int publication_end(Shard *shard, uint8_t reason);

/* It has not been routed: as if it had not begun. */
void publication_abort(Shard *shard);

/* All that need wait no longer are written; also when other messages are on the disk now. */
void publications_go_on(Shard *shard);

/* The number of the oldest one that is not complete, or 0. */
uint64_t publications_oldest(const Publications *publications);

/* One mail about the message with this number was answered: by the worker, who adds these. is_lost:
 * there are more, which it had no memory for. */
void publication_answered(Shard *shard, uint64_t number, unsigned worker, bool is_lost,
                          const PersistTakerList *takers);
