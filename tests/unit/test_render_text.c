#include "server/archive/render_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define CHECK(expected, call)                                                                      \
    do {                                                                                           \
        struct buf out = BUF(4096);                                                                \
        call;                                                                                      \
        assert_string_equal(buf_str(&out).data, expected);                                         \
        buf_clear(&out);                                                                           \
    } while (0)

static void what_steers_a_terminal_or_is_no_utf8_is_a_question_mark(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"a\033[2Jb\nc\177", "a?[2Jb?c?"},
        {"\xc2\x9b"
         "2J\xc2\xa0",
         "??2J\xc2\xa0"},
        {"\xff\xfe\x80", "???"},
        {"\xc0\xaf\xe0\x80\x80\xed\xa0\x80\xf4\x90\x80\x80", "????????????"},
        {"\xe2\x82", "??"},
        {"\xe2\x82\xac \xf0\x9f\x98\x80 \xc3\xa9", "\xe2\x82\xac \xf0\x9f\x98\x80 \xc3\xa9"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        CHECK(cases[i].expected, render_clean(&out, str_of(cases[i].text)));
}

static void no_time_is_a_dash(void **state)
{
    (void)state;
    CHECK("-", render_time(&out, 0));
    CHECK("-", render_rfc3339(&out, 0));
    CHECK("-", render_time(&out, INT64_MAX));
    CHECK("2026-11-22 12:00:05", render_time(&out, 1795348805));
    CHECK("2026-11-22T12:00:05Z", render_rfc3339(&out, 1795348805));
}

static void ages_and_sizes_have_the_unit_that_fits(void **state)
{
    (void)state;
    CHECK("0 s", render_age(&out, 0));
    CHECK("119 s", render_age(&out, 119));
    CHECK("2 min", render_age(&out, 120));
    CHECK("119 min", render_age(&out, 7199));
    CHECK("2 h", render_age(&out, 7200));
    CHECK("47 h", render_age(&out, 48 * 3600 - 1));
    CHECK("2 days", render_age(&out, 48 * 3600));
    CHECK("0 B", render_size(&out, 0));
    CHECK("1023 B", render_size(&out, 1023));
    CHECK("1.0 KiB", render_size(&out, 1024));
    CHECK("1.0 MiB", render_size(&out, 1024 * 1024 - 1));
    CHECK("16.0 MiB", render_size(&out, 16777216));
    CHECK("4.3 MiB", render_size(&out, 4461697));
    CHECK("16384.0 PiB", render_size(&out, UINT64_MAX));
}

static void long_texts_are_broken_at_blanks(void **state)
{
    (void)state;
    CHECK("\n", render_wrapped(&out, STR(""), 4, 10));
    CHECK("ab\n", render_wrapped(&out, STR("ab"), 4, 10));
    CHECK("ab cd\n", render_wrapped(&out, STR("ab cd"), 4, 9));
    CHECK("ab\n    cd\n", render_wrapped(&out, STR("ab cd"), 4, 8));
    CHECK("ab\n  much-longer-than-that\n  cd\n",
          render_wrapped(&out, STR("ab much-longer-than-that cd"), 2, 8));
    CHECK("\xc3\xa9\xc3\xa9 ef\n", render_wrapped(&out, STR("\xc3\xa9\xc3\xa9 ef"), 0, 5));
    CHECK("a?b c\n", render_wrapped(&out, STR(" a\nb   c "), 0, 5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_steers_a_terminal_or_is_no_utf8_is_a_question_mark),
        cmocka_unit_test(no_time_is_a_dash),
        cmocka_unit_test(ages_and_sizes_have_the_unit_that_fits),
        cmocka_unit_test(long_texts_are_broken_at_blanks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
