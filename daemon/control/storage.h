/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The store of the broker as the settings have it: where it is, and what is said of it.
 *
 * Thread: control
 */
#pragma once

#include "config/settings.h"
#include "store/store.h"
#include "util/config-errors.h"

/*
 * Opens it: the folder `store` in persistence_location, or in the state directory of the service.
 * How it was found is logged. *ret_store is NULL without `persistence`. 0; -EKEYREJECTED with an
 * error added: it is for the admin to mend; or -errno. It forks, so there are no threads yet.
 */
int storage_open(const Settings *settings, ConfigErrors *errors, Store **ret_store);
