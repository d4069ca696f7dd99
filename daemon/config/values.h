/* SPDX-License-Identifier: Apache-2.0 */
/*
 * values.h: the value of an option, between text and the field of a struct
 * Thread: any
 *
 * All kinds of values but strings are numbers while they travel: true is 1, a word is its number,
 * "never" is -1.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "config/options.h"
#include "util/prefix.h"

#define VALUE_REASON_MAX 160

typedef struct Value {
        int64_t number;
        char *text; /* of a string; may be NULL, for unset */
} Value;

void value_done(Value *value);

/*
 * Read @text, which begins and ends without blanks, as a value of @option's kind. @ret_rest is set
 * to what follows the value, without blanks before it, and NULL if that is nothing or a comment.
 * Returns 0, -EINVAL with the reason, such as "is not true or false", or -ENOMEM. ret->text is the
 * caller's to free.
 */
int value_parse(const Option *option, const char *text, Value *ret, const char **ret_rest,
                char reason[VALUE_REASON_MAX]);

/* The default, read from its text in the row. Returns 0 or -ENOMEM. */
int value_parse_default(const Option *option, Value *ret);

/* True if the field would hold the same. */
bool value_equal(const Option *option, const Value *a, const Value *b);

/* True if there is nothing to write: an option that was not given and has no default. */
bool value_is_unset(const Option *option, const Value *value);

/* Write it as it would be written in a file. Not for unset values. */
void value_write(const Option *option, const Value *value, FILE *file);

/* "true | false", "1 to 65535": what may be written, for the manual. */
void value_write_syntax(const Option *option, FILE *file);

/* What the field of the option holds, in @listener if the option is of a listener, or of scope
 * SECURITY and @listener is given; else in @settings. The text is borrowed. */
Value value_load(const Option *option, const Settings *settings, const ListenerSettings *listener);

/* Put the value into that field, which takes over the text; nothing if the option has none. */
void value_store(const Option *option, Settings *settings, ListenerSettings *listener,
                 Value *value);

/* Put the defaults into all fields of one object: the listener, or, if it is NULL, what is not of a
 * listener. Returns 0 or -ENOMEM; some fields are set then. */
int values_set_defaults(Settings *settings, ListenerSettings *listener);

/* Free all strings of such an object. */
void values_clear_strings(Settings *settings, ListenerSettings *listener);

/* How many values the text of an option that may be repeated has, one a line; NULL: none. */
size_t value_count_lines(const char *text);

/* A prefix a line, as an array for the caller to free; NULL and 0 of NULL. 0, -ENOMEM, or -EINVAL:
 * a text that was not checked. */
int value_parse_prefixes(const char *text, Prefix **ret_prefixes, size_t *ret_n);
