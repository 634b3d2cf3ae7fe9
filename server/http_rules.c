#include "server/http_rules.h"

#include "patches/shown.h"

#include <strings.h>

bool http_framing_check(const struct http_framing *framing, uint64_t *ret_length, struct error *err)
{
    if (framing->content_length_count > 1)
        return error_set(err, "Content-Length is given %zu times, expected once",
                         framing->content_length_count);
    if (framing->transfer_encoding_count > 1)
        return error_set(err, "Transfer-Encoding is given %zu times, expected once",
                         framing->transfer_encoding_count);
    if (framing->content_length && framing->transfer_encoding)
        return error_set(err, "both Content-Length and Transfer-Encoding are given, expected one");
    if (framing->transfer_encoding) {
        if (strcasecmp(framing->transfer_encoding, "chunked") != 0)
            return error_set(err, "Transfer-Encoding '%s' is not 'chunked'",
                             shown(str_of(framing->transfer_encoding)).text);
        *ret_length = UINT64_MAX;
        return true;
    }
    uint64_t length = 0;
    if (framing->content_length && !str_number(str_of(framing->content_length), &length))
        return error_set(err, "Content-Length '%s' is not a number",
                         shown(str_of(framing->content_length)).text);
    *ret_length = length;
    return true;
}

bool http_is_json(const char *content_type)
{
    if (!content_type)
        return false;
    const char *end = strchr(content_type, ';');
    struct str type = {content_type, end ? (size_t)(end - content_type) : strlen(content_type)};
    type = str_trim(type);
    struct str json = STR("application/json");
    return type.length == json.length && strncasecmp(type.data, json.data, json.length) == 0;
}

bool http_is_identity(const char *content_encoding)
{
    return !content_encoding || !*content_encoding || strcasecmp(content_encoding, "identity") == 0;
}

struct unit {
    struct str name;
    uint64_t nanos;
};

/* Longer names first where one starts with another. */
static const struct unit units[] = {
    {STR("ns"), 1},           {STR("us"), 1000},
    {STR("\xc2\xb5s"), 1000}, /* U+00B5, as Go writes it */
    {STR("\xce\xbcs"), 1000}, /* U+03BC */
    {STR("ms"), 1000000},     {STR("s"), 1000000000},
    {STR("m"), 60000000000},  {STR("h"), 3600000000000},
};

static const struct unit *take_unit(struct str *text)
{
    for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
        if (!str_starts(*text, units[i].name))
            continue;
        *text = str_skip(*text, units[i].name.length);
        return &units[i];
    }
    return NULL;
}

static struct str take_digits(struct str *text)
{
    size_t count = 0;
    while (count < text->length && text->data[count] >= '0' && text->data[count] <= '9')
        count++;
    struct str digits = {text->data, count};
    *text = str_skip(*text, count);
    return digits;
}

/* One "1.5s"; adds to *nanos. */
static bool take_part(struct str *text, uint64_t *nanos)
{
    uint64_t whole = 0;
    struct str digits = take_digits(text);
    struct str fraction = STR("");
    if (str_starts(*text, STR("."))) {
        *text = str_skip(*text, 1);
        fraction = take_digits(text);
    }
    if (digits.length + fraction.length == 0 || (digits.length && !str_number(digits, &whole)))
        return false;
    const struct unit *unit = take_unit(text);
    uint64_t sum;
    if (!unit || __builtin_mul_overflow(whole, unit->nanos, &sum) ||
        __builtin_add_overflow(sum, *nanos, &sum))
        return false;
    uint64_t place = unit->nanos;
    for (size_t i = 0; i < fraction.length; i++) {
        place /= 10;
        if (__builtin_add_overflow(sum, place * (uint64_t)(fraction.data[i] - '0'), &sum))
            return false;
    }
    *nanos = sum;
    return sum <= INT64_MAX;
}

bool http_go_duration(const char *text, uint64_t *ret_nanos)
{
    struct str rest = str_of(text);
    uint64_t nanos = 0;
    if (rest.length > 0 && rest.data[0] == '+')
        rest = str_skip(rest, 1);
    while (rest.length)
        if (!take_part(&rest, &nanos))
            return false;
    if (nanos == 0)
        return false;
    *ret_nanos = nanos;
    return true;
}
