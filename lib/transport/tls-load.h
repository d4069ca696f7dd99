/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the parts of one loading of credentials share: what is asked for, what is to be said of it,
 * and a digest of all that was read.
 *
 * Thread: any (one owner)
 */
#pragma once

#include <stddef.h>

#include "transport/tls-digest.h"
#include "transport/tls-notes.h"
#include "transport/tls-settings.h"

typedef struct TlsLoad {
        const TlsSettings *settings;
        TlsNotes *notes;
        TlsDigest digest;
} TlsLoad;
