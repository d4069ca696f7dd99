/* SPDX-License-Identifier: Apache-2.0 */

/* Calls that wait for a permission. */
#include <stdarg.h>

#include "control/bus-call.h"
#include "util/macro.h"

BusCall bus_call_ref(const BusCall *call)
{
        sd_bus_message_ref(call->message);
        return *call;
}

void bus_call_done(BusCall *call)
{
        call->message = sd_bus_message_unref(call->message);
}

int bus_call_run(const BusCall *call)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int r;

        r = call->then(call->message, call->manager, &error);
        if (r < 0 || sd_bus_error_is_set(&error))
                r = sd_bus_reply_method_errno(call->message, r, &error);
        return r;
}

int bus_call_refuse(const BusCall *call, const char *error, const char *format, ...)
{
        va_list arguments;
        int r;

        va_start(arguments, format);
        r = sd_bus_reply_method_errorfv(call->message, error, format, arguments);
        va_end(arguments);
        return r;
}
