#include "server/archive/object.h"

#include "tests/unit/bytes_source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define TEXT_LZ4                                                                                   \
    "\x04\x22\x4d\x18\x64\x40\xa7\x05\x00\x00\x80\x68\x65\x6c\x6c\x6f\x00\x00\x00\x00\xf9\x77\x00" \
    "\xfb"

static void assert_small(const char *key, struct str content, enum object_status status,
                         const char *expected)
{
    struct error err = {""};
    struct source source = {0};
    cleanup(buf_clear) struct buf text = BUF(5);
    bytes_put(&source, key, content);
    assert_int_equal(object_read_small(&source, key, &text, &err), status);
    assert_string_equal(status == OBJECT_WHOLE ? buf_str(&text).data : err.text, expected);
    bytes_done(&source);
}

static void tells_what_it_cannot_read(void **state)
{
    (void)state;
    assert_small("a.lzo", STR("x"), OBJECT_CODEC_UNKNOWN,
                 "is compressed as '.lzo', which is not read here");
    assert_small("a.lz4", STR("hello, world"), OBJECT_FOREIGN,
                 "does not begin as an lz4 stream does");
    assert_small("a.lz4", STR(""), OBJECT_DAMAGED, "is empty, not a lz4 stream");
    assert_small("a.lz4", STR("\x04\x22\x4d\x18\x64\x40\xa7"), OBJECT_DAMAGED,
                 "ends in the middle of its lz4 stream");
    assert_small("a", STR("longer"), OBJECT_DAMAGED, "holds more than 5 bytes");
}

static void tells_what_the_store_does_not_give(void **state)
{
    (void)state;
    struct error err = {""};
    struct source source = {0};
    cleanup(buf_clear) struct buf text = BUF(5);
    assert_int_equal(object_read_small(&source, "a", &text, &err), OBJECT_ABSENT);
    assert_string_equal(err.text, "is not there");
    bytes_put(&source, "a", STR("x"))->forbidden = true;
    assert_int_equal(object_read_small(&source, "a", &text, &err), OBJECT_NOT_READ);
    assert_string_equal(err.text, "AccessDenied");
    bytes_done(&source);
}

static bool refuse(void *context, struct str bytes)
{
    (void)bytes;
    ++*(int *)context;
    return false;
}

static bool count(void *context, struct str bytes)
{
    (void)bytes;
    ++*(int *)context;
    return true;
}

static void either_callback_stops_it(void **state)
{
    (void)state;
    struct error err = {""};
    struct source source = {0};
    bytes_put(&source, "a.lz4", STR(TEXT_LZ4));
    int calls = 0;
    assert_int_equal(object_read(&source, "a.lz4", refuse, count, &calls, &err), OBJECT_STOPPED);
    assert_int_equal(calls, 2);
    calls = 0;
    assert_int_equal(object_read(&source, "a.lz4", count, refuse, &calls, &err), OBJECT_STOPPED);
    assert_int_equal(calls, 1);
    bytes_done(&source);
}

static void reads_what_an_object_holds(void **state)
{
    (void)state;
    assert_small("a.lz4", STR(TEXT_LZ4), OBJECT_WHOLE, "hello");
    assert_small("a.history", STR("hello"), OBJECT_WHOLE, "hello");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_what_it_cannot_read),
        cmocka_unit_test(tells_what_the_store_does_not_give),
        cmocka_unit_test(either_callback_stops_it),
        cmocka_unit_test(reads_what_an_object_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
