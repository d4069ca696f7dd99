/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Topic Aliases of one connection, both ways (MQTT 5.0, 3.3.2.3.4). They end with the connection.
 * Made when the first alias is used: most connections never do.
 *
 * Thread: worker
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "util/bytes.h"
#include "util/macro.h"

typedef struct Aliases Aliases;

/* in_maximum: what we told the client; out_maximum: the lower of what it told us and what the
 * listener allows. 0 or -ENOMEM. */
int aliases_new(uint16_t in_maximum, uint16_t out_maximum, Aliases **ret_aliases);
Aliases *aliases_free(Aliases *aliases);
DEFINE_CLEANUP(Aliases, aliases_free)

/* The client named a topic: the alias means it from now on. 0, REASON_TOPIC_ALIAS_INVALID (0, or
 * above the maximum) or -ENOMEM. */
int aliases_set(Aliases *aliases, uint16_t alias, Bytes topic);

/* What the client's alias means, valid until it is set again. 0, REASON_TOPIC_ALIAS_INVALID, or
 * REASON_PROTOCOL_ERROR for one that was never set [MQTT-3.3.2-7]. */
int aliases_get(const Aliases *aliases, uint16_t alias, Bytes *ret_topic);

/*
 * An alias to send in place of the topic: the first topics of a connection get one each until the
 * client's maximum is used up. 0: none. *ret_known: the client knows it, so the topic itself is
 * left out; else both are sent, and aliases_sent() says that they were.
 */
uint16_t aliases_for(const Aliases *aliases, Bytes topic, bool *ret_known);

/*
 * For who takes them along: what each side has named, the topic of alias 1 first; without data:
 * none. The views hold until an alias is set. Given in this order to aliases_sent() the second list
 * makes the same aliases again. 0 or -ENOMEM; the caller frees the array.
 */
int aliases_list_in(const Aliases *aliases, Bytes **ret_topics, size_t *ret_n);
int aliases_list_out(const Aliases *aliases, Bytes **ret_topics, size_t *ret_n);

/* The topic went out together with the new alias that aliases_for() gave. 0 or -ENOMEM (then do not
 * send it). */
int aliases_sent(Aliases *aliases, Bytes topic);
