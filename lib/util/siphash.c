/* SPDX-License-Identifier: Apache-2.0 */
/* siphash.c: SipHash with one round per word and three at the end (Aumasson, Bernstein 2012). */

#include "util/siphash.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "util/macro.h"

/* The process' key: written once by hash_seed_init(), before there are threads. */
static HashKey process_key;

typedef struct SipState {
        uint64_t v0, v1, v2, v3;
} SipState;

static inline uint64_t rotate_left(uint64_t value, unsigned bits)
{
        return value << bits | value >> (64 - bits);
}

static inline uint64_t load_le64(const uint8_t *from)
{
        uint64_t word;

        memcpy(&word, from, sizeof(word));
        return le64toh(word);
}

static inline SipState sip_round(SipState s)
{
        s.v0 += s.v1;
        s.v2 += s.v3;
        s.v1 = rotate_left(s.v1, 13) ^ s.v0;
        s.v3 = rotate_left(s.v3, 16) ^ s.v2;
        s.v0 = rotate_left(s.v0, 32);
        s.v2 += s.v1;
        s.v0 += s.v3;
        s.v1 = rotate_left(s.v1, 17) ^ s.v2;
        s.v3 = rotate_left(s.v3, 21) ^ s.v0;
        s.v2 = rotate_left(s.v2, 32);
        return s;
}

static inline SipState sip_word(SipState s, uint64_t word)
{
        s.v3 ^= word;
        s = sip_round(s);
        s.v0 ^= word;
        return s;
}

/* The last length % 8 bytes as the low bytes of a word, the length modulo 256 as its top byte. */
static inline uint64_t last_word(const uint8_t *data, size_t length)
{
        uint64_t word = (uint64_t)length << 56;
        size_t left = length & 7;
        const uint8_t *tail = data + (length - left);

        if (left == 0)
                return word;
        if (_likely_(length >= 8)) /* one load that overlaps what is already hashed */
                return word | load_le64(data + length - 8) >> (64 - 8 * left);
        for (size_t i = 0; i < left; i++)
                word |= (uint64_t)tail[i] << (8 * i);
        return word;
}

static inline uint64_t sip_hash(const uint8_t *data, size_t length, const HashKey *key)
{
        uint64_t k0 = load_le64(key->bytes), k1 = load_le64(key->bytes + 8);
        SipState s = {
                .v0 = k0 ^ UINT64_C(0x736f6d6570736575), /* "somepseudorandomlygeneratedbytes" */
                .v1 = k1 ^ UINT64_C(0x646f72616e646f6d),
                .v2 = k0 ^ UINT64_C(0x6c7967656e657261),
                .v3 = k1 ^ UINT64_C(0x7465646279746573),
        };

        for (size_t i = 0; i + 8 <= length; i += 8)
                s = sip_word(s, load_le64(data + i));
        s = sip_word(s, last_word(data, length));
        s.v2 ^= 0xff;
        s = sip_round(sip_round(sip_round(s)));
        return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

uint64_t siphash13(const void *data, size_t length, const HashKey *key)
{
        return sip_hash(data, length, key);
}

int hash_key_random(HashKey *ret_key)
{
        HashKey key;
        size_t have = 0;

        while (have < sizeof(key.bytes)) {
                ssize_t n = getrandom(key.bytes + have, sizeof(key.bytes) - have, 0);

                if (n < 0 && errno != EINTR)
                        return -errno;
                if (n > 0)
                        have += (size_t)n;
        }
        *ret_key = key;
        return 0;
}

int hash_seed_init(void)
{
        return hash_key_random(&process_key);
}

uint64_t hash_bytes(const void *data, size_t length)
{
        return sip_hash(data, length, &process_key);
}
