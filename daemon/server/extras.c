/* SPDX-License-Identifier: Apache-2.0 */

/* What few connections have. */

#include "server/extras.h"

#include <stdlib.h>

const Extras extras_none;

Extras *extras_own(const Extras **extras)
{
        if (*extras == &extras_none) {
                Extras *own = calloc(1, sizeof(*own));

                if (!own)
                        return NULL;
                *extras = own;
        }
        return (Extras *)*extras;
}

void extras_drop(const Extras **extras)
{
        if (*extras != &extras_none)
                free((Extras *)*extras);
        *extras = &extras_none;
}

void extras_trim(const Extras **extras)
{
        const Extras *own = *extras;

        if (!own->step && !own->login && !own->exchange && !own->consultation && !own->stay &&
            !own->subscribing && !own->tenure && !own->proxy_name && !own->tap && !own->relay &&
            !own->pump)
                extras_drop(extras);
}
