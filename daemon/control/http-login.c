/* SPDX-License-Identifier: Apache-2.0 */

/* Who asks for a page. */
#include "control/http-login.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "access/access.h"
#include "access/admission.h"
#include "util/clock.h"
#include "util/list.h"
#include "util/work-pool.h"

/* What rules know such a visitor by, in place of the client identifier that it has not. */
#define CLIENT_ID "http-api"
#define ALL       "$SYS/#"

/* Helpers may outlive whoever asked them: counted. */
struct HttpLogins {
        atomic_uint references;
        Server *server;
        HttpLoginDone done;
        sd_event_source *source;
        int fd; /* an eventfd: there is one in the list */
        pthread_mutex_t lock;
        List proven;
        bool is_over; /* nobody looks into the list any more */
};

struct HttpLogin {
        Work work;
        HttpLogins *of; /* a reference */
        void *job;      /* NULL: it wants no answer */
        List link;      /* in of->proven */
        WorkPool *pool;
        HttpVisit *visit;     /* a reference: names that the request borrows */
        AccessPolicy *policy; /* the same */
        Proof proof;
        ProofRequest request;
        char *username, *password; /* copies */
        int r;
        ProofResult result;
};

static HttpLogins *logins_unref(HttpLogins *logins)
{
        if (!logins || atomic_fetch_sub(&logins->references, 1) > 1)
                return NULL;
        if (logins->fd >= 0)
                close(logins->fd);
        pthread_mutex_destroy(&logins->lock);
        free(logins);
        return NULL;
}

static HttpLogin *login_free(HttpLogin *login)
{
        if (!login)
                return NULL;
        if (login->password)
                explicit_bzero(login->password, strlen(login->password));
        free(login->username);
        free(login->password);
        proof_result_done(&login->result);
        access_policy_unref(login->policy);
        http_visit_unref(login->visit);
        logins_unref(login->of);
        free(login);
        return NULL;
}
DEFINE_CLEANUP(HttpLogin, login_free)

/* --- what helpers have done --- */

/* On a helper, whose it is until it is in the list. */
static void login_run(Work *work)
{
        HttpLogin *login = container_of(work, HttpLogin, work);
        HttpLogins *logins = login->of;
        bool is_over;

        login->r = proof_check(&login->proof, &login->request, clock_realtime(), &login->result);
        atomic_fetch_add(&logins->references, 1); /* the login's may go at once */
        pthread_mutex_lock(&logins->lock);
        is_over = logins->is_over;
        if (!is_over)
                list_append(&logins->proven, &login->link);
        pthread_mutex_unlock(&logins->lock);
        if (is_over)
                login_free(login);
        else
                eventfd_write(logins->fd, 1);
        logins_unref(logins);
}

static HttpLogin *take_proven(HttpLogins *logins)
{
        HttpLogin *login = NULL;

        pthread_mutex_lock(&logins->lock);
        if (!list_is_empty(&logins->proven)) {
                login = container_of(logins->proven.next, HttpLogin, link);
                list_remove(&login->link);
        }
        pthread_mutex_unlock(&logins->lock);
        return login;
}

static const char *name_of(const Proof *proof, const ProofResult *result, const char *username)
{
        if (proof->method == LOGIN_NONE)
                return NULL;
        return result->username ? result->username : username;
}

static int on_proven(sd_event_source *source, int fd, uint32_t events, void *data)
{
        HttpLogins *logins = data;
        HttpLogin *login;
        eventfd_t n;

        eventfd_read(logins->fd, &n);
        while ((login = take_proven(logins))) {
                if (login->job)
                        logins->done(login->job, login->r,
                                     name_of(&login->proof, &login->result, login->username));
                login_free(login);
        }
        return 0;
}

int http_logins_new(sd_event *event, Server *server, HttpLoginDone done, HttpLogins **ret_logins)
{
        HttpLogins *logins = calloc(1, sizeof(*logins));
        int r;

        if (!logins)
                return -ENOMEM;
        atomic_init(&logins->references, 1);
        logins->server = server;
        logins->done = done;
        pthread_mutex_init(&logins->lock, NULL);
        list_init(&logins->proven);
        logins->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        r = logins->fd < 0 ? -errno
                           : sd_event_add_io(event, &logins->source, logins->fd, EPOLLIN, on_proven,
                                             logins);
        if (r < 0) {
                logins_unref(logins);
                return r;
        }
        *ret_logins = logins;
        return 0;
}

HttpLogins *http_logins_free(HttpLogins *logins)
{
        HttpLogin *login;

        if (!logins)
                return NULL;
        sd_event_source_disable_unref(logins->source);
        pthread_mutex_lock(&logins->lock);
        logins->is_over = true;
        pthread_mutex_unlock(&logins->lock);
        while ((login = take_proven(logins)))
                login_free(login);
        return logins_unref(logins);
}

/* --- asking --- */

static AdmissionRequest request_of(const HttpQuestion *question)
{
        const HttpVisit *visit = question->visit;
        const char *username = visit->proven_name ? visit->proven_name : question->username;
        const char *password = visit->proven_name ? NULL : question->password;

        return (AdmissionRequest){
                .of =
                        {
                                .client_id = BYTES_LITERAL(CLIENT_ID),
                                .has_username = username,
                                .username = bytes_from_string(username),
                                .has_password = password,
                                .password = bytes_from_string(password),
                                .listener = visit->endpoint->listener->name,
                                .address = visit->peer,
                        },
                .is_proven = visit->proven_name,
        };
}

static int copy_request(HttpLogin *login, const HttpQuestion *question)
{
        login->visit = http_visit_ref(question->visit);
        login->policy = access_policy_ref(login->proof.policy);
        login->username = strdup(question->username ? question->username : "");
        login->password = strdup(question->password ? question->password : "");
        if (!login->username || !login->password)
                return -ENOMEM;
        login->request = request_of(question).of;
        login->request.username = bytes_from_string(login->username);
        login->request.password = bytes_from_string(login->password);
        return 0;
}

/* By a helper. -EINPROGRESS; -EBUSY; or -errno. */
static int hand_out(HttpLogins *logins, const HttpQuestion *question, const Proof *proof, void *job,
                    HttpLogin **ret_login)
{
        _cleanup_(login_freep) HttpLogin *login = calloc(1, sizeof(*login));
        int r;

        if (!login)
                return -ENOMEM;
        login->work.run = login_run;
        login->of = logins;
        atomic_fetch_add(&logins->references, 1);
        login->job = job;
        login->proof = *proof;
        login->pool = server_helpers(logins->server, proof_cost(proof) == PROOF_BLOCKS);
        r = copy_request(login, question);
        if (r == 0)
                r = work_pool_submit(login->pool, &login->work);
        if (r < 0)
                return r;
        *ret_login = TAKE_PTR(login);
        return -EINPROGRESS;
}

/* A name that goes by the kernel may be left out, or be the same. */
static bool is_contradicted(const HttpQuestion *question)
{
        const HttpVisit *visit = question->visit;

        return visit->proven_name && question->username && endpoint_names_peers(visit->endpoint) &&
               strcmp(visit->proven_name, question->username) != 0;
}

int http_login_begin(HttpLogins *logins, const HttpQuestion *question, void *job,
                     const char **ret_username, HttpLogin **ret_login)
{
        const Endpoint *endpoint = question->visit->endpoint;
        const AdmissionRequest request = request_of(question);
        ProofResult result = {};
        Proof proof;
        int r;

        if (question->visit->is_nobody || is_contradicted(question))
                return -EACCES;
        r = admission_prove(endpoint->listener, endpoint->policy, &request, &proof);
        if (r != 0)
                return r;
        if (proof_cost(&proof) != PROOF_QUICK)
                return hand_out(logins, question, &proof, job, ret_login);
        r = proof_check(&proof, &request.of, clock_realtime(), &result);
        if (r == 0)
                *ret_username = proof.method == LOGIN_NONE ? question->visit->proven_name
                                                           : question->username;
        proof_result_done(&result);
        return r;
}

void http_login_abandon(HttpLogin *login)
{
        if (!login)
                return;
        login->job = NULL;
        if (work_pool_withdraw(login->pool, &login->work))
                login_free(login);
}

/* --- rules --- */

bool http_login_may_read(const HttpQuestion *question, const char *username)
{
        const AccessParts parts = access_policy_parts(question->visit->endpoint->policy);
        const Bytes name = bytes_from_string(username);
        const AccessRequest request = {
                .kind = ACCESS_SUBSCRIBE,
                .acl = parts.acl,
                .rules = parts.acl ? acl_find(parts.acl, name) : NULL,
                .subject = {.username = name, .client_id = BYTES_LITERAL(CLIENT_ID)},
                .topic = BYTES_LITERAL(ALL),
        };
        bool is_partial = false;

        /* An authority would have to be asked topic by topic, and there is no client to wait. */
        if (parts.authority_asks & 1U << AUTHORITY_SUBSCRIBE)
                return false;
        return access_check(&request, &is_partial) == 0 && !is_partial;
}
