#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void *mem_checked(void *memory)
{
    if (memory)
        return memory;
    /* GCOVR_EXCL_START: cannot be reached by a test that goes on afterwards */
    fputs("out of memory\n", stderr);
    abort();
    /* GCOVR_EXCL_STOP */
}

void *xmalloc(size_t size)
{
    return mem_checked(malloc(size ? size : 1));
}

void *xcalloc(size_t count, size_t size)
{
    return mem_checked(calloc(count ? count : 1, size ? size : 1));
}

void *xrealloc(void *old, size_t size)
{
    return mem_checked(realloc(old, size ? size : 1));
}

char *xstrdup(const char *text)
{
    return mem_checked(strdup(text));
}

char *xstrndup(const char *text, size_t length)
{
    char *copy = xmalloc(length + 1);
    if (length)
        memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

char *xasprintf(const char *format, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, format);
    int length = vasprintf(&text, format, args);
    va_end(args);
    return mem_checked(length < 0 ? NULL : text);
}

void mem_autofree(void *pointer_to_local)
{
    void *memory;
    memcpy(&memory, pointer_to_local, sizeof(memory));
    free(memory);
}
