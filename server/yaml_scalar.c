#include "server/yaml_scalar.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

struct word {
    const char *text;
    json_type type;
};

/* Core schema, 10.3.2. */
static const struct word core_words[] = {
    {"", JSON_NULL},       {"~", JSON_NULL},      {"null", JSON_NULL},   {"Null", JSON_NULL},
    {"NULL", JSON_NULL},   {"true", JSON_TRUE},   {"True", JSON_TRUE},   {"TRUE", JSON_TRUE},
    {"false", JSON_FALSE}, {"False", JSON_FALSE}, {"FALSE", JSON_FALSE},
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t digits(struct str text)
{
    size_t count = 0;
    while (count < text.length && is_digit(text.data[count]))
        count++;
    return count;
}

static struct str skip_sign(struct str text)
{
    bool sign = text.length && (text.data[0] == '-' || text.data[0] == '+');
    return sign ? str_skip(text, 1) : text;
}

static bool all_in(struct str text, const char *set)
{
    for (size_t i = 0; i < text.length; i++)
        if (!text.data[i] || !strchr(set, text.data[i]))
            return false;
    return text.length > 0;
}

/* The base of a whole number, 0 when the text is none; *ret_digits is where its digits start. */
static int integer_base(struct str text, size_t *ret_digits)
{
    struct str number = skip_sign(text);
    *ret_digits = text.length - number.length;
    if (number.length > 2 && str_starts(number, STR("0o")) &&
        all_in(str_skip(number, 2), "01234567")) {
        *ret_digits += 2;
        return 8;
    }
    if (number.length > 2 && str_starts(number, STR("0x")) &&
        all_in(str_skip(number, 2), "0123456789abcdefABCDEF")) {
        *ret_digits += 2;
        return 16;
    }
    if (number.length > 1 && number.data[0] == '0' && all_in(number, "01234567"))
        return 8;
    return number.length && digits(number) == number.length ? 10 : 0;
}

static bool is_real(struct str text)
{
    struct str rest = skip_sign(text);
    size_t whole = digits(rest);
    rest = str_skip(rest, whole);
    size_t fraction = 0;
    if (rest.length && rest.data[0] == '.') {
        fraction = digits(str_skip(rest, 1));
        rest = str_skip(rest, 1 + fraction);
    }
    if (!whole && !fraction)
        return false;
    if (!rest.length)
        return true;
    if (rest.data[0] != 'e' && rest.data[0] != 'E')
        return false;
    rest = skip_sign(str_skip(rest, 1));
    return rest.length && digits(rest) == rest.length;
}

static bool is_not_finite(struct str text)
{
    struct str rest = skip_sign(text);
    return rest.length == 4 &&
           (strncasecmp(rest.data, ".inf", 4) == 0 || strncasecmp(rest.data, ".nan", 4) == 0);
}

/* Longest number in digits; everything that 64 bits hold is shorter. */
#define NUMBER_MAX 64

static json_t *refuse(struct str text, struct error *err)
{
    error_set_(err, "the number %.*s is too large", (int)(text.length > 40 ? 40 : text.length),
               text.data);
    return NULL;
}

static json_t *read_integer(struct str text, int base, size_t start, struct error *err)
{
    char digits_text[NUMBER_MAX + 2] = {text.data[0] == '-' ? '-' : '+'};
    struct str number = str_skip(text, start);
    if (number.length > NUMBER_MAX)
        return refuse(text, err);
    memcpy(digits_text + 1, number.data, number.length);
    errno = 0;
    long long value = strtoll(digits_text, NULL, base);
    return errno ? refuse(text, err) : json_integer(value);
}

static json_t *read_real(struct str text, struct error *err)
{
    char number[NUMBER_MAX + 1] = "";
    if (text.length > NUMBER_MAX)
        return refuse(text, err);
    memcpy(number, text.data, text.length);
    double value = strtod(number, NULL);
    return isfinite(value) ? json_real(value) : refuse(text, err);
}

static json_t *word_value(json_type type)
{
    return type == JSON_NULL ? json_null() : json_boolean(type == JSON_TRUE);
}

json_t *yaml_scalar(struct str text, struct error *err)
{
    for (size_t i = 0; i < sizeof(core_words) / sizeof(core_words[0]); i++)
        if (str_is(text, core_words[i].text))
            return word_value(core_words[i].type);
    size_t start;
    int base = integer_base(text, &start);
    if (base)
        return read_integer(text, base, start, err);
    if (is_real(text))
        return read_real(text, err);
    if (is_not_finite(text)) {
        error_set_(err, "%.*s is a number that JSON does not have", STR_ARG(text));
        return NULL;
    }
    return json_stringn(text.data, text.length);
}

bool yaml_needs_quotes(struct str text)
{
    static const char *const words[] = {"null", "true", "false", "yes", "no",
                                        "on",   "off",  "y",     "n"};
    if (!text.length || strchr("0123456789+-.~<=", text.data[0]))
        return true;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (text.length == strlen(words[i]) && strncasecmp(text.data, words[i], text.length) == 0)
            return true;
    return false;
}

void yaml_real(double number, char text[32])
{
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(text, 32, "%.*g", precision, number);
        double back = strtod(text, NULL);
        if (memcmp(&back, &number, sizeof(back)) == 0)
            break;
    }
    if (!strpbrk(text, ".e")) /* it must not become a whole number */
        memcpy(text + strlen(text), ".0", 3);
}
