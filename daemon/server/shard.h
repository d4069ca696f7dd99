/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One worker: a loop, a mailbox, the connections and sessions it owns, its counters. Nothing in it
 * is locked. A turn of its loop reads what came, lets it take effect, and at the end writes once to
 * each connection and sends the collected mail once to each other worker.
 *
 * Thread: worker; shard_mail_from_outside() and the counters: any
 */
#pragma once

#include <pthread.h>

#include "broker/route-cache.h"
#include "broker/sessions.h"
#include "server/buffer-pool.h"
#include "server/busy-topics.h"
#include "server/counters.h"
#include "server/endpoint.h"
#include "server/excesses.h"
#include "server/full-queues.h"
#include "server/latency.h"
#include "server/mail.h"
#include "server/plane.h"
#include "server/publish-encoder.h"
#include "server/refusals.h"
#include "util/list.h"
#include "util/loop.h"
#include "util/mailbox.h"
#include "util/ratelimit.h"
#include "util/thread-check.h"

/* So many bytes of messages may wait in a mailbox before its worker counts as behind. */
#define SHARD_MAIL_BYTES_MAX (32U * 1024U * 1024U)
/* What a worker reads in one system call. */
#define SHARD_SCRATCH_SIZE (128U * 1024U)

/* So many filters are dealt with before it is asked whether their time in this turn is over. */
#define SHARD_FILTERS_STEP 16U

/* So many clients of a worker are asked about again at a time: others have questions too. */
#define SHARD_ASKED_AGAIN_MAX 8U

/* Whose CONNECT is being read, and its body: which lies where it was read, and only as long. */
typedef struct ShardGreeting {
        const Connection *of; /* NULL: nobody's */
        Bytes body;
} ShardGreeting;

/* Mail to one other worker, collected over a turn. */
typedef struct ShardOutbox {
        Mail *mails;
        size_t n, capacity;
        size_t bytes; /* of the messages in it */
} ShardOutbox;

struct Shard {
        unsigned index;
        Plane *plane;
        Settings *settings; /* a reference: those that hold now */
        pthread_t thread;
        ThreadMark mark;

        Loop loop;
        Mailbox mailbox;
        atomic_size_t mail_bytes; /* of the messages in the mailbox */
        LoopSource mailbox_source;
        ShardOutbox *outboxes; /* one per worker */
        LoopTimer sessions_timer;
        LoopTimer retained_timer; /* of the first worker, with retain_expiry_interval */

        struct ShardStore *store; /* NULL: nothing is kept */
        Sessions *sessions;
        RouteCache *routes;
        BusyTopics *busy_topics; /* NULL: nobody looks */

        List acceptors; /* served.h */
        msec_t acceptors_due;
        List connections;
        unsigned n_newcomers;
        List newcomers;   /* of these, those that have not been let in yet; the oldest first */
        List subscribing; /* packets with many filters, and those that wait behind them */
        List movers;      /* and that have just moved here: their CONNECT is yet to be read */
        List gathers;     /* questions that it has not answered yet: gather.h */
        List waiting;     /* and those that wait for the disk */
        List flushes;     /* connections with something to write at the end of this turn */
        List dead;        /* closed in this turn, freed at its end */

        uint8_t *scratch;
        Buffer assembly; /* where topics and properties are put together */
        BufferPool pool;
        PublishEncoder encoder;
        RateLimit log_limit;
        RateLimit newcomer_log_limit; /* of what is said of who is not let in */
        RateLimit answer_limit;       /* of refused ones that are told why */
        Refusals refusals;
        Excesses excesses;
        FullQueues full_queues;
        ShardGreeting greeting;
        unsigned filters_left;   /* so many may be subscribed or unsubscribed in this turn, */
        uint64_t filters_until;  /* and only up to then: µs of the loop's clock */
        uint64_t newcomers_time; /* ns of a turn that those who are not let in may take */
        unsigned n_steps;        /* of handshakes, and passwords, that helpers have */
        unsigned n_asked_again;  /* of these, whether a client may stay: see consult.h */
        bool has_heard;          /* in this turn, from who is not behind others */
        bool is_made;
        bool is_reviewing;
        uint32_t review;  /* number of the last one: see review.h */
        uint32_t rights;  /* the last one given to a connection: see client-access.h */
        bool has_stalled; /* connections that are */
        bool leaving;     /* with a store: nothing is read any more, what has come is finished, */
        bool left;        /* and was, which was told */
        bool finishing;
        bool suspended; /* its thread has nothing more to do; another one may go on with it */
        msec_t finish_deadline;  /* of connections */
        msec_t helpers_deadline; /* of what helpers have */

        Counters counters;
        Latency delivery;                 /* of messages that are sent at once */
        Latency answers;                  /* that have waited for the disk */
        Histogram handshakes;             /* of TLS that have succeeded */
        uint64_t sent_and_told;           /* of publish_sent, what `delivery` knows */
        atomic_uint_fast64_t turns, busy; /* of its loop: how many; microseconds */
        /* Of changes that are on the disk, when there was no memory for the mail; set by the
         * committer. */
        atomic_uint_fast64_t unsaid;
        atomic_uint_fast64_t answered; /* the last MAIL_PING; others read it */
};

/* What the settings allow every session. */
SessionLimits shard_limits(const Settings *settings);
/* Sends the mail at the end of this turn; its references go along. 0 or -ENOMEM (the mail is the
 * caller's still). */
int shard_mail(Shard *shard, unsigned target, const Mail *mail);
/* Sends at once what shard_mail() has collected; the end of each turn does it. */
void shard_send_mail(Shard *shard);
/* Whether so much mail waits for the target that QoS 0 is better dropped. */
bool shard_is_behind(const Shard *shard, unsigned target);
/* What the message of a mail counts there. */
size_t shard_mail_size(const Mail *mail);
/* Has all connections looked at again, in this turn and those that follow: review.h. */
static inline void shard_begin_review(Shard *shard)
{
        shard->review++;
        shard->is_reviewing = true;
}
/* Whether that goes on in this turn, or waits for an authority. */
static inline bool shard_reviews_now(const Shard *shard)
{
        return shard->is_reviewing && shard->n_asked_again < SHARD_ASKED_AGAIN_MAX;
}
/* Sends one mail, from any thread. */
int shard_mail_from_outside(Shard *target, const Mail *mail);
