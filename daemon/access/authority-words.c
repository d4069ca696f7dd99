/* SPDX-License-Identifier: Apache-2.0 */

/* The language between the broker and an authority. */

#include "access/authority-words.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "util/base64.h"
#include "util/macro.h"
#include "util/utf8.h"

static const char *const verbs[] = {
        [AUTHORITY_CONNECT] = "connect",
        [AUTHORITY_PUBLISH] = "publish",
        [AUTHORITY_SUBSCRIBE] = "subscribe",
        [AUTHORITY_STAY] = "stay",
};

static int put(json_t *object, const char *name, json_t *value)
{
        return value && json_object_set_new(object, name, value) == 0 ? 0 : -ENOMEM;
}

/* What is not there is left out. */
static int put_text(json_t *object, const char *name, Bytes text)
{
        return text.data ? put(object, name, json_stringn((const char *)text.data, text.length))
                         : 0;
}

/* JSON has no bytes: a password that is no text goes in base64, by another name. */
static int put_password(json_t *object, Bytes password)
{
        char *text;
        int r;

        if (!password.data || utf8_is_valid(password.data, password.length))
                return put_text(object, "password", password);
        text = malloc(BASE64_SIZE(password.length));
        if (!text)
                return -ENOMEM;
        base64_encode(password, text);
        r = put(object, "password_base64", json_string(text));
        explicit_bzero(text, strlen(text));
        free(text);
        return r;
}

static int fill(json_t *object, const AuthorityQuestion *question)
{
        if (put(object, "ask", json_string(verbs[question->verb])) < 0 ||
            put_text(object, "client_id", question->client_id) < 0 ||
            put_text(object, "username", question->username) < 0 ||
            put_password(object, question->password) < 0 ||
            put_text(object, "topic", question->topic) < 0 ||
            put_text(object, "listener", bytes_from_string(question->listener)) < 0 ||
            put_text(object, "address", bytes_from_string(question->address)) < 0)
                return -ENOMEM;
        return 0;
}

int authority_write(const AuthorityQuestion *question, char **ret_line)
{
        json_auto_t *object = json_object();
        size_t length;
        char *line;

        if (!object || fill(object, question) < 0)
                return -ENOMEM;
        length = json_dumpb(object, NULL, 0, JSON_COMPACT);
        line = malloc(length + 2);
        if (!line)
                return -ENOMEM;
        if (length == 0 || json_dumpb(object, line, length, JSON_COMPACT) != length) {
                free(line);
                return -ENOMEM;
        }
        memcpy(line + length, "\n", 2);
        *ret_line = line;
        return 0;
}

int authority_read(Bytes line, AuthorityAnswer *ret_answer)
{
        json_auto_t *object = NULL;
        const json_t *allow, *ttl;
        json_error_t error;

        object = json_loadb((const char *)line.data, line.length, JSON_REJECT_DUPLICATES, &error);
        if (!object)
                return json_error_code(&error) == json_error_out_of_memory ? -ENOMEM : -EBADMSG;
        allow = json_object_get(object, "allow");
        ttl = json_object_get(object, "ttl");
        if (!json_is_boolean(allow) ||
            (ttl && (!json_is_integer(ttl) || json_integer_value(ttl) < 0)))
                return -EBADMSG;
        *ret_answer = (AuthorityAnswer){
                .allow = json_is_true(allow),
                .ttl = (uint32_t)MIN(json_integer_value(ttl), (json_int_t)AUTHORITY_TTL_MAX),
        };
        return 0;
}
