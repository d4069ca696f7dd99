/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The topics that are published to most: sets of a few places, in which a topic that has none takes
 * that of the least frequent one, and its count (Metwally's Space-Saving, in parts).
 */

#include "server/busy-topics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/siphash.h"
#include "util/utf8.h"

#define WAYS   8U
#define SETS   128U /* a power of two */
#define PLACES (WAYS * SETS)

/* What is shown is of so long a time, ms, if there was as much. */
#define WINDOW MSEC_PER_SEC

/* Two topics whose hashes are equal are one: nobody can make them so. */
typedef struct Place {
        uint64_t hash;
        uint64_t messages, bytes; /* messages 0: it is free */
        char *name;
} Place;

struct BusyTopics {
        msec_t began, asked;
        BusyTopic *rows; /* of the last window that has ended, in order */
        size_t n_rows;
        Place places[PLACES];
};

int busy_topics_new(msec_t now, BusyTopics **ret_topics)
{
        BusyTopics *topics = calloc(1, sizeof(*topics));

        if (!topics)
                return -ENOMEM;
        topics->began = topics->asked = now;
        *ret_topics = topics;
        return 0;
}

void busy_topics_rows_free(BusyTopic *rows, size_t n)
{
        for (size_t i = 0; i < n; i++)
                free(rows[i].name);
        free(rows);
}

static void clear(BusyTopics *topics, msec_t now)
{
        for (size_t i = 0; i < PLACES; i++) {
                free(topics->places[i].name);
                topics->places[i] = (Place){};
        }
        topics->began = now;
}

BusyTopics *busy_topics_free(BusyTopics *topics)
{
        if (!topics)
                return NULL;
        clear(topics, 0);
        busy_topics_rows_free(topics->rows, topics->n_rows);
        free(topics);
        return NULL;
}

/* --- counting --- */

static char *copy_name(Bytes topic)
{
        const size_t length = MIN(topic.length, (size_t)BUSY_TOPIC_SHOWN);
        char *name = malloc(length + 1);

        if (!name)
                return NULL;
        memcpy(name, topic.data, length);
        name[length] = 0;
        utf8_clean(name);
        return name;
}

/* Its place, or the one that it may take. */
static Place *find(Place *set, uint64_t hash)
{
        Place *least = set;

        for (Place *place = set; place < set + WAYS; place++) {
                if (place->messages > 0 && place->hash == hash)
                        return place;
                if (place->messages < least->messages)
                        least = place;
        }
        return least;
}

bool busy_topics_count(BusyTopics *topics, Bytes topic, size_t size, msec_t now)
{
        const uint64_t hash = hash_bytes(topic.data, topic.length);
        Place *place = find(&topics->places[hash % SETS * WAYS], hash);

        if (now - topics->asked > BUSY_TOPICS_PATIENCE)
                return false;
        if (place->messages == 0 || place->hash != hash) {
                char *name = copy_name(topic);

                if (!name)
                        return true; /* it is only for the eyes */
                free(place->name);
                place->name = name;
                place->hash = hash;
        }
        place->messages++;
        place->bytes += size;
        return true;
}

/* --- looking --- */

int busy_topics_compare(const void *a, const void *b)
{
        const BusyTopic *one = a, *other = b;

        if (one->messages != other->messages)
                return one->messages > other->messages ? -1 : 1;
        return strcmp(one->name, other->name);
}

/* The window has ended: its places become the rows. */
static int turn(BusyTopics *topics, msec_t now)
{
        const double seconds = (double)(now - topics->began) / MSEC_PER_SEC;
        size_t n = 0;
        BusyTopic *rows = calloc(PLACES, sizeof(*rows));

        if (!rows)
                return -ENOMEM;
        for (size_t i = 0; i < PLACES; i++) {
                Place *place = &topics->places[i];

                if (place->messages > 0)
                        rows[n++] = (BusyTopic){
                                TAKE_PTR(place->name),
                                (double)place->messages / seconds,
                                (double)place->bytes / seconds,
                        };
        }
        qsort(rows, n, sizeof(*rows), busy_topics_compare);
        busy_topics_rows_free(topics->rows, topics->n_rows);
        topics->rows = rows;
        topics->n_rows = n;
        clear(topics, now);
        return 0;
}

int busy_topics_look(BusyTopics *topics, size_t max, msec_t now, BusyTopic **ret_rows,
                     size_t *ret_n)
{
        const msec_t age = now - topics->began;
        BusyTopic *rows;
        size_t n = 0;
        int r = 0;

        topics->asked = now;
        if (age >= WINDOW || (!topics->rows && age > 0))
                r = turn(topics, now);
        if (r < 0)
                return r;
        rows = calloc(MAX(MIN(topics->n_rows, max), (size_t)1), sizeof(*rows));
        if (!rows)
                return -ENOMEM;
        for (; n < MIN(topics->n_rows, max); n++) {
                rows[n] = topics->rows[n];
                rows[n].name = strdup(rows[n].name);
                if (!rows[n].name) {
                        busy_topics_rows_free(rows, n);
                        return -ENOMEM;
                }
        }
        *ret_rows = rows;
        *ret_n = n;
        return 0;
}
