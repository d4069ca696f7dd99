/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The TLS credentials that a listener of the settings names.
 *
 * Thread: control
 */
#pragma once

#include "config/settings.h"
#include "transport/tls-credentials.h"
#include "util/config-errors.h"

/*
 * Loads and checks them; *ret is NULL for a listener without TLS. If one of its files can be read
 * only by root all of them are read from their copies (credential-copies.h), so that no new
 * certificate meets the copy of an old key. 0; -EKEYREJECTED or -ENOMEM with the line of the option
 * and what is wrong added to errors. Warnings are added in either case.
 */
int credentials_load(const ListenerSettings *of, const TlsTicketKey *ticket_key,
                     ConfigErrors *errors, TlsCredentials **ret);
