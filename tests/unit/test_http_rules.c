#include "server/http_rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static void framing_is_refused(struct http_framing framing, const char *expected)
{
    struct error err = {""};
    uint64_t length = 42;
    assert_false(http_framing_check(&framing, &length, &err));
    assert_string_equal(err.text, expected);
    assert_int_equal(length, 42);
}

static uint64_t framing_is_fine(struct http_framing framing)
{
    struct error err = {""};
    uint64_t length = 42;
    assert_true(http_framing_check(&framing, &length, &err));
    return length;
}

static void doubtful_framing_is_refused(void **state)
{
    (void)state;
    framing_is_refused((struct http_framing){"5", 2, NULL, 0},
                       "Content-Length is given 2 times, expected once");
    framing_is_refused((struct http_framing){NULL, 0, "chunked", 3},
                       "Transfer-Encoding is given 3 times, expected once");
    framing_is_refused((struct http_framing){"5", 1, "chunked", 1},
                       "both Content-Length and Transfer-Encoding are given, expected one");
    framing_is_refused((struct http_framing){NULL, 0, "gzip, chunked", 1},
                       "Transfer-Encoding 'gzip, chunked' is not 'chunked'");
    framing_is_refused((struct http_framing){NULL, 0, "a\tb", 1},
                       "Transfer-Encoding 'a?b' is not 'chunked'");
}

static void lengths_are_digits(void **state)
{
    (void)state;
    const char *const wrong[] = {"", "+5", "-5", " 5", "5 ", "0x5", "5,5", "18446744073709551616"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char expected[100];
        snprintf(expected, sizeof(expected), "Content-Length '%s' is not a number", wrong[i]);
        framing_is_refused((struct http_framing){wrong[i], 1, NULL, 0}, expected);
    }
}

static void clear_framing_is_taken(void **state)
{
    (void)state;
    assert_int_equal(framing_is_fine((struct http_framing){NULL, 0, NULL, 0}), 0);
    assert_int_equal(framing_is_fine((struct http_framing){"0", 1, NULL, 0}), 0);
    assert_int_equal(framing_is_fine((struct http_framing){"7340032", 1, NULL, 0}), 7340032);
    assert_true(framing_is_fine((struct http_framing){NULL, 0, "chunked", 1}) == UINT64_MAX);
    assert_true(framing_is_fine((struct http_framing){NULL, 0, "Chunked", 1}) == UINT64_MAX);
}

static void other_content_types_are_not_json(void **state)
{
    (void)state;
    assert_false(http_is_json(NULL));
    assert_false(http_is_json(""));
    assert_false(http_is_json("text/json"));
    assert_false(http_is_json("application/json2"));
    assert_false(http_is_json("application/jso"));
    assert_false(http_is_json("application/json, text/plain"));
    assert_false(http_is_json("; application/json"));
}

static void json_may_have_parameters(void **state)
{
    (void)state;
    assert_true(http_is_json("application/json"));
    assert_true(http_is_json("Application/JSON"));
    assert_true(http_is_json("application/json; charset=utf-8"));
    assert_true(http_is_json(" application/json ;charset=utf-8"));
    assert_true(http_is_json("application/json;"));
}

static void only_identity_is_no_encoding(void **state)
{
    (void)state;
    assert_false(http_is_identity("gzip"));
    assert_false(http_is_identity("identity, gzip"));
    assert_true(http_is_identity("Identity"));
    assert_true(http_is_identity(""));
    assert_true(http_is_identity(NULL));
}

static void malformed_durations_are_none(void **state)
{
    (void)state;
    const char *const wrong[] = {"",         "10",
                                 "s",        ".s",
                                 "1.",       "-1s",
                                 "0s",       "0",
                                 "1s ",      " 1s",
                                 "1h1",      "1e9s",
                                 "nan",      "1 s",
                                 "1d",       "999999999h",
                                 "3000000h", "1S",
                                 "--1s",     "1.5.5s",
                                 "1s-1s",    "99999999999999999999s",
                                 "+",        "0.1ns"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        uint64_t nanos = 42;
        if (http_go_duration(wrong[i], &nanos))
            fail_msg("'%s' was taken for %llu ns", wrong[i], (unsigned long long)nanos);
        assert_int_equal(nanos, 42);
    }
}

static void durations_are_as_go_writes_them(void **state)
{
    (void)state;
    const struct {
        const char *text;
        uint64_t nanos;
    } right[] = {
        {"3s", 3000000000},    {"10s", 10000000000},
        {"1m0s", 60000000000}, {"500ms", 500000000},
        {"1.5s", 1500000000},  {".5s", 500000000},
        {"1.s", 1000000000},   {"1h2m3s4ms5us6ns", 3723004005006},
        {"7\xc2\xb5s", 7000},  {"7\xce\xbcs", 7000},
        {"+2s", 2000000000},   {"0.1234567891s", 123456789},
    };
    for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
        uint64_t nanos = 0;
        assert_true(http_go_duration(right[i].text, &nanos));
        assert_int_equal(nanos, right[i].nanos);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(doubtful_framing_is_refused),
        cmocka_unit_test(lengths_are_digits),
        cmocka_unit_test(clear_framing_is_taken),
        cmocka_unit_test(other_content_types_are_not_json),
        cmocka_unit_test(json_may_have_parameters),
        cmocka_unit_test(only_identity_is_no_encoding),
        cmocka_unit_test(malformed_durations_are_none),
        cmocka_unit_test(durations_are_as_go_writes_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
