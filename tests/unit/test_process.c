#include "server/process.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void unreadable_quotas_are_none(void **state)
{
    (void)state;
    const char *const wrong[] = {"",         "max 100000\n", "100000",   "x 100000",
                                 "100000 0", "0 100000",     "-1 100000"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(process_quota_cpus(str_of(wrong[i])), 0);
}

static void quotas_are_rounded_up(void **state)
{
    (void)state;
    assert_int_equal(process_quota_cpus(STR("50000 100000\n")), 1);
    assert_int_equal(process_quota_cpus(STR("100000 100000\n")), 1);
    assert_int_equal(process_quota_cpus(STR("100001 100000\n")), 2);
    assert_int_equal(process_quota_cpus(STR("250000 100000")), 3);
    assert_int_equal(process_quota_cpus(STR("18446744073709551615 1")), 1024);
}

static void there_is_a_cpu(void **state)
{
    (void)state;
    assert_in_range(process_cpus(), 1, 1024);
}

static void the_numbers_are_of_this_process(void **state)
{
    (void)state;
    struct process_stats before;
    struct process_stats after;
    process_stats(&before);
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    process_stats(&after);
    assert_int_equal(after.open_fds, before.open_fds + 1);
    close(fd);
    assert_true(after.resident_bytes > 100000 && after.resident_bytes < after.virtual_bytes);
    assert_true(after.max_fds >= after.open_fds);
    double age = (double)time(NULL) - after.start_time;
    assert_true(age > -2 && age < 600);
    assert_true(after.cpu_seconds >= before.cpu_seconds && after.cpu_seconds < 600);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unreadable_quotas_are_none),
        cmocka_unit_test(quotas_are_rounded_up),
        cmocka_unit_test(there_is_a_cpu),
        cmocka_unit_test(the_numbers_are_of_this_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
