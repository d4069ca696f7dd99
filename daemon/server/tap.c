/* SPDX-License-Identifier: Apache-2.0 */

/* The packets of one connection, as lines of JSON. */

#include "server/tap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "mqtt/packet-json.h"

/* So much of a packet on its way out is looked at: all but the payload of a PUBLISH is shorter, or
 * so long that nobody wants to see it. */
#define LOOK_MAX (256U * 1024U)

struct Tap {
        Traces *traces;
        uint8_t *client;
        size_t length; /* of the client identifier */
        MqttVersion version;
        size_t told; /* of the output, from its front */
        bool connect_is_told;
        bool waits; /* the packet that comes next was told */
};

/* A line that is being written. */
typedef struct Line {
        JsonOut json;
        char *text;
        size_t length;
} Line;

int tap_new(Traces *traces, Bytes client, MqttVersion version, const Output *output, Tap **ret_tap)
{
        Tap *tap = calloc(1, sizeof(*tap));

        if (!tap || bytes_duplicate(client, &tap->client) < 0) {
                free(tap);
                return -ENOMEM;
        }
        tap->traces = traces;
        tap->length = client.length;
        tap->version = version;
        tap->told = output_length(output);
        *ret_tap = tap;
        return 0;
}

Tap *tap_free(Tap *tap)
{
        if (!tap)
                return NULL;
        free(tap->client);
        free(tap);
        return NULL;
}

static Bytes client_of(const Tap *tap)
{
        return (Bytes){tap->client, tap->length};
}

bool tap_is_watched(const Tap *tap)
{
        return traces_have(tap->traces, client_of(tap));
}

/* --- lines --- */

static bool line_begin(Line *line, const Tap *tap)
{
        struct timespec now;

        *line = (Line){};
        line->json.to = open_memstream(&line->text, &line->length);
        if (!line->json.to) {
                traces_note_lost(tap->traces, client_of(tap));
                return false;
        }
        clock_gettime(CLOCK_REALTIME, &now);
        json_out_begin(&line->json);
        json_out_number(&line->json, "time",
                        (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
        return true;
}

static void line_end(Line *line, const Tap *tap)
{
        bool failed;

        json_out_end(&line->json);
        fputc('\n', line->json.to);
        failed = ferror(line->json.to);
        failed |= fclose(line->json.to) != 0;
        if (failed)
                traces_note_lost(tap->traces, client_of(tap));
        else
                traces_write(tap->traces, client_of(tap),
                             (Bytes){(uint8_t *)line->text, line->length});
        free(line->text);
}

static void put_text(Line *line, const char *name, const char *text)
{
        json_out_bytes(&line->json, name, bytes_from_string(text));
}

/* --- in --- */

void tap_connect(Tap *tap, const Packet *packet, const char *address, const char *listener)
{
        Line line;

        if (tap->connect_is_told || !line_begin(&line, tap))
                return;
        tap->connect_is_told = true;
        put_text(&line, "direction", "in");
        packet_json_write(&line.json, packet, tap->version, 0);
        put_text(&line, "address", address);
        put_text(&line, "listener", listener);
        line_end(&line, tap);
}

static void tell(const Tap *tap, const char *direction, const Packet *packet, size_t cut)
{
        Line line;

        if (!line_begin(&line, tap))
                return;
        put_text(&line, "direction", direction);
        packet_json_write(&line.json, packet, tap->version, cut);
        line_end(&line, tap);
}

void tap_received(Tap *tap, const Packet *packet)
{
        if (!tap->waits)
                tell(tap, "in", packet, 0);
        tap->waits = false;
}

void tap_wait(Tap *tap)
{
        tap->waits = true;
}

void tap_end(Tap *tap, unsigned reason, const char *name, const char *detail)
{
        Line line;

        if (!line_begin(&line, tap))
                return;
        put_text(&line, "event", "end");
        json_out_number(&line.json, "reason", reason);
        put_text(&line, "reason_name", name);
        if (detail)
                put_text(&line, "detail", detail);
        line_end(&line, tap);
}

/* --- out --- */

/* The size of the packet that begins at this place of the output; 0: there is none. */
static size_t packet_size_at(const Output *output, size_t at)
{
        uint8_t head[5];
        const size_t n = output_read(output, at, head, sizeof(head));
        Packet packet = {};
        int r;

        r = packet_frame(head, n, 0, MQTT_5, &packet);
        return r > 0 || packet.size > output_length(output) - at ? 0 : packet.size;
}

static void tell_output(const Tap *tap, const Output *output, size_t size, uint8_t *room)
{
        const size_t n = output_read(output, tap->told, room, MIN(size, (size_t)LOOK_MAX));
        size_t head = 2;
        Packet packet;

        while (head < n && head < 5 && room[head - 1] & 0x80)
                head++;
        packet = (Packet){
                .type = (PacketType)(room[0] >> 4),
                .flags = room[0] & 0x0F,
                .body = {room + head, n - head},
                .size = size,
        };
        tell(tap, "out", &packet, size - n);
}

void tap_output(Tap *tap, const Output *output)
{
        const size_t length = output_length(output);
        uint8_t *room;
        size_t size;

        if (tap->told >= length)
                return;
        room = malloc(LOOK_MAX);
        for (; tap->told < length && (size = packet_size_at(output, tap->told)) > 0;
             tap->told += size)
                if (room)
                        tell_output(tap, output, size, room);
                else
                        traces_note_lost(tap->traces, client_of(tap));
        free(room);
}

void tap_written(Tap *tap, const Output *output)
{
        tap->told = output_length(output);
}
