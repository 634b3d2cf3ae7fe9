#include "patches/json_string.h"

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

#define HEX "'\\u' without four hexadecimal digits"
#define HALF "a surrogate without its other half"
#define CONTROL "a control character in a string"
#define ENDS "the text ends inside a string"
#define NOT_UTF8 "what is not UTF-8"
#define SIXTEEN "0123456789abcdef" /* the scanner takes as many at once */

/* Texts from the opening quote on, the place of the fault and what it says. */
static const struct {
    struct str text;
    long place;
    const char *what;
} faults[] = {
    {STR("\""), 1, ENDS},
    {STR("\"abc"), 4, ENDS},
    {STR("\"" SIXTEEN SIXTEEN), 33, ENDS},
    {STR("\"a\\"), 3, ENDS},
    {STR("\"a\\\""), 4, ENDS},
    {STR("\"a\nb\""), 2, CONTROL},
    {STR("\"\0\""), 1, CONTROL},
    {STR("\"" SIXTEEN "\x1f\""), 17, CONTROL},
    {STR("\"\\n\t\""), 3, CONTROL},
    {STR("\"\\x\""), 1, "an unknown escape in a string"},
    {STR("\"\\N\""), 1, "an unknown escape in a string"},
    {STR("\"\\'\""), 1, "an unknown escape in a string"},
    {STR("\"\\\0\""), 1, "an unknown escape in a string"},
    {STR("\"\\u"), 1, HEX},
    {STR("\"\\u004"), 1, HEX},
    {STR("\"\\u12\""), 1, HEX},
    {STR("\"\\u00g0\""), 1, HEX},
    {STR("\"\\u+041\""), 1, HEX},
    {STR("\"\\U0041\""), 1, "an unknown escape in a string"},
    {STR("\"ab\\u0000\""), 3, "'\\u0000' in a string"},
    {STR("\"\\ud800\""), 1, HALF},
    {STR("\"\\udbff\\u0041\""), 1, HALF},
    {STR("\"\\ud800\\ud800\""), 1, HALF},
    {STR("\"\\ud800\\n12345\""), 1, HALF},
    {STR("\"\\ud83d\\ude0"), 1, HALF},
    {STR("\"\\udc00\\ud800\""), 1, HALF},
    {STR("\"a\x80\""), 2, NOT_UTF8},             /* continues nothing */
    {STR("\"\xc1\xbf\""), 1, NOT_UTF8},          /* overlong */
    {STR("\"\xc3\""), 1, NOT_UTF8},              /* not continued */
    {STR("\"\xe2\x82\""), 1, NOT_UTF8},          /* not continued */
    {STR("\"\xe0\x9f\xbf\""), 1, NOT_UTF8},      /* overlong */
    {STR("\"\xed\xa0\x80\""), 1, NOT_UTF8},      /* a surrogate */
    {STR("\"\xf0\x8f\xbf\xbf\""), 1, NOT_UTF8},  /* overlong */
    {STR("\"\xf0\x9f\x98"), 1, NOT_UTF8},        /* the text ends */
    {STR("\"\xf4\x90\x80\x80\""), 1, NOT_UTF8},  /* above U+10FFFF */
    {STR("\"\xff\""), 1, NOT_UTF8},              /* no lead byte */
    {STR("\"" SIXTEEN "\xc3x\""), 17, NOT_UTF8}, /* not continued */
};

static void refuses_what_is_no_string(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
        struct str text = faults[i].text;
        autofree char *at = exact(text.data, text.length);
        autofree char *memory = xmalloc(text.length);
        char *arena = memory;
        struct str found = STR("untouched");
        struct json_fault fault = {0};
        assert_null(json_string_read(at + 1, at + text.length, &arena, &found, &fault));
        assert_non_null(fault.what);
        assert_string_equal(fault.what, faults[i].what);
        assert_int_equal(fault.at - at, faults[i].place);
        assert_string_equal(found.data, "untouched");
    }
}

/* Strings that hold escapes, and what they mean. */
static const struct {
    const char *text;
    const char *meaning;
} escaped[] = {
    {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
    {"\"a\\u0041z\"", "aAz"},
    {"\"\\u0001\\u007f\"", "\x01\x7f"},
    {"\"\\u0080\\u00e9\\u07FF\"", "\xc2\x80\xc3\xa9\xdf\xbf"},
    {"\"\\u0800\\u20aC\\ud7ff\\ue000\\uffff\"",
     "\xe0\xa0\x80\xe2\x82\xac\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"},
    {"\"\\ud800\\udc00\\uD83D\\uDE00\\udbff\\udfff\"",
     "\xf0\x90\x80\x80\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf"},
    {"\"" SIXTEEN "\\n" SIXTEEN SIXTEEN "\\\\\"", SIXTEEN "\n" SIXTEEN SIXTEEN "\\"},
    {"\"\xe2\x82\xac\\t\xc3\xa9\"", "\xe2\x82\xac\t\xc3\xa9"},
};

static void escapes_are_decoded_into_the_arena(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(escaped) / sizeof(*escaped); i++) {
        size_t length = strlen(escaped[i].text);
        autofree char *at = exact(escaped[i].text, length);
        autofree char *memory = xmalloc(length); /* no more than the string with its quotes */
        char *arena = memory;
        struct str found;
        struct json_fault fault = {0};
        const char *behind = json_string_read(at + 1, at + length, &arena, &found, &fault);
        if (!behind)
            fail_msg("%s: %s", escaped[i].text, fault.what);
        assert_int_equal(behind - at, length);
        assert_ptr_equal(found.data, memory);
        assert_string_equal(found.data, escaped[i].meaning);
        assert_int_equal(found.length, strlen(escaped[i].meaning));
        assert_ptr_equal(arena, memory + found.length + 1);
    }
}

static void plain_text_stays_where_it_is(void **state)
{
    (void)state;
    static const char *const plain[] = {
        "",
        "a",
        "\x7f",
        SIXTEEN,
        SIXTEEN SIXTEEN "x",
        "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
        SIXTEEN "\xf4\x8f\xbf\xbf",
    };
    for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++) {
        autofree char *text = xasprintf("\"%s\",\"more\"", plain[i]);
        size_t length = strlen(text);
        autofree char *at = exact(text, length);
        char *arena = NULL;
        struct str found;
        struct json_fault fault = {0};
        const char *behind = json_string_read(at + 1, at + length, &arena, &found, &fault);
        assert_non_null(behind);
        assert_int_equal(behind - at, strlen(plain[i]) + 2);
        assert_ptr_equal(found.data, at + 1);
        assert_true(str_is(found, plain[i]));
        assert_null(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_is_no_string),
        cmocka_unit_test(escapes_are_decoded_into_the_arena),
        cmocka_unit_test(plain_text_stays_where_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
