#include "patches/json_number.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* A copy of exactly its length, so that the address sanitizer sees a byte too many; the caller
 * frees. */
static char *exact(const char *text, size_t length)
{
    return memcpy(xmalloc(length), text, length);
}

/* Texts that do not begin with a number, the place of the fault and what it says: NULL where a
 * digit is missing. */
static const struct {
    const char *text;
    long place;
    const char *what;
} faults[] = {
    /* no digit */
    {"x", 0, NULL},
    {"+1,", 0, NULL},
    {".5,", 0, NULL},
    {"NaN,", 0, NULL},
    {"Infinity,", 0, NULL},
    {"-", 1, NULL},
    {"-,", 1, NULL},
    {"--1,", 1, NULL},
    {"-Infinity,", 1, NULL},
    {"1.", 2, NULL},
    {"1.,", 2, NULL},
    {"1.e5,", 2, NULL},
    {"-1.-2,", 3, NULL},
    {"1e", 2, NULL},
    {"1e,", 2, NULL},
    {"1E+", 3, NULL},
    {"1E-,", 3, NULL},
    {"1e+-1,", 3, NULL},
    {"1.5e", 4, NULL},
    {"1.5e.5,", 4, NULL},
    /* a leading zero */
    {"00,", 0, "a number with a leading zero"},
    {"01,", 0, "a number with a leading zero"},
    {"-00,", 0, "a number with a leading zero"},
    {"-01.5,", 0, "a number with a leading zero"},
    {"00e5,", 0, "a number with a leading zero"},
    /* nothing behind it */
    {"0", 1, "the text ends behind a number"},
    {"-12", 3, "the text ends behind a number"},
    {"1.5", 3, "the text ends behind a number"},
    {"1.5e-7", 6, "the text ends behind a number"},
    {"9223372036854775808", 19, "the text ends behind a number"},
    /* too large */
    {"9223372036854775808,", 0, "an integer beyond 64 bits"},
    {"-9223372036854775809,", 0, "an integer beyond 64 bits"},
    {"18446744073709551615,", 0, "an integer beyond 64 bits"},
    {"18446744073709551616,", 0, "an integer beyond 64 bits"},
    {"100000000000000000000000000000,", 0, "an integer beyond 64 bits"},
    {"1e309,", 0, "a number that is too large"},
    {"-1e309,", 0, "a number that is too large"},
    {"1.8E+308,", 0, "a number that is too large"},
    {"1e99999999999999999999,", 0, "a number that is too large"},
};

static void refuses_what_is_no_number(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
        size_t length = strlen(faults[i].text);
        autofree char *at = exact(faults[i].text, length);
        struct json_fault fault = {NULL, "untouched"};
        const char *behind = json_number_read(at, at + length, &fault);
        if (behind || fault.at != at + faults[i].place)
            fail_msg("'%s': the fault is at %td", faults[i].text, fault.at ? fault.at - at : -1);
        if (!faults[i].what)
            assert_null(fault.what);
        else
            assert_string_equal(fault.what ? fault.what : "a digit is missing", faults[i].what);
    }
}

/* Numbers, each with what may stand behind one. */
static const char *const numbers[] = {
    "0",
    "-0",
    "7",
    "-12",
    "999999999999999999",
    "9223372036854775807",
    "-9223372036854775808",
    "0.0",
    "-0.5",
    "1.25",
    "1e0",
    "1E5",
    "1e+05",
    "0e-0",
    "12.5E-3",
    "1.7976931348623157e308",
    "-1.7976931348623157E+308",
    "1e-400",
    "123456789012345678901234567890.0",
    "1e000000000000000000000000000001",
};

static void ends_behind_the_number(void **state)
{
    (void)state;
    static const char *const behind[] = {",", "]", "}", " ", "\n", "x", "-1,", "\"1"};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
        for (size_t j = 0; j < sizeof(behind) / sizeof(*behind); j++) {
            autofree char *text = xasprintf("%s%s", numbers[i], behind[j]);
            size_t length = strlen(text);
            autofree char *at = exact(text, length);
            struct json_fault fault = {NULL, "untouched"};
            const char *found = json_number_read(at, at + length, &fault);
            if (!found)
                fail_msg("%s: %s", text, fault.what ? fault.what : "a digit is missing");
            assert_int_equal(found - at, strlen(numbers[i]));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_is_no_number),
        cmocka_unit_test(ends_behind_the_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
