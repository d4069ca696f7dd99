/* SPDX-License-Identifier: Apache-2.0 */

/* The retained messages, in messages of the bus. */

#include "control/retained-bus.h"

#include <errno.h>
#include <inttypes.h>

#include "server/retained-clear.h"
#include "server/retained-list.h"
#include "util/log.h"

static int set_bad_filter(sd_bus_error *error)
{
        return sd_bus_error_set(error, "org.hawker.Error.InvalidFilter",
                                "That is no topic filter: + stands for one level and # at the end "
                                "for all that follow, as in 'a/+/c' or 'a/#'; one that is shared "
                                "($share/GROUP/FILTER) has no retained messages of its own");
}

/* --- ListRetained --- */

static int append_page(sd_bus_message *reply, const RetainedPage *page)
{
        int r = sd_bus_message_open_container(reply, 'a', "(syttss)");

        for (size_t i = 0; r >= 0 && i < page->n; i++) {
                const RetainedFacts *row = page->rows[i].row;

                r = sd_bus_message_append(reply, "(syttss)", row->topic, row->qos, row->size,
                                          row->expiry, row->user, row->client);
        }
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        if (r < 0)
                return r;
        return sd_bus_message_append(reply, "s", page->has_more ? page->rows[page->n - 1].key : "");
}

static int answer_list(sd_bus_message *call, Gather *gather, sd_bus_error *error)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        RetainedPage page;
        int r;

        retained_list_page(gather, &page);
        r = sd_bus_message_new_method_return(call, &reply);
        if (r >= 0)
                r = append_page(reply, &page);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

int retained_bus_list(sd_bus_message *call, void *data, sd_bus_error *error)
{
        Manager *manager = data;
        RetainedWanted wanted;
        Gather *gather;
        int r;

        r = sd_bus_message_read(call, "ssu", &wanted.filter, &wanted.after, &wanted.max);
        if (r >= 0)
                r = gathering_admit(&manager->gatherings, call, error);
        if (r < 0)
                return r;
        r = retained_list_new(&wanted, server_n_workers(manager->server), &gather);
        if (r == -EINVAL)
                return set_bad_filter(error);
        return r < 0 ? r : gathering_start(&manager->gatherings, call, gather, answer_list);
}

/* --- GetRetained --- */

static int append_text(sd_bus_message *reply, const char *name, const char *text)
{
        return text && text[0] ? sd_bus_message_append(reply, "{sv}", name, "s", text) : 0;
}

/* As it is, or NULL where there is none. */
static int append_property(sd_bus_message *reply, const char *name, const char *text)
{
        return text ? sd_bus_message_append(reply, "{sv}", name, "s", text) : 0;
}

static int append_bytes(sd_bus_message *reply, const char *name, Bytes bytes)
{
        int r = sd_bus_message_open_container(reply, 'e', "sv");

        if (r >= 0)
                r = sd_bus_message_append(reply, "s", name);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'v', "ay");
        if (r >= 0)
                r = sd_bus_message_append_array(reply, 'y', bytes.data, bytes.length);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_pairs(sd_bus_message *reply, const char *name, const MessageWords *words)
{
        int r = sd_bus_message_open_container(reply, 'e', "sv");

        if (r >= 0)
                r = sd_bus_message_append(reply, "s", name);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'v', "a(ss)");
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(ss)");
        for (size_t i = 0; r >= 0 && i < words->n_user; i++)
                r = sd_bus_message_append(reply, "(ss)", words->user[i].name, words->user[i].value);
        for (unsigned i = 0; r >= 0 && i < 3; i++)
                r = sd_bus_message_close_container(reply);
        return r;
}

static int append_words(sd_bus_message *reply, const MessageWords *words)
{
        int r = 0;

        if (words->has_payload_format)
                r = sd_bus_message_append(reply, "{sv}", "PayloadFormat", "y",
                                          words->payload_format);
        if (r >= 0)
                r = append_property(reply, "ContentType", words->content_type);
        if (r >= 0)
                r = append_property(reply, "ResponseTopic", words->response_topic);
        if (r >= 0 && words->correlation_data.data)
                r = append_bytes(reply, "CorrelationData", words->correlation_data);
        if (r >= 0 && words->n_user > 0)
                r = append_pairs(reply, "UserProperties", words);
        return r;
}

static int append_properties(sd_bus_message *reply, const RetainedFacts *facts,
                             const MessageWords *words)
{
        int r = sd_bus_message_open_container(reply, 'a', "{sv}");

        if (r >= 0)
                r = sd_bus_message_append(reply, "{sv}", "QoS", "y", facts->qos);
        if (r >= 0)
                r = append_text(reply, "User", facts->user);
        if (r >= 0)
                r = append_text(reply, "Client", facts->client);
        if (r >= 0 && facts->expiry > 0)
                r = sd_bus_message_append(reply, "{sv}", "MessageExpiry", "u",
                                          (uint32_t)facts->expiry);
        if (r >= 0)
                r = append_words(reply, words);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int answer_get(sd_bus_message *call, const RetainedFacts *facts)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const Bytes payload = retained_facts_payload(facts);
        _cleanup_free_ void *memory = NULL;
        MessageWords words;
        int r;

        r = message_words_decode(facts->message, &words, &memory);
        if (r == 0)
                r = sd_bus_message_new_method_return(call, &reply);
        if (r >= 0)
                r = sd_bus_message_append_array(reply, 'y', payload.data, payload.length);
        if (r >= 0)
                r = append_properties(reply, facts, &words);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

int retained_bus_get(sd_bus_message *call, void *data, sd_bus_error *error)
{
        _cleanup_(retained_facts_freep) RetainedFacts *facts = NULL;
        Manager *manager = data;
        const char *topic;
        int r;

        r = sd_bus_message_read(call, "s", &topic);
        if (r < 0)
                return r;
        r = retained_facts_find(server_plane(manager->server), topic, clock_boottime(), &facts);
        if (r == -EINVAL)
                return sd_bus_error_set(error, "org.hawker.Error.InvalidTopic",
                                        "That is no topic: one has 1 to 65535 bytes and neither + "
                                        "nor #; ListRetained takes filters");
        if (r == -ENOENT)
                return sd_bus_error_setf(error, "org.hawker.Error.NoSuchMessage",
                                         "No message is retained for '%s'", topic);
        if (r < 0)
                return r;
        if (facts->size + facts->rest > RETAINED_PAYLOAD_MAX)
                return sd_bus_error_setf(error, "org.hawker.Error.PayloadTooLarge",
                                         "The payload has %" PRIu64 " bytes, and the bus carries "
                                         "%u: subscribe to the topic to read it",
                                         facts->size, RETAINED_PAYLOAD_MAX);
        return answer_get(call, facts);
}

/* --- ClearRetained --- */

static int answer_clear(sd_bus_message *call, Gather *gather, sd_bus_error *error)
{
        const uint64_t n = retained_clear_count(gather);

        log_notice("%" PRIu64 " retained messages were cleared over the bus", n);
        return sd_bus_reply_method_return(call, "t", n);
}

int retained_bus_clear(sd_bus_message *call, void *data, sd_bus_error *error)
{
        Manager *manager = data;
        const char *filter;
        Gather *gather;
        int r;

        r = sd_bus_message_read(call, "s", &filter);
        if (r >= 0)
                r = gathering_admit(&manager->gatherings, call, error);
        if (r < 0)
                return r;
        r = retained_clear_new(filter, server_n_workers(manager->server), &gather);
        if (r == -EPERM)
                return sd_bus_error_set(error, "org.hawker.Error.InvalidFilter",
                                        "$SYS is what the broker says of itself, and would be "
                                        "there again in seconds: sys_interval 0 ends it");
        if (r == -EINVAL)
                return set_bad_filter(error);
        return r < 0 ? r : gathering_start(&manager->gatherings, call, gather, answer_clear);
}
