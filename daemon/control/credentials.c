/* SPDX-License-Identifier: Apache-2.0 */

/* The TLS credentials that a listener of the settings names. */
#include "control/credentials.h"

#include "config/options.h"

/* The line of the option that a note is about, or of the listener. */
static const SettingsOrigin *origin_of(const ListenerSettings *of, const char *name)
{
        const Option *option = option_find(name);
        const SettingsOrigin *origin = option ? &of->origins[option_index(option)] : &of->where;

        return origin->file ? origin : &of->where;
}

static void add_notes(const ListenerSettings *of, const TlsNotes *notes, ConfigErrors *errors)
{
        for (size_t i = 0; i < notes->n; i++) {
                const TlsNote *note = &notes->items[i];
                const SettingsOrigin *origin = origin_of(of, note->option);

                config_errors_add(errors, note->is_error ? CONFIG_ERROR : CONFIG_WARNING,
                                  origin->file, origin->line, "%s", note->text);
        }
}

int credentials_load(const ListenerSettings *of, const TlsTicketKey *ticket_key,
                     ConfigErrors *errors, TlsCredentials **ret)
{
        const TlsSettings settings = {
                .certfile = of->certfile,
                .keyfile = of->keyfile,
                .cafile = of->cafile,
                .capath = of->capath,
                .crlfile = of->crlfile,
                .psk_file = of->psk_file,
                .psk_hint = of->psk_hint,
                .ciphers = of->ciphers,
                .ciphers_13 = of->ciphers_tls1_3,
                .keylog = of->tls_keylog,
                .minimum_version = of->tls_version,
                .require_certificate = of->require_certificate,
                .ask_certificate = of->use_identity_as_username || of->use_subject_as_username,
                .ignore_client_dates = of->disable_client_cert_date_checks,
        };
        TlsNotes notes = {};
        int r;

        *ret = NULL;
        if (!listener_settings_has_tls(of))
                return 0;
        r = tls_credentials_new(&settings, ticket_key, &notes, ret);
        add_notes(of, &notes, errors);
        return r;
}
