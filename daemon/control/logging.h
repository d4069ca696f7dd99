/* SPDX-License-Identifier: Apache-2.0 */

/*
 * From the log_* options to the log.
 *
 * Thread: control
 */
#pragma once

#include "config/settings.h"
#include "util/config-errors.h"

/* Lets log_dest, log_type and their relatives take hold. 0, or -errno: the log is as it was. */
int logging_apply(const Settings *settings);

/* The lines go to destinations (LogDestination, or-ed) instead of log_dest, until the settings are
 * applied again; what is logged stays as it is. 0, or -errno: the log is as it was. */
int logging_redirect(const Settings *settings, unsigned destinations);

/* Logs each error, warning and notice of a configuration, with file and line. */
void logging_report(const ConfigErrors *errors);
