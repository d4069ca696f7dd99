/* SPDX-License-Identifier: Apache-2.0 */

/* Which versions and ciphers. */

#include "transport/tls-priority.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* What a cipher string may choose from, in three dimensions, in our order of preference. */
enum {
        KX_ECDHE_ECDSA = 1 << 0,
        KX_ECDHE_RSA = 1 << 1,
        KX_DHE_RSA = 1 << 2,
        KX_RSA = 1 << 3,
        KX_ECDHE_PSK = 1 << 4,
        KX_DHE_PSK = 1 << 5,
        KX_RSA_PSK = 1 << 6,
        KX_PSK = 1 << 7,
        KX_PSKS = KX_ECDHE_PSK | KX_DHE_PSK | KX_RSA_PSK | KX_PSK,
        KX_CERTIFICATES = KX_ECDHE_ECDSA | KX_ECDHE_RSA | KX_DHE_RSA | KX_RSA,
        KX_ECDHE = KX_ECDHE_ECDSA | KX_ECDHE_RSA | KX_ECDHE_PSK,
        KX_DHE = KX_DHE_RSA | KX_DHE_PSK,
        KX_ALL = KX_CERTIFICATES | KX_PSKS,
};

enum {
        CIPHER_AES256_GCM = 1 << 0,
        CIPHER_CHACHA20 = 1 << 1,
        CIPHER_AES128_GCM = 1 << 2,
        CIPHER_AES256_CCM = 1 << 3,
        CIPHER_AES128_CCM = 1 << 4,
        CIPHER_AES256_CBC = 1 << 5,
        CIPHER_AES128_CBC = 1 << 6,
        CIPHER_AES128_CCM8 = 1 << 7,
        CIPHER_AES256 = CIPHER_AES256_GCM | CIPHER_AES256_CCM | CIPHER_AES256_CBC,
        CIPHER_AES128 =
                CIPHER_AES128_GCM | CIPHER_AES128_CCM | CIPHER_AES128_CBC | CIPHER_AES128_CCM8,
        CIPHER_GCM = CIPHER_AES256_GCM | CIPHER_AES128_GCM,
        CIPHER_CCM = CIPHER_AES256_CCM | CIPHER_AES128_CCM,
        CIPHER_CBC = CIPHER_AES256_CBC | CIPHER_AES128_CBC,
        CIPHER_DEFAULT = CIPHER_GCM | CIPHER_CHACHA20 | CIPHER_CCM | CIPHER_CBC,
        CIPHER_ALL = CIPHER_DEFAULT | CIPHER_AES128_CCM8,
        /* Those that TLS 1.3 has too. */
        CIPHER_13 = CIPHER_GCM | CIPHER_CHACHA20 | CIPHER_AES128_CCM | CIPHER_AES128_CCM8,
};

enum {
        MAC_AEAD = 1 << 0,
        MAC_SHA384 = 1 << 1,
        MAC_SHA256 = 1 << 2,
        MAC_SHA1 = 1 << 3,
        MAC_ALL = MAC_AEAD | MAC_SHA384 | MAC_SHA256 | MAC_SHA1,
};

static const char *const kx_names[] = {
        "ECDHE-ECDSA", "ECDHE-RSA", "DHE-RSA", "RSA", "ECDHE-PSK",
        "DHE-PSK",     "RSA-PSK",   "PSK",     NULL,
};

static const char *const cipher_names[] = {
        "AES-256-GCM", "CHACHA20-POLY1305", "AES-128-GCM",   "AES-256-CCM", "AES-128-CCM",
        "AES-256-CBC", "AES-128-CBC",       "AES-128-CCM-8", NULL,
};

static const char *const mac_names[] = {"AEAD", "SHA384", "SHA256", "SHA1", NULL};

/* A choice: in each dimension a set. A suite has one of each. */
typedef struct Choice {
        unsigned kx, cipher, mac;
} Choice;

typedef struct Word {
        const char *word;
        Choice choice;
} Word;

/* Words of OpenSSL for sets of suites. What is nothing here is nothing that the library offers:
 * to forbid it is fine, to ask for it alone is not. */
static const Word words[] = {
        {"ALL", {KX_ALL, CIPHER_DEFAULT, MAC_ALL}},
        {"DEFAULT", {KX_ALL, CIPHER_DEFAULT, MAC_ALL}},
        {"HIGH", {KX_ALL, CIPHER_DEFAULT, MAC_ALL}},
        {"TLSv1.2", {KX_ALL, CIPHER_DEFAULT, MAC_AEAD | MAC_SHA384 | MAC_SHA256}},
        {"FIPS", {KX_ALL, CIPHER_GCM | CIPHER_CCM | CIPHER_CBC, MAC_ALL}},
        {"AES", {KX_ALL, CIPHER_AES256 | CIPHER_AES128, MAC_ALL}},
        {"AES128", {KX_ALL, CIPHER_AES128, MAC_ALL}},
        {"AES256", {KX_ALL, CIPHER_AES256, MAC_ALL}},
        {"AESGCM", {KX_ALL, CIPHER_GCM, MAC_ALL}},
        {"AESCCM", {KX_ALL, CIPHER_CCM, MAC_ALL}},
        {"CHACHA20", {KX_ALL, CIPHER_CHACHA20, MAC_ALL}},
        {"CBC", {KX_ALL, CIPHER_CBC, MAC_ALL}},
        {"SHA", {KX_ALL, CIPHER_ALL, MAC_SHA1}},
        {"SHA1", {KX_ALL, CIPHER_ALL, MAC_SHA1}},
        {"SHA256", {KX_ALL, CIPHER_ALL, MAC_SHA256}},
        {"SHA384", {KX_ALL, CIPHER_ALL, MAC_SHA384}},
        {"ECDHE", {KX_ECDHE, CIPHER_ALL, MAC_ALL}},
        {"EECDH", {KX_ECDHE, CIPHER_ALL, MAC_ALL}},
        {"kECDHE", {KX_ECDHE, CIPHER_ALL, MAC_ALL}},
        {"kEECDH", {KX_ECDHE, CIPHER_ALL, MAC_ALL}},
        {"DHE", {KX_DHE, CIPHER_ALL, MAC_ALL}},
        {"EDH", {KX_DHE, CIPHER_ALL, MAC_ALL}},
        {"DH", {KX_DHE, CIPHER_ALL, MAC_ALL}},
        {"kDHE", {KX_DHE, CIPHER_ALL, MAC_ALL}},
        {"kEDH", {KX_DHE, CIPHER_ALL, MAC_ALL}},
        {"kRSA", {KX_RSA, CIPHER_ALL, MAC_ALL}},
        {"RSA", {KX_RSA, CIPHER_ALL, MAC_ALL}},
        {"aRSA", {KX_ECDHE_RSA | KX_DHE_RSA | KX_RSA, CIPHER_ALL, MAC_ALL}},
        {"aECDSA", {KX_ECDHE_ECDSA, CIPHER_ALL, MAC_ALL}},
        {"ECDSA", {KX_ECDHE_ECDSA, CIPHER_ALL, MAC_ALL}},
        {"PSK", {KX_PSKS, CIPHER_ALL, MAC_ALL}},
        {"aPSK", {KX_PSKS, CIPHER_ALL, MAC_ALL}},
        {"kPSK", {KX_PSK, CIPHER_ALL, MAC_ALL}},
        {"kECDHEPSK", {KX_ECDHE_PSK, CIPHER_ALL, MAC_ALL}},
        {"kDHEPSK", {KX_DHE_PSK, CIPHER_ALL, MAC_ALL}},
};

static const char *const never_offered[] = {
        "aNULL",
        "eNULL",
        "NULL",
        "ADH",
        "AECDH",
        "LOW",
        "MEDIUM",
        "EXP",
        "EXPORT",
        "MD5",
        "RC2",
        "RC4",
        "DES",
        "3DES",
        "IDEA",
        "SEED",
        "ARIA",
        "CAMELLIA",
        "DSS",
        "aDSS",
        "kSRP",
        "aSRP",
        "SRP",
        "SSLv2",
        "SSLv3",
        "TLSv1",
        "kGOST",
        "aGOST",
        "kDHr",
        "kDHd",
        "kECDHr",
        "kECDHe",
        "ECDH",
        "kECDH",
        "aECDH",
        "aDH",
        "CAMELLIA128",
        "CAMELLIA256",
        "COMPLEMENTOFDEFAULT",
        "COMPLEMENTOFALL",
};

/* The name of a suite is the key exchange, nothing for RSA, and one of these. */
static const Word heads[] = {
        {"ECDHE-ECDSA-", {.kx = KX_ECDHE_ECDSA}},
        {"ECDHE-RSA-", {.kx = KX_ECDHE_RSA}},
        {"DHE-RSA-", {.kx = KX_DHE_RSA}},
        {"ECDHE-PSK-", {.kx = KX_ECDHE_PSK}},
        {"DHE-PSK-", {.kx = KX_DHE_PSK}},
        {"RSA-PSK-", {.kx = KX_RSA_PSK}},
        {"PSK-", {.kx = KX_PSK}},
        {"", {.kx = KX_RSA}},
};

static const Word tails[] = {
        {"AES128-GCM-SHA256", {.cipher = CIPHER_AES128_GCM, .mac = MAC_AEAD}},
        {"AES256-GCM-SHA384", {.cipher = CIPHER_AES256_GCM, .mac = MAC_AEAD}},
        {"CHACHA20-POLY1305", {.cipher = CIPHER_CHACHA20, .mac = MAC_AEAD}},
        {"AES128-CCM", {.cipher = CIPHER_AES128_CCM, .mac = MAC_AEAD}},
        {"AES256-CCM", {.cipher = CIPHER_AES256_CCM, .mac = MAC_AEAD}},
        {"AES128-CCM8", {.cipher = CIPHER_AES128_CCM8, .mac = MAC_AEAD}},
        {"AES128-SHA", {.cipher = CIPHER_AES128_CBC, .mac = MAC_SHA1}},
        {"AES256-SHA", {.cipher = CIPHER_AES256_CBC, .mac = MAC_SHA1}},
        {"AES128-SHA256", {.cipher = CIPHER_AES128_CBC, .mac = MAC_SHA256}},
        {"AES256-SHA256", {.cipher = CIPHER_AES256_CBC, .mac = MAC_SHA256}},
        {"AES256-SHA384", {.cipher = CIPHER_AES256_CBC, .mac = MAC_SHA384}},
        {"AES128-CBC-SHA", {.cipher = CIPHER_AES128_CBC, .mac = MAC_SHA1}},
        {"AES256-CBC-SHA", {.cipher = CIPHER_AES256_CBC, .mac = MAC_SHA1}},
        {"AES128-CBC-SHA256", {.cipher = CIPHER_AES128_CBC, .mac = MAC_SHA256}},
        {"AES256-CBC-SHA384", {.cipher = CIPHER_AES256_CBC, .mac = MAC_SHA384}},
};

static const Word suites_13[] = {
        {"TLS_AES_256_GCM_SHA384", {.cipher = CIPHER_AES256_GCM}},
        {"TLS_CHACHA20_POLY1305_SHA256", {.cipher = CIPHER_CHACHA20}},
        {"TLS_AES_128_GCM_SHA256", {.cipher = CIPHER_AES128_GCM}},
        {"TLS_AES_128_CCM_SHA256", {.cipher = CIPHER_AES128_CCM}},
        {"TLS_AES_128_CCM_8_SHA256", {.cipher = CIPHER_AES128_CCM8}},
};

static const Word *find_word(const Word *table, size_t n, const char *word)
{
        for (size_t i = 0; i < n; i++)
                if (strcmp(table[i].word, word) == 0)
                        return &table[i];
        return NULL;
}

static bool find_suite(const char *name, Choice *ret)
{
        for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
                size_t n = strlen(heads[i].word);
                const Word *tail;

                if (strncmp(name, heads[i].word, n) != 0)
                        continue;
                tail = find_word(tails, ARRAY_SIZE(tails), name + n);
                if (!tail)
                        continue;
                *ret = tail->choice;
                ret->kx = heads[i].choice.kx;
                return true;
        }
        return false;
}

static bool is_never_offered(const char *word)
{
        for (size_t i = 0; i < ARRAY_SIZE(never_offered); i++)
                if (strcmp(never_offered[i], word) == 0)
                        return true;
        return false;
}

/* One word, or several with + in between, which stand for what all of them have in common. */
static bool find_choice(char *text, Choice *ret)
{
        Choice choice = {KX_ALL, CIPHER_ALL, MAC_ALL};
        char *rest = text, *part;

        while ((part = strsep(&rest, "+"))) {
                const Word *word = find_word(words, ARRAY_SIZE(words), part);
                Choice own = {};

                if (word)
                        own = word->choice;
                else if (!is_never_offered(part) && !find_suite(part, &own))
                        return false;
                choice.kx &= own.kx;
                choice.cipher &= own.cipher;
                choice.mac &= own.mac;
        }
        *ret = choice;
        return true;
}

/* Takes the set away, if that can be said in one dimension. */
static bool forbid(Choice *from, const Choice *what)
{
        bool kx = (what->kx & from->kx) != from->kx;
        bool cipher = (what->cipher & from->cipher) != from->cipher;
        bool mac = (what->mac & from->mac) != from->mac;

        if (!(what->kx & from->kx) || !(what->cipher & from->cipher) || !(what->mac & from->mac))
                return true;
        if (kx + cipher + mac > 1)
                return false;
        if (kx)
                from->kx &= ~what->kx;
        else if (cipher)
                from->cipher &= ~what->cipher;
        else
                from->mac &= ~what->mac;
        return true;
}

/* The first set that is asked for is all there is, the next ones add. */
static int read_word(char *word, Choice *sum, TlsNotes *notes)
{
        const char *shown = word;
        bool forbids = word[0] == '!' || word[0] == '-';
        Choice choice;

        /* What the library offers by itself is in order of strength, and at SECLEVEL 2. */
        if (strcmp(word, "@STRENGTH") == 0 || strcmp(word, "@SECLEVEL=2") == 0)
                return 0;
        if (word[0] == '+') /* only moves it to the end */
                return 0;
        if (!find_choice(forbids ? word + 1 : word, &choice))
                return tls_notes_error(notes, "ciphers",
                                       "ciphers: '%s' is not a cipher or set of ciphers that is "
                                       "known here",
                                       shown);
        if (!forbids) {
                sum->kx |= choice.kx;
                sum->cipher |= choice.cipher;
                sum->mac |= choice.mac;
        } else if (!forbid(sum, &choice)) {
                return tls_notes_error(notes, "ciphers",
                                       "ciphers: '%s' cannot be left out alone: name the ones to "
                                       "use instead",
                                       shown);
        }
        return 0;
}

/* Two rounds: "!" holds for what comes later too. */
static int read_ciphers(const char *text, Choice *ret, TlsNotes *notes)
{
        Choice sum = {};

        for (unsigned round = 0; round < 2; round++) {
                _cleanup_free_ char *copy = strdup(text);
                char *rest = copy, *word;

                if (!copy)
                        return -ENOMEM;
                while ((word = strsep(&rest, ":, "))) {
                        int r = 0;

                        if (*word && (round == 0 || *word == '!'))
                                r = read_word(word, &sum, notes);
                        if (r < 0)
                                return r;
                }
        }
        *ret = sum;
        return 0;
}

static int read_ciphers_13(const char *text, unsigned *ret, TlsNotes *notes)
{
        _cleanup_free_ char *copy = strdup(text);
        char *rest = copy, *name;
        unsigned sum = 0;

        if (!copy)
                return -ENOMEM;
        while ((name = strsep(&rest, ":, "))) {
                const Word *suite = find_word(suites_13, ARRAY_SIZE(suites_13), name);

                if (suite)
                        sum |= suite->choice.cipher;
                else if (*name)
                        return tls_notes_error(notes, "ciphers_tls1.3",
                                               "ciphers_tls1.3: '%s' is not a suite of TLS 1.3",
                                               name);
        }
        *ret = sum;
        return 0;
}

static int check_choice(const Choice *choice, const TlsPriorityRequest *request, TlsNotes *notes)
{
        const char *option = request->ciphers ? "ciphers" : "ciphers_tls1.3";

        bool has_13 = choice->cipher & CIPHER_13 && choice->mac & MAC_AEAD;

        if (!has_13 && (request->ciphers_13 || request->minimum_version > 12))
                return tls_notes_error(notes, option,
                                       "%s leaves no cipher for TLS 1.3; the TLS library has one "
                                       "list for all versions",
                                       option);
        if (!choice->kx || !choice->cipher || !choice->mac)
                return tls_notes_error(notes, option, "%s leaves no cipher to use", option);
        return 0;
}

static void write_names(FILE *file, const char *const *names, unsigned set)
{
        for (size_t i = 0; names[i]; i++)
                if (set & (1U << i))
                        fprintf(file, ":+%s", names[i]);
}

static void write_priority(FILE *file, const TlsPriorityRequest *request, const Choice *choice)
{
        fputs("-VERS-TLS1.1:-VERS-TLS1.0", file);
        if (request->minimum_version > 12)
                fputs(":-VERS-TLS1.2", file);
        if (!request->ciphers && !request->ciphers_13) {
                /* Alone: else the library chooses a suite that we have no certificate for. */
                if (request->psk)
                        fputs(":-KX-ALL:+ECDHE-PSK:+DHE-PSK:+PSK", file);
                return;
        }
        if (request->ciphers || request->psk) {
                fputs(":-KX-ALL", file);
                write_names(file, kx_names, choice->kx);
                fputs(":-MAC-ALL", file);
                write_names(file, mac_names, choice->mac);
        }
        fputs(":-CIPHER-ALL", file);
        write_names(file, cipher_names, choice->cipher);
}

int tls_priority_make(const TlsPriorityRequest *request, TlsNotes *notes, char **ret)
{
        Choice choice = {KX_ALL, CIPHER_DEFAULT, MAC_ALL};
        unsigned ciphers_13 = CIPHER_13;
        size_t size = 0;
        char *text = NULL;
        FILE *file;
        int r = 0;

        if (request->ciphers)
                r = read_ciphers(request->ciphers, &choice, notes);
        if (r == 0 && request->ciphers_13)
                r = read_ciphers_13(request->ciphers_13, &ciphers_13, notes);
        if (r < 0)
                return r;
        /* What both versions have must be in both; alone, a list of TLS 1.3 may name CCM-8. */
        if (!request->ciphers)
                choice.cipher |= ciphers_13;
        choice.cipher &= ciphers_13 | ~(unsigned)CIPHER_13;
        choice.kx &= request->psk ? KX_PSKS : KX_CERTIFICATES;
        r = check_choice(&choice, request, notes);
        if (r < 0)
                return r;

        file = open_memstream(&text, &size);
        if (!file)
                return -ENOMEM;
        write_priority(file, request, &choice);
        if (fclose(file) != 0) {
                free(text);
                return -ENOMEM;
        }
        *ret = text;
        return 0;
}
