#include "server/s3_retry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* How often it is asked in all when each failure is of this kind. */
static unsigned tries(enum s3_trouble trouble)
{
    struct s3_retry retry = {0};
    unsigned wait;
    int64_t now = 1000;
    while (s3_retry_again(&retry, trouble, 0, now, UINT32_MAX, &wait))
        now += wait;
    return retry.tries;
}

static void what_lasts_is_not_asked_again(void **state)
{
    (void)state;
    assert_int_equal(tries(S3_TROUBLE_LASTING), 1);
    assert_int_equal(tries(S3_TROUBLE_EXPIRED), 2);
    assert_int_equal(tries(S3_TROUBLE_UNREACHABLE), 3);
    assert_int_equal(tries(S3_TROUBLE_GARBLED), 3);
    assert_int_equal(tries(S3_TROUBLE_BUSY), 8);
    assert_int_equal(tries(S3_TROUBLE_BROKEN), 8);
}

static void nobody_waits_longer_than_the_bound(void **state)
{
    (void)state;
    unsigned wait = 7;
    struct s3_retry retry = {0};
    assert_false(s3_retry_again(&retry, S3_TROUBLE_BUSY, 121, 1000, 0, &wait));
    retry = (struct s3_retry){0};
    assert_true(s3_retry_again(&retry, S3_TROUBLE_BUSY, 60, 1000, 0, &wait));
    assert_int_equal(wait, 60000);
    wait = 7;
    assert_false(s3_retry_again(&retry, S3_TROUBLE_BUSY, 61, 61000, 0, &wait));
    assert_int_equal(wait, 7);
    retry = (struct s3_retry){1, 1000};
    assert_false(s3_retry_again(&retry, S3_TROUBLE_BROKEN, 0, 1001 + S3_RETRY_MOST_MS, 0, &wait));
}

static void waits_double_and_differ(void **state)
{
    (void)state;
    static const unsigned longest[] = {250, 500, 1000, 2000, 4000, 8000, 16000};
    struct s3_retry low = {0};
    struct s3_retry high = {0};
    for (size_t i = 0; i < sizeof(longest) / sizeof(*longest); i++) {
        unsigned wait;
        assert_true(s3_retry_again(&low, S3_TROUBLE_BUSY, 0, 1000, 0, &wait));
        assert_int_equal(wait, longest[i] / 2);
        assert_true(s3_retry_again(&high, S3_TROUBLE_BUSY, 0, 1000, longest[i] / 2, &wait));
        assert_int_equal(wait, longest[i]);
    }
}

static void newer_keys_are_tried_at_once(void **state)
{
    (void)state;
    unsigned wait;
    struct s3_retry retry = {0};
    assert_true(s3_retry_again(&retry, S3_TROUBLE_EXPIRED, 0, 1000, UINT32_MAX, &wait));
    assert_int_equal(wait, 0);
}

static void answers_have_a_meaning(void **state)
{
    (void)state;
    static const struct {
        long status;
        const char *code;
        enum s3_trouble trouble;
    } cases[] = {
        {400, "", S3_TROUBLE_LASTING},
        {403, "AccessDenied", S3_TROUBLE_LASTING},
        {404, "NoSuchKey", S3_TROUBLE_LASTING},
        {501, "NotImplemented", S3_TROUBLE_LASTING},
        {400, "ExpiredToken", S3_TROUBLE_EXPIRED},
        {400, "RequestTimeout", S3_TROUBLE_BROKEN},
        {400, "IDPCommunicationError", S3_TROUBLE_BUSY},
        {409, "ConditionalRequestConflict", S3_TROUBLE_BUSY},
        {503, "SlowDown", S3_TROUBLE_BUSY},
        {200, "InternalError", S3_TROUBLE_BUSY},
        {429, "", S3_TROUBLE_BUSY},
        {500, "", S3_TROUBLE_BUSY},
        {502, "", S3_TROUBLE_BUSY},
        {503, "", S3_TROUBLE_BUSY},
        {504, "", S3_TROUBLE_BUSY},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        assert_int_equal(s3_trouble_of(cases[i].status, cases[i].code), cases[i].trouble);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_lasts_is_not_asked_again),
        cmocka_unit_test(nobody_waits_longer_than_the_bound),
        cmocka_unit_test(waits_double_and_differ),
        cmocka_unit_test(newer_keys_are_tried_at_once),
        cmocka_unit_test(answers_have_a_meaning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
