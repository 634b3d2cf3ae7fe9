#include "patches/json_string.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

static const char *wrong(struct json_fault *fault, const char *at, const char *what)
{
    *fault = (struct json_fault){at, what};
    return NULL;
}

/* The first byte that is a quote, a backslash, a control character or not ASCII; or `end`. */
static const char *skip_plain(const char *at, const char *end)
{
#ifdef __SSE2__
    /* Signed comparison: bytes from 0x80 on are negative, so "below blank" finds them as well. */
    const __m128i blank = _mm_set1_epi8(' ');
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i backslash = _mm_set1_epi8('\\');
    for (; end - at >= 16; at += 16) {
        __m128i chunk = _mm_loadu_si128((const __m128i *)(const void *)at);
        __m128i found = _mm_or_si128(
            _mm_cmplt_epi8(chunk, blank),
            _mm_or_si128(_mm_cmpeq_epi8(chunk, quote), _mm_cmpeq_epi8(chunk, backslash)));
        unsigned places = (unsigned)_mm_movemask_epi8(found);
        if (places)
            return at + __builtin_ctz(places);
    }
#endif
    while (at < end && (unsigned char)*at >= ' ' && (unsigned char)*at < 0x80 && *at != '"' &&
           *at != '\\')
        at++;
    return at;
}

static bool continues(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

/* Length of the multi-byte sequence at `at`, 0 when it is not well-formed (RFC 3629 4: no overlong
 * forms, no surrogates, nothing above U+10FFFF). */
static size_t utf8_length(const char *at, const char *end)
{
    unsigned char lead = (unsigned char)at[0];
    size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (lead < 0xc2 || lead > 0xf4 || (size_t)(end - at) < length)
        return 0;
    for (size_t i = 1; i < length; i++)
        if (!continues(at[i]))
            return 0;
    unsigned char second = (unsigned char)at[1];
    if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) ||
        (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f))
        return 0;
    return length;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* The code unit of the \uXXXX at `at`, -1 when there is none. */
static long code_unit(const char *at, const char *end)
{
    if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
        return -1;
    long unit = 0;
    for (int i = 2; i < 6; i++) {
        int digit = hex_digit(at[i]);
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

static char *put_utf8(char *out, long point)
{
    if (point < 0x80) {
        *out++ = (char)point;
        return out;
    }
    if (point < 0x800) {
        *out++ = (char)(0xc0 | point >> 6);
    } else {
        if (point < 0x10000) {
            *out++ = (char)(0xe0 | point >> 12);
        } else {
            *out++ = (char)(0xf0 | point >> 18);
            *out++ = (char)(0x80 | (point >> 12 & 0x3f));
        }
        *out++ = (char)(0x80 | (point >> 6 & 0x3f));
    }
    *out++ = (char)(0x80 | (point & 0x3f));
    return out;
}

/* Decodes the \uXXXX, or the pair of them, at `at`. */
static const char *unescape_unicode(const char *at, const char *end, char **out,
                                    struct json_fault *fault)
{
    long point = code_unit(at, end);
    if (point < 0)
        return wrong(fault, at, "'\\u' without four hexadecimal digits");
    if (point == 0)
        return wrong(fault, at, "'\\u0000' in a string");
    if (point < 0xd800 || point > 0xdfff) {
        *out = put_utf8(*out, point);
        return at + 6;
    }
    long low = point < 0xdc00 ? code_unit(at + 6, end) : -1;
    if (low < 0xdc00 || low > 0xdfff)
        return wrong(fault, at, "a surrogate without its other half");
    *out = put_utf8(*out, 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00));
    return at + 12;
}

/* Decodes the escape at `at` and returns the place behind it. */
static const char *unescape(const char *at, const char *end, char **out, struct json_fault *fault)
{
    static const char codes[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    if (end - at < 2)
        return wrong(fault, end, "the text ends inside a string");
    if (at[1] == 'u')
        return unescape_unicode(at, end, out, fault);
    const char *code = memchr(codes, at[1], sizeof(codes) - 1);
    if (!code)
        return wrong(fault, at, "an unknown escape in a string");
    *(*out)++ = meanings[code - codes];
    return at + 2;
}

static char *put(char *out, const char *from, const char *to)
{
    size_t length = (size_t)(to - from);
    memcpy(out, from, length);
    return out + length;
}

const char *json_string_read(const char *at, const char *end, char **arena, struct str *ret,
                             struct json_fault *fault)
{
    const char *run = at; /* what is not copied yet */
    char *out = NULL;     /* NULL as long as nothing had to be decoded */
    for (;;) {
        at = skip_plain(at, end);
        if (at == end)
            return wrong(fault, at, "the text ends inside a string");
        if (*at == '"')
            break;
        if (*at == '\\') {
            out = put(out ? out : *arena, run, at);
            run = at = unescape(at, end, &out, fault);
            if (!at)
                return NULL;
            continue;
        }
        if ((unsigned char)*at < ' ')
            return wrong(fault, at, "a control character in a string");
        size_t length = utf8_length(at, end);
        if (!length)
            return wrong(fault, at, "what is not UTF-8");
        at += length;
    }
    if (!out) {
        *ret = (struct str){run, (size_t)(at - run)};
        return at + 1;
    }
    out = put(out, run, at);
    *out = '\0';
    *ret = (struct str){*arena, (size_t)(out - *arena)};
    *arena = out + 1;
    return at + 1;
}
