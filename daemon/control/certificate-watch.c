/* SPDX-License-Identifier: Apache-2.0 */

/* Warns of certificates of ours that are about to expire. */
#include "control/certificate-watch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "util/clock.h"
#include "util/log.h"

#define USEC_PER_SEC  UINT64_C(1000000)
#define ACCURACY_USEC (60 * USEC_PER_SEC)

struct CertificateWatch {
        sd_event_source *timer;
        CertificateTerms terms;
        void (*tell)(const CertificateTerm *term, void *data); /* NULL: only the log */
        void *data;
};

static void tell_of_staple(const CertificateTerm *term, const LogField *fields, size_t n,
                           int64_t now)
{
        if (certificate_term_has_ended(term, now))
                log_fields(LOG_CATEGORY_WARNING, MESSAGE_ID_STAPLE_EXPIRED, fields, n,
                           "The OCSP response for the certificate of listener %s has expired: it "
                           "is not stapled any more (%s, serial %s)",
                           term->listener, term->subject, term->serial);
        else
                log_fields(LOG_CATEGORY_WARNING, MESSAGE_ID_STAPLE_EXPIRES, fields, n,
                           "The OCSP response for the certificate of listener %s expires within a "
                           "day (%s, serial %s)",
                           term->listener, term->subject, term->serial);
}

static void log_term(const CertificateTerm *term, int64_t now)
{
        const time_t end = (time_t)term->not_after;
        const int64_t days = certificate_term_days(term, now);
        char date[40] = "";
        struct tm parts;

        if (gmtime_r(&end, &parts))
                strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S UTC", &parts);

        const LogField fields[] = {
                {"MQTT_LISTENER", term->listener},
                {"TLS_SUBJECT", term->subject},
                {"TLS_SERIAL", term->serial},
                {"TLS_NOT_AFTER", date},
        };

        if (term->is_staple)
                tell_of_staple(term, fields, ARRAY_SIZE(fields), now);
        else if (certificate_term_has_ended(term, now))
                log_fields(LOG_CATEGORY_ERROR, MESSAGE_ID_CERTIFICATE_EXPIRED, fields,
                           ARRAY_SIZE(fields),
                           "The certificate of listener %s has expired at %s: clients refuse it "
                           "(%s, serial %s)",
                           term->listener, date, term->subject, term->serial);
        else
                log_fields(LOG_CATEGORY_WARNING, MESSAGE_ID_CERTIFICATE_EXPIRES, fields,
                           ARRAY_SIZE(fields),
                           "The certificate of listener %s expires within %" PRIi64
                           " day%s, at %s (%s, serial %s)",
                           term->listener, days, days == 1 ? "" : "s", date, term->subject,
                           term->serial);
}

/* Tells what is due, and wakes when something will be. */
static int watch_look(CertificateWatch *watch)
{
        const int64_t now = (int64_t)clock_realtime();
        const CertificateTerm *term;
        int64_t due;
        int r;

        while ((term = certificate_terms_take(&watch->terms, now))) {
                log_term(term, now);
                if (watch->tell)
                        watch->tell(term, watch->data);
        }
        due = certificate_terms_due(&watch->terms);
        if (due == INT64_MAX)
                return sd_event_source_set_enabled(watch->timer, SD_EVENT_OFF);
        r = sd_event_source_set_time(watch->timer, (uint64_t)MAX(due, (int64_t)0) * USEC_PER_SEC);
        return r < 0 ? r : sd_event_source_set_enabled(watch->timer, SD_EVENT_ONESHOT);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *data)
{
        return watch_look(data);
}

int certificate_watch_new(sd_event *event, CertificateWatch **ret_watch)
{
        _cleanup_(certificate_watch_freep) CertificateWatch *watch = calloc(1, sizeof(*watch));
        int r;

        if (!watch)
                return -ENOMEM;
        r = sd_event_add_time(event, &watch->timer, CLOCK_REALTIME, UINT64_MAX, ACCURACY_USEC,
                              on_timer, watch);
        if (r < 0)
                return r;
        sd_event_source_set_description(watch->timer, "certificate-watch");
        *ret_watch = TAKE_PTR(watch);
        return 0;
}

CertificateWatch *certificate_watch_free(CertificateWatch *watch)
{
        if (!watch)
                return NULL;
        sd_event_source_disable_unref(watch->timer);
        certificate_terms_done(&watch->terms);
        free(watch);
        return NULL;
}

void certificate_watch_tell(CertificateWatch *watch,
                            void (*tell)(const CertificateTerm *term, void *data), void *data)
{
        watch->tell = tell;
        watch->data = data;
}

static int add_listener(CertificateTerms *terms, const Listener *listener)
{
        const TlsFacts *facts;
        size_t n = 0;
        int r = 0;

        if (!listener->credentials)
                return 0;
        facts = tls_credentials_describe(listener->credentials, &n);
        for (size_t i = 0; i < n && r == 0; i++)
                r = certificate_terms_add(terms, listener->of->name, &facts[i]);
        return r;
}

int certificate_watch_set(CertificateWatch *watch, const Listeners *listeners)
{
        CertificateTerms terms = {};
        int r = 0;

        for (size_t i = 0; i < listeners->n && r == 0; i++)
                r = add_listener(&terms, listeners->items[i]);
        if (r < 0) {
                certificate_terms_done(&terms);
                return r;
        }
        certificate_terms_inherit(&terms, &watch->terms);
        certificate_terms_done(&watch->terms);
        watch->terms = terms;
        r = watch_look(watch);
        return r < 0 ? r : 0;
}
