/* SPDX-License-Identifier: Apache-2.0 */

/* A local service that decides. */

#include "access/authority.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "access/authority-cache.h"
#include "util/clock.h"

#define ANSWERS_MAX 65536U
#define IDLE_MAX    64U   /* connections that wait for the next question */
#define ANSWER_MAX  4096U /* bytes of a line */
/* After a failure it is not tried again for so long, ms; each time twice as long. */
#define PAUSE_MIN 100U
#define PAUSE_MAX 10000U
#define KEY_SIZE  32U

struct Authority {
        atomic_uint references;
        AuthorityCache *cache;
        uint8_t secret[KEY_SIZE]; /* of the keys in the cache: they are made of passwords too */

        pthread_mutex_t mutex;
        int idle[IDLE_MAX];
        size_t n_idle;
        msec_t pause;     /* the last one; 0: it has answered since */
        msec_t down_till; /* nobody tries before */

        struct sockaddr_un address;
        socklen_t address_length;
        unsigned timeout;
        char path[];
};

int authority_new(const char *path, unsigned timeout, Authority **ret_authority)
{
        const size_t length = strlen(path);
        Authority *authority;
        int r;

        if (length == 0 || length >= sizeof(authority->address.sun_path))
                return -ENAMETOOLONG;
        authority = calloc(1, sizeof(*authority) + length + 1);
        if (!authority)
                return -ENOMEM;
        r = gnutls_rnd(GNUTLS_RND_KEY, authority->secret, sizeof(authority->secret)) < 0
                    ? -EIO
                    : authority_cache_new(ANSWERS_MAX, &authority->cache);
        if (r < 0) {
                free(authority);
                return r;
        }
        atomic_init(&authority->references, 1);
        pthread_mutex_init(&authority->mutex, NULL);
        authority->timeout = timeout;
        memcpy(authority->path, path, length);
        authority->address.sun_family = AF_UNIX;
        memcpy(authority->address.sun_path, path, length);
        if (path[0] == '@')
                authority->address.sun_path[0] = 0;
        authority->address_length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
        *ret_authority = authority;
        return 0;
}

Authority *authority_ref(Authority *authority)
{
        if (authority)
                atomic_fetch_add_explicit(&authority->references, 1, memory_order_relaxed);
        return authority;
}

Authority *authority_unref(Authority *authority)
{
        if (!authority ||
            atomic_fetch_sub_explicit(&authority->references, 1, memory_order_acq_rel) != 1)
                return NULL;
        for (size_t i = 0; i < authority->n_idle; i++)
                close(authority->idle[i]);
        authority_cache_free(authority->cache);
        pthread_mutex_destroy(&authority->mutex);
        explicit_bzero(authority->secret, sizeof(authority->secret));
        free(authority);
        return NULL;
}

const char *authority_path(const Authority *authority)
{
        return authority->path;
}

/* --- what it has said --- */

static void add_field(gnutls_hmac_hd_t state, Bytes field)
{
        const uint64_t length = field.data ? field.length : UINT64_MAX;

        gnutls_hmac(state, &length, sizeof(length));
        if (field.length > 0)
                gnutls_hmac(state, field.data, field.length);
}

/* All of the question but the address: a client that comes again has another port. */
static int make_key(const Authority *authority, const AuthorityQuestion *question,
                    uint8_t ret_key[KEY_SIZE])
{
        const uint8_t verb = (uint8_t)question->verb;
        gnutls_hmac_hd_t state;

        if (gnutls_hmac_init(&state, GNUTLS_MAC_SHA256, authority->secret,
                             sizeof(authority->secret)) < 0)
                return -ENOMEM;
        add_field(state, (Bytes){&verb, 1});
        add_field(state, question->client_id);
        add_field(state, question->username);
        add_field(state, question->password);
        add_field(state, question->topic);
        add_field(state, bytes_from_string(question->listener));
        gnutls_hmac_deinit(state, ret_key);
        return 0;
}

int authority_recall(Authority *authority, const AuthorityQuestion *question, bool *ret_allow)
{
        uint8_t key[KEY_SIZE];
        int r = make_key(authority, question, key);

        if (r < 0)
                return r;
        return authority_cache_find(authority->cache, (Bytes){key, sizeof(key)}, clock_boottime(),
                                    ret_allow);
}

void authority_forget(Authority *authority)
{
        authority_cache_clear(authority->cache);
}

/* --- connections --- */

static int take_idle(Authority *authority)
{
        int fd = -1;

        pthread_mutex_lock(&authority->mutex);
        if (authority->n_idle > 0)
                fd = authority->idle[--authority->n_idle];
        pthread_mutex_unlock(&authority->mutex);
        return fd;
}

/* It has answered on this connection. */
static void give_idle(Authority *authority, int fd)
{
        pthread_mutex_lock(&authority->mutex);
        authority->pause = 0;
        if (authority->n_idle < IDLE_MAX)
                authority->idle[authority->n_idle++] = TAKE_FD(fd);
        pthread_mutex_unlock(&authority->mutex);
        if (fd >= 0)
                close(fd);
}

static bool is_down(Authority *authority)
{
        bool is;

        pthread_mutex_lock(&authority->mutex);
        is = authority->pause > 0 && clock_boottime() < authority->down_till;
        pthread_mutex_unlock(&authority->mutex);
        return is;
}

/* Of several that fail at once the first counts. */
static void note_failure(Authority *authority)
{
        const msec_t now = clock_boottime();

        pthread_mutex_lock(&authority->mutex);
        if (authority->pause == 0 || now >= authority->down_till) {
                authority->pause =
                        authority->pause == 0 ? PAUSE_MIN : MIN(authority->pause * 2, PAUSE_MAX);
                authority->down_till = now + authority->pause;
        }
        pthread_mutex_unlock(&authority->mutex);
}

/* A full backlog is -EAGAIN: as good as no answer. */
static int open_connection(const Authority *authority, int *ret_fd)
{
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (fd < 0 || connect(fd, (const struct sockaddr *)&authority->address,
                              authority->address_length) < 0)
                return -errno;
        *ret_fd = TAKE_FD(fd);
        return 0;
}

static int wait_for(int fd, short events, msec_t deadline)
{
        struct pollfd poll_fd = {.fd = fd, .events = events};
        const msec_t now = clock_boottime();
        int r = now >= deadline ? 0 : poll(&poll_fd, 1, (int)(deadline - now));

        if (r < 0)
                return errno == EINTR ? 0 : -errno;
        return r == 0 ? -ETIMEDOUT : 0;
}

static int send_line(int fd, const char *line, msec_t deadline)
{
        size_t left = strlen(line);

        while (left > 0) {
                ssize_t n = send(fd, line, left, MSG_NOSIGNAL | MSG_DONTWAIT);
                int r = 0;

                if (n >= 0) {
                        line += n;
                        left -= (size_t)n;
                } else if (errno == EAGAIN) {
                        r = wait_for(fd, POLLOUT, deadline);
                } else if (errno != EINTR) {
                        r = -errno;
                }
                if (r < 0)
                        return r;
        }
        return 0;
}

/* One line and nothing behind it: who says more than was asked has lost the thread. */
static int receive_line(int fd, msec_t deadline, char *line, size_t *ret_length)
{
        size_t n = 0;

        for (;;) {
                ssize_t got = recv(fd, line + n, ANSWER_MAX - n, MSG_DONTWAIT);
                const char *newline;
                int r;

                if (got == 0)
                        return -ECONNRESET;
                if (got < 0 && errno != EAGAIN && errno != EINTR)
                        return -errno;
                n += got > 0 ? (size_t)got : 0;
                newline = memchr(line, '\n', n);
                if (newline && newline + 1 == line + n) {
                        *ret_length = n - 1;
                        return 0;
                }
                if (newline || n == ANSWER_MAX)
                        return -EBADMSG;
                r = wait_for(fd, POLLIN, deadline);
                if (r < 0)
                        return r;
        }
}

static int converse(const Authority *authority, int fd, const char *line,
                    AuthorityAnswer *ret_answer)
{
        const msec_t deadline = clock_boottime() + authority->timeout;
        char answer[ANSWER_MAX];
        size_t length = 0;
        int r;

        r = send_line(fd, line, deadline);
        if (r == 0)
                r = receive_line(fd, deadline, answer, &length);
        return r < 0 ? r : authority_read((Bytes){(uint8_t *)answer, length}, ret_answer);
}

/* --- a question --- */

static bool is_gone(int r)
{
        return r == -ECONNRESET || r == -EPIPE;
}

/* One that it has closed since the last answer is replaced, for nobody has read the question. */
static int exchange(Authority *authority, const char *line, AuthorityAnswer *ret_answer)
{
        _cleanup_close_ int fd = -1;
        int r = -ECONNRESET;

        while (is_gone(r) && (fd = take_idle(authority)) >= 0) {
                r = converse(authority, fd, line, ret_answer);
                if (is_gone(r))
                        close(TAKE_FD(fd));
        }
        if (is_gone(r)) {
                if (is_down(authority))
                        return -EHOSTDOWN;
                r = open_connection(authority, &fd);
                if (r == 0)
                        r = converse(authority, fd, line, ret_answer);
        }
        if (r == 0)
                give_idle(authority, TAKE_FD(fd));
        else
                note_failure(authority);
        return r;
}

static void keep(Authority *authority, const AuthorityQuestion *question,
                 const AuthorityAnswer *answer)
{
        uint8_t key[KEY_SIZE];

        if (answer->ttl > 0 && make_key(authority, question, key) == 0)
                authority_cache_put(authority->cache, (Bytes){key, sizeof(key)},
                                    clock_boottime() + answer->ttl * UINT64_C(1000), answer->allow);
}

static int ask(Authority *authority, const AuthorityQuestion *question, AuthorityAnswer *ret_answer)
{
        char *line;
        int r;

        if (is_down(authority))
                return -EHOSTDOWN;
        r = authority_write(question, &line);
        if (r < 0)
                return r;
        r = exchange(authority, line, ret_answer);
        explicit_bzero(line, strlen(line));
        free(line);
        return r;
}

int authority_ask(Authority *authority, const AuthorityQuestion *question, bool *ret_allow)
{
        const bool of_topic =
                question->verb == AUTHORITY_PUBLISH || question->verb == AUTHORITY_SUBSCRIBE;
        AuthorityAnswer answer = {};
        int r;

        r = ask(authority, question, &answer);
        /* Who asks about a packet will read it from what is remembered, also that it is a no. */
        if (of_topic)
                answer.ttl = MAX(answer.ttl, 1U);
        if (of_topic || (r == 0 && question->verb == AUTHORITY_CONNECT))
                keep(authority, question, &answer);
        if (r == 0)
                *ret_allow = answer.allow;
        return r;
}
