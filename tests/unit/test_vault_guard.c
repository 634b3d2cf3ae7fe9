#include "server/vault/guard.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cmocka.h>
#include <jansson.h>

static void no_core_file_is_written_and_nobody_reads_the_memory(void **state)
{
    (void)state;
    struct error err = {""};
    struct rlimit limit;
    assert_true(vault_guard(&err));
    assert_int_equal(getrlimit(RLIMIT_CORE, &limit), 0);
    assert_int_equal(limit.rlim_cur, 0);
    assert_int_equal(limit.rlim_max, 0);
    assert_int_equal(prctl(PR_GET_DUMPABLE), 0);
}

static void json_is_freed_by_what_overwrites_it(void **state)
{
    (void)state;
    struct error err = {""};
    json_malloc_t allocate = NULL;
    json_free_t release = NULL;
    assert_true(vault_guard(&err));
    json_get_alloc_funcs(&allocate, &release);
    assert_true(allocate == xmalloc);
    assert_true(release != free);
    release(NULL);
    release(allocate(10));
    json_decref(json_string("x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_core_file_is_written_and_nobody_reads_the_memory),
        cmocka_unit_test(json_is_freed_by_what_overwrites_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
