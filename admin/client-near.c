/* SPDX-License-Identifier: Apache-2.0 */

/* Which client may have been meant. */

#include "admin/client-near.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "admin/client-list.h"
#include "admin/name.h"
#include "util/edit-distance.h"
#include "util/macro.h"

/* That many guesses are shown. */
#define NEAR_MAX 5U

static bool is_near(const char *wanted, const char *client)
{
        const size_t n = strnlen(wanted, EDIT_DISTANCE_MAX);

        return strcasecmp(wanted, client) == 0 || edit_distance(wanted, client) < n / 3 + 1;
}

void client_near_print(const Broker *broker, const char *verb, const char *wanted)
{
        _cleanup_(client_list_done) ClientList list = {};
        unsigned n = 0;
        ClientRow row;

        if (client_list_begin(broker, &(ClientsWanted){"", "", "", ""}, &list) != EXIT_DONE)
                return;
        do {
                while (n < NEAR_MAX && client_list_next(&list, &row) > 0) {
                        if (!is_near(wanted, row.client))
                                continue;
                        if (n++ == 0)
                                fputs("Did you mean:\n", stderr);
                        fprintf(stderr, "  hawkerctl %s ", verb);
                        name_print_word(stderr, row.client);
                        fputc('\n', stderr);
                }
        } while (n < NEAR_MAX && client_list_turn(&list) == EXIT_DONE);
        if (n == 0)
                fputs("'hawkerctl clients' lists who is.\n", stderr);
}
