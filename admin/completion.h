/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Completions for shells, written from the table of verbs to stdout when Hawker is built.
 *
 * Thread: any
 */
#pragma once

/* A file for the folder bash-completion/completions. */
void completion_print_bash(void);

/* A file _hawkerctl for the folder zsh/site-functions. */
void completion_print_zsh(void);
