/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a subscriber asked for: the Subscription Options byte of MQTT 5 as it is on the wire
 * (MQTT 5.0, 3.8.3.1) and the optional Subscription Identifier. For MQTT 3 only the QoS bits are
 * set.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef uint8_t SubscriptionOptions;

#define SUBSCRIPTION_QOS_MASK            0x03U
#define SUBSCRIPTION_NO_LOCAL            0x04U
#define SUBSCRIPTION_RETAIN_AS_PUBLISHED 0x08U
#define SUBSCRIPTION_RETAIN_SHIFT        4U
#define SUBSCRIPTION_OPTIONS_MASK        0x3fU /* without the reserved bits */

/* 0 is no Subscription Identifier: the standard forbids it as a value. */
#define SUBSCRIPTION_NO_IDENTIFIER 0U

static inline uint8_t subscription_qos(SubscriptionOptions options)
{
        return options & SUBSCRIPTION_QOS_MASK;
}

static inline uint8_t subscription_retain_handling(SubscriptionOptions options)
{
        return (options >> SUBSCRIPTION_RETAIN_SHIFT) & 0x03U;
}
