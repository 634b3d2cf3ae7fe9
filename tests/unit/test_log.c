#include "server/log.h"

#include "base/mem.h"

#include <fcntl.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* 2026-11-20T02:00:00.000042Z */
#define WHEN INT64_C(1795140000000042)

static void line_is(enum log_format format, enum log_level level, const char *message,
                    const struct log_field *fields, const char *expected)
{
    cleanup(buf_clear) struct buf line = BUF(2 * LOG_LINE_MAX);
    log_line(&line, format, level, WHEN, message, fields);
    assert_string_equal(line.data, expected);
}

static void what_would_pass_the_limit_loses_its_fields(void **state)
{
    (void)state;
    char long_text[2000];
    memset(long_text, '"', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    line_is(LOG_FORMAT_JSON, LOG_INFO, "m",
            LOG_FIELDS(log_text("a", long_text), log_text("b", long_text)),
            "{\"time\":\"2026-11-20T02:00:00.000042Z\",\"level\":\"info\",\"msg\":\"m\","
            "\"cut\":true}\n");
}

static void a_message_of_control_characters_is_bounded_too(void **state)
{
    (void)state;
    char message[2000];
    memset(message, 1, sizeof(message) - 1);
    message[sizeof(message) - 1] = '\0';
    line_is(LOG_FORMAT_JSON, LOG_INFO, message, NULL,
            "{\"time\":\"2026-11-20T02:00:00.000042Z\",\"level\":\"info\",\"msg\":\"?\","
            "\"cut\":true}\n");
}

static void long_texts_are_cut_at_a_character(void **state)
{
    (void)state;
    char text[LOG_TEXT_MAX + 10];
    memset(text, 'x', sizeof(text));
    memcpy(text + LOG_TEXT_MAX - 1, "\xc3\xa9", 3);
    cleanup(buf_clear) struct buf line = BUF(LOG_LINE_MAX);
    log_line(&line, LOG_FORMAT_JSON, LOG_INFO, WHEN, "m", LOG_FIELDS(log_text("a", text)));
    assert_false(line.failed);
    assert_true(str_ends(buf_str(&line), STR("xxx\"}\n")));
}

static void bytes_that_are_no_text_become_question_marks(void **state)
{
    (void)state;
    line_is(LOG_FORMAT_JSON, LOG_WARN, "m",
            LOG_FIELDS(log_text("a", "\xff|\xc3|\xe0\x80\x80|\xed\xa0\x80|\xf4\x90\x80\x80|"
                                     "\xc2\x9b|\x7f|\xf0\x9f\x90\x98|\xc3\xa9")),
            "{\"time\":\"2026-11-20T02:00:00.000042Z\",\"level\":\"warn\",\"msg\":\"m\","
            "\"a\":\"?|?|???|???|????|??|?|\xf0\x9f\x90\x98|\xc3\xa9\"}\n");
}

static void control_characters_are_escaped(void **state)
{
    (void)state;
    line_is(LOG_FORMAT_JSON, LOG_ERROR, "a\nb", LOG_FIELDS(log_text("c", "\x1b[31m\t\"\\")),
            "{\"time\":\"2026-11-20T02:00:00.000042Z\",\"level\":\"error\",\"msg\":\"a\\nb\","
            "\"c\":\"\\u001b[31m\\t\\\"\\\\\"}\n");
    line_is(LOG_FORMAT_TEXT, LOG_ERROR, "a\nb", LOG_FIELDS(log_text("c", "\x1b[31m")),
            "2026-11-20T02:00:00.000042Z error a b c=\"\\u001b[31m\"\n");
}

static void fields_have_their_types(void **state)
{
    (void)state;
    line_is(LOG_FORMAT_JSON, LOG_DEBUG, "m",
            LOG_FIELDS(log_text("t", "x"), log_number("n", -5), log_flag("f", false),
                       log_flag("g", true), log_text("none", NULL)),
            "{\"time\":\"2026-11-20T02:00:00.000042Z\",\"level\":\"debug\",\"msg\":\"m\","
            "\"t\":\"x\",\"n\":-5,\"f\":false,\"g\":true,\"none\":\"\"}\n");
}

static void people_read_words(void **state)
{
    (void)state;
    line_is(LOG_FORMAT_TEXT, LOG_INFO, "listening",
            LOG_FIELDS(log_text("listen", "127.0.0.1:1"), log_text("two", "a b"),
                       log_text("none", ""), log_number("n", 7)),
            "2026-11-20T02:00:00.000042Z info  listening listen=127.0.0.1:1 two=\"a b\" none=\"\" "
            "n=7\n");
}

static void the_level_filters(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    struct log *log = log_new(ends[1], LOG_WARN, LOG_FORMAT_JSON);
    char text[LOG_LINE_MAX + 1] = "";
    assert_false(log_wants(log, LOG_INFO));
    log_event(log, LOG_INFO, "m", NULL);
    assert_int_equal(read(ends[0], text, LOG_LINE_MAX), -1);
    assert_true(log_wants(log, LOG_WARN));
    log_event(log, LOG_WARN, "told", NULL);
    assert_true(read(ends[0], text, LOG_LINE_MAX) > 0);
    assert_non_null(strstr(text, "\"msg\":\"told\"}\n"));
    log_configure(log, LOG_DEBUG, LOG_FORMAT_TEXT);
    log_event(log, LOG_DEBUG, "now", NULL);
    memset(text, 0, sizeof(text));
    assert_true(read(ends[0], text, LOG_LINE_MAX) > 0);
    assert_non_null(strstr(text, " debug now\n"));
    close(ends[0]);
    close(ends[1]);
    log_free(log);
}

static void nobody_reading_is_no_error(void **state)
{
    (void)state;
    struct log *log = log_new(-1, LOG_DEBUG, LOG_FORMAT_JSON);
    log_event(log, LOG_ERROR, "m", NULL);
    log_free(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_would_pass_the_limit_loses_its_fields),
        cmocka_unit_test(a_message_of_control_characters_is_bounded_too),
        cmocka_unit_test(long_texts_are_cut_at_a_character),
        cmocka_unit_test(bytes_that_are_no_text_become_question_marks),
        cmocka_unit_test(control_characters_are_escaped),
        cmocka_unit_test(fields_have_their_types),
        cmocka_unit_test(people_read_words),
        cmocka_unit_test(the_level_filters),
        cmocka_unit_test(nobody_reading_is_no_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
