/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl store check. */
#include <inttypes.h>
#include <stdio.h>

#include "admin/state-folder.h"
#include "admin/store-open.h"
#include "transfer/store-check.h"
#include "util/macro.h"

static const struct {
        unsigned table;
        const char *name;
} tables[] = {
        {PERSIST_SESSION, "sessions"},
        {PERSIST_SUBSCRIPTION, "subscriptions"},
        {PERSIST_LOG, "messages"},
        {PERSIST_RETAINED, "retained messages"},
        {PERSIST_DONE, "messages done"},
        {PERSIST_FLIGHT, "messages in flight"},
        {PERSIST_RECEIVED, "packet identifiers"},
        {PERSIST_DAMAGED, "records set aside earlier"},
};

static void print_json(const StoreCheck *check)
{
        putchar('{');
        for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
                printf("\"%s\":%" PRIu64 ",", persist_tables[tables[i].table],
                       check->records[tables[i].table]);
        printf("\"unsound\":%zu,\"leftover\":%zu}\n", check->image->damaged.count,
               check->image->leftover.count);
}

static void print_text(const StoreCheck *check, bool has_lost)
{
        for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
                if (check->records[tables[i].table] > 0)
                        printf("%12" PRIu64 " %s\n", check->records[tables[i].table],
                               tables[i].name);
        if (check->image->leftover.count > 0)
                printf("%12zu records that are over: the broker removes them at its start\n",
                       check->image->leftover.count);
        if (check->image->damaged.count == 0)
                puts(has_lost ? "nothing else is damaged" : "nothing is damaged");
        else
                printf("%12zu records do not add up: the broker sets them aside at its start\n",
                       check->image->damaged.count);
}

/* One line each, where a program expects none. */
static void print_damage(const PersistImage *image)
{
        char text[STORE_PLACE_SIZE];

        for (size_t i = 0; i < image->damaged.count; i++) {
                const PersistPlace *place = &image->damaged.items[i];

                fprintf(stderr, "%s\n",
                        store_place_text(place->table, (Bytes){place->key, place->key_length},
                                         text));
        }
}

/* It was damaged before it was opened. */
static bool has_lost(const Store *store)
{
        StoreFound found = store_found(store);

        return found.damaged || found.lost > 0;
}

static int check_all(const StoreOrder *order, Store *store)
{
        _cleanup_(store_abortp) StoreTxn *txn = NULL;
        _cleanup_(store_check_done) StoreCheck check = {};
        int r = store_begin_read(store, &txn);

        if (r == 0)
                r = store_check_init(&check, txn);
        if (r < 0)
                return state_folder_failed(order->folder, r);
        print_damage(check.image);
        if (order->json)
                print_json(&check);
        else
                print_text(&check, has_lost(store));
        return check.image->damaged.count > 0 || has_lost(store) ? EXIT_FAILED : EXIT_DONE;
}

int store_work_check(const StoreOrder *order)
{
        Store *store;
        int status = store_open_old(order, &store);

        return status == EXIT_DONE ? store_close(order, store, check_all(order, store)) : status;
}
