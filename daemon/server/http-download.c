/* SPDX-License-Identifier: Apache-2.0 */
/* http-download.c: a file of http_dir as an answer. */

#include "server/http-download.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/http-answer.h"
#include "util/macro.h"

#define DATE "%a, %d %b %Y %H:%M:%S GMT"

/* What may stand in a path as it is (RFC 3986, 2.3); all else is escaped: a line end most of all.
 */
static bool is_unreserved(char c)
{
        return c != 0 &&
               strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/", c) !=
                       NULL;
}

/* To the same name with a slash behind: what its index.html refers to is found from there only. */
static int redirect(const HttpRequest *request, Buffer *out)
{
        const size_t size = strlen("Location: /\r\n") + 3 * strlen(request->path) + 1;
        _cleanup_free_ char *field = malloc(size);
        char *to;

        if (!field)
                return -ENOMEM;
        to = stpcpy(field, "Location: ");
        for (const char *c = request->path; *c; c++)
                if (is_unreserved(*c))
                        *to++ = *c;
                else
                        to += sprintf(to, "%%%02X", (unsigned char)*c);
        strcpy(to, "/\r\n");
        return http_answer_status(301, field, request->method == HTTP_HEAD, out);
}

static bool has_tag(const char *tags, const HttpFile *file)
{
        char weak[sizeof(file->tag) + 2];

        snprintf(weak, sizeof(weak), "W/%s", file->tag);
        return strcmp(tags, "*") == 0 || http_field_has(tags, file->tag, true) ||
               http_field_has(tags, weak, true);
}

/* Whether the visitor has it. A tag decides where there is one (RFC 9110, 13.2.2). */
static bool is_known(const HttpRequest *request, const HttpFile *file)
{
        const char *tags = request->fields[HTTP_FIELD_IF_NONE_MATCH];
        const char *since = request->fields[HTTP_FIELD_IF_MODIFIED_SINCE];
        struct tm time = {};
        const char *end;

        if (tags)
                return has_tag(tags, file);
        end = since ? strptime(since, DATE, &time) : NULL;
        return end && *end == 0 && file->changed <= timegm(&time);
}

static int answer(const HttpRequest *request, const HttpFile *file, Buffer *out)
{
        const bool known = is_known(request, file);
        char fields[256], date[64];
        HttpAnswer head = {
                .status = known ? 304 : 200,
                .type = file->type,
                .fields = fields,
                .cache = "no-cache", /* kept, but asked about each time */
        };
        struct tm time;

        gmtime_r(&file->changed, &time);
        strftime(date, sizeof(date), DATE, &time);
        snprintf(fields, sizeof(fields), "ETag: %s\r\nLast-Modified: %s\r\n", file->tag, date);
        return http_answer_head(&head, file->size, out);
}

int http_download_begin(const HttpRequest *request, const char *folder, HttpFile *ret_file,
                        Buffer *out)
{
        HttpFile file = HTTP_FILE_NONE;
        int r;

        if (!folder)
                return -ENOENT;
        r = http_file_open(folder, request->path, &file);
        if (r == -EISDIR)
                return redirect(request, out);
        if (r < 0)
                return r;
        r = answer(request, &file, out);
        if (r < 0 || request->method == HTTP_HEAD || is_known(request, &file))
                http_file_close(&file);
        if (r == 0)
                *ret_file = file;
        return r;
}
