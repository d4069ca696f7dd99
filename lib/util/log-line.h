/* SPDX-License-Identifier: Apache-2.0 */
/* log-line.h: what a line of the log looks like and how it is written; for log.c alone.
 * Thread: any */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "util/log-event.h"

#define LOG_TIME_MAX 128

/* Peers choose names: they must not be able to forge lines or to drive a terminal. Returns the text
 * with each byte of a control character (C0, DEL, C1) as \xNN: `text` itself if it has none, else a
 * copy that the caller frees by *heap. Without memory they become '?' in place. */
char *log_line_escape(char *text, char **heap);

/* The local time by a format of strftime (NULL: seconds since the epoch), then ": ". Empty if it is
 * longer than the buffer. */
void log_line_time(char *buffer, size_t size, const char *format);

/* Writes the parts and a newline, in one system call if the kernel takes them. What a full pipe or
 * disk refuses is lost: a broker does not stop because its log does. */
void log_line_write(int fd, const char *prefix, const char *time, const char *text);

/* Gives an event with all its fields to the journal; identifier may be NULL, facility 0. False if
 * the journal did not take it. */
bool log_line_to_journal(const LogEvent *event, const char *identifier, int facility);
