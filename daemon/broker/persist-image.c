/* SPDX-License-Identifier: Apache-2.0 */
/* persist-image.c: sessions by number, and two lists of places. */
#include "broker/persist-image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/persist-key.h"
#include "util/siphash.h"

static bool equals_session(const void *entry, Bytes key)
{
        return memcmp(&((const PersistSession *)entry)->head.number, key.data, sizeof(uint32_t)) ==
               0;
}

static Bytes number_bytes(const uint32_t *number)
{
        return (Bytes){(const uint8_t *)number, sizeof(*number)};
}

PersistSession *persist_image_session(const PersistImage *image, uint32_t number)
{
        return hashmap_find(&image->sessions, hash_bytes(&number, sizeof(number)),
                            number_bytes(&number));
}

int persist_image_add(PersistImage *image, PersistSession *session)
{
        const uint32_t number = session->head.number;

        return hashmap_add(&image->sessions, hash_bytes(&number, sizeof(number)), session);
}

PersistImage *persist_image_new(void)
{
        PersistImage *image = calloc(1, sizeof(*image));

        if (image)
                hashmap_init(&image->sessions, equals_session);
        return image;
}

static void places_done(PersistPlaces *places)
{
        for (size_t i = 0; i < places->count; i++)
                free(places->items[i].key);
        free(places->items);
}

PersistImage *persist_image_free(PersistImage *image)
{
        PersistSession *session;

        if (!image)
                return NULL;
        hashmap_foreach (&image->sessions, i, session)
                persist_session_free(session);
        hashmap_done(&image->sessions);
        places_done(&image->damaged);
        places_done(&image->leftover);
        free(image);
        return NULL;
}

/* --- what is to be moved or deleted --- */

static int note(PersistPlaces *places, unsigned table, Bytes key)
{
        size_t capacity = MAX(places->capacity * 2, (size_t)8);
        PersistPlace place = {table, key.length, NULL}, *items;
        int r;

        if (places->count == places->capacity) {
                items = reallocarray(places->items, capacity, sizeof(*items));
                if (!items)
                        return -ENOMEM;
                places->items = items;
                places->capacity = capacity;
        }
        r = bytes_duplicate(key, &place.key);
        if (r == 0)
                places->items[places->count++] = place;
        return r;
}

int persist_image_damaged(PersistImage *image, unsigned table, Bytes key)
{
        return note(&image->damaged, table, key);
}

int persist_image_leave(PersistImage *image, unsigned table, Bytes key)
{
        return note(&image->leftover, table, key);
}

static int move_damaged(StoreTxn *txn, const PersistPlace *place)
{
        Bytes key = {place->key, place->key_length}, value;
        PersistKey aside = persist_key_damaged(place->table, key);
        _cleanup_free_ uint8_t *copy = NULL;
        int r = store_get(txn, place->table, key, &value);

        if (r > 0) /* a view does not outlive a change */
                r = bytes_duplicate(value, &copy);
        if (r == 0 && copy)
                r = store_put(txn, PERSIST_DAMAGED, persist_key_bytes(&aside),
                              (Bytes){copy, value.length});
        return r < 0 ? r : store_delete(txn, place->table, key);
}

int persist_set_aside(StoreTxn *txn, const PersistImage *image)
{
        for (size_t i = 0; i < image->damaged.count; i++) {
                int r = move_damaged(txn, &image->damaged.items[i]);

                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < image->leftover.count; i++) {
                const PersistPlace *place = &image->leftover.items[i];
                int r = store_delete(txn, place->table, (Bytes){place->key, place->key_length});

                if (r < 0)
                        return r;
        }
        return 0;
}
