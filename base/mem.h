/*
 * Memory. Allocation failure aborts here and nowhere else: every input has a stated limit, so
 * running out of memory is a wrong limit, not a state to handle.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>
#include <stdlib.h>

/* As malloc, calloc, realloc, strdup, strndup and asprintf, but never NULL. The caller frees. */
void *xmalloc(size_t size) __attribute__((malloc, warn_unused_result));
void *xcalloc(size_t count, size_t size) __attribute__((malloc, warn_unused_result));
void *xrealloc(void *old, size_t size) __attribute__((warn_unused_result));
char *xstrdup(const char *text) __attribute__((malloc, warn_unused_result));
char *xstrndup(const char *text, size_t length) __attribute__((malloc, warn_unused_result));
char *xasprintf(const char *format, ...)
    __attribute__((malloc, warn_unused_result, format(printf, 1, 2)));

/* Gives back what another library allocated; NULL means that it could not, and aborts. */
void *mem_checked(void *memory);

/* Frees what a local of pointer type owns when it leaves its scope: `autofree char *text = ...`. */
#define autofree __attribute__((__cleanup__(mem_autofree)))
void mem_autofree(void *pointer_to_local);

/* Calls `function` with the address of the local at the end of its scope. */
#define cleanup(function) __attribute__((__cleanup__(function)))

/* Hands a pointer over: yields it and leaves NULL behind. */
#define TAKE(pointer)                                                                              \
    __extension__({                                                                                \
        __typeof__(pointer) taken_ = (pointer);                                                    \
        (pointer) = NULL;                                                                          \
        taken_;                                                                                    \
    })

#endif
