/* SPDX-License-Identifier: Apache-2.0 */

/* What is held against an address. */

#include "access/offence.h"

const char *offence_to_string(Offence offence)
{
        static const char *const texts[OFFENCES_N] = {
                [OFFENCE_LOGIN] = "failed logins",
                [OFFENCE_HANDSHAKE] = "failed handshakes",
                [OFFENCE_TAKEOVER] = "refused takeovers",
                [OFFENCE_REFUSED] = "refused connections",
        };

        return texts[offence];
}
