/* SPDX-License-Identifier: Apache-2.0 */
/* retained-runs.c: cursors one after the other, read in small batches. */
#include "broker/retained-runs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/siphash.h"

/* So many filters that match nothing end a slice. */
#define RUNS_MAX 256U

static Bytes run_text(const RetainedRun *run)
{
        return (Bytes){run->text, run->text_length};
}

static bool run_is_of(const void *entry, Bytes text)
{
        return bytes_equal(run_text(entry), text);
}

static RetainedRun *current(const RetainedRuns *runs)
{
        return list_first_entry(&runs->runs, RetainedRun, link);
}

int retained_runs_new(RetainedRuns **ret_runs)
{
        RetainedRuns *runs = calloc(1, sizeof(RetainedRuns));

        if (!runs)
                return -ENOMEM;
        list_init(&runs->runs);
        hashmap_init(&runs->by_text, run_is_of);
        *ret_runs = runs;
        return 0;
}

static void drop_batch(RetainedRuns *runs)
{
        while (runs->next < runs->fetched)
                message_unref(runs->batch[runs->next++]);
}

static void run_free(RetainedRuns *runs, RetainedRun *run)
{
        hashmap_remove_entry(&runs->by_text, hash_bytes(run->text, run->text_length), run);
        list_remove(&run->link);
        retained_cursor_free(run->cursor);
        free(run);
}

RetainedRuns *retained_runs_free(RetainedRuns *runs)
{
        if (!runs)
                return NULL;
        drop_batch(runs);
        list_foreach_safe (RetainedRun, run, &runs->runs, link)
                run_free(runs, run);
        hashmap_done(&runs->by_text);
        free(runs);
        return NULL;
}

int retained_runs_add(RetainedRuns *runs, Bytes filter_text, RetainedCursor *cursor,
                      SubscriptionOptions options, uint32_t identifier)
{
        RetainedRun *run = malloc(sizeof(RetainedRun) + filter_text.length);

        if (!run) {
                retained_cursor_free(cursor);
                return -ENOMEM;
        }
        retained_runs_remove(runs, filter_text);
        *run = (RetainedRun){
                .cursor = cursor,
                .identifier = identifier,
                .options = options,
                .text_length = (uint16_t)filter_text.length,
        };
        memcpy(run->text, filter_text.data, filter_text.length);
        if (hashmap_add(&runs->by_text, hash_bytes(run->text, run->text_length), run) < 0) {
                retained_cursor_free(cursor);
                free(run);
                return -ENOMEM;
        }
        list_append(&runs->runs, &run->link);
        return 0;
}

void retained_runs_remove(RetainedRuns *runs, Bytes filter_text)
{
        RetainedRun *run = hashmap_find(
                &runs->by_text, hash_bytes(filter_text.data, filter_text.length), filter_text);

        if (!run)
                return;
        if (run == current(runs))
                drop_batch(runs);
        run_free(runs, run);
}

void retained_runs_overtake(RetainedRuns *runs, Message *message)
{
        if (!message->retain)
                return;
        for (unsigned i = runs->next; i < runs->fetched; i++) {
                if (!runs->batch[i] ||
                    !bytes_equal(message_topic(runs->batch[i]), message_topic(message)))
                        continue;
                message_unref(runs->batch[i]);
                /* An empty payload has taken it out of the store [MQTT-3.3.1-6]. */
                runs->batch[i] = message->payload_length > 0 ? message_ref(message) : NULL;
        }
}

/* Fills the empty batch. 1; 0: there is nothing left; -EAGAIN. */
static int fetch(RetainedRuns *runs, msec_t now)
{
        unsigned n = 0;
        RetainedRun *run;

        /* The next in turn; the batch of the first one is used up. */
        run = current(runs);
        if (run) {
                list_remove(&run->link);
                list_append(&runs->runs, &run->link);
        }
        while ((run = current(runs))) {
                bool end;

                if (!run->cursor) {
                        run_free(runs, run);
                        continue;
                }
                runs->next = 0;
                runs->fetched = (uint8_t)retained_cursor_next(run->cursor, now, runs->batch,
                                                              RETAINED_RUNS_BATCH, &end);
                if (end)
                        run->cursor = retained_cursor_free(run->cursor);
                if (runs->fetched > 0)
                        return 1;
                if (!end || ++n == RUNS_MAX)
                        return -EAGAIN;
        }
        return 0;
}

bool retained_runs_peek(const RetainedRuns *runs, Message **ret_message, uint8_t *ret_qos)
{
        Message *message = runs->next < runs->fetched ? runs->batch[runs->next] : NULL;

        if (!message)
                return false;
        *ret_message = message;
        *ret_qos = MIN(message->qos, subscription_qos(current(runs)->options));
        return true;
}

int retained_runs_first(RetainedRuns *runs, msec_t now, Message **ret_message, uint8_t *ret_qos)
{
        for (;;) {
                if (runs->next == runs->fetched) {
                        int r = fetch(runs, now);

                        if (r <= 0)
                                return r;
                }
                if (retained_runs_peek(runs, ret_message, ret_qos) &&
                    !message_is_expired(*ret_message, now))
                        return 1;
                message_unref(runs->batch[runs->next++]);
        }
}

RetainedRun *retained_runs_next(const RetainedRuns *runs, const RetainedRun *run)
{
        const List *next = run ? run->link.next : runs->runs.next;

        return next == &runs->runs ? NULL : container_of(next, RetainedRun, link);
}

int retained_runs_restore_batch(RetainedRuns *runs, Message *message)
{
        if (!current(runs) || runs->fetched == RETAINED_RUNS_BATCH)
                return -EBADMSG;
        runs->batch[runs->fetched++] = message_ref(message);
        return 0;
}

Outgoing retained_runs_pop(RetainedRuns *runs)
{
        const RetainedRun *run = current(runs);
        Message *message = runs->batch[runs->next++];

        return outgoing_make(message, MIN(message->qos, subscription_qos(run->options)), true,
                             run->identifier);
}
