/* SPDX-License-Identifier: Apache-2.0 */

/* A message to those who take it. */

#include "server/deliver.h"

#include <errno.h>
#include <stdlib.h>

#include "server/client-access.h"
#include "server/client-event.h"
#include "server/connection-send.h"
#include "server/publications.h"
#include "server/retention.h"
#include "server/shard-store.h"
#include "server/taken.h"

/* Of a session that is away: judged when it is sent. */
static bool may_receive(Session *session, const Message *message, uint32_t *note)
{
        Connection *connection = session_connection(session);

        return !connection || client_access_receive(connection, message_topic(message), note);
}

/* Offers the message to one session; sends it if that is the session's answer. */
static bool deliver_offer(Shard *shard, Session *session, Offer *offer)
{
        Connection *connection = session_connection(session);
        Delivery delivery;
        int r;

        offer->writable = connection && connection_is_writable(connection);
        if (offer->qos == 0 && connection && !offer->writable) {
                counters_add(shard->counters.publish_dropped, 1);
                return false;
        }
        r = session_offer(session, offer, loop_now(&shard->loop), &delivery);
        if (_unlikely_(shard->store != NULL) && (r == OFFER_SEND || r == OFFER_QUEUED))
                taken_add(shard, session, offer, &delivery);
        if (r == OFFER_SEND)
                r = connection_send(connection, &delivery);
        else if (r == OFFER_DROPPED && offer->qos > 0 &&
                 !message_is_expired(offer->message, loop_now(&shard->loop)))
                client_event_queue_full(shard, session);
        /* Not ended here: the caller walks over takers, and the end of one publishes its will. */
        if (r < 0 && connection) {
                connection->broken = (int16_t)r;
                connection_schedule(connection);
        }
        return r == OFFER_SEND || r == OFFER_QUEUED;
}

static uint8_t granted_qos(const Shard *shard, const Message *message, SubscriptionOptions options)
{
        uint8_t granted = subscription_qos(options);

        return shard->settings->upgrade_outgoing_qos ? granted : MIN(message->qos, granted);
}

static bool deliver_to_takers(Shard *shard, Message *message, SessionId origin, const Route *route)
{
        bool matched = false;

        if (route->n_takers > 1)
                publish_encoder_begin(&shard->encoder, message, loop_now(&shard->loop));
        for (size_t i = 0; i < route->n_takers; i++) {
                RouteTaker *taker = &route->takers[i];
                Session *session;
                Offer offer;

                if ((taker->options & SUBSCRIPTION_NO_LOCAL) && taker->session == origin)
                        continue;
                session = sessions_get(shard->sessions, taker->session);
                if (_unlikely_(!session) || !may_receive(session, message, &taker->note))
                        continue;
                offer = (Offer){
                        .message = message,
                        .identifiers = taker->identifiers,
                        .n_identifiers = taker->n_identifiers,
                        .qos = granted_qos(shard, message, taker->options),
                        .retain = message->retain &&
                                  (taker->options & SUBSCRIPTION_RETAIN_AS_PUBLISHED),
                };
                deliver_offer(shard, session, &offer);
                matched = true;
        }
        publish_encoder_end(&shard->encoder);
        return matched;
}

bool deliver_local(Shard *shard, Message *message, SessionId origin)
{
        const Route *route;

        if (route_cache_match(shard->routes, message_topic(message), &route) < 0) {
                counters_add(shard->counters.publish_dropped, 1);
                return false;
        }
        return deliver_to_takers(shard, message, origin, route);
}

/* At QoS 0 a worker that is far behind does not get more. At QoS 1 and 2 the publishers' windows
 * bound what can be on its way. */
static int mail_message(Shard *shard, unsigned target, Message *message, SessionId origin)
{
        Mail mail = {
                .kind = MAIL_MESSAGE,
                .since = latency_stamp(&shard->loop),
                .message = {.message = message, .origin = origin},
        };
        int r;

        if (message->qos == 0 && shard_is_behind(shard, target)) {
                counters_add(shard->counters.publish_dropped, 1);
                return 0;
        }
        r = shard_mail(shard, target, &mail);
        if (r < 0)
                return r;
        message_ref(message);
        if (_unlikely_(shard->store != NULL))
                publication_asked(shard, message);
        return 0;
}

/* Those who got it before memory ran out will get it again when the publisher repeats it. */
static int mail_others(Shard *shard, Message *message, SessionId origin, const Route *route)
{
        uint32_t others = route->workers & ~(UINT32_C(1) << shard->index);
        int r = 0;

        for (unsigned target = 0; others != 0 && r == 0; target++, others >>= 1)
                if (others & 1)
                        r = mail_message(shard, target, message, origin);
        return r;
}

static bool deliver_to_member(Shard *shard, Message *message, ShareGroup *group,
                              const ShareMember *member)
{
        Session *session = sessions_get(shard->sessions, member->session);
        Offer offer = {
                .message = message,
                .identifiers = &member->identifier,
                .n_identifiers = member->identifier != SUBSCRIPTION_NO_IDENTIFIER,
                .qos = granted_qos(shard, message, member->options),
                .retain = message->retain && (member->options & SUBSCRIPTION_RETAIN_AS_PUBLISHED),
                .group = group,
        };

        return session && may_receive(session, message, NULL) &&
               deliver_offer(shard, session, &offer);
}

/* is_last: whoever gets it by mail and finds the member gone or full does not look for another one,
 * else a message could travel round full queues for ever. */
static bool deliver_to_picked(Shard *shard, Message *message, ShareGroup *group,
                              const ShareMember *member, bool is_last)
{
        unsigned target = session_id_worker(member->session);
        Mail mail = {
                .kind = MAIL_SHARED,
                .since = latency_stamp(&shard->loop),
                .shared.is_last = is_last,
        };

        if (target == shard->index)
                return deliver_to_member(shard, message, group, member);
        mail.shared.message = message_ref(message);
        mail.shared.group = share_group_ref(group);
        mail.shared.member = *member;
        if (shard_mail(shard, target, &mail) == 0) {
                if (_unlikely_(shard->store != NULL))
                        publication_asked(shard, message);
                return true;
        }
        message_unref(message);
        share_group_unref(group);
        counters_add(shard->counters.publish_dropped, 1);
        return false;
}

void deliver_shared(Shard *shard, Message *message, ShareGroup *group, const ShareMember *member,
                    bool is_last)
{
        ShareMember other;

        if (deliver_to_member(shard, message, group, member))
                return;
        if (is_last || !share_group_pick(group, shard->index, member->session, &other) ||
            !deliver_to_picked(shard, message, group, &other, true))
                counters_add(shard->counters.publish_dropped, 1);
}

/* To one member of each group. The first choice may refuse (full queue); then one other is asked.
 */
static bool deliver_to_groups(Shard *shard, Message *message, const Route *route)
{
        bool matched = false;

        for (size_t i = 0; i < route->n_groups; i++) {
                ShareMember member, other;

                if (!share_group_pick(route->groups[i], shard->index, SESSION_ID_NONE, &member))
                        continue;
                if (deliver_to_picked(shard, message, route->groups[i], &member, false)) {
                        matched = true;
                        continue;
                }
                if (share_group_pick(route->groups[i], shard->index, member.session, &other))
                        matched |=
                                deliver_to_picked(shard, message, route->groups[i], &other, true);
        }
        return matched;
}

int deliver_open(Shard *shard, Message *message, SessionId origin, bool *ret_matched)
{
        const Route *route;
        bool matched;
        int r;

        if (message->retain) {
                r = retention_keep(shard, message);
                if (r != 0)
                        return r;
        }
        r = route_cache_match(shard->routes, message_topic(message), &route);
        if (r < 0)
                return r;
        matched = deliver_to_takers(shard, message, origin, route);
        r = mail_others(shard, message, origin, route);
        if (r < 0)
                return r;
        matched |= (route->workers & ~(UINT32_C(1) << shard->index)) != 0;
        if (route->n_groups > 0)
                matched |= deliver_to_groups(shard, message, route);
        *ret_matched = matched;
        return 0;
}

bool deliver_may_last(Shard *shard, Bytes topic)
{
        const Route *route;

        if (route_cache_match(shard->routes, topic, &route) < 0 || route->n_groups > 0 ||
            (route->workers & ~(UINT32_C(1) << shard->index)) != 0)
                return true;
        for (size_t i = 0; i < route->n_takers; i++) {
                const Session *session = sessions_get(shard->sessions, route->takers[i].session);

                if (session && session_number(session) > 0)
                        return true;
        }
        return false;
}

/* From its beginning to its end; nobody waits for an answer. */
static int publish(Shard *shard, Message *message, SessionId from, const PublicationOrigin *origin,
                   bool *ret_matched)
{
        int r;

        r = publication_begin(shard, message, origin);
        if (r < 0)
                return r;
        r = deliver_open(shard, message, from, ret_matched);
        if (r > 0)
                publication_abort(shard);
        else
                publication_end(shard, REASON_SUCCESS);
        return r;
}

int deliver_publish(Shard *shard, Message *message, SessionId from, bool *ret_matched)
{
        return publish(shard, message, from, NULL, ret_matched);
}

/* The same message with another number, or expiry. */
static int copy_message(Shard *shard, const Message *message, uint32_t expires,
                        Message **ret_message)
{
        MessageAuthor author = {};
        const MessageParts parts = {
                .topic = message_topic(message),
                .properties = message_properties(message),
                .payload = message_payload(message),
                .expires = expires,
                .qos = message->qos,
                .retain = message->retain,
                .number = publication_number(shard, message->qos),
                .author = message_author(message, &author) ? &author : NULL,
        };

        return message_new(&parts, ret_message);
}

static int publish_will(Shard *shard, Message *will, Session *session)
{
        _cleanup_(message_unrefp) Message *message = NULL;
        PublicationOrigin origin = {};
        uint32_t expires = will->expires;
        bool matched;

        if (shard->store)
                origin.will_of = session_number(session);
        if (expires != MESSAGE_NEVER_EXPIRES)
                expires = message_expires_at(loop_now(&shard->loop), will->expires);
        if (expires == MESSAGE_NEVER_EXPIRES && !shard->store)
                message = message_ref(will);
        else if (copy_message(shard, will, expires, &message) < 0)
                return -ENOMEM;
        return publish(shard, message, session_id(session), &origin, &matched);
}

void deliver_will(Shard *shard, Message *will, Session *session)
{
        int r = -EACCES;

        if (author_may_publish(shard, will, NULL)) {
                r = publish_will(shard, will, session);
                if (r != 0)
                        counters_add(shard->counters.publish_dropped, 1);
        }
        /* At QoS 0 nothing else of it is kept. */
        if (shard->store && session_number(session) > 0 &&
            (r != 0 || !publication_is_kept(shard, will->qos)))
                persist_will_over(shard->store->persist, session_number(session));
}

typedef struct SharedLeftover {
        Message *message;
        ShareGroup *group;
} SharedLeftover;

/* All at once: what goes back into the session's own queue must not be met again. */
static size_t take_leftovers(Session *session, SharedLeftover **ret)
{
        SharedLeftover *leftovers = NULL;
        size_t n = 0, capacity = 0;

        for (;;) {
                if (n == capacity) {
                        size_t larger = capacity ? capacity * 2 : 16;
                        void *p = reallocarray(leftovers, larger, sizeof(*leftovers));

                        if (!p)
                                break; /* the rest stays in the session */
                        leftovers = p;
                        capacity = larger;
                }
                if (!session_take_shared(session, &leftovers[n].message, &leftovers[n].group))
                        break;
                n++;
        }
        *ret = leftovers;
        return n;
}

/* To another member; if the session lives on and no other is connected, it may be itself. */
static bool pass_on(Shard *shard, SessionId self, Message *message, ShareGroup *group,
                    bool lives_on)
{
        ShareMember member;
        bool found = share_group_pick(group, shard->index, self, &member);

        if (lives_on && !(found && member.connected))
                found = share_group_pick(group, shard->index, SESSION_ID_NONE, &member);
        return found && deliver_to_picked(shard, message, group, &member, false);
}

/* What is kept gets a record of its own, and the old one ends with that. */
static bool hand_on(Shard *shard, Session *session, const SharedLeftover *left, bool lives_on)
{
        _cleanup_(message_unrefp) Message *message = NULL;
        PublicationOrigin origin = {};
        bool found;

        if (_likely_(!shard->store))
                return pass_on(shard, session_id(session), left->message, left->group, lives_on);
        if (session_number(session) > 0) {
                origin.leaver = session_number(session);
                origin.left = message_number(left->message);
        }
        if (copy_message(shard, left->message, left->message->expires, &message) < 0 ||
            publication_begin(shard, message, &origin) < 0)
                return false;
        found = pass_on(shard, session_id(session), message, left->group, lives_on);
        publication_end(shard, REASON_SUCCESS);
        return found;
}

void deliver_again(Shard *shard, Session *session, bool lives_on)
{
        SharedLeftover *leftovers;
        size_t n;

        /* Of a broker that stops: what is kept stays in the store. */
        if (!session_has_shared(session) || (shard->store && shard->finishing))
                return;
        n = take_leftovers(session, &leftovers);
        for (size_t i = 0; i < n; i++) {
                if (!hand_on(shard, session, &leftovers[i], lives_on))
                        counters_add(shard->counters.publish_dropped, 1);
                message_unref(leftovers[i].message);
                share_group_unref(leftovers[i].group);
        }
        free(leftovers);
}
