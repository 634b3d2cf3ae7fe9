#include "server/archive/label.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void assert_refused(const char *text, const char *expected)
{
    struct error err;
    struct label label;
    assert_false(label_parse(str_of(text), &label, &err));
    assert_string_equal(err.text, expected);
}

static void refuses_what_is_no_label(void **state)
{
    (void)state;
    assert_refused("", "has no line 'START WAL LOCATION: ...'");
    assert_refused("CHECKPOINT LOCATION: 0/2000060\nSTART TIMELINE: 1\n",
                   "has no line 'START WAL LOCATION: ...'");
}

static void refuses_a_start_that_is_none(void **state)
{
    (void)state;
    static const char *const starts[] = {
        "",
        "0/2000028",
        "0/2000028 (file 000000010000000000000002",
        "0/2000028 (file 00000001000000000000000)",
        "/2000028 (file 000000010000000000000002)",
        "0/ (file 000000010000000000000002)",
        "123456789/0 (file 000000010000000000000002)",
        "0/2000o28 (file 000000010000000000000002)",
    };
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        char text[128] = "START WAL LOCATION: ";
        memcpy(text + strlen(text), starts[i], strlen(starts[i]) + 1);
        assert_refused(text, i == 0 ? "has no line 'START WAL LOCATION: ...'"
                                    : "has 'START WAL LOCATION: ' without an LSN and the name of "
                                      "a segment");
    }
}

static void refuses_a_timeline_that_is_none(void **state)
{
    (void)state;
    static const char *const timelines[] = {"x", "0", "4294967296", "-1"};
    for (size_t i = 0; i < sizeof(timelines) / sizeof(timelines[0]); i++) {
        char text[64] = "START TIMELINE: ";
        memcpy(text + strlen(text), timelines[i], strlen(timelines[i]) + 1);
        assert_refused(text, "has 'START TIMELINE: ' without a number");
    }
}

static void reads_a_label(void **state)
{
    (void)state;
    struct error err;
    struct label label;
    assert_true(label_parse(STR("START WAL LOCATION: A/2000028 (file 000000030000000A00000002)\n"
                                "CHECKPOINT LOCATION: A/2000060\n"
                                "BACKUP METHOD: streamed\n"
                                "BACKUP FROM: primary\n"
                                "START TIME: 2026-11-22 12:00:05 UTC\n"
                                "LABEL: START TIMELINE of nothing\n"
                                "START TIMELINE: 3\n"),
                            &label, &err));
    assert_int_equal(label.start, UINT64_C(0xA02000028));
    assert_int_equal(label.segment.timeline, 3);
    assert_int_equal(label.segment.high, 10);
    assert_int_equal(label.segment.low, 2);
    assert_int_equal(label.timeline, 3);
    assert_true(label_parse(STR("START WAL LOCATION: 0/2000028 (file 000000010000000000000002)"),
                            &label, &err));
    assert_int_equal(label.timeline, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_is_no_label),
        cmocka_unit_test(refuses_a_start_that_is_none),
        cmocka_unit_test(refuses_a_timeline_that_is_none),
        cmocka_unit_test(reads_a_label),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
