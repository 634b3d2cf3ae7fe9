#include "patches/shown.h"

#define SHOWN_MAX 96

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

struct shown shown(struct str text)
{
    struct shown result = {""};
    size_t length = text.length;
    if (length > SHOWN_MAX) {
        length = SHOWN_MAX;
        while (length && is_continuation(text.data[length]))
            length--;
    }
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text.data[i];
        result.text[i] = c < 0x20 || c == 0x7f ? '?' : text.data[i];
    }
    if (length < text.length)
        memcpy(result.text + length, "...", 4);
    return result;
}
