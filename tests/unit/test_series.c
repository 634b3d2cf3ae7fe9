#include "server/series.h"

#include "base/mem.h"

#include <pthread.h>
#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static bool count(struct series *series, const char *labels, size_t most)
{
    return series_count(series, str_of(labels), most);
}

static void series_are(const struct series *series, const char *expected)
{
    cleanup(buf_clear) struct buf page = BUF(65536);
    series_write(series, "n", &page);
    assert_string_equal(buf_str(&page).data, expected);
}

static void a_full_set_takes_no_new_ones(void **state)
{
    (void)state;
    struct series *series = series_new(3);
    assert_true(count(series, "a", 2));
    assert_true(count(series, "b", 2));
    assert_false(count(series, "c", 2));
    assert_true(count(series, "c", SIZE_MAX));
    assert_false(count(series, "d", SIZE_MAX));
    assert_true(count(series, "a", 0));
    series_are(series, "n{a} 2\nn{b} 1\nn{c} 1\n");
    series_free(series);
}

static void nothing_is_written_of_nothing(void **state)
{
    (void)state;
    struct series *series = series_new(10);
    series_are(series, "");
    series_free(series);
    series_free(NULL);
}

static void many_are_kept_apart(void **state)
{
    (void)state;
    struct series *series = series_new(2000);
    char labels[32];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 2000; i++) {
            snprintf(labels, sizeof(labels), "%d", i);
            assert_true(count(series, labels, SIZE_MAX));
        }
    }
    cleanup(buf_clear) struct buf page = BUF(65536);
    series_write(series, "n", &page);
    size_t lines = 0;
    for (const char *at = page.data; (at = strstr(at, "} 3\n")); at++)
        lines++;
    assert_int_equal(lines, 2000);
    series_free(series);
}

#define ROUNDS 200000

static void *count_much(void *context)
{
    char labels[32];
    for (int i = 0; i < ROUNDS; i++) {
        snprintf(labels, sizeof(labels), "%d", i % 4);
        if (!count(context, labels, SIZE_MAX))
            return context;
    }
    return NULL;
}

static void threads_lose_nothing(void **state)
{
    (void)state;
    struct series *series = series_new(4);
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_much, series), 0);
    for (size_t i = 0; i < 4; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    series_are(series, "n{0} 200000\nn{1} 200000\nn{2} 200000\nn{3} 200000\n");
    series_free(series);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_set_takes_no_new_ones),
        cmocka_unit_test(nothing_is_written_of_nothing),
        cmocka_unit_test(many_are_kept_apart),
        cmocka_unit_test(threads_lose_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
