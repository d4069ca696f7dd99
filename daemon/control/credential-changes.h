/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What has changed in the files of a listener with TLS, for the list of changes of a reload.
 *
 * Thread: control
 */
#pragma once

#include "config/changes.h"
#include "transport/tls-credentials.h"

/*
 * Appends what has changed in the files of a listener, none of which is said by its settings: its
 * certificates, each with its serial number and its end; or that its other files have changed. 0 or
 * -ENOMEM.
 */
int credentials_compare(const char *listener, const TlsCredentials *before,
                        const TlsCredentials *after, Changes *changes);
