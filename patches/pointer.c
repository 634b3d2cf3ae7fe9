#include "patches/pointer.h"

void pointer_add(struct buf *pointer, struct str token)
{
    buf_add_char(pointer, '/');
    for (size_t i = 0; i < token.length; i++) {
        if (token.data[i] == '~')
            buf_add(pointer, STR("~0"));
        else if (token.data[i] == '/')
            buf_add(pointer, STR("~1"));
        else
            buf_add_char(pointer, token.data[i]);
    }
}

void pointer_add_index(struct buf *pointer, size_t index)
{
    buf_addf(pointer, "/%zu", index);
}

/* Adds the token, decoded; false when a "~" in it means nothing. */
static bool decode(struct str token, struct buf *ret)
{
    for (size_t i = 0; i < token.length; i++) {
        if (token.data[i] != '~') {
            buf_add_char(ret, token.data[i]);
            continue;
        }
        i++;
        if (i == token.length || (token.data[i] != '0' && token.data[i] != '1'))
            return false;
        buf_add_char(ret, token.data[i] == '0' ? '~' : '/');
    }
    return true;
}

bool pointer_next(struct str *pointer, struct buf *ret, struct error *err)
{
    buf_clear(ret);
    if (!pointer->length)
        return false;
    struct str whole = *pointer;
    *pointer = STR_NONE;
    if (whole.data[0] != '/')
        return error_set(err, "'%.*s' does not begin with '/'", STR_ARG(whole));

    struct str token = str_skip(whole, 1);
    long end = str_find(token, STR("/"));
    if (end >= 0)
        token.length = (size_t)end;
    if (!decode(token, ret))
        return error_set(err, "'~' in '%.*s' is not followed by 0 or 1", STR_ARG(token));
    if (ret->failed)
        return error_set(err, "a token of %zu bytes, more than %zu", token.length, ret->limit);
    *pointer = str_skip(whole, 1 + token.length);
    return true;
}
