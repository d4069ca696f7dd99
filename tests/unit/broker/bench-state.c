/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What it costs to hand the model over: 100,000 sessions, each with a subscription and 10 messages
 * that wait (their own, then the same ones for all), and 1,000,000 retained messages. The image
 * goes into a file in memory, as it does when a process takes over.
 */

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "broker/state-reader.h"
#include "broker/state-writer.h"
#include "util/siphash.h"

#define SESSIONS 100000U
#define MESSAGES 10U
#define RETAINED 1000000U
#define PAYLOAD  100U
#define WORKERS  2U

#define MIB 1048576.0

typedef struct Model {
        SessionLimits limits;
        Router *router;
        Retained *retained;
        Sessions *sessions[WORKERS];
} Model;

typedef struct Saving {
        StateWriter *writer;
        int fd;
        size_t size, largest;
} Saving;

static void check(bool fine)
{
        if (!fine)
                abort();
}

static double now(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void model_init(Model *model)
{
        *model = (Model){.limits = {.retention = UINT64_MAX}};
        check(router_new(WORKERS, &model->router) == 0 && retained_new(&model->retained) == 0);
        for (unsigned i = 0; i < WORKERS; i++)
                check(sessions_new(i, model->router, &model->limits, &model->sessions[i]) == 0);
}

static void model_done(Model *model)
{
        for (unsigned i = 0; i < WORKERS; i++)
                sessions_free(model->sessions[i]);
        retained_free(model->retained);
        router_free(model->router);
}

static Sessions *sessions_of(Model *model, Bytes client_id)
{
        return model->sessions[hash_bytes(client_id.data, client_id.length) % WORKERS];
}

static Message *make_message(const char *topic)
{
        static const uint8_t payload[PAYLOAD];
        MessageParts parts = {
                .topic = bytes_from_string(topic),
                .payload = {payload, sizeof(payload)},
                .expires = MESSAGE_NEVER_EXPIRES,
                .qos = 1,
        };
        Message *message;

        check(message_new(&parts, &message) == 0);
        return message;
}

static void fill_session(Model *model, unsigned i, Message **shared)
{
        char id[32], filter[64];
        Session *session;
        bool existed;

        snprintf(id, sizeof(id), "client-%08u", i);
        snprintf(filter, sizeof(filter), "building/%u/device/%u/+", i % 100, i);
        check(sessions_open(sessions_of(model, bytes_from_string(id)), bytes_from_string(id),
                            &session) == 0);
        check(session_subscribe(session, bytes_from_string(filter), 1, 0, &existed) == 0);
        for (unsigned k = 0; k < MESSAGES; k++) {
                Message *message =
                        shared ? message_ref(shared[k]) : make_message("building/command");
                Delivery delivery;
                Offer offer = {.message = message, .qos = 1};

                check(session_offer(session, &offer, 1000, &delivery) == OFFER_QUEUED);
                message_unref(message);
        }
}

static void fill_sessions(Model *model, bool is_shared)
{
        Message *shared[MESSAGES];

        for (unsigned k = 0; k < MESSAGES; k++)
                shared[k] = make_message("building/command");
        for (unsigned i = 0; i < SESSIONS; i++)
                fill_session(model, i, is_shared ? shared : NULL);
        for (unsigned k = 0; k < MESSAGES; k++)
                message_unref(shared[k]);
}

static void fill_retained(Model *model, bool unused)
{
        (void)unused;
        for (unsigned i = 0; i < RETAINED; i++) {
                char topic[64];
                Message *message;

                snprintf(topic, sizeof(topic), "building/%u/sensor/%u", i % 1000, i);
                message = make_message(topic);
                check(retained_set(model->retained, message) == 0);
                message_unref(message);
        }
}

/* --- over and back --- */

static void take_bytes(Saving *saving)
{
        Buffer *buffer = state_writer_buffer(saving->writer);
        size_t n = buffer_length(buffer);

        saving->largest = MAX(saving->largest, n);
        check(write(saving->fd, buffer_head(buffer), n) == (ssize_t)n);
        buffer_consume(buffer, n);
        saving->size += n;
}

static int save_session(Session *session, void *data)
{
        Saving *saving = data;
        int r;

        do {
                r = state_writer_session(saving->writer, session);
                check(r >= 0);
                if (buffer_length(state_writer_buffer(saving->writer)) >= 65536)
                        take_bytes(saving);
        } while (r == 1);
        return 0;
}

static void save(Model *model, Saving *saving)
{
        StateClock clock = {1, 2};
        int r;

        check(state_writer_new(model->router, &clock, &saving->writer) == 0);
        do {
                r = state_writer_retained(saving->writer, model->retained);
                check(r >= 0);
                take_bytes(saving);
        } while (r == 1);
        for (unsigned i = 0; i < WORKERS; i++)
                sessions_foreach(model->sessions[i], save_session, saving);
        check(state_writer_end(saving->writer) == 0);
        take_bytes(saving);
        state_writer_free(saving->writer);
}

static void load(Model *model, Bytes image)
{
        StateReader *reader;
        StateItem item;
        Session *session;

        check(state_reader_new(image, model->router, model->retained, &reader) == 0);
        for (;;) {
                check(state_reader_next(reader, &item) == 0);
                if (item.kind == STATE_ITEM_END)
                        break;
                check(state_reader_session(reader, sessions_of(model, item.client_id), &session) ==
                      0);
        }
        state_reader_free(reader);
}

static void measure(const char *what, void (*fill)(Model *model, bool is_shared), bool is_shared)
{
        Saving saving = {.fd = memfd_create("state", MFD_CLOEXEC)};
        Model model, next;
        double begin, saved, loaded;
        void *image;

        check(saving.fd >= 0);
        model_init(&model);
        fill(&model, is_shared);
        begin = now();
        save(&model, &saving);
        saved = now();
        model_done(&model);
        image = mmap(NULL, saving.size, PROT_READ, MAP_SHARED, saving.fd, 0);
        check(image != MAP_FAILED);
        model_init(&next);
        loaded = now();
        load(&next, (Bytes){image, saving.size});
        printf("%-44s image %6.1f MiB, buffer %4zu KiB, save %6.0f ms, load %6.0f ms\n", what,
               (double)saving.size / MIB, saving.largest / 1024, saved - begin, now() - loaded);
        model_done(&next);
        munmap(image, saving.size);
        close(saving.fd);
}

int main(void)
{
        measure("100,000 sessions, 10 messages each", fill_sessions, false);
        measure("100,000 sessions, the same 10 messages", fill_sessions, true);
        measure("1,000,000 retained messages", fill_retained, false);
        return EXIT_SUCCESS;
}
