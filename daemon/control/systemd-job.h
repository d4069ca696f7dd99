/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What systemd is about to do with our own unit. SIGTERM looks alike for a stop and for a restart;
 * the job of the unit tells them apart.
 *
 * Thread: control
 */
#pragma once

#include <stdbool.h>

/*
 * Asks the systemd of the system bus whether the unit of this process is being restarted. True for
 * `systemctl restart` and its relatives; false for a stop, for a shutdown, and when nobody asked
 * for anything (somebody sent the signal). Blocks for up to five seconds in all. 0; or -errno, when
 * there is nobody to ask or no answer in time: no bus, no systemd, no unit of it around us
 * (-ENOENT, -ECONNREFUSED, -EHOSTUNREACH, -ETIMEDOUT, …). Then *ret_restart is untouched.
 */
int systemd_job_is_restart(bool *ret_restart);

/*
 * Asks how many descriptors systemd keeps for our unit: it takes what does not fit into
 * FileDescriptorStoreMax= without a word. 0; -ESRCH, when this process is not the main one of its
 * unit; or -errno as above.
 */
int systemd_job_kept_descriptors(unsigned *ret_n);
