#include "patches/decision.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_nothing_noted(void **state)
{
    (void)state;
    struct decision decision;
    decision_init(&decision, NULL);
    assert_true(decision_allowed(&decision));
    assert_string_equal(reason_name(decision_reason(&decision)), "not-concerned");
    assert_string_equal(state_name(decision.state), "untouched");
    decision_trace(&decision, "rule", true, NULL, "nobody asks");
    decision_done(&decision);
}

static void test_first_reason_of_several(void **state)
{
    (void)state;
    struct decision decision;
    decision_init(&decision, NULL);
    decision_note(&decision, REASON_REPAIRED);
    decision_note(&decision, REASON_IMAGE_CHOSEN);
    assert_int_equal(decision_reason(&decision), REASON_IMAGE_CHOSEN);
    decision_done(&decision);
}

static void test_already_right_is_told_as_the_state(void **state)
{
    (void)state;
    static const struct {
        enum state state;
        enum reason reason;
    } cases[] = {
        {STATE_UNTOUCHED, REASON_ALREADY_RIGHT},
        {STATE_REPAIRED, REASON_REPAIRED},
        {STATE_RESTORE, REASON_RESTORE},
        {STATE_BACKUP, REASON_BACKUP},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct decision decision;
        decision_init(&decision, NULL);
        decision.state = cases[i].state;
        decision_note(&decision, REASON_ALREADY_RIGHT);
        assert_int_equal(decision_audit_reason(&decision), cases[i].reason);
        assert_int_equal(decision_reason(&decision), REASON_ALREADY_RIGHT);
        decision_done(&decision);
    }
}

static void test_refusals_are_listed_and_take_the_patch_away(void **state)
{
    (void)state;
    struct decision decision;
    decision_init(&decision, NULL);
    decision_warn(&decision, REASON_IMAGE_UNKNOWN, "unknown");
    buf_add_text(&decision.patch, "[1]");
    decision.operations = 1;
    decision_deny(&decision, REASON_LOCALES_UNSET, "second\nline");
    decision_deny(&decision, REASON_IMAGE_TOO_OLD, "first");
    assert_false(decision_allowed(&decision));
    assert_int_equal(decision_reason(&decision), REASON_IMAGE_TOO_OLD);
    assert_string_equal(decision.message.data, "second line; first");
    assert_int_equal(decision.operations, 0);
    assert_int_equal(decision.patch.length, 0);
    assert_string_equal(state_name(decision.state), "denied");
    decision_done(&decision);
}

static void test_messages_are_bounded(void **state)
{
    (void)state;
    struct decision decision;
    decision_init(&decision, NULL);
    char text[2000];
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    for (int i = 0; i < 10; i++)
        decision_deny(&decision, REASON_IMAGE_TOO_OLD, "%s", text);
    assert_false(decision.message.failed);
    assert_int_equal(decision.message.length, 3 * 1024 + 2 * 2);
    decision_done(&decision);
}

static void test_warnings_are_what_kubernetes_takes(void **state)
{
    (void)state;
    struct decision decision;
    decision_init(&decision, NULL);
    char text[300];
    memset(text, 'x', sizeof(text));
    memcpy(text + 254, "\xe2\x82\xac", 4); /* a euro sign across byte 256 */
    decision_warn(&decision, REASON_ENV_PRUNED, "%s", text);
    decision_warn(&decision, REASON_ENV_PRUNED,
                  "a\tb\x7f"
                  "c\n");
    assert_int_equal(strlen(decision.warnings.items[0]), 254);
    assert_string_equal(decision.warnings.items[1], "a b c ");
    assert_int_equal(decision_reason(&decision), REASON_ENV_PRUNED);
    decision_done(&decision);
}

static void test_trace(void **state)
{
    (void)state;
    struct trace trace = {0};
    struct decision decision;
    decision_init(&decision, &trace);
    decision_trace(&decision, "image", true, "the image", "it is '%s'", "old");
    decision_trace(&decision, "version", false, NULL, "it fits");
    assert_int_equal(trace.count, 2);
    assert_string_equal(trace.rules[0].rule, "image");
    assert_true(trace.rules[0].matched);
    assert_string_equal(trace.rules[0].why, "it is 'old'");
    assert_string_equal(trace.rules[0].changes, "the image");
    assert_false(trace.rules[1].matched);
    assert_string_equal(trace.rules[1].changes, "");
    trace_clear(&trace);
    assert_int_equal(trace.count, 0);
    decision_done(&decision);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_noted),
        cmocka_unit_test(test_first_reason_of_several),
        cmocka_unit_test(test_already_right_is_told_as_the_state),
        cmocka_unit_test(test_refusals_are_listed_and_take_the_patch_away),
        cmocka_unit_test(test_messages_are_bounded),
        cmocka_unit_test(test_warnings_are_what_kubernetes_takes),
        cmocka_unit_test(test_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
