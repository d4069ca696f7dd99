/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The properties of a packet as a member of a JSON object: see packet-json.h.
 *
 * Thread: any
 */
#pragma once

#include "mqtt/property.h"
#include "util/json-out.h"

/* As the member `properties`, an object by the standard's names (`session_expiry_interval`);
 * nothing, if there are none. They were decoded. */
void property_json_write(JsonOut *json, const Properties *properties);
