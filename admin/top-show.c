/* SPDX-License-Identifier: Apache-2.0 */

/* Two looks at the broker as text, or as JSON. */
#include "admin/top-show.h"

#include <errno.h>
#include <inttypes.h>

#include "admin/json.h"
#include "admin/table.h"
#include "util/macro.h"

#define NUMBER_MAX 32U

static const TableColumn rate_columns[] = {
        {"", false, 0}, {"PER SECOND", true, 0}, {"SINCE START", true, 0}};
static const TableColumn client_columns[] = {
        {"CLIENT", false, 1}, {"USER", false, 3}, {"ADDRESS", false, 4}, {"IN/S", true, 0},
        {"OUT/S", true, 0},   {"B/S", true, 0},   {"SUBS", true, 0},     {"FLIGHT", true, 0},
        {"QUEUED", true, 0},  {"BYTES", true, 0},
};

static const TableColumn topic_columns[] = {
        {"TOPIC", false, 1}, {"MESSAGES/S", true, 0}, {"BYTES/S", true, 0}};

static const char *const rate_titles[TOP_RATES] = {
        [TOP_MESSAGES_RECEIVED] = "Messages received",
        [TOP_MESSAGES_SENT] = "Messages sent",
        [TOP_MESSAGES_DROPPED] = "Messages dropped",
        [TOP_BYTES_RECEIVED] = "Bytes received",
        [TOP_BYTES_SENT] = "Bytes sent",
};

static int show_rates(const TopLook *before, const TopLook *after, FILE *to)
{
        _cleanup_(table_done) Table table = {
                .columns = rate_columns, .n_columns = ARRAY_SIZE(rate_columns), .to = to};

        for (size_t i = 0; i < TOP_RATES; i++) {
                char rate[NUMBER_MAX], all[NUMBER_MAX];
                const char *const cells[] = {rate_titles[i], rate, all};

                snprintf(rate, sizeof(rate), "%.1f", top_look_rate(before, after, (TopFigure)i));
                snprintf(all, sizeof(all), "%" PRIu64, after->figures[i]);
                if (table_add_texts(&table, ARRAY_SIZE(cells), cells) < 0)
                        return -ENOMEM;
        }
        table_print(&table);
        return 0;
}

static int add_client(Table *table, const TopLook *before, const TopLook *look,
                      const TopClient *client)
{
        const TopTraffic *traffic = &client->traffic;
        const char *const texts[] = {client->client, client->user, client->address};
        const uint64_t rates[] = {traffic->messages_received, traffic->messages_sent,
                                  traffic->bytes};
        const uint64_t numbers[] = {client->subscriptions, client->inflight, client->queued,
                                    client->queued_bytes};
        int r = table_add_texts(table, ARRAY_SIZE(texts), texts);

        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(rates); i++)
                r = table_add(table, "%.0f", top_look_per_second(before, look, rates[i]));
        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(numbers); i++)
                r = table_add(table, "%" PRIu64, numbers[i]);
        return r;
}

static int show_topics(const Command *command, const TopLook *look, FILE *to)
{
        _cleanup_(table_done) Table table = {
                .columns = topic_columns,
                .n_columns = ARRAY_SIZE(topic_columns),
                .to = to,
                .width = command->width,
                .has_colours = command->has_colours,
        };
        int r = 0;

        for (size_t i = 0; r == 0 && i < look->n_topics; i++) {
                const TopTopic *topic = &look->topics[i];

                r = table_add(&table, "%s", topic->topic);
                if (r == 0)
                        r = table_add(&table, "%.0f", topic->messages);
                if (r == 0)
                        r = table_add(&table, "%.0f", topic->bytes);
        }
        if (r == 0 && look->n_topics > 0)
                fputs("\nBusiest topics:\n", to);
        table_print(&table);
        return r;
}

static int show_clients(const Command *command, const TopLook *before, const TopLook *look,
                        FILE *to)
{
        _cleanup_(table_done) Table table = {
                .columns = client_columns,
                .n_columns = ARRAY_SIZE(client_columns),
                .to = to,
                .width = command->width,
                .has_colours = command->has_colours,
        };
        int r = 0;

        for (size_t i = 0; r == 0 && i < look->n_clients; i++)
                r = add_client(&table, before, look, &look->clients[i]);
        table_print(&table);
        return r;
}

int top_show_text(const Command *command, const TopLook *before, const TopLook *after,
                  TopOrder order, FILE *to)
{
        const uint64_t *figures = after->figures;
        int r;

        fprintf(to,
                "%" PRIu64 " clients, %" PRIu64 " sessions, %" PRIu64 " subscriptions\n"
                "%" PRIu64 " messages queued, %" PRIu64 " retained, %" PRIu64 " MiB of memory\n",
                figures[TOP_CLIENTS], figures[TOP_SESSIONS], figures[TOP_SUBSCRIPTIONS],
                figures[TOP_QUEUED], figures[TOP_RETAINED], figures[TOP_MEMORY] >> 20);
        if (latency_print(&before->latency, &after->latency, to) > 0)
                fputs(": the way of a message\n", to);
        fputc('\n', to);
        r = show_rates(before, after, to);
        if (r < 0)
                return r;
        if (after->without_clients) {
                fputs("\nThe clients are shown to root and the group hawker-admin.\n", to);
                return 0;
        }
        r = show_topics(command, after, to);
        if (r < 0)
                return r;
        fprintf(to, "\nClients by %s:\n", top_order_name(order));
        return show_clients(command, before, after, to);
}

static void show_client_json(const TopLook *before, const TopLook *after, const TopClient *client,
                             FILE *to)
{
        const TopTraffic *traffic = &client->traffic;

        fputs("{\"client\":", to);
        json_write_string(to, client->client);
        fputs(",\"user\":", to);
        json_write_string(to, client->user);
        fputs(",\"address\":", to);
        json_write_string(to, client->address);
        fputs(",\"listener\":", to);
        json_write_string(to, client->listener);
        fprintf(to,
                ",\"subscriptions\":%" PRIu64 ",\"inflight\":%" PRIu64 ",\"queued\":%" PRIu64
                ",\"queued_bytes\":%" PRIu64,
                client->subscriptions, client->inflight, client->queued, client->queued_bytes);
        fprintf(to,
                ",\"rates\":{\"messages_received\":%.1f,\"messages_sent\":%.1f,\"bytes\":%.1f}}",
                top_look_per_second(before, after, traffic->messages_received),
                top_look_per_second(before, after, traffic->messages_sent),
                top_look_per_second(before, after, traffic->bytes));
}

int top_show_json(const TopLook *before, const TopLook *after, FILE *to)
{
        fprintf(to, "{\"seconds\":%.3f,\"figures\":{", (double)(after->when - before->when) / 1e6);
        for (size_t i = 0; i < TOP_FIGURES; i++)
                fprintf(to, "%s\"%s\":%" PRIu64, i > 0 ? "," : "", top_figure_name((TopFigure)i),
                        after->figures[i]);
        fputs("},\"rates\":{", to);
        for (size_t i = 0; i < TOP_RATES; i++)
                fprintf(to, "%s\"%s\":%.1f", i > 0 ? "," : "", top_figure_name((TopFigure)i),
                        top_look_rate(before, after, (TopFigure)i));
        fprintf(to, "},\"latency\":{\"half\":%" PRIu64 ",\"most\":%" PRIu64,
                latency_within(&before->latency, &after->latency, 0.5),
                latency_within(&before->latency, &after->latency, 0.99));
        fputs(after->without_clients ? "},\"topics\":null,\"clients\":null}\n" : "},\"topics\":[",
              to);
        if (after->without_clients)
                return 0;
        for (size_t i = 0; i < after->n_topics; i++) {
                fputs(i > 0 ? ",{\"topic\":" : "{\"topic\":", to);
                json_write_string(to, after->topics[i].topic);
                fprintf(to, ",\"messages\":%.1f,\"bytes\":%.1f}", after->topics[i].messages,
                        after->topics[i].bytes);
        }
        fputs("],\"clients\":[", to);
        for (size_t i = 0; i < after->n_clients; i++) {
                fputs(i > 0 ? "," : "", to);
                show_client_json(before, after, &after->clients[i], to);
        }
        fputs("]}\n", to);
        return 0;
}
