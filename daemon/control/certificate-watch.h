/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Warns of certificates of ours, and responses stapled to them, that are about to expire, by the
 * clock on the wall: when it is set, what is due then is told then.
 *
 * Thread: control
 */
#pragma once

#include <systemd/sd-event.h>

#include "control/certificate-terms.h"
#include "control/listeners.h"
#include "util/macro.h"

#define MESSAGE_ID_CERTIFICATE_EXPIRES "5f1b0c8e3d7a4f6fb0d6a1d5f7c24e21"
#define MESSAGE_ID_CERTIFICATE_EXPIRED "5f1b0c8e3d7a4f6fb0d6a1d5f7c24e22"
#define MESSAGE_ID_STAPLE_EXPIRES      "5f1b0c8e3d7a4f6fb0d6a1d5f7c24e23"
#define MESSAGE_ID_STAPLE_EXPIRED      "5f1b0c8e3d7a4f6fb0d6a1d5f7c24e24"

typedef struct CertificateWatch CertificateWatch;

/* Watches nothing yet. 0 or -errno. */
int certificate_watch_new(sd_event *event, CertificateWatch **ret_watch);
CertificateWatch *certificate_watch_free(CertificateWatch *watch);
DEFINE_CLEANUP(CertificateWatch, certificate_watch_free)

/* Whoever else is to hear what it logs, from now on; `tell` is called with data. */
void certificate_watch_tell(CertificateWatch *watch,
                            void (*tell)(const CertificateTerm *term, void *data), void *data);

/*
 * From now on the certificates of these are watched; what is needed of them is copied. What is due
 * is told at once, but not again if the same certificate was watched before. 0, or -errno and all
 * is as it was.
 */
int certificate_watch_set(CertificateWatch *watch, const Listeners *listeners);
