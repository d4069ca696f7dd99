/* SPDX-License-Identifier: Apache-2.0 */
/* http-origin.c: where the page comes from that a browser connects for. */

#include "server/http-origin.h"

#include <string.h>
#include <strings.h>

#include "util/bytes.h"
#include "util/macro.h"

static const struct {
        const char *scheme, *port;
} defaults[] = {
        {"http://", ":80"},
        {"https://", ":443"},
};

/* Without a port that goes without saying. */
static Bytes shorten(Bytes origin)
{
        const char *text = (const char *)origin.data;

        for (size_t i = 0; i < ARRAY_SIZE(defaults); i++) {
                const size_t scheme = strlen(defaults[i].scheme), port = strlen(defaults[i].port);

                if (origin.length > scheme + port &&
                    strncasecmp(text, defaults[i].scheme, scheme) == 0 &&
                    memcmp(text + origin.length - port, defaults[i].port, port) == 0)
                        origin.length -= port;
        }
        return origin;
}

static bool equal(Bytes a, Bytes b)
{
        a = shorten(a);
        b = shorten(b);
        return a.length == b.length && a.length > 0 &&
               strncasecmp((const char *)a.data, (const char *)b.data, a.length) == 0;
}

bool http_origin_is_allowed(const char *origin, const char *allowed)
{
        const Bytes asked = bytes_from_string(origin);

        while (*allowed) {
                const size_t length = strcspn(allowed, "\n");

                if (equal(asked, (Bytes){(const uint8_t *)allowed, length}))
                        return true;
                allowed += length + (allowed[length] == '\n');
        }
        return false;
}
