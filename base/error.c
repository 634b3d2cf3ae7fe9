#include "base/error.h"

#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void error_set_(struct error *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(err->text, sizeof(err->text), format, args);
    va_end(args);
    str_drop_partial(err->text);
}

void error_wrap_(struct error *err, const char *format, ...)
{
    struct error context;
    va_list args;
    va_start(args, format);
    vsnprintf(context.text, sizeof(context.text), format, args);
    va_end(args);

    struct error cause = *err;
    size_t used = strlen(context.text);
    size_t room = sizeof(err->text) - 1 - used;
    memcpy(err->text, context.text, used);
    snprintf(err->text + used, room + 1, ": %.*s", (int)(room > 2 ? room - 2 : 0), cause.text);
    str_drop_partial(err->text);
}

const char *error_errno(int code, char *text, unsigned long size)
{
    return strerror_r(code, text, size);
}
