/* SPDX-License-Identifier: Apache-2.0 */
/* What each author has among the retained messages. */

#include "broker/holdings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/siphash.h"

typedef struct Holder {
        uint64_t hash;
        Holding has;
        uint16_t length;
        uint8_t name[];
} Holder;

static bool holder_equal(const void *entry, Bytes name)
{
        const Holder *holder = entry;

        return bytes_equal((Bytes){holder->name, holder->length}, name);
}

static uint64_t hash_of(Bytes name)
{
        return hash_bytes(name.data, name.length);
}

int holdings_new(Holdings **ret_holdings)
{
        Holdings *holdings = malloc(sizeof(*holdings));

        if (!holdings)
                return -ENOMEM;
        hashmap_init(&holdings->clients, holder_equal);
        hashmap_init(&holdings->users, holder_equal);
        *ret_holdings = holdings;
        return 0;
}

static void free_all(Hashmap *holders)
{
        Holder *holder;

        hashmap_foreach (holders, i, holder)
                free(holder);
        hashmap_done(holders);
}

Holdings *holdings_free(Holdings *holdings)
{
        if (!holdings)
                return NULL;
        free_all(&holdings->clients);
        free_all(&holdings->users);
        free(holdings);
        return NULL;
}

/* --- one holder --- */

static int begin(Hashmap *holders, uint64_t hash, Bytes name, Holder **ret_holder)
{
        Holder *holder = malloc(sizeof(*holder) + name.length);

        if (!holder)
                return -ENOMEM;
        *holder = (Holder){.hash = hash, .length = (uint16_t)name.length};
        if (name.length > 0)
                memcpy(holder->name, name.data, name.length);
        if (hashmap_add(holders, hash, holder) < 0) {
                free(holder);
                return -ENOMEM;
        }
        *ret_holder = holder;
        return 0;
}

static int give(Hashmap *holders, Bytes name, size_t size)
{
        const uint64_t hash = hash_of(name);
        Holder *holder = hashmap_find(holders, hash, name);
        int r = holder ? 0 : begin(holders, hash, name, &holder);

        if (r < 0)
                return r;
        holder->has.messages++;
        holder->has.bytes += size;
        return 0;
}

static void take(Hashmap *holders, Bytes name, size_t size)
{
        Holder *holder = hashmap_find(holders, hash_of(name), name);

        holder->has.messages--;
        holder->has.bytes -= size;
        if (holder->has.messages > 0)
                return;
        hashmap_remove_entry(holders, holder->hash, holder);
        free(holder);
}

static Holding look(const Hashmap *holders, Bytes name)
{
        const Holder *holder = hashmap_find(holders, hash_of(name), name);

        return holder ? holder->has : (Holding){};
}

/* --- all --- */

int holdings_add(Holdings *holdings, const Message *message)
{
        const size_t size = message_size(message);
        MessageAuthor author;
        int r;

        if (!message_author(message, &author))
                return 0;
        r = give(&holdings->clients, author.client_id, size);
        if (r < 0 || !author.username.data)
                return r;
        r = give(&holdings->users, author.username, size);
        if (r < 0)
                take(&holdings->clients, author.client_id, size);
        return r;
}

void holdings_remove(Holdings *holdings, const Message *message)
{
        const size_t size = message_size(message);
        MessageAuthor author;

        if (!message_author(message, &author))
                return;
        take(&holdings->clients, author.client_id, size);
        if (author.username.data)
                take(&holdings->users, author.username, size);
}

Holding holdings_of_client(const Holdings *holdings, Bytes client_id)
{
        return look(&holdings->clients, client_id);
}

Holding holdings_of_user(const Holdings *holdings, Bytes username)
{
        return look(&holdings->users, username);
}
