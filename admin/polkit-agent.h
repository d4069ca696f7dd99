/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Who asks for a password on this terminal when polkit wants one of us: pkttyagent(1), which comes
 * with polkit.
 *
 * Thread: any
 */
#pragma once

#include <sys/types.h>

/* Starts one, and waits until polkit knows it. 0; -ENOTTY: there is no terminal to ask on; -errno.
 */
int polkit_agent_start(pid_t *ret_agent);

/* 0 is none. */
void polkit_agent_end(pid_t agent);
