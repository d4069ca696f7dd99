/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Fuzzer: an image of the model. With the first byte odd, checksums are made right first, so that
 * what is behind them is met. What can be read works, can be written, and then be read again;
 * what was made in any case can be ended, and nothing is left behind.
 */

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "broker/state-reader.h"
#include "broker/state-writer.h"
#include "fuzz.h"
#include "util/crc32c.h"

#define HEAD    20U /* of the image */
#define FRAME   8U  /* of a record, before its payload */
#define WORKERS 2U

typedef struct Model {
        SessionLimits limits;
        Router *router;
        Retained *retained;
        Sessions *sessions[WORKERS];
} Model;

static void model_init(Model *model)
{
        *model = (Model){.limits = {.max_inflight_messages = 20, .retention = UINT64_MAX}};
        must(router_new(WORKERS, &model->router) == 0 && retained_new(&model->retained) == 0);
        for (unsigned i = 0; i < WORKERS; i++)
                must(sessions_new(i, model->router, &model->limits, &model->sessions[i]) == 0);
}

static int show(Session *session, void *data)
{
        *(Session **)data = session;
        return 1;
}

static void model_done(Model *model)
{
        for (unsigned i = 0; i < WORKERS; i++) {
                const SessionsCounters *counters = sessions_counters(model->sessions[i]);
                Session *session;

                while (sessions_foreach(model->sessions[i], show, &session))
                        sessions_close(model->sessions[i], session);
                must(counters->sessions == 0 && counters->away == 0);
                must(counters->queued == 0 && counters->queued_bytes == 0);
                sessions_free(model->sessions[i]);
        }
        must(router_count(model->router) == 0);
        retained_free(model->retained);
        router_free(model->router);
}

static int load(Model *model, Bytes image)
{
        _cleanup_(state_reader_freep) StateReader *reader = NULL;
        StateItem item = {.kind = STATE_ITEM_SESSION};
        Session *session;
        int r = state_reader_new(image, model->router, model->retained, &reader);

        while (r == 0) {
                r = state_reader_next(reader, &item);
                if (r < 0 || item.kind == STATE_ITEM_END)
                        break;
                if (item.kind == STATE_ITEM_SESSION)
                        r = state_reader_session(
                                reader, model->sessions[item.client_id.length % WORKERS], &session);
        }
        must(r == 0 || r == -EBADMSG || r == -EPROTONOSUPPORT || r == -ENOMEM);
        return r;
}

static int save_session(Session *session, void *data)
{
        int r;

        do
                r = state_writer_session(data, session);
        while (r == 1);
        must(r == 0);
        return 0;
}

/* What was read is written, and that can be read. */
static void trip(Model *model)
{
        _cleanup_(state_writer_freep) StateWriter *writer = NULL;
        Model other;
        int r;

        must(state_writer_new(model->router, &(StateClock){1, 2}, &writer) == 0);
        do
                r = state_writer_retained(writer, model->retained);
        while (r == 1);
        must(r == 0);
        for (unsigned i = 0; i < WORKERS; i++)
                sessions_foreach(model->sessions[i], save_session, writer);
        must(state_writer_end(writer) == 0);
        model_init(&other);
        must(load(&other, buffer_bytes(state_writer_buffer(writer))) == 0);
        must(retained_bytes(other.retained) == retained_bytes(model->retained));
        must(router_count(other.router) == router_count(model->router));
        for (unsigned i = 0; i < WORKERS; i++)
                must(sessions_counters(other.sessions[i])->queued_bytes ==
                     sessions_counters(model->sessions[i])->queued_bytes);
        model_done(&other);
}

/* A client comes and takes what it can get. */
static int use(Session *session, void *data)
{
        Delivery delivery;

        (void)data;
        session_attach(session, &(SessionAttach){.receive_maximum = 10});
        for (unsigned i = 0; i < 200; i++) {
                if (session_dequeue(session, 1000, &delivery) != 1)
                        continue;
                (void)session_puback(session, delivery.packet_id);
                (void)session_pubrec(session, delivery.packet_id, 0);
                (void)session_pubcomp(session, delivery.packet_id);
        }
        return 0;
}

static uint32_t load_u32(const uint8_t *at)
{
        uint32_t value;

        memcpy(&value, at, sizeof(value));
        return le32toh(value);
}

static void put_checksum(uint8_t *at, const uint8_t *from)
{
        uint32_t crc = htole32(crc32c(0, from, (size_t)(at - from)));

        memcpy(at, &crc, sizeof(crc));
}

static void repair(uint8_t *image, size_t size)
{
        if (size < HEAD)
                return;
        put_checksum(image + HEAD - sizeof(uint32_t), image);
        image += HEAD;
        size -= HEAD;
        while (size >= FRAME + sizeof(uint32_t)) {
                size_t length = load_u32(image), whole = FRAME + length + sizeof(uint32_t);

                if (whole > size)
                        break;
                put_checksum(image + FRAME + length, image);
                image += whole;
                size -= whole;
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        uint8_t *image;
        Model model;

        if (size == 0)
                return 0;
        image = malloc(size); /* one more than needed for an empty one */
        must(image);
        memcpy(image, data + 1, size - 1);
        if (data[0] & 1)
                repair(image, size - 1);
        model_init(&model);
        if (load(&model, (Bytes){image, size - 1}) == 0) {
                trip(&model);
                for (unsigned i = 0; i < WORKERS; i++)
                        sessions_foreach(model.sessions[i], use, NULL);
        }
        model_done(&model);
        free(image);
        return 0;
}
