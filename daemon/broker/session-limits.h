/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the settings allow every session.
 *
 * Thread: immutable
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* A reload changes it: sessions_set_limits(). */
typedef struct SessionLimits {
        uint64_t max_queued_bytes;      /* of the messages that wait; 0: no limit */
        uint64_t user_max_queued_bytes; /* the same of all sessions of one user; 0: no limit */
        uint64_t max_inflight_bytes;    /* one message may always be in flight; 0: no limit */
        uint64_t retention;             /* seconds that an away session lives at most;
                                         * UINT64_MAX: no limit */
        uint32_t max_queued_messages;   /* that wait; 0: no limit */
        uint16_t max_inflight_messages; /* 0: no limit but the client's Receive Maximum */
        uint16_t receive_maximum;       /* QoS 2 exchanges that a client may have open towards us,
                                         * as it is told when it connects; 0: no limit */
        bool queue_qos0;                /* keep QoS 0 for a session that is away */
        bool drop_oldest;               /* a full queue drops its head, not the newcomer */
} SessionLimits;
