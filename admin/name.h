/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Names that peers have chosen, for people: nothing in them drives the terminal, or a shell.
 *
 * Thread: any
 */
#pragma once

#include <stdio.h>

/* A longer name pushes the rest of its line to the right. */
#define NAME_WIDTH_MAX 40U

/* Columns that it takes: of UTF-8 the bytes that begin a letter. */
unsigned name_width(const char *name);

/* The letter of UTF-8 at that place, or '?' for one that would drive the terminal. Returns what is
 * behind it. */
const char *name_print_letter(FILE *to, const char *at);

/* To stdout, filled up with spaces to that width. */
void name_print(const char *name, unsigned width);

/* All of it. */
void name_print_line(FILE *to, const char *text);

/* As one word of a shell, quoted. */
void name_print_word(FILE *to, const char *name);
