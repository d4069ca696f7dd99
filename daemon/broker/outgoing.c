/* SPDX-License-Identifier: Apache-2.0 */
/* outgoing.c: packing and unpacking the second word. */
#include "broker/outgoing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define EXTRA_ALIGNMENT ((size_t)OUTGOING_FLAGS + 1)

static int extra_new(const Offer *offer, OutgoingExtra **ret_extra)
{
        size_t size = sizeof(OutgoingExtra) + offer->n_identifiers * sizeof(uint32_t);
        OutgoingExtra *extra;

        /* malloc() promises 16 bytes only on 64 bit machines. */
        extra = aligned_alloc(EXTRA_ALIGNMENT,
                              (size + EXTRA_ALIGNMENT - 1) & ~(EXTRA_ALIGNMENT - 1));
        if (!extra)
                return -ENOMEM;
        extra->group = offer->group ? share_group_ref(offer->group) : NULL;
        extra->n_identifiers = offer->n_identifiers;
        if (offer->n_identifiers > 0)
                memcpy(extra->identifiers, offer->identifiers,
                       offer->n_identifiers * sizeof(uint32_t));
        *ret_extra = extra;
        return 0;
}

int outgoing_init(Outgoing *outgoing, const Offer *offer)
{
        OutgoingExtra *extra = NULL;

        if (offer->group || offer->n_identifiers > 1) {
                int r = extra_new(offer, &extra);

                if (r < 0)
                        return r;
        }
        *outgoing = outgoing_make(message_ref(offer->message), offer->qos, offer->retain,
                                  !extra && offer->n_identifiers == 1 ? offer->identifiers[0] : 0);
        if (extra)
                outgoing->tag |= (uintptr_t)extra | OUTGOING_EXTENDED;
        return 0;
}

void outgoing_done(Outgoing *outgoing)
{
        OutgoingExtra *extra = outgoing_extra(outgoing);

        if (extra) {
                if (extra->group)
                        share_group_unref(extra->group);
                free(extra);
        }
        message_unref(outgoing->message);
        *outgoing = (Outgoing){0};
}

void outgoing_deliver(const Outgoing *outgoing, uint32_t *identifier, Delivery *ret_delivery)
{
        const OutgoingExtra *extra = outgoing_extra(outgoing);

        *ret_delivery = (Delivery){
                .message = outgoing->message,
                .qos = outgoing_qos(outgoing),
                .retain = outgoing->tag & OUTGOING_RETAIN,
        };
        if (extra) {
                ret_delivery->identifiers = extra->identifiers;
                ret_delivery->n_identifiers = (uint16_t)extra->n_identifiers;
        } else {
                *identifier = (uint32_t)(outgoing->tag >> OUTGOING_SHIFT);
                ret_delivery->identifiers = identifier;
                ret_delivery->n_identifiers = *identifier != 0;
        }
}

void outgoing_split(Outgoing *outgoing, Message **ret_message, ShareGroup **ret_group)
{
        OutgoingExtra *extra = outgoing_extra(outgoing);

        *ret_message = TAKE_PTR(outgoing->message);
        *ret_group = extra ? TAKE_PTR(extra->group) : NULL;
        outgoing_done(outgoing);
}
