/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Passwords and rules for a stage, and helpers that turn when the test says so.
 *
 * Thread: the test's
 */
#pragma once

#include "stage.h"

/* Lines of password files: all users' password is `p`. Slow ones are a helper's to check. */
#define SLOW_HASH                                                                                  \
        "$7$101$+pPGbac5yHb5t2Fw$armAGV3VxsgleWCm7zA7Zq4N8jqo9WsKzoigVDO2YY/"                      \
        "GpgI0vkk7lUeOQqBWwWqceZJDEMu/+remG6dZhnVljg=="
#define OTHER_SLOW_HASH                                                                            \
        "$7$1000$uNkdLxc5S3voZb+b32M4QuOuq9XADpr4cghBZkHSc01+v5Jsqd/"                              \
        "zaulsWCnfChh7mDgsndzeCn2TD5JMqdzkBQ==$nUZTtkszsOr+Pf0fsMufzghkdAt7Vg1kSLduBnaaVI0NMAsCE"  \
        "hmxeVu/a3iobsXmDx6GHFkZUmsln2qHeiPZvA=="
#define QUICK_HASH                                                                                 \
        "$6$jZ3u5vjXWoUkJkdr$pgcwLli4hLHR1He7q6K4Dn9EbZkpR0AQ0zfsQ6eGXSf2bhqEyHIuHbdvnxJbhKVgJN"   \
        "yKvqDe9M6fwW6gwpV4RQ=="

/* What the listener of the stage judges by from now on (at once, if nobody is connected; after
 * stage_reload() else): the texts of the files, NULL: there is none. */
void stage_police(Stage *stage, const char *passwords, const char *rules);

/* The helpers are this thread, when helper_turn() says so; at most max_waiting wait. */
void stage_take_helpers(Stage *stage, size_t max_waiting);
bool helper_turn(Stage *stage);
