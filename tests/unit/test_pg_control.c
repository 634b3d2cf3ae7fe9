#include "server/archive/pg_control.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* The beginning of PostgreSQL 15's; the rest are zeros. */
static const char control[PG_CONTROL_BYTES] =
    "\x14\x42\xad\xdc\x44\xd9\x02\x6b\x14\x05\x00\x00\x25\x77\x0d\x0c"
    "\x06\x00\x00\x00\x00\x00\x00\x00\x45\xd9\x02\x6b\x00\x00\x00\x00"
    "\x60\x00\x00\x02\x00\x00\x00\x00\x28\x00\x00\x02\x00\x00\x00\x00"
    "\x01\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00"
    "\xd6\x02\x00\x00\x00\x00\x00\x00\x00\x60\x00\x00\x01\x00\x00\x00"
    "\x00\x00\x00\x00\xcc\x02\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00"
    "\x01\x00\x00\x00\x00\x00\x00\x00\x45\xd9\x02\x6b\x00\x00\x00\x00"
    "\x00\x00\x00\x00\x00\x00\x00\x00\xd6\x02\x00\x00\x00\x00\x00\x00"
    "\xe8\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00"
    "\x00\x00\x00\x00\x64\x00\x00\x00\x08\x00\x00\x00\x0a\x00\x00\x00"
    "\x00\x00\x00\x00\x40\x00\x00\x00\x00\x00\x00\x00\x08\x00\x00\x00"
    "\x00\x00\x00\x00\x87\xd6\x32\x41\x00\x20\x00\x00\x00\x00\x02\x00"
    "\x00\x20\x00\x00\x00\x00\x00\x01\x40\x00\x00\x00\x20\x00\x00\x00"
    "\xcc\x07\x00\x00\x00\x08\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00"
    "\x5d\x67\xa2\x19\x4f\xea\xc1\x4b\x31\x32\xfb\xbd\x32\xbc\x2c\x9e"
    "\x77\xed\x2a\x43\x93\xf3\x79\x75\xf1\xc0\x18\xf6\x78\xa4\x48\x50"
    "\x0f\xe0\x52\x9c\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00";

static void refuses_one_that_is_cut_off(void **state)
{
    (void)state;
    struct error err;
    uint64_t system = 0;
    assert_false(pg_control_check((struct str){control, 511}, &system, &err));
    assert_string_equal(err.text, "has 511 bytes, expected at least 512");
    assert_int_equal(system, 0);
}

/* Each byte up to its checksum, and the checksum. */
static void refuses_each_altered_byte(void **state)
{
    (void)state;
    struct error err;
    uint64_t system;
    for (size_t i = 0; i < 292; i++) {
        char altered[PG_CONTROL_BYTES];
        memcpy(altered, control, sizeof(altered));
        altered[i] = (char)(altered[i] ^ 0x10);
        assert_false(pg_control_check((struct str){altered, sizeof(altered)}, &system, &err));
        assert_string_equal(err.text, "does not fit its own checksum");
    }
}

static void refuses_nothing_at_all(void **state)
{
    (void)state;
    struct error err;
    uint64_t system;
    static const char zeros[PG_CONTROL_BYTES];
    assert_false(pg_control_check((struct str){zeros, sizeof(zeros)}, &system, &err));
}

static void reads_the_system_identifier(void **state)
{
    (void)state;
    struct error err;
    uint64_t system = 0;
    assert_true(pg_control_check((struct str){control, sizeof(control)}, &system, &err));
    assert_int_equal(system, UINT64_C(7710964401795056148));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_one_that_is_cut_off),
        cmocka_unit_test(refuses_each_altered_byte),
        cmocka_unit_test(refuses_nothing_at_all),
        cmocka_unit_test(reads_the_system_identifier),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
