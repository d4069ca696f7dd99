/* SPDX-License-Identifier: Apache-2.0 */

/* The server's side of one login by SCRAM. */

#include "access/scram.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mqtt/protocol.h"
#include "util/base64.h"

#define NONCE_BYTES 18U
#define NONCE_TEXT  (BASE64_SIZE(NONCE_BYTES) - 1)

struct Scram {
        ScramKey key;
        bool is_known; /* else the key is nobody's, and no proof is right */
        char *username;
        char *header;        /* GS2 header of the first message, as the last one must repeat it */
        char *bare;          /* the rest of it */
        char *challenge;     /* ours */
        size_t nonce_length; /* of both nonces, behind the "r=" that challenge begins with */
        char proof[2 + BASE64_SIZE(SCRAM_DIGEST_MAX)];
};

/* A message is printable UTF-8 without NUL, of attributes with commas between. */
typedef struct Message {
        char *text;
        char *at; /* the next attribute; NULL: none */
} Message;

static void message_done(Message *message)
{
        free(message->text);
}

static int message_init(Message *message, Bytes bytes)
{
        if (bytes.length == 0 || bytes.length > SCRAM_MESSAGE_MAX ||
            memchr(bytes.data, 0, bytes.length))
                return REASON_NOT_AUTHORIZED;
        message->text = strndup((const char *)bytes.data, bytes.length);
        message->at = message->text;
        return message->text ? 0 : -ENOMEM;
}

/* The value of the next attribute if it is the one; NULL otherwise. Cuts the text. */
static char *take(Message *message, char name)
{
        char *value = message->at;

        if (!value || value[0] != name || value[1] != '=')
                return NULL;
        strsep(&message->at, ",");
        return value + 2;
}

/* "=2C" is a comma, "=3D" an equals sign, and no other equals sign is legal (RFC 5802, 5.1). */
static bool unescape(char *name)
{
        char *to = name;

        for (const char *at = name; *at; at++) {
                if (*at != '=') {
                        *to++ = *at;
                        continue;
                }
                if (strncmp(at, "=2C", 3) != 0 && strncmp(at, "=3D", 3) != 0)
                        return false;
                *to++ = at[2] == 'C' ? ',' : '=';
                at += 2;
        }
        *to = 0;
        return to > name;
}

/* What the first message says; views into the message. */
typedef struct First {
        size_t header_length;
        char *username;
        char *nonce;
} First;

static bool is_nonce(const char *text)
{
        size_t n = 0;

        for (; text[n]; n++)
                if (text[n] < 0x21 || text[n] > 0x7e)
                        return false;
        return n > 0;
}

/* "n,," or "y,,": no channel binding; between the commas may stand who the client wants to be,
 * which only may be itself. */
static bool read_first(Message *message, First *ret_first)
{
        const char *flag = strsep(&message->at, ",");
        char *authorized = message->at ? strsep(&message->at, ",") : NULL;
        First first = {};

        if (strcmp(flag, "n") != 0 && strcmp(flag, "y") != 0)
                return false;
        if (!authorized || !message->at)
                return false;
        first.header_length = (size_t)(message->at - message->text);
        first.username = take(message, 'n');
        first.nonce = take(message, 'r');
        if (!first.username || !first.nonce || !unescape(first.username) || !is_nonce(first.nonce))
                return false;
        if (authorized[0] && (strncmp(authorized, "a=", 2) != 0 || !unescape(authorized + 2) ||
                              strcmp(authorized + 2, first.username) != 0))
                return false;
        *ret_first = first;
        return true;
}

int scram_peek_username(Bytes first, char **ret_username)
{
        _cleanup_(message_done) Message message = {};
        int r = message_init(&message, first);
        First read;
        char *name;

        if (r != 0)
                return r;
        if (!read_first(&message, &read))
                return REASON_NOT_AUTHORIZED;
        name = strdup(read.username);
        if (!name)
                return -ENOMEM;
        *ret_username = name;
        return 0;
}

/* --- the challenge --- */

/*
 * Of a user who is not there another one's key, with a salt that is made from that key and the
 * name: the same at each try and after each restart, as that of a user would be.
 */
static int find_key(Scram *scram, const Passwords *passwords, ScramHash hash)
{
        const Bytes name = bytes_from_string(scram->username);
        uint8_t digest[SCRAM_DIGEST_MAX];
        gnutls_hmac_hd_t state;

        if (!passwords_find_scram(passwords, hash, name, &scram->key, &scram->is_known))
                return REASON_BAD_AUTHENTICATION_METHOD;
        if (scram->is_known)
                return 0;
        if (gnutls_hmac_init(&state, GNUTLS_MAC_SHA512, scram->key.server,
                             scram_digest_size(hash)) < 0)
                return -ENOMEM;
        gnutls_hmac(state, "salt of nobody", 14);
        gnutls_hmac(state, name.data, name.length);
        gnutls_hmac_deinit(state, digest);
        memcpy(scram->key.salt, digest, scram->key.salt_length);
        return 0;
}

static int make_challenge(Scram *scram, const char *client_nonce)
{
        char salt[BASE64_SIZE(SCRAM_SALT_MAX)], nonce[NONCE_TEXT + 1];
        uint8_t random[NONCE_BYTES];

        if (gnutls_rnd(GNUTLS_RND_NONCE, random, sizeof(random)) < 0)
                return -EIO;
        base64_encode((Bytes){random, sizeof(random)}, nonce);
        base64_encode((Bytes){scram->key.salt, scram->key.salt_length}, salt);
        scram->nonce_length = strlen(client_nonce) + NONCE_TEXT;
        if (asprintf(&scram->challenge, "r=%s%s,s=%s,i=%u", client_nonce, nonce, salt,
                     (unsigned)scram->key.iterations) >= 0)
                return 0;
        scram->challenge = NULL;
        return -ENOMEM;
}

int scram_new(const Passwords *passwords, ScramHash hash, Bytes first, Scram **ret_scram)
{
        _cleanup_(scram_freep) Scram *scram = NULL;
        _cleanup_(message_done) Message message = {};
        First read;
        int r;

        r = message_init(&message, first);
        if (r != 0)
                return r;
        if (!read_first(&message, &read))
                return REASON_NOT_AUTHORIZED;
        scram = calloc(1, sizeof(*scram));
        if (!scram)
                return -ENOMEM;
        scram->username = strdup(read.username);
        scram->header = strndup((const char *)first.data, read.header_length);
        scram->bare = strndup((const char *)first.data + read.header_length,
                              first.length - read.header_length);
        if (!scram->username || !scram->header || !scram->bare)
                return -ENOMEM;
        r = find_key(scram, passwords, hash);
        if (r == 0)
                r = make_challenge(scram, read.nonce);
        if (r != 0)
                return r;
        *ret_scram = TAKE_PTR(scram);
        return 0;
}

Scram *scram_free(Scram *scram)
{
        if (!scram)
                return NULL;
        free(scram->username);
        free(scram->header);
        free(scram->bare);
        free(scram->challenge);
        explicit_bzero(&scram->key, sizeof(scram->key));
        free(scram);
        return NULL;
}

const char *scram_username(const Scram *scram)
{
        return scram->username;
}

ScramHash scram_hash(const Scram *scram)
{
        return scram->key.hash;
}

Bytes scram_challenge(const Scram *scram)
{
        return bytes_from_string(scram->challenge);
}

/* --- proofs --- */

/* HMAC with this key of all that was said. final: without the client's proof. */
static int sign(const Scram *scram, const uint8_t *key, Bytes final, uint8_t *ret_digest)
{
        const gnutls_mac_algorithm_t mac =
                scram->key.hash == SCRAM_SHA_256 ? GNUTLS_MAC_SHA256 : GNUTLS_MAC_SHA512;
        gnutls_hmac_hd_t state;

        if (gnutls_hmac_init(&state, mac, key, scram_digest_size(scram->key.hash)) < 0)
                return -ENOMEM;
        gnutls_hmac(state, scram->bare, strlen(scram->bare));
        gnutls_hmac(state, ",", 1);
        gnutls_hmac(state, scram->challenge, strlen(scram->challenge));
        gnutls_hmac(state, ",", 1);
        gnutls_hmac(state, final.data, final.length);
        gnutls_hmac_deinit(state, ret_digest);
        return 0;
}

/* Whether the key that the proof hides is the one whose digest is stored. */
static int check_proof(const Scram *scram, const uint8_t *proof, Bytes final)
{
        const gnutls_digest_algorithm_t hash =
                scram->key.hash == SCRAM_SHA_256 ? GNUTLS_DIG_SHA256 : GNUTLS_DIG_SHA512;
        const size_t size = scram_digest_size(scram->key.hash);
        uint8_t client[SCRAM_DIGEST_MAX], digest[SCRAM_DIGEST_MAX];
        int r = sign(scram, scram->key.stored, final, client);
        bool is_right;

        if (r < 0)
                return r;
        for (size_t i = 0; i < size; i++)
                client[i] ^= proof[i];
        if (gnutls_hash_fast(hash, client, size, digest) < 0)
                return -ENOMEM;
        is_right = gnutls_memcmp(digest, scram->key.stored, size) == 0;
        explicit_bzero(client, sizeof(client));
        return is_right && scram->is_known ? 0 : REASON_NOT_AUTHORIZED;
}

/* The header of the first message in base64, without what channel binding would add. */
static bool repeats_header(const Scram *scram, const char *text)
{
        uint8_t header[SCRAM_MESSAGE_MAX];
        Bytes decoded;

        return text && base64_decode(bytes_from_string(text), header, sizeof(header), &decoded) &&
               bytes_equal(decoded, bytes_from_string(scram->header));
}

static bool repeats_nonce(const Scram *scram, const char *text)
{
        return text && strlen(text) == scram->nonce_length &&
               memcmp(text, scram->challenge + 2, scram->nonce_length) == 0;
}

/* The last attribute; those before it that nobody knows are optional. */
static char *take_proof(Message *message)
{
        while (message->at && message->at[0] != 'p')
                strsep(&message->at, ",");
        return take(message, 'p');
}

int scram_finish(Scram *scram, Bytes final, Bytes *ret_proof)
{
        const size_t size = scram_digest_size(scram->key.hash);
        uint8_t proof[SCRAM_DIGEST_MAX], digest[SCRAM_DIGEST_MAX];
        _cleanup_(message_done) Message message = {};
        const char *text;
        Bytes decoded;
        int r;

        r = message_init(&message, final);
        if (r != 0)
                return r;
        if (!repeats_header(scram, take(&message, 'c')) ||
            !repeats_nonce(scram, take(&message, 'r')))
                return REASON_NOT_AUTHORIZED;
        text = take_proof(&message);
        if (!text || message.at || !base64_decode(bytes_from_string(text), proof, size, &decoded) ||
            decoded.length != size)
                return REASON_NOT_AUTHORIZED;
        final.length = (size_t)(text - message.text) - strlen(",p=");
        r = check_proof(scram, proof, final);
        if (r == 0)
                r = sign(scram, scram->key.server, final, digest);
        if (r != 0)
                return r;
        memcpy(scram->proof, "v=", 2);
        base64_encode((Bytes){digest, size}, scram->proof + 2);
        *ret_proof = bytes_from_string(scram->proof);
        return 0;
}
