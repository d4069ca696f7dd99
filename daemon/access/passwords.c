/* SPDX-License-Identifier: Apache-2.0 */

/* The users of a password file with their hashes. */

#include "access/passwords.h"

#include <gnutls/crypto.h>
#include <stdatomic.h>
#include <string.h>

#include "access/password-file.h"
#include "util/hashmap.h"
#include "util/siphash.h"

typedef struct User {
        PasswordHash *hash;
        Bytes text; /* of the hash: lies in the file */
        Bytes name; /* lies in the file */
        size_t line;
} User;

struct Passwords {
        atomic_uint references;
        PasswordFile *file;
        User *users;
        size_t n;
        Hashmap by_name;
        const User *first_scram[SCRAM_HASHES_N]; /* NULL: nobody */
};

/* What goes along while a file is read. */
typedef struct Load {
        const char *path;
        ConfigErrors *errors;
        Passwords *passwords;
        unsigned n_weak;
        unsigned first_weak;
} Load;

static bool is_name_of(const void *entry, Bytes name)
{
        return bytes_equal(((const User *)entry)->name, name);
}

static uint64_t hash_of(Bytes name)
{
        return hash_bytes(name.data, name.length);
}

static int refuse(const Load *load, size_t line, const char *what)
{
        config_errors_add(load->errors, CONFIG_ERROR, load->path, (unsigned)line, "%s", what);
        return -EINVAL;
}

static int refuse_double(const Load *load, size_t line, const User *other)
{
        config_errors_add(load->errors, CONFIG_ERROR, load->path, (unsigned)line,
                          "The user is at line %zu too", other->line);
        return -EINVAL;
}

static int add_user(Load *load, const PasswordFileLine *line, size_t number)
{
        Passwords *passwords = load->passwords;
        User *user = &passwords->users[passwords->n];
        uint64_t hash = hash_of(line->user);
        const User *other;
        const char *why;
        ScramKey key;
        int r;

        if (line->user.length == 0)
                return refuse(load, number, "There is no user name before the colon");
        if (line->user.length > PASSWORD_FILE_USER_MAX)
                return refuse(load, number, "The user name is longer than MQTT can carry");
        other = hashmap_find(&passwords->by_name, hash, line->user);
        if (other)
                return refuse_double(load, number, other);
        r = password_hash_parse(line->hash, &user->hash, &why);
        if (r == -EINVAL)
                config_errors_add(load->errors, CONFIG_ERROR, load->path, (unsigned)number,
                                  "The hash of user %.*s %s", (int)MIN(line->user.length, 200U),
                                  (const char *)line->user.data, why);
        if (r < 0)
                return r;
        user->name = line->user;
        user->text = line->hash;
        user->line = number;
        passwords->n++;
        if (password_hash_scram(user->hash, &key) && !passwords->first_scram[key.hash])
                passwords->first_scram[key.hash] = user;
        if (password_hash_is_weak(user->hash) && load->n_weak++ == 0)
                load->first_weak = (unsigned)number;
        return hashmap_add(&passwords->by_name, hash, user);
}

static int add_line(Load *load, size_t i)
{
        PasswordFileLine line = password_file_line(load->passwords->file, i);

        if (line.user.data)
                return add_user(load, &line, i + 1);
        if (line.text.length > 0 && line.text.data[0] != '#' && line.text.data[0] != '\r')
                config_errors_add(load->errors, CONFIG_WARNING, load->path, (unsigned)i + 1,
                                  "The line has no colon: it is passed over");
        return 0;
}

/* All lines are looked at, to show every problem at once. */
static int add_lines(Load *load)
{
        size_t n = password_file_n_lines(load->passwords->file);
        int result = 0;

        load->passwords->users = calloc(n + 1, sizeof(User));
        if (!load->passwords->users)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                int r = add_line(load, i);

                if (r == -ENOMEM)
                        return r;
                if (r < 0)
                        result = r;
        }
        return result;
}

static void warn(const Load *load)
{
        if (password_file_is_open(load->passwords->file))
                config_errors_add(load->errors, CONFIG_WARNING, load->path, 0,
                                  "Other users of this machine may read it: chmod o= %s",
                                  load->path);
        if (load->n_weak > 0)
                config_errors_add(load->errors, CONFIG_WARNING, load->path, load->first_weak,
                                  "%u hash%s too cheap to withstand guessing once the file is "
                                  "stolen: set the passwords anew with hawkerctl passwd",
                                  load->n_weak, load->n_weak == 1 ? " is" : "es are");
}

static int load_file(Load *load)
{
        int r = password_file_read(load->path, &load->passwords->file);

        if (r == -ENOMEM)
                return r;
        if (r == -EBADMSG)
                return refuse(load, 0, "There is a zero byte in it");
        if (r < 0)
                return config_errors_add(load->errors, CONFIG_ERROR, load->path, 0,
                                         "It cannot be read: %s", strerror(-r)) < 0
                               ? -ENOMEM
                               : -EINVAL;
        r = add_lines(load);
        warn(load);
        return r;
}

int passwords_load(const char *path, ConfigErrors *errors, Passwords **ret_passwords)
{
        _cleanup_(passwords_unrefp) Passwords *passwords = calloc(1, sizeof(*passwords));
        Load load = {.path = path, .errors = errors, .passwords = passwords};
        int r;

        if (!passwords)
                return -ENOMEM;
        atomic_init(&passwords->references, 1);
        hashmap_init(&passwords->by_name, is_name_of);
        r = load_file(&load);
        if (r < 0)
                return r;
        *ret_passwords = TAKE_PTR(passwords);
        return 0;
}

Passwords *passwords_ref(Passwords *passwords)
{
        if (passwords)
                atomic_fetch_add_explicit(&passwords->references, 1, memory_order_relaxed);
        return passwords;
}

Passwords *passwords_unref(Passwords *passwords)
{
        if (!passwords ||
            atomic_fetch_sub_explicit(&passwords->references, 1, memory_order_acq_rel) != 1)
                return NULL;
        hashmap_done(&passwords->by_name);
        for (size_t i = 0; i < passwords->n; i++)
                password_hash_free(passwords->users[i].hash);
        free(passwords->users);
        password_file_free(passwords->file);
        free(passwords);
        return NULL;
}

bool passwords_equal(const Passwords *a, const Passwords *b)
{
        if (!a || !b)
                return a == b;
        return bytes_equal(password_file_text(a->file), password_file_text(b->file));
}

size_t passwords_count(const Passwords *passwords)
{
        return passwords->n;
}

const PasswordHash *passwords_find(const Passwords *passwords, Bytes user, bool *ret_known)
{
        uint64_t hash = hash_of(user);
        const User *found = hashmap_find(&passwords->by_name, hash, user);

        *ret_known = found;
        if (found)
                return found->hash;
        return passwords->n > 0 ? passwords->users[hash % passwords->n].hash : NULL;
}

bool passwords_fingerprint(const Passwords *passwords, Bytes user, PasswordFingerprint *ret)
{
        const User *found =
                passwords ? hashmap_find(&passwords->by_name, hash_of(user), user) : NULL;

        return found && gnutls_hash_fast(GNUTLS_DIG_SHA256, found->text.data, found->text.length,
                                         ret->bytes) == 0;
}

bool passwords_find_scram(const Passwords *passwords, ScramHash hash, Bytes user, ScramKey *ret_key,
                          bool *ret_known)
{
        const User *found = hashmap_find(&passwords->by_name, hash_of(user), user);
        const User *first = passwords->first_scram[hash];
        ScramKey key;

        if (!first)
                return false;
        *ret_known = found && password_hash_scram(found->hash, &key) && key.hash == hash;
        if (!*ret_known)
                password_hash_scram(first->hash, &key);
        *ret_key = key;
        return true;
}

bool passwords_agree(const Passwords *a, const Passwords *b, Bytes user)
{
        const User *of_a = a ? hashmap_find(&a->by_name, hash_of(user), user) : NULL;
        const User *of_b = b ? hashmap_find(&b->by_name, hash_of(user), user) : NULL;

        return of_a && of_b && bytes_equal(of_a->text, of_b->text);
}
