/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Mosquitto's persistence file (mosquitto.db), versions 3 to 6, chunk by chunk: 15 bytes of magic,
 * four of a checksum that nobody ever computed, the version; then chunks, each with its type and
 * its length in front.
 *
 * Nothing of it is believed. The file may have been written by a machine of another kind.
 *
 * Thread: any (one at a time)
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "transfer/mosquitto-chunk.h"
#include "util/bytes.h"

typedef struct MosquittoFile {
        Bytes bytes;
        size_t at; /* where the next chunk begins */
        MosquittoLayout layout;
} MosquittoFile;

/* `bytes` is all of the file, and outlives it. 0; -EBADMSG: it is none of Mosquitto's;
 * -EPROTONOSUPPORT: of another version (file->layout.version is set), or of a Mosquitto that was
 * built with numbers of another size. */
int mosquitto_file_open(Bytes bytes, MosquittoFile *ret_file);

/* 1; 0: that was the last; -EBADMSG: what begins at file->at is damaged. Then and only then
 * mosquitto_file_skip() makes sense. */
int mosquitto_file_next(MosquittoFile *file, MosquittoChunk *ret_chunk);

/* Passes over the damaged chunk. False: where the next begins is not to be found. */
bool mosquitto_file_skip(MosquittoFile *file);

/* The chunk that was found at this offset before. */
MosquittoChunk mosquitto_file_again(const MosquittoFile *file, size_t offset);

/* The type that what begins at file->at says it is of. */
unsigned mosquitto_file_type(const MosquittoFile *file);
