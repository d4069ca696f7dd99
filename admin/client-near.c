/* SPDX-License-Identifier: Apache-2.0 */

/* Which client may have been meant. */

#include "admin/client-near.h"

#include <stdio.h>

#include "admin/client-list.h"
#include "admin/near.h"
#include "util/macro.h"

void client_near_print(const Broker *broker, const char *verb, const char *wanted)
{
        _cleanup_(client_list_done) ClientList list = {};
        Near near = {.verb = verb, .wanted = wanted};
        ClientRow row;

        if (client_list_begin(broker, &(ClientsWanted){"", "", "", ""}, &list) != EXIT_DONE)
                return;
        do {
                while (client_list_next(&list, &row) > 0 && near_look_at(&near, row.client))
                        ;
        } while (!near_is_full(&near) && client_list_turn(&list) == EXIT_DONE);
        if (near.n == 0)
                fputs("'hawkerctl clients' lists who is.\n", stderr);
}
