/* SPDX-License-Identifier: Apache-2.0 */

/* A PSK file in memory. */

#include "transport/tls-psk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "transport/tls-file.h"

typedef struct PskEntry {
        Bytes identity; /* both in the file */
        Bytes key;
        unsigned line;
} PskEntry;

struct TlsPsk {
        SecretFile file; /* the keys are decoded in their places */
        PskEntry *entries;
        size_t n;
};

static int digit_value(char digit)
{
        if (digit >= '0' && digit <= '9')
                return digit - '0';
        digit |= 0x20;
        return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* Decodes in place. The number of bytes, or -EINVAL. */
static ssize_t decode_key(char *text)
{
        size_t n = strlen(text);
        uint8_t *to = (uint8_t *)text;

        if (n == 0 || n % 2 != 0)
                return -EINVAL;
        for (size_t i = 0; i < n; i += 2) {
                int high = digit_value(text[i]), low = digit_value(text[i + 1]);

                if (high < 0 || low < 0)
                        return -EINVAL;
                to[i / 2] = (uint8_t)(high << 4 | low);
        }
        return (ssize_t)(n / 2);
}

static char *trim(char *text)
{
        size_t n;

        text += strspn(text, " \t");
        n = strlen(text);
        while (n > 0 && strchr(" \t\r", text[n - 1]))
                text[--n] = 0;
        return text;
}

/* Why the line is refused, or NULL. */
static const char *read_entry(char *line, PskEntry *ret)
{
        char *colon = strchr(line, ':'), *identity, *key;
        ssize_t n;

        if (!colon)
                return "has no colon";
        *colon = 0;
        identity = trim(line);
        key = trim(colon + 1);
        if (!*identity)
                return "has no identity";
        n = decode_key(key);
        if (n < 0)
                return "has no key in hexadecimal digits";
        ret->identity = bytes_from_string(identity);
        ret->key = (Bytes){(const uint8_t *)key, (size_t)n};
        return NULL;
}

static int compare(Bytes a, Bytes b)
{
        int order = memcmp(a.data, b.data, MIN(a.length, b.length));

        return order != 0 ? order : (a.length > b.length) - (a.length < b.length);
}

static int compare_entries(const void *a, const void *b)
{
        return compare(((const PskEntry *)a)->identity, ((const PskEntry *)b)->identity);
}

static size_t count_lines(const char *text)
{
        size_t n = 1;

        while ((text = strchr(text, '\n'))) {
                text++;
                n++;
        }
        return n;
}

static int read_lines(TlsPsk *psk, const char *path, TlsNotes *notes)
{
        char *rest = (char *)psk->file.data, *line;
        unsigned number = 0;

        if (strlen(rest) != psk->file.size)
                return tls_notes_error(notes, "psk_file", "%s has a zero byte in it", path);
        psk->entries = calloc(count_lines(rest), sizeof(*psk->entries));
        if (!psk->entries)
                return -ENOMEM;
        while ((line = strsep(&rest, "\n"))) {
                const char *why;

                number++;
                line = trim(line);
                if (!*line || *line == '#')
                        continue;
                why = read_entry(line, &psk->entries[psk->n]);
                if (why)
                        return tls_notes_error(notes, "psk_file", "%s:%u: the line %s", path,
                                               number, why);
                psk->entries[psk->n++].line = number;
        }
        return 0;
}

static int sort_entries(TlsPsk *psk, const char *path, TlsNotes *notes)
{
        qsort(psk->entries, psk->n, sizeof(*psk->entries), compare_entries);
        for (size_t i = 1; i < psk->n; i++)
                if (compare_entries(&psk->entries[i - 1], &psk->entries[i]) == 0)
                        return tls_notes_error(notes, "psk_file",
                                               "%s:%u: the identity is at line %u too", path,
                                               MAX(psk->entries[i - 1].line, psk->entries[i].line),
                                               MIN(psk->entries[i - 1].line, psk->entries[i].line));
        return 0;
}

int tls_psk_read(TlsLoad *load, TlsPsk **ret_psk)
{
        const char *path = load->settings->psk_file;
        _cleanup_(tls_psk_freep) TlsPsk *psk = calloc(1, sizeof(*psk));
        int r;

        if (!psk)
                return -ENOMEM;
        r = tls_file_read(path, &load->digest, &psk->file);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return tls_notes_error(load->notes, "psk_file", "%s cannot be read: %s", path,
                                       strerror(-r));
        r = read_lines(psk, path, load->notes);
        if (r == 0)
                r = sort_entries(psk, path, load->notes);
        if (r < 0)
                return r;
        *ret_psk = TAKE_PTR(psk);
        return 0;
}

TlsPsk *tls_psk_free(TlsPsk *psk)
{
        if (!psk)
                return NULL;
        secret_file_done(&psk->file);
        free(psk->entries);
        free(psk);
        return NULL;
}

Bytes tls_psk_find(const TlsPsk *psk, Bytes identity)
{
        PskEntry wanted = {.identity = identity};
        const PskEntry *found =
                bsearch(&wanted, psk->entries, psk->n, sizeof(*psk->entries), compare_entries);

        return found ? found->key : (Bytes){};
}
