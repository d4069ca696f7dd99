/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options.h: the table of all options: one row each, read by parser, dump, man page and sample
 * Thread: immutable
 *
 * A row says all that is to be known about an option. To add one: a field in settings-fields.h with
 * the option's name, and a row in options-global.c, options-limits.c, options-store.c,
 * options-listener.c or options-tls.c. The rows of options-later.c are words of mosquitto.conf that
 * are recognised, so that they can be refused by name.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/settings-fields.h"

typedef enum OptionScope {
        OPTION_GLOBAL,
        OPTION_SECURITY, /* global, or of a listener when per_listener_settings is true */
        OPTION_LISTENER,
        OPTION_BRIDGE,
        OPTION_PLUGIN,
} OptionScope;

typedef enum OptionKind {
        OPTION_DIRECTIVE, /* does something, has no value of its own: directives.c */
        OPTION_BOOL,
        OPTION_INTEGER,  /* minimum to maximum, times scale */
        OPTION_BYTES,    /* the same, and junk behind the digits is let pass */
        OPTION_DURATION, /* to seconds */
        OPTION_MODE,     /* octal */
        OPTION_WORD,     /* one of words */
        OPTION_WORDS,    /* bits of some of words, blank separated; each line adds */
        OPTION_VERSIONS, /* protocol levels, comma separated */
        OPTION_STRING,   /* the rest of the line; at most maximum bytes */
} OptionKind;

/* When a changed value takes hold at a reload. */
typedef enum OptionChange {
        OPTION_LIVE,
        OPTION_NEW_CONNECTIONS,
        OPTION_REBIND,
        OPTION_RESTART,
} OptionChange;

typedef enum OptionStatus {
        OPTION_WORKS,
        OPTION_REFUSED, /* not yet: another value than the default is an error */
        OPTION_WARNED,  /* not yet: another value than the default is said at each start */
        OPTION_SILENT,  /* not yet: says nothing, as an option it depends on does */
        OPTION_IGNORED, /* never: accepted with a warning, the value is not read */
} OptionStatus;

typedef enum OptionFlags {
        OPTION_LAST_WINS = 1 << 0,      /* a string that may be repeated */
        OPTION_NEEDS_LISTENER = 1 << 1, /* makes no default listener */
        OPTION_CLAMPED = 1 << 2,        /* a smaller value than minimum is minimum */
        OPTION_DEPRECATED = 1 << 3,
        OPTION_TOPIC_PREFIX = 1 << 4, /* a string without + and # */
        OPTION_HAWKER = 1 << 5,       /* mosquitto.conf does not have it */
        OPTION_FILE = 1 << 6,         /* a string that names a file */
        OPTION_FOLDER = 1 << 7,       /* a string that names a directory */
        OPTION_LIST = 1 << 8,         /* a string of which each line adds one, newlines between */
} OptionFlags;

typedef struct OptionWord {
        const char *word; /* NULL ends a list */
        int64_t value;
} OptionWord;

typedef struct Option {
        const char *name; /* one that ends in * stands for all that begin so */
        OptionScope scope;
        OptionKind kind;
        OptionStatus status;
        OptionChange change;
        unsigned flags;

        size_t offset;          /* of the field in Settings: scope GLOBAL and SECURITY */
        size_t listener_offset; /* of the field in ListenerSettings: SECURITY and LISTENER */
        size_t size;            /* of the field; 0: there is none */

        const char *fallback; /* the default, as one would write it; NULL: unset */
        int64_t unset;        /* what a number field holds when unset */
        int64_t minimum, maximum, scale;
        const OptionWord *words;

        const char *value;   /* for the manual: what to write behind the name, NULL: by kind */
        const char *doc;     /* one sentence or two; plain text */
        const char *instead; /* WARNED and IGNORED: what happens; REFUSED: what to do; NULL: wait */
} Option;

#define OPTION_FIELD(_field)                                                                       \
        .offset = offsetof(Settings, _field), .size = sizeof(((Settings *)NULL)->_field)
#define OPTION_LISTENER_FIELD(_field)                                                              \
        .listener_offset = offsetof(ListenerSettings, _field),                                     \
        .size = sizeof(((ListenerSettings *)NULL)->_field)
#define OPTION_SECURITY_FIELD(_field)                                                              \
        .offset = offsetof(Settings, _field), OPTION_LISTENER_FIELD(_field)

/* The parts of the table, in the order of the manual. */
extern const Option options_global[], options_limits[], options_store[], options_listener[],
        options_tls[], options_later[];
extern const size_t n_options_global, n_options_limits, n_options_store, n_options_listener,
        n_options_tls, n_options_later;

/* All rows as one table: 0 ≤ i < n_options(). option_index() is the inverse. */
size_t n_options(void);
const Option *option_at(size_t i);
size_t option_index(const Option *option);

/* The row of this name or alias, or NULL. What begins with "auth_opt_" is "plugin_opt_*". */
const Option *option_find(const char *name);

/* Another spelling and what it stands for; NULL behind the last. */
typedef struct OptionAlias {
        const char *alias;
        const char *name;
} OptionAlias;

extern const OptionAlias option_aliases[];

/* The known name with the smallest edit distance, or NULL if none is near. */
const char *option_nearest(const char *name);

/* "at once", "for new connections", … for the manual. */
const char *option_change_to_string(OptionChange change);
