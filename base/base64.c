#include "base/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_add(struct buf *buf, struct str bytes)
{
    size_t length = (bytes.length + 2) / 3 * 4;
    char *out = buf_reserve(buf, length);
    if (!out)
        return;
    const unsigned char *in = (const unsigned char *)bytes.data;
    size_t left = bytes.length;
    for (; left >= 3; in += 3, left -= 3) {
        *out++ = alphabet[in[0] >> 2];
        *out++ = alphabet[(in[0] & 0x03) << 4 | in[1] >> 4];
        *out++ = alphabet[(in[1] & 0x0f) << 2 | in[2] >> 6];
        *out++ = alphabet[in[2] & 0x3f];
    }
    if (left) {
        unsigned second = left > 1 ? in[1] : 0;
        *out++ = alphabet[in[0] >> 2];
        *out++ = alphabet[(in[0] & 0x03u) << 4 | second >> 4];
        *out++ = left > 1 ? alphabet[(second & 0x0f) << 2] : '=';
        *out++ = '=';
    }
    buf->length += length;
    buf->data[buf->length] = '\0';
}
