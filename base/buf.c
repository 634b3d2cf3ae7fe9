#include "base/buf.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>

static void fail(struct buf *buf)
{
    free(buf->data);
    *buf = BUF(buf->limit);
    buf->failed = true;
}

char *buf_reserve(struct buf *buf, size_t count)
{
    if (buf->failed)
        return NULL;
    if (count > buf->limit - buf->length) {
        fail(buf);
        return NULL;
    }
    size_t needed = buf->length + count + 1;
    if (needed > buf->size) {
        size_t size = buf->size ? buf->size * 2 : 128;
        if (size > buf->limit + 1)
            size = buf->limit + 1;
        if (size < needed)
            size = needed;
        buf->data = xrealloc(buf->data, size);
        buf->size = size;
    }
    return buf->data + buf->length;
}

void buf_add(struct buf *buf, struct str text)
{
    char *place = buf_reserve(buf, text.length);
    if (!place)
        return;
    if (text.length)
        memcpy(place, text.data, text.length);
    buf->length += text.length;
    buf->data[buf->length] = '\0';
}

void buf_add_text(struct buf *buf, const char *text)
{
    buf_add(buf, str_of(text));
}

void buf_add_char(struct buf *buf, char c)
{
    buf_add(buf, (struct str){&c, 1});
}

void buf_addf(struct buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    char small[256];
    int length = vsnprintf(small, sizeof(small), format, args);
    va_end(args);

    if (length >= 0 && (size_t)length < sizeof(small)) {
        buf_add(buf, (struct str){small, (size_t)length});
    } else if (length >= 0 && buf_reserve(buf, (size_t)length)) {
        vsnprintf(buf->data + buf->length, (size_t)length + 1, format, again);
        buf->length += (size_t)length;
    }
    va_end(again);
}

static const char *json_escape(unsigned char c, char code[8])
{
    switch (c) {
    case '"':
        return "\\\"";
    case '\\':
        return "\\\\";
    case '\n':
        return "\\n";
    case '\r':
        return "\\r";
    case '\t':
        return "\\t";
    default:
        snprintf(code, 8, "\\u%04x", c);
        return code;
    }
}

void buf_add_json_string(struct buf *buf, struct str text)
{
    buf_add_char(buf, '"');
    size_t start = 0;
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        char code[8];
        buf_add(buf, (struct str){text.data + start, i - start});
        buf_add_text(buf, json_escape(c, code));
        start = i + 1;
    }
    buf_add(buf, str_skip(text, start));
    buf_add_char(buf, '"');
}

struct str buf_str(const struct buf *buf)
{
    return (struct str){buf->data ? buf->data : "", buf->length};
}

char *buf_take(struct buf *buf)
{
    if (buf->failed)
        return NULL;
    char *data = buf->data ? buf->data : xstrdup("");
    *buf = BUF(buf->limit);
    return data;
}

void buf_clear(struct buf *buf)
{
    free(buf->data);
    *buf = BUF(buf->limit);
}
