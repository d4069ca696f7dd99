/* SPDX-License-Identifier: Apache-2.0 */

/* What the pages have in them. */
#include "control/http-text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/metrics-text.h"
#include "util/json-out.h"
#include "util/utf8.h"

/* --- JSON, by way of a stream --- */

typedef struct Stream {
        char *text;
        size_t size;
        JsonOut json;
} Stream;

static int stream_begin(Stream *stream)
{
        *stream = (Stream){};
        stream->json.to = open_memstream(&stream->text, &stream->size);
        if (!stream->json.to)
                return -ENOMEM;
        json_out_begin(&stream->json);
        return 0;
}

static int stream_end(Stream *stream, Buffer *out)
{
        bool has_failed;
        int r = -ENOMEM;

        json_out_end(&stream->json);
        fputc('\n', stream->json.to);
        has_failed = ferror(stream->json.to);
        if (fclose(stream->json.to) == 0 && !has_failed)
                r = buffer_append(out, stream->text, stream->size);
        free(stream->text);
        return r;
}

/* --- pages --- */

int http_text_metrics(const Manager *manager, const char *accept, const char **ret_type,
                      Buffer *out)
{
        const MetricsFormat format = metrics_format(accept);
        MetricSample sample;
        int r;

        r = metric_sample_take(manager, &sample);
        if (r < 0)
                return r;
        *ret_type = metrics_content_type(format);
        r = metrics_text(&sample, format, out);
        metric_sample_done(&sample);
        return r;
}

static void put_listener(JsonOut *json, const ListenerSettings *listener)
{
        static const char *const protocols[] = {
                [LISTENER_MQTT] = "mqtt",
                [LISTENER_WEBSOCKETS] = "websockets",
                [LISTENER_HTTP_API] = "httpapi",
        };

        json_out_begin(json);
        if (listener->path)
                json_out_bytes(json, "path", bytes_from_string(listener->path));
        else
                json_out_number(json, "port", listener->port);
        json_out_bytes(json, "protocol", bytes_from_string(protocols[listener->protocol]));
        json_out_flag(json, "tls", listener->certfile || listener->psk_hint);
        json_out_flag(json, "mtls", listener->require_certificate);
        json_out_flag(json, "allow_anonymous", listener->allow_anonymous);
        json_out_end(json);
}

int http_text_listeners(const Listeners *listeners, Buffer *out)
{
        Stream stream;

        if (stream_begin(&stream) < 0)
                return -ENOMEM;
        json_out_name(&stream.json, "listeners");
        fputc('[', stream.json.to);
        for (size_t i = 0; i < listeners->n; i++) {
                if (i > 0)
                        fputc(',', stream.json.to);
                put_listener(&stream.json, listeners->items[i]->of);
        }
        fputc(']', stream.json.to);
        return stream_end(&stream, out);
}

static int put_value(const char *topic, uint64_t value, void *data)
{
        json_out_number(data, topic, value);
        return 0;
}

int http_text_systree(SysTopics *topics, Buffer *out)
{
        Stream stream;

        if (stream_begin(&stream) < 0)
                return -ENOMEM;
        sys_topics_give(topics, put_value, &stream.json);
        return stream_end(&stream, out);
}
