#include "server/snapshot.h"

#include <pthread.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct config *parsed(void)
{
    struct strlist mistakes = {0};
    struct config *config = config_parse("f", STR("{}"), 1795000000, &mistakes);
    assert_non_null(config);
    return config;
}

static void what_is_used_outlives_its_replacement(void **state)
{
    (void)state;
    struct snapshot *snapshot = snapshot_new(parsed());
    struct config *used = snapshot_get(snapshot);
    struct config *next = parsed();
    snapshot_set(snapshot, next);
    assert_int_equal(used->references, 1);
    assert_int_equal(used->server.limits.json_depth, 64);
    config_unref(used);
    struct config *now = snapshot_get(snapshot);
    assert_ptr_equal(now, next);
    config_unref(now);
    snapshot_free(snapshot);
    snapshot_free(NULL);
}

static void *use(void *context)
{
    uint64_t sum = 0;
    for (int i = 0; i < 20000; i++) {
        struct config *config = snapshot_get(context);
        sum += config->server.limits.json_depth;
        config_unref(config);
    }
    return sum == 20000 * 64 ? context : NULL;
}

static void readers_and_writers_share_it(void **state)
{
    (void)state;
    struct snapshot *snapshot = snapshot_new(parsed());
    pthread_t threads[2];
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use, snapshot), 0);
    for (int i = 0; i < 100; i++)
        snapshot_set(snapshot, parsed());
    for (size_t i = 0; i < 2; i++) {
        void *fine;
        pthread_join(threads[i], &fine);
        assert_ptr_equal(fine, snapshot);
    }
    snapshot_free(snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_used_outlives_its_replacement),
        cmocka_unit_test(readers_and_writers_share_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
