/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What newer settings mean for a client that came under older ones. After a reload each connection
 * is looked at again, some of them in a turn: shard_begin_review(). Who could not come in now is
 * ended with 0x87, who came by a listener that is gone with 0x98 (MQTT 3: without a word). The
 * others take the newer terms, if these do not give less than what they were told in CONNACK.
 *
 * Thread: worker
 */
#pragma once

#include "server/connection.h"

/* Looks at the next ones, if there are any. */
void review_go_on(Shard *shard);

/* Before its CONNECT is judged: by the settings that hold now. Whose listener was removed meanwhile
 * is not let in. */
void review_newcomer(Connection *connection);
