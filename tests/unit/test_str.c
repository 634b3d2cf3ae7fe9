#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void absent_equals_nothing(void **state)
{
    (void)state;
    assert_false(str_equal(STR_NONE, STR_NONE));
    assert_false(str_equal(STR_NONE, STR("")));
    assert_false(str_is(STR_NONE, ""));
    assert_false(str_is(STR("a"), NULL));
    assert_null(str_of(NULL).data);
    assert_false(str_same_words(STR_NONE, STR_NONE));
    assert_false(str_same_words(STR(""), STR_NONE));
    assert_int_equal(str_find(STR_NONE, STR("a")), -1);
    assert_int_equal(str_trim(STR_NONE).length, 0);
}

static void compares(void **state)
{
    (void)state;
    assert_true(str_equal(STR("a\0b"), STR("a\0b")));
    assert_false(str_equal(STR("a\0b"), STR("a\0c")));
    assert_false(str_equal(STR("a"), STR("ab")));
    assert_true(str_equal(STR(""), STR("")));
    assert_true(str_is(STR("abc"), "abc"));
    assert_true(str_starts(STR("abc"), STR("ab")));
    assert_false(str_starts(STR("abc"), STR("b")));
    assert_false(str_starts(STR("a"), STR("ab")));
    assert_true(str_ends(STR("abc"), STR("bc")));
    assert_false(str_ends(STR("abc"), STR("b")));
    assert_false(str_ends(STR("c"), STR("bc")));
}

static void skips_finds_and_trims(void **state)
{
    (void)state;
    assert_true(str_is(str_skip(STR("abc"), 1), "bc"));
    assert_true(str_is(str_skip(STR("abc"), 3), ""));
    assert_true(str_is(str_skip(STR("abc"), 4), ""));
    assert_int_equal(str_find(STR("a.b.c"), STR(".")), 1);
    assert_int_equal(str_find(STR("abc"), STR("bc")), 1);
    assert_int_equal(str_find(STR("abc"), STR("cb")), -1);
    assert_int_equal(str_find(STR("abc"), STR("")), -1);
    assert_true(str_is(str_trim(STR(" \t\r\n a b\n ")), "a b"));
    assert_true(str_is(str_trim(STR("  ")), ""));
    assert_true(str_is(str_without_bom(STR("\xef\xbb\xbf")), ""));
    assert_true(str_is(str_without_bom(STR("\xef\xbb\xbf\xef")), "\xef"));
    assert_true(str_is(str_without_bom(STR("\xef\xbb")), "\xef\xbb"));
}

static const struct {
    const char *pattern;
    const char *text;
    bool matches;
} globs[] = {
    {"", "", true},
    {"", "a", false},
    {"a", "", false},
    {"abc", "abc", true},
    {"abc", "abd", false},
    {"abc", "abcd", false},
    {"*", "", true},
    {"*", "a/b", true},
    {"a*", "a", true},
    {"*b*d*", "abcd", true},
    {"*b*d*", "acd", false},
    {"*ab", "aab", true},
    {"*/spilo-12:1.6-p3*", "registry.opensource.zalan.do/acid/spilo-12:1.6-p3", true},
    {"*/spilo-12:1.6-p3*", "spilo-12:1.6-p3", false},
    {"*/spilo-1[23]:v[0-9]*.[0-9]*", "x/spilo-13:v1.10", true},
    {"*/spilo-1[23]:v[0-9]*.[0-9]*", "x/spilo-14:v1.10", false},
    {"[a-c]", "b", true},
    {"[a-c]", "d", false},
    {"[a-]", "-", true},
    {"[-a]", "-", true},
    {"[]", "a", false},
    {"[ab", "[ab", true},
    {"[ab", "a", false},
    {"[a-cx]", "x", true},
    {"?", "a", false},
};

static void matches_patterns(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(globs) / sizeof(globs[0]); i++)
        if (str_glob(str_of(globs[i].pattern), str_of(globs[i].text)) != globs[i].matches)
            fail_msg("'%s' and '%s'", globs[i].pattern, globs[i].text);
}

static void reads_numbers(void **state)
{
    (void)state;
    uint64_t number = 42;
    const char *const wrong[] = {"",
                                 " 1",
                                 "1 ",
                                 "-1",
                                 "+1",
                                 "0x1",
                                 "1.0",
                                 ":",
                                 "18446744073709551616",
                                 "99999999999999999999"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(str_number(str_of(wrong[i]), &number));
    assert_int_equal(number, 42);
    assert_true(str_number(STR("007"), &number));
    assert_int_equal(number, 7);
    assert_true(str_number(STR("18446744073709551615"), &number));
    assert_true(number == UINT64_MAX);
}

static void knows_dns_labels(void **state)
{
    (void)state;
    const char *const wrong[] = {"", "-a", "a-", "A", "a.b", "a_b", "\xc3\xa9"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(str_is_dns_label(str_of(wrong[i])));
    char label[65];
    memset(label, 'a', sizeof(label));
    assert_false(str_is_dns_label((struct str){label, 64}));
    assert_true(str_is_dns_label((struct str){label, 63}));
    assert_true(str_is_dns_label(STR("dr-2026-11")));
    assert_true(str_is_dns_label(STR("0")));
}

static void compares_words(void **state)
{
    (void)state;
    assert_true(str_same_words(STR("host  all\tall"), STR(" host all all ")));
    assert_true(str_same_words(STR(""), STR(" \n")));
    assert_false(str_same_words(STR("host all"), STR("host all all")));
    assert_false(str_same_words(STR("host all"), STR("hostall")));
}

static void drops_a_character_that_was_cut(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", ""},
        {"abc", "abc"},
        {"a\xc3", "a"},
        {"a\xc3\xa9", "a\xc3\xa9"},
        {"a\xe2\x82", "a"},
        {"\xe2\x82\xac", "\xe2\x82\xac"},
        {"\xf0\x9f\x98", ""},
        {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
        {"\x80\x80", "\x80\x80"}, /* no text: left alone */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[8];
        memcpy(text, cases[i][0], strlen(cases[i][0]) + 1);
        str_drop_partial(text);
        assert_string_equal(text, cases[i][1]);
    }
}

static void makes_a_text_presentable(void **state)
{
    (void)state;
    char text[] = "a\nb\x7f\xc2\x85"
                  "c\xc2\xa0\xe2\x82";
    str_presentable(text);
    assert_string_equal(text, "a b   c\xc2\xa0");
}

static void measures_distances(void **state)
{
    (void)state;
    char text[65];
    memset(text, 'a', sizeof(text));
    assert_true(str_distance((struct str){text, 65}, STR("a")) == SIZE_MAX);
    assert_true(str_distance(STR("a"), (struct str){text, 65}) == SIZE_MAX);
    assert_int_equal(str_distance((struct str){text, 64}, STR("")), 64);
    assert_int_equal(str_distance(STR("kitten"), STR("sitting")), 3);
    assert_int_equal(str_distance(STR(""), STR("abc")), 3);
    assert_int_equal(str_distance(STR("abc"), STR("abc")), 0);
    assert_int_equal(str_distance(STR("abc"), STR("bc")), 1);
    assert_int_equal(str_distance(STR("bc"), STR("abc")), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absent_equals_nothing),
        cmocka_unit_test(compares),
        cmocka_unit_test(skips_finds_and_trims),
        cmocka_unit_test(matches_patterns),
        cmocka_unit_test(reads_numbers),
        cmocka_unit_test(knows_dns_labels),
        cmocka_unit_test(drops_a_character_that_was_cut),
        cmocka_unit_test(makes_a_text_presentable),
        cmocka_unit_test(compares_words),
        cmocka_unit_test(measures_distances),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
