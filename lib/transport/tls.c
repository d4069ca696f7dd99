/* SPDX-License-Identifier: Apache-2.0 */

/* The server's side of TLS over a stream socket. */

#include "transport/tls.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "transport/tls-pieces.h"
#include "transport/tls-session.h"
#include "transport/tls-wire.h"
#include "util/buffer.h"

/* Memory that a step of a handshake takes at most, with room to spare. */
#define STEP_MEMORY (96U * 1024U)
/* Warnings that a handshake puts up with in one call. */
#define WARNINGS_MAX 16U

/* --- what went wrong --- */

static int tls_trouble(Transport *transport, char *why)
{
        TlsSession *tls = transport->state;

        free(tls->trouble);
        tls->trouble = why;
        return -EPROTO;
}

static const char *tls_words(const Transport *transport)
{
        const TlsSession *tls = transport->state;

        return tls ? tls->trouble : NULL;
}

static char *describe_alert(gnutls_session_t session)
{
        const char *name = gnutls_alert_get_name(gnutls_alert_get(session));
        char *why;

        return asprintf(&why, "TLS: the client says: %s", name ? name : "an unknown alert") < 0
                       ? NULL
                       : why;
}

static char *describe(const char *text)
{
        size_t n = strlen(text);
        char *why;

        if (n > 0 && text[n - 1] == '.')
                n--;
        return asprintf(&why, "TLS: %.*s", (int)n, text) < 0 ? NULL : why;
}

/* Turns a code of GnuTLS into an errno and words. */
static int tls_fail(Transport *transport, int code)
{
        TlsSession *tls = transport->state;

        if (code == GNUTLS_E_MEMORY_ERROR)
                return -ENOMEM;
        if (code == GNUTLS_E_FATAL_ALERT_RECEIVED)
                return tls_trouble(transport, describe_alert(tls->session));
        if (code == GNUTLS_E_PUSH_ERROR || code == GNUTLS_E_PULL_ERROR)
                return -ECONNRESET;
        return tls_trouble(transport, describe(gnutls_strerror(code)));
}

/* --- the handshake --- */

/* First bytes that are known, and what they are. 22 is a TLS handshake. */
static const struct {
        uint8_t byte;
        const char *what;
} beginnings[] = {
        {0x10, "this is not TLS but MQTT without it"},
        {'G', "this is not TLS but HTTP without it"},
        {'P', "this is not TLS but HTTP or PROXY"},
        {0x0d, "this is not TLS but PROXY"},
};

/* Whether a code of GnuTLS is about what the client has sent. In TLS 1.3 that of a record which
 * cannot be decrypted is not: OpenSSL has no keys yet when it refuses our certificate, so its alert
 * comes in the clear; and a wrong key is found out before. */
static bool is_refusal(gnutls_session_t session, int code)
{
        switch (code) {
        case GNUTLS_E_PULL_ERROR:
        case GNUTLS_E_PUSH_ERROR:
        case GNUTLS_E_MEMORY_ERROR:
        case GNUTLS_E_FATAL_ALERT_RECEIVED:
                return false;
        case GNUTLS_E_DECRYPTION_FAILED:
                return gnutls_protocol_get_version(session) != GNUTLS_TLS1_3;
        default:
                return true;
        }
}

static int handshake_fail(Transport *transport, int code)
{
        TlsSession *tls = transport->state;
        const char *what = "this is not TLS";

        if (tls->has_begun && tls->first_byte != 22) {
                tls->is_refused = true;
                for (size_t i = 0; i < ARRAY_SIZE(beginnings); i++)
                        if (beginnings[i].byte == tls->first_byte)
                                what = beginnings[i].what;
                return tls_trouble(transport, strdup(what));
        }
        if (code == GNUTLS_E_PREMATURE_TERMINATION || tls->has_left)
                return tls_trouble(transport,
                                   describe("the client left in the middle of the handshake"));
        tls->is_refused = is_refusal(tls->session, code);
        if (code != GNUTLS_E_PULL_ERROR && code != GNUTLS_E_FATAL_ALERT_RECEIVED)
                gnutls_alert_send_appropriate(tls->session, code);
        return tls_fail(transport, code);
}

static int handshake_verify(Transport *transport)
{
        TlsSession *tls = transport->state;
        _cleanup_free_ char *why = NULL;
        int alert;

        if (tls_credentials_verify(tls->credentials, tls->session, &alert, &why) == 0)
                return 0;
        gnutls_alert_send(tls->session, GNUTLS_AL_FATAL, (gnutls_alert_description_t)alert);
        tls->is_refused = why != NULL;
        return tls_trouble(transport, describe(why ? why : "out of memory"));
}

/* A client with Nagle's algorithm holds its CONNECT back until its last flight is acknowledged,
 * which the kernel would do 40 ms later. */
static void acknowledge_now(int fd)
{
        const int one = 1;

        setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof(one)); /* fails on Unix sockets */
}

/* The public key arithmetic below GnuTLS does not survive a malloc() that fails: GMP ends the
 * process, libtasn1 takes no notice. So what one step needs is asked for before. */
static bool has_memory_for_step(void)
{
        void *volatile probe = malloc(STEP_MEMORY); /* volatile: else the compiler knows better */
        bool has = probe != NULL;

        free(probe);
        return has;
}

static int tls_handshake(Transport *transport)
{
        TlsSession *tls = transport->state;
        int r = GNUTLS_E_WARNING_ALERT_RECEIVED;

        if (tls->is_open)
                return 0;
        if (!has_memory_for_step())
                return -ENOMEM;
        tls->has_more_to_say = true;
        for (unsigned i = 0; r < 0 && r != GNUTLS_E_AGAIN && i < WARNINGS_MAX; i++) {
                r = gnutls_handshake(tls->session);
                if (gnutls_error_is_fatal(r))
                        break;
        }
        tls_wire_end_flight(tls);
        if (r == GNUTLS_E_AGAIN)
                return -EAGAIN;
        if (r < 0)
                return handshake_fail(transport, r);
        r = handshake_verify(transport);
        if (r < 0)
                return r;
        acknowledge_now(tls->fd);
        tls->is_open = true;
        return 0;
}

static uint32_t tls_wants(const Transport *transport)
{
        const TlsSession *tls = transport->state;

        return gnutls_record_get_direction(tls->session) ? EPOLLOUT : EPOLLIN;
}

/* --- reading --- */

/* A message of the handshake behind it, such as new keys, is met as if nothing were there. */
static bool is_passing(ssize_t code)
{
        return code == GNUTLS_E_AGAIN || code == GNUTLS_E_INTERRUPTED ||
               code == GNUTLS_E_WARNING_ALERT_RECEIVED;
}

/* Decrypts until the room is full or the wire empty. > 0, 0 the end, or a code of GnuTLS. */
static ssize_t read_records(TlsSession *tls, uint8_t *data, size_t size)
{
        size_t total = 0;
        ssize_t n = 0;

        while (total < size) {
                const size_t before = tls->wire->length;
                const bool was_closed = tls->wire->is_closed;

                n = gnutls_record_recv(tls->session, data + total, size - total);
                if (n > 0)
                        total += (size_t)n;
                else if (!is_passing(n))
                        break;
                else if (tls->wire->length == before && tls->wire->is_closed == was_closed)
                        break; /* it waits for the peer */
        }
        if (total == 0)
                return n;
        /* Failures come again: they are for the next call. */
        tls->last_code = n < 0 && !is_passing(n) ? (int)n : 0;
        tls->has_ended = n == 0;
        return (ssize_t)total;
}

/* What the wire has left over goes before what the socket has; it came from the rest itself, or
 * from the socket when there was none. */
static int keep_rest(TlsSession *tls, const TlsWire *wire, size_t before)
{
        Buffer *rest = &tls->rest;

        if (before == 0)
                return buffer_append(rest, wire->at, wire->length);
        buffer_consume(rest, before - wire->length);
        if (wire->length == 0)
                buffer_release(rest);
        return 0;
}

static ssize_t tls_read_end(Transport *transport, ssize_t n)
{
        if (n >= 0)
                return n;
        if (n == GNUTLS_E_PREMATURE_TERMINATION)
                return 0; /* MQTT says itself what is complete */
        if (is_passing(n))
                return -EAGAIN;
        if (n == GNUTLS_E_REHANDSHAKE)
                return tls_trouble(transport, describe("the client asks for a renegotiation"));
        return tls_fail(transport, (int)n);
}

static ssize_t tls_read(Transport *transport, void *data, size_t size)
{
        TlsSession *tls = transport->state;
        uint8_t room[TLS_WIRE_SIZE]; /* only what comes is touched */
        size_t left = buffer_length(&tls->rest);
        TlsWire wire = {
                .at = left > 0 ? buffer_head(&tls->rest) : room,
                .length = left,
                .is_closed = transport->has_more,
                .room = room,
        };
        ssize_t n;

        transport->has_more = false;
        if (!tls->is_open)
                return tls_wire_receive(tls->fd, data, size);
        if (tls->last_code < 0 || tls->has_ended)
                return tls_read_end(transport, tls->last_code);
        tls->wire = &wire;
        n = read_records(tls, data, size);
        tls->wire = NULL;
        if (keep_rest(tls, &wire, left) < 0)
                return -ENOMEM;
        transport->has_more = wire.length > 0 || tls->last_code < 0 || tls->has_ended ||
                              gnutls_record_check_pending(tls->session) > 0;
        return tls_read_end(transport, n);
}

/* --- writing --- */

/* GnuTLS keeps a record that the socket does not take; asked again without data it goes on. */
static ssize_t send_record(TlsSession *tls, Bytes plain)
{
        ssize_t n;

        do
                n = tls->is_sending ? gnutls_record_send(tls->session, NULL, 0)
                                    : gnutls_record_send(tls->session, plain.data, plain.length);
        while (n == GNUTLS_E_INTERRUPTED);
        tls->is_sending = n == GNUTLS_E_AGAIN;
        return n;
}

static ssize_t tls_writev(Transport *transport, const struct iovec *pieces, int n_pieces)
{
        TlsSession *tls = transport->state;
        TlsPieces left = {pieces, pieces + n_pieces, 0};
        const size_t size = tls_pieces_size(&left);
        uint8_t room[TLS_RECORD_SIZE];
        size_t total = 0;
        Bytes plain;

        while ((plain = tls_pieces_next(&left, room)).length > 0) {
                ssize_t n;

                tls->has_more_to_say = total + plain.length < size;
                n = send_record(tls, plain);
                tls->has_more_to_say = false;
                if (n == GNUTLS_E_AGAIN)
                        return total > 0 ? (ssize_t)total : -EAGAIN;
                if (n < 0)
                        return n == GNUTLS_E_PUSH_ERROR ? -EPIPE : tls_fail(transport, (int)n);
                total += (size_t)n;
                tls_pieces_advance(&left, (size_t)n);
        }
        return (ssize_t)total;
}

/* --- the end --- */

static int tls_finish(Transport *transport)
{
        TlsSession *tls = transport->state;
        int r = 0;

        if (tls->is_open)
                r = gnutls_bye(tls->session, GNUTLS_SHUT_WR);
        if (r == GNUTLS_E_AGAIN)
                return -EAGAIN;
        tls->has_said_bye = true;
        return shutdown(transport->fd, SHUT_WR) < 0 ? -errno : 0;
}

static void tls_close(Transport *transport)
{
        TlsSession *tls = transport->state;

        if (!tls)
                return;
        transport->state = NULL;
        transport->has_more = false;
        if (tls->is_open && !tls->has_said_bye && !tls->is_sending)
                gnutls_bye(tls->session, GNUTLS_SHUT_WR);
        gnutls_deinit(tls->session);
        close(TAKE_FD(transport->fd));
        tls_credentials_unref(tls->credentials);
        buffer_done(&tls->rest);
        free(tls->trouble);
        free(tls);
}

static const TransportOps tls_ops = {
        .name = "tls",
        .handshake = tls_handshake,
        .read = tls_read,
        .writev = tls_writev,
        .wants = tls_wants,
        .finish = tls_finish,
        .close = tls_close,
        .trouble = tls_words,
        .insists = true, /* on its record */
};

void tls_take_handshake_bytes(Transport *transport, uint32_t *ret_received, uint32_t *ret_sent)
{
        TlsSession *tls = transport->state;

        *ret_received = tls->received;
        *ret_sent = tls->sent;
        tls->received = tls->sent = 0;
}

bool tls_is_refused(const Transport *transport)
{
        const TlsSession *tls = transport->state;

        return tls && tls->is_refused;
}

bool tls_is(const Transport *transport)
{
        return transport->ops == &tls_ops;
}

int tls_init(Transport *transport, int fd, TlsCredentials *credentials)
{
        TlsSession *tls = calloc(1, sizeof(*tls));

        if (!tls)
                return -ENOMEM;
        if (gnutls_init(&tls->session, GNUTLS_SERVER | GNUTLS_NONBLOCK) < 0) {
                free(tls);
                return -ENOMEM;
        }
        if (tls_credentials_apply(credentials, tls->session) < 0) {
                gnutls_deinit(tls->session);
                free(tls);
                return -ENOMEM;
        }
        tls->fd = fd;
        tls->credentials = tls_credentials_ref(credentials);
        tls_wire_attach(tls);
        gnutls_handshake_set_timeout(tls->session, 0);
        *transport = (Transport){.ops = &tls_ops,
                                 .state = tls,
                                 .fd = fd,
                                 .slow_handshake = tls_credentials_is_slow(credentials)};
        return 0;
}
