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

/* The six bits of a character; 64 and more when it is none of the alphabet's. */
static unsigned digit(char c)
{
    const char *place = memchr(alphabet, c, sizeof(alphabet) - 1);
    return place ? (unsigned)(place - alphabet) : 64;
}

bool base64_read(struct str text, struct buf *bytes)
{
    if (text.length % 4 != 0)
        return false;
    for (; text.length; text = str_skip(text, 4)) {
        bool last = text.length == 4;
        size_t padding = !last || text.data[3] != '=' ? 0 : text.data[2] != '=' ? 1 : 2;
        unsigned group = 0;
        for (size_t i = 0; i < 4; i++) {
            unsigned bits = i < 4 - padding ? digit(text.data[i]) : 0;
            if (bits >= 64)
                return false;
            group = group << 6 | bits;
        }
        if (group & (0xffffffu >> 8 * (3 - padding)))
            return false;
        const char out[3] = {(char)(group >> 16), (char)(group >> 8), (char)group};
        buf_add(bytes, (struct str){out, 3 - padding});
    }
    return !bytes->failed;
}
