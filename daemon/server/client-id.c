/* SPDX-License-Identifier: Apache-2.0 */

/* Client identifiers that the broker draws. */

#include "server/client-id.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>

int client_id_generate(const Plane *plane, unsigned worker, const char *prefix,
                       char buffer[CLIENT_ID_GENERATED_MAX])
{
        /* One draw in n_shards fits: it ends. */
        for (;;) {
                uint8_t r[16];

                if (getrandom(r, sizeof(r), 0) != sizeof(r))
                        return -errno;
                snprintf(
                        buffer, CLIENT_ID_GENERATED_MAX,
                        "%.50s%02X%02X%02X%02X-%02X%02X-%02X%02X-%02X%02X-%02X%02X%02X%02X%02X%02X",
                        prefix ? prefix : "", r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8],
                        r[9], r[10], r[11], r[12], r[13], r[14], r[15]);
                if (plane_owner(plane, bytes_from_string(buffer)) == worker)
                        return 0;
        }
}
