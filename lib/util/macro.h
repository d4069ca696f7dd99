/* SPDX-License-Identifier: Apache-2.0 */
/* macro.h: the few words the C of this project adds to the language.
 * Thread: any */
#pragma once

#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f)   __attribute__((cleanup(f)))
#define _printf_(a, b) __attribute__((format(printf, a, b)))
#define _likely_(x)    __builtin_expect(!!(x), 1)
#define _unlikely_(x)  __builtin_expect(!!(x), 0)
#define _unused_       __attribute__((unused))
#define _const_        __attribute__((const))
#define _pure_         __attribute__((pure))
#define _noinline_     __attribute__((noinline))

/* The struct of `type` whose field `member` is at `pointer`. */
#define container_of(pointer, type, member)                                                        \
        ((type *)((char *)(1 ? (pointer) : &((type *)0)->member) - offsetof(type, member)))

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* Both evaluate each argument once. GLib and sys/param.h define lesser ones, hence the undef. */
#undef MIN
#undef MAX
#define MIN(a, b)                                                                                  \
        __extension__({                                                                            \
                __typeof__(a) min_a_ = (a);                                                        \
                __typeof__(b) min_b_ = (b);                                                        \
                min_a_ < min_b_ ? min_a_ : min_b_;                                                 \
        })
#define MAX(a, b)                                                                                  \
        __extension__({                                                                            \
                __typeof__(a) max_a_ = (a);                                                        \
                __typeof__(b) max_b_ = (b);                                                        \
                max_a_ > max_b_ ? max_a_ : max_b_;                                                 \
        })

/* Hands the pointer over: its value is the result, the variable becomes NULL. */
#define TAKE_PTR(p)                                                                                \
        __extension__({                                                                            \
                __typeof__(p) *take_ptr_ = &(p);                                                   \
                __typeof__(p) taken_ = *take_ptr_;                                                 \
                *take_ptr_ = NULL;                                                                 \
                taken_;                                                                            \
        })

/* Hands the descriptor over: its value is the result, the variable becomes -1. */
#define TAKE_FD(fd)                                                                                \
        __extension__({                                                                            \
                int *take_fd_ = &(fd);                                                             \
                int taken_fd_ = *take_fd_;                                                         \
                *take_fd_ = -1;                                                                    \
                taken_fd_;                                                                         \
        })

/* Defines `static inline void free_func##p(Type **)` for use with _cleanup_(). free_func takes
 * NULL. */
#define DEFINE_CLEANUP(Type, free_func)                                                            \
        _unused_ static inline void free_func##p(Type **p)                                         \
        {                                                                                          \
                free_func(*p);                                                                     \
        }

_unused_ static inline void freep(void *p)
{
        free(*(void **)p);
}

_unused_ static inline void closep(int *fd)
{
        if (*fd >= 0)
                close(*fd);
}

#define _cleanup_free_  _cleanup_(freep)
#define _cleanup_close_ _cleanup_(closep)
