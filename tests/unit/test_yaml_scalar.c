#include "server/yaml_scalar.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define DIGITS_64 "0000000000000000000000000000000000000000000000000000000000000001"

static void numbers_that_nothing_can_hold_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *expected;
    } cases[] = {
        {"9223372036854775808", "the number 9223372036854775808 is too large"},
        {"-9223372036854775809", "the number -9223372036854775809 is too large"},
        {"0x8000000000000000", "the number 0x8000000000000000 is too large"},
        {"0o1000000000000000000000", "the number 0o1000000000000000000000 is too large"},
        {"0" DIGITS_64, "the number 0000000000000000000000000000000000000000 is too large"},
        {"." DIGITS_64, "the number .000000000000000000000000000000000000000 is too large"},
        {"1e999", "the number 1e999 is too large"},
        {".inf", ".inf is a number that JSON does not have"},
        {"-.Inf", "-.Inf is a number that JSON does not have"},
        {"+.INF", "+.INF is a number that JSON does not have"},
        {".NaN", ".NaN is a number that JSON does not have"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct error err = {""};
        assert_null(yaml_scalar(str_of(cases[i].text), &err));
        assert_string_equal(err.text, cases[i].expected);
    }
}

static void reads(struct str text, const char *expected)
{
    struct error err = {""};
    json_t *value = yaml_scalar(text, &err);
    assert_string_equal(err.text, "");
    autofree char *json = json_dumps(value, JSON_ENCODE_ANY);
    assert_string_equal(json, expected);
    json_decref(value);
}

static void what_only_looks_like_something_else_is_text(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "nULL", "tRUE", "yes",    "off", "n",   "-",     "+",    ".",     "0o", "0o8",  "0x",
        "0xg",  "1_0",  "1e",     "1e+", "e1",  "1.2.3", "1:30", ".info", "--", "-.in", " 1",
        "1 ",   "01x",  "1.5e1.", "0b1", "++1", "-+1",   "inf",  "nan",   "=",  "<<",   "a",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        autofree char *quoted = xasprintf("\"%s\"", texts[i]);
        reads(str_of(texts[i]), quoted);
    }
    reads(STR("1\0"), "\"1\\u0000\"");
    reads(STR("0o1\0"), "\"0o1\\u0000\"");
}

static void words_and_numbers_of_the_core_schema(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *json;
    } cases[] = {
        {"", "null"},
        {"~", "null"},
        {"Null", "null"},
        {"NULL", "null"},
        {"true", "true"},
        {"True", "true"},
        {"FALSE", "false"},
        {"0", "0"},
        {"-0", "0"},
        {"+12", "12"},
        {"9223372036854775807", "9223372036854775807"},
        {"-9223372036854775808", "-9223372036854775808"},
        {DIGITS_64, "1"},
        {"0644", "420"}, /* octal, as Kubernetes' readers take it */
        {"-010", "-8"},
        {"089", "89"},
        {"0o17", "15"},
        {"-0o17", "-15"},
        {"0x1F", "31"},
        {"-0xf", "-15"},
        {"1.", "1.0"},
        {".5", "0.5"},
        {"-1.5E-1", "-0.14999999999999999"},
        {"1e3", "1000.0"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        reads(str_of(cases[i].text), cases[i].json);
}

static void what_a_reader_could_mistake_needs_quotes(void **state)
{
    (void)state;
    static const char *const quoted[] = {"",   "~",    "null", "NULL", "True", "Yes", "NO",
                                         "oN", "off",  "Y",    "n",    "1",    "0x",  "+a",
                                         "-",  ".inf", "<<",   "=a",   "1a"};
    static const char *const plain[] = {"a", "nullable", "yess", "ye", "nay", "_1", "/1", "truely"};
    for (size_t i = 0; i < sizeof(quoted) / sizeof(*quoted); i++)
        assert_true(yaml_needs_quotes(str_of(quoted[i])));
    for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++)
        assert_false(yaml_needs_quotes(str_of(plain[i])));
    assert_true(yaml_needs_quotes(STR_NONE));
}

static void a_real_is_as_short_as_it_can_be(void **state)
{
    (void)state;
    static const struct {
        double number;
        const char *text;
    } cases[] = {
        {3, "3.0"},
        {-0.0, "-0.0"},
        {0.1, "0.1"},
        {1.0 / 3, "0.3333333333333333"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1e16, "1e+16"},
        {-1.7976931348623157e308, "-1.7976931348623157e+308"},
        {5e-324, "4.94065645841247e-324"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char text[32];
        yaml_real(cases[i].number, text);
        assert_string_equal(text, cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_that_nothing_can_hold_are_refused),
        cmocka_unit_test(what_only_looks_like_something_else_is_text),
        cmocka_unit_test(words_and_numbers_of_the_core_schema),
        cmocka_unit_test(what_a_reader_could_mistake_needs_quotes),
        cmocka_unit_test(a_real_is_as_short_as_it_can_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
