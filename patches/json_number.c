#include "patches/json_number.h"

#include <math.h>
#include <stdlib.h>

static const char *fail(struct json_fault *fault, const char *at, const char *what)
{
    *fault = (struct json_fault){at, what};
    return NULL;
}

static const char *skip_digits(const char *at, const char *end)
{
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at;
}

static bool fits_int64(struct str digits, bool negative)
{
    uint64_t number;
    return digits.length < 19 ||
           (str_number(digits, &number) && number <= (uint64_t)INT64_MAX + (negative ? 1 : 0));
}

/* The fraction and exponent behind the digits of a number; NULL when one has no digits. */
static const char *skip_real(const char *at, const char *end, struct json_fault *fault)
{
    const char *digits;
    if (at < end && *at == '.') {
        digits = at + 1;
        at = skip_digits(digits, end);
        if (at == digits)
            return fail(fault, at, NULL);
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        digits = at + 1;
        if (digits < end && (*digits == '+' || *digits == '-'))
            digits++;
        at = skip_digits(digits, end);
        if (at == digits)
            return fail(fault, at, NULL);
    }
    return at;
}

const char *json_number_read(const char *at, const char *end, struct json_fault *fault)
{
    const char *start = at;
    bool negative = *at == '-';
    const char *digits = at + (negative ? 1 : 0);
    at = skip_digits(digits, end);
    if (at == digits)
        return fail(fault, at, NULL);
    if (*digits == '0' && at - digits > 1)
        return fail(fault, start, "a number with a leading zero");

    const char *integer_end = at;
    at = skip_real(at, end, fault);
    if (!at)
        return NULL;
    if (at == end) /* also what lets strtod() below stop at the end of the number */
        return fail(fault, at, "the text ends behind a number");
    if (at == integer_end) {
        if (!fits_int64((struct str){digits, (size_t)(at - digits)}, negative))
            return fail(fault, start, "an integer beyond 64 bits");
    } else if (isinf(strtod(start, NULL))) {
        return fail(fault, start, "a number that is too large");
    }
    return at;
}
