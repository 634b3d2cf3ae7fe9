#include "server/archive/history.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static void what_is_no_history(void **state)
{
    (void)state;
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"", "names no timeline"},
        {"\n# only a comment\n \t\r\n", "names no timeline"},
        {"x", "line 1 is not \"<timeline> <LSN> <reason>\""},
        {"1", "line 1 is not \"<timeline> <LSN> <reason>\""},
        {"1\t0", "line 1 is not \"<timeline> <LSN> <reason>\""},
        {"1\t0/", "line 1 is not \"<timeline> <LSN> <reason>\""},
        {"1\t/0", "line 1 is not \"<timeline> <LSN> <reason>\""},
        {"1\t0/123456789", "line 1 is not \"<timeline> <LSN> <reason>\""},
        {"1\t0/x", "line 1 is not \"<timeline> <LSN> <reason>\""},
        {"0\t0/1\n", "line 1 is not \"<timeline> <LSN> <reason>\""},
        {"99999999999\t0/1\n", "line 1 has timeline 99999999999 out of order"},
        {"7\t0/1\n", "line 1 has timeline 7 out of order"},
        {"2\t0/1\n\n2\t0/2\n", "line 3 has timeline 2 out of order"},
        {"2\t0/1\n1\t0/2\n", "line 2 has timeline 1 out of order"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct history history = {0};
        struct error err = {""};
        if (history_parse(str_of(cases[i].text), 7, &history, &err))
            fail_msg("'%s' is taken for a history", cases[i].text);
        assert_string_equal(err.text, cases[i].error);
        assert_int_equal(history.count, 0);
    }
}

static void a_past_of_two_timelines(void **state)
{
    (void)state;
    struct history history;
    struct error err;
    assert_true(history_parse(STR("# past\n1\t0/60000A0\tno recovery target specified\r\n\n"
                                  "  3 A1/ff  \n"),
                              7, &history, &err));
    assert_int_equal(history.count, 2);
    assert_int_equal(history.entries[0].timeline, 1);
    assert_int_equal(history.entries[0].end, 0x60000A0);
    assert_int_equal(history.entries[1].timeline, 3);
    assert_true(history.entries[1].end == UINT64_C(0xA1000000FF));
    history_done(&history);
    assert_null(history.entries);
}

static void the_number_of_timelines_is_bounded(void **state)
{
    (void)state;
    struct buf text = BUF(1024 * 1024);
    for (int i = 1; i <= HISTORY_MAX + 1; i++)
        buf_addf(&text, "%d\t0/1\n", i);
    struct history history;
    struct error err;
    assert_false(history_parse(buf_str(&text), 20000, &history, &err));
    assert_string_equal(err.text, "has more than 10000 timelines");
    buf_clear(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_history),
        cmocka_unit_test(a_past_of_two_timelines),
        cmocka_unit_test(the_number_of_timelines_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
