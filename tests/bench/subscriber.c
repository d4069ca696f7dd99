/* SPDX-License-Identifier: Apache-2.0 */
/* The receiving role of a Traffic's clients. */

#include <errno.h>

#include "bench/clock.h"
#include "bench/subscriber.h"

static int subscriber_acknowledge(Client *client, const Publish *publish)
{
        if (publish->qos == 0)
                return 0;
        client_mark(client);
        return wire_put_ack(&client->out, publish->qos == 1 ? PACKET_PUBACK : PACKET_PUBREC,
                            publish->id);
}

static int subscriber_publish(Traffic *traffic, Client *client, const Packet *packet)
{
        Publish publish;
        Stamp stamp;

        if (wire_publish(packet, client->version, &publish) < 0)
                return -EPROTO;
        /* A damaged message, or one of another QoS than was sent, is as good as lost. */
        if (letter_read(&publish, &stamp) < 0 || publish.qos != traffic->form.qos ||
            publish.payload_size != traffic->form.payload_size) {
                traffic->ledger.alien++;
                return -EPROTO;
        }
        if (!ledger_deliver(&traffic->ledger, client->number, &stamp))
                return -EPROTO;
        if (traffic->form.rate > 0 && stamp.intended >= traffic->latency_from)
                histogram_add(&traffic->latency, clock_now() - stamp.intended);
        if (stamp.sender < traffic->publishers.count && traffic->form.rate == 0)
                client_mark(&traffic->publishers.clients[stamp.sender]);
        return subscriber_acknowledge(client, &publish);
}

static int subscriber_release(Client *client, const Packet *packet)
{
        uint16_t id;

        if (wire_ack(packet, &id) < 0)
                return -EPROTO;
        client_mark(client);
        return wire_put_ack(&client->out, PACKET_PUBCOMP, id);
}

static void subscriber_packet(Client *client, const Packet *packet)
{
        Traffic *traffic = client->owner;
        int r = -EPROTO;

        if (packet->type == PACKET_PUBLISH)
                r = subscriber_publish(traffic, client, packet);
        else if (packet->type == PACKET_PUBREL)
                r = subscriber_release(client, packet);
        if (r < 0)
                traffic_fail(traffic, r);
}

static void subscriber_closed(Client *client, int error)
{
        traffic_fail(client->owner, error < 0 ? error : -ECONNRESET);
}

const ClientEvents subscriber_events = {
        .packet = subscriber_packet,
        .closed = subscriber_closed,
};
