/* SPDX-License-Identifier: Apache-2.0 */
/* siphash.h: SipHash-1-3, a hash whose collisions a peer without the key cannot make.
 * Thread: any */
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct HashKey {
        uint8_t bytes[16];
} HashKey;

/* The 64 bit SipHash-1-3 of `length` bytes (the same on every machine). data may be NULL if length
 * is 0. */
uint64_t siphash13(const void *data, size_t length, const HashKey *key);

/* Fills the key from the kernel's generator. Returns 0 or -errno. */
int hash_key_random(HashKey *ret_key);

/* Draws the process' key. main calls it once before any thread and any hash; without it the key is
 * all zero and hashes are the same in each run, which is what tests want. Returns 0 or -errno. */
int hash_seed_init(void);

/* siphash13 with the process' key: for every table in memory; never for what is stored. */
uint64_t hash_bytes(const void *data, size_t length);
