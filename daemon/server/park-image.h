/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The image that park.h has written, as the next process finds it: a file that nobody writes to any
 * more, mapped.
 *
 * Thread: control
 */
#pragma once

#include <stdbool.h>

#include "broker/record.h"
#include "transport/tls-credentials.h"
#include "util/bytes.h"
#include "util/macro.h"

#define PARK_KEY_RECORD    (RECORD_TYPE_OTHERS | 3U)
#define PARK_PAUSED_RECORD (RECORD_TYPE_OTHERS | 5U) /* before that of the key */

typedef struct ParkImage ParkImage;

/* A new file for an image. Its fd, or -errno. */
int park_image_create(void);
/* Nobody writes to it any more, and it does not shrink. 0 or -errno. */
int park_image_seal(int fd);

/* Maps it; the fd is the caller's still. 0; -EBADMSG: it is no image; -EPROTONOSUPPORT: a newer
 * broker has written it; or -errno. */
int park_image_open(int fd, ParkImage **ret_image);
ParkImage *park_image_free(ParkImage *image);
DEFINE_CLEANUP(ParkImage, park_image_free)

/* All of it; the view holds as long as the image. */
Bytes park_image_bytes(const ParkImage *image);

/* The key that session tickets were sealed with. 0, or -ENOENT (*ret_key is untouched). */
int park_image_ticket_key(const ParkImage *image, TlsTicketKey *ret_key);

/* Whether the listener of this name accepted nobody, for an admin had paused it. */
bool park_image_is_paused(const ParkImage *image, const char *listener);
