#include "server/archive/codec.h"

#include "base/buf.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define BYTES(literal)                                                                             \
    {                                                                                              \
        "" literal, sizeof(literal) - 1                                                            \
    }

#define PLAIN "backup backup backup backup backup backup backup backup backup backup backup backup "

/* PLAIN as the libraries of other languages compress it. */
static const struct stream {
    const char *suffix;
    struct str bytes;
} streams[] = {
    {"lz4", BYTES("\x04\x22\x4d\x18\x64\x40\xa7\x11\x00\x00\x00\x7f\x62\x61\x63\x6b"
                  "\x75\x70\x20\x07\x00\x35\x50\x63\x6b\x75\x70\x20\x00\x00\x00\x00"
                  "\x71\xa1\x30\xb9")},
    {"zst", BYTES("\x28\xb5\x2f\xfd\x04\x58\x75\x00\x00\x38\x62\x61\x63\x6b\x75\x70"
                  "\x20\x01\x00\x2a\xb4\x18\x01\x04\xbb\x52\x24")},
    {"lzma", BYTES("\x5d\x00\x00\x80\x00\xff\xff\xff\xff\xff\xff\xff\xff\x00\x31\x18"
                   "\x48\x99\xce\x4c\xa4\xf8\xdb\x1d\xaf\x07\x8f\xff\xff\xdd\x27\x00"
                   "\x00")},
    {"br", BYTES("\x1b\x53\x00\xf8\x05\x36\xe0\x48\x63\xfd\x71\x59\x0e\xd8\x22\x81"
                 "\xc7\x4a\x3f\x00")},
};

#define STREAM_COUNT (sizeof(streams) / sizeof(streams[0]))

static bool keep(void *context, struct str bytes)
{
    struct buf *out = context;
    buf_add(out, bytes);
    return !out->failed;
}

/* Feeds the bytes in pieces of `step`. */
static enum codec_status decode(const char *suffix, struct str bytes, size_t step, struct buf *out,
                                struct error *err)
{
    struct codec *codec = codec_new(str_of(suffix), err);
    assert_non_null(codec);
    enum codec_status status = CODEC_MORE;
    while (status <= CODEC_END && bytes.length > 0) {
        size_t count = bytes.length < step ? bytes.length : step;
        status = codec_feed(codec, (struct str){bytes.data, count}, keep, out, err);
        bytes = str_skip(bytes, count);
    }
    if (status <= CODEC_END)
        status = codec_end(codec, err);
    codec_free(codec);
    return status;
}

static void assert_decoded(const char *suffix, struct str bytes, enum codec_status status,
                           const char *text)
{
    struct error err = {""};
    cleanup(buf_clear) struct buf out = BUF(1024);
    assert_int_equal(decode(suffix, bytes, bytes.length ? bytes.length : 1, &out, &err), status);
    assert_string_equal(err.text, text);
}

static void tells_what_is_not_read_here(void **state)
{
    (void)state;
    struct error err = {""};
    assert_null(codec_new(STR("lzo"), &err));
    assert_string_equal(err.text, "is compressed as '.lzo', which is not read here");
}

static void finds_bytes_that_are_no_such_stream(void **state)
{
    (void)state;
    const struct str other =
        STR("\xc1\x5e\x03\x8a encrypted bytes look like this, or in another way");
    assert_decoded("lz4", other, CODEC_FOREIGN, "does not begin as an lz4 stream does");
    assert_decoded("zst", other, CODEC_FOREIGN, "does not begin as a zstd stream does");
    assert_decoded("lzma", other, CODEC_FOREIGN, "does not begin as an lzma stream does");
    assert_decoded("br", other, CODEC_FOREIGN, "does not begin as a br stream does");
}

static void finds_an_empty_object(void **state)
{
    (void)state;
    assert_decoded("lz4", STR(""), CODEC_DAMAGED, "is empty, not a lz4 stream");
    assert_decoded("br", STR(""), CODEC_DAMAGED, "is empty, not a br stream");
    assert_decoded("", STR(""), CODEC_END, "");
}

static void finds_each_place_where_a_stream_is_cut_off(void **state)
{
    (void)state;
    for (size_t i = 0; i < STREAM_COUNT; i++)
        for (size_t length = 1; length < streams[i].bytes.length; length++) {
            struct error err = {""};
            cleanup(buf_clear) struct buf out = BUF(1024);
            struct str cut = {streams[i].bytes.data, length};
            assert_int_equal(decode(streams[i].suffix, cut, length, &out, &err), CODEC_DAMAGED);
            autofree char *expected =
                xasprintf("ends in the middle of its %s stream", streams[i].suffix);
            assert_string_equal(err.text, expected);
        }
}

static void finds_what_follows_the_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < STREAM_COUNT; i++) {
        cleanup(buf_clear) struct buf bytes = BUF(1024);
        buf_add(&bytes, streams[i].bytes);
        buf_add_char(&bytes, 'x');
        for (size_t step = 1; step <= bytes.length; step++) {
            struct error err = {""};
            cleanup(buf_clear) struct buf out = BUF(1024);
            assert_int_equal(decode(streams[i].suffix, buf_str(&bytes), step, &out, &err),
                             CODEC_DAMAGED);
            autofree char *expected =
                xasprintf("goes on behind the end of its %s stream", streams[i].suffix);
            assert_string_equal(err.text, expected);
        }
    }
}

/* Each single altered byte: lz4 and zstd carry a checksum of their content; what lzma and brotli
 * cannot find is other bytes, never a crash. */
static void finds_altered_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < STREAM_COUNT; i++)
        for (size_t at = 0; at < streams[i].bytes.length; at++) {
            struct error err = {""};
            cleanup(buf_clear) struct buf bytes = BUF(1024);
            cleanup(buf_clear) struct buf out = BUF(64u * 1024);
            buf_add(&bytes, streams[i].bytes);
            bytes.data[at] = (char)(bytes.data[at] ^ 0x55);
            enum codec_status status =
                decode(streams[i].suffix, buf_str(&bytes), bytes.length, &out, &err);
            if (i < 2) /* lz4, zst: a byte of the header may not matter */
                assert_true(status > CODEC_STOPPED || str_is(buf_str(&out), PLAIN));
        }
    struct error err = {""};
    cleanup(buf_clear) struct buf bytes = BUF(1024);
    cleanup(buf_clear) struct buf out = BUF(1024);
    buf_add(&bytes, streams[0].bytes);
    bytes.data[bytes.length - 1] ^= 1;
    assert_int_equal(decode("lz4", buf_str(&bytes), bytes.length, &out, &err), CODEC_DAMAGED);
    assert_string_equal(err.text, "is not a sound lz4 stream: ERROR_contentChecksum_invalid");
}

static void cannot_tell_of_too_large_a_window(void **state)
{
    (void)state;
    /* A frame with a window of 64 MiB (RFC 8878 3.1.1.1.2). */
    assert_decoded("zst", STR("\x28\xb5\x2f\xfd\x00\x80\x01\x00\x00"), CODEC_UNKNOWN,
                   "needs a zstd window of more than 32 MiB, which is not held here");
    assert_decoded("lzma", STR("\x5d\x00\x00\x00\x04\xff\xff\xff\xff\xff\xff\xff\xff\x00\x31\x18"),
                   CODEC_UNKNOWN,
                   "needs an lzma dictionary of more than 32 MiB, which is not held here");
}

static void stops_when_it_is_told_to(void **state)
{
    (void)state;
    struct error err = {""};
    for (size_t i = 0; i < STREAM_COUNT; i++) {
        cleanup(buf_clear) struct buf out = BUF(10);
        assert_int_equal(decode(streams[i].suffix, streams[i].bytes, 1024, &out, &err),
                         CODEC_STOPPED);
    }
}

static void gives_the_bytes_however_they_come(void **state)
{
    (void)state;
    for (size_t i = 0; i < STREAM_COUNT; i++)
        for (size_t step = 1; step <= streams[i].bytes.length; step++) {
            struct error err = {""};
            cleanup(buf_clear) struct buf out = BUF(1024);
            assert_int_equal(decode(streams[i].suffix, streams[i].bytes, step, &out, &err),
                             CODEC_END);
            assert_string_equal(buf_str(&out).data, PLAIN);
        }
    assert_decoded("", STR(PLAIN), CODEC_END, "");
}

/* 256 KiB of zeros: what comes out fills the room for it exactly, again and again, also when there
 * is nothing left to read. */
static void gives_the_bytes_however_much_comes_of_a_few(void **state)
{
    (void)state;
    static const struct stream zeros[] = {
        {"zst", BYTES("\x28\xb5\x2f\xfd\x04\x40\x54\x00\x00\x10\x00\x00\x01\x00\xfb\xff"
                      "\x39\xc0\x02\x03\x00\x10\x00\x40\x27\x0f\xa6")},
        {"br", BYTES("\x5b\xff\xff\x83\x7f\x02\x20\x1e\x0b\x04\x72\xef\x07\x00")},
    };
    for (size_t i = 0; i < sizeof(zeros) / sizeof(zeros[0]); i++)
        for (size_t step = 1; step <= zeros[i].bytes.length; step++) {
            struct error err = {""};
            cleanup(buf_clear) struct buf out = BUF(1024u * 1024);
            assert_int_equal(decode(zeros[i].suffix, zeros[i].bytes, step, &out, &err), CODEC_END);
            assert_int_equal(out.length, 256u * 1024);
        }
}

static void splits_a_key(void **state)
{
    (void)state;
    static const struct {
        const char *key, *plain, *suffix;
    } keys[] = {
        {"wal_005/000000010000000000000003.lz4", "wal_005/000000010000000000000003", "lz4"},
        {"wal_005/00000002.history.zst", "wal_005/00000002.history", "zst"},
        {"b/tar_partitions/part_001.tar.br", "b/tar_partitions/part_001.tar", "br"},
        {"part_001.tar.lzma", "part_001.tar", "lzma"},
        {"part_001.tar.lzo", "part_001.tar", "lzo"},
        {"part_001.tar.gz", "part_001.tar", "gz"},
        {"part_001.tar", "part_001.tar", ""},
        {"000000010000000000000006.partial", "000000010000000000000006.partial", ""},
        {"000000010000000000000003", "000000010000000000000003", ""},
        {"x.lz4/lz4", "x.lz4/lz4", ""},
        {"x.", "x.", ""},
        {"", "", ""},
    };
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        struct str suffix;
        struct str plain = codec_split(str_of(keys[i].key), &suffix);
        assert_true(str_is(plain, keys[i].plain));
        assert_true(str_is(suffix, keys[i].suffix));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_what_is_not_read_here),
        cmocka_unit_test(finds_bytes_that_are_no_such_stream),
        cmocka_unit_test(finds_an_empty_object),
        cmocka_unit_test(finds_each_place_where_a_stream_is_cut_off),
        cmocka_unit_test(finds_what_follows_the_end),
        cmocka_unit_test(finds_altered_bytes),
        cmocka_unit_test(cannot_tell_of_too_large_a_window),
        cmocka_unit_test(stops_when_it_is_told_to),
        cmocka_unit_test(gives_the_bytes_however_they_come),
        cmocka_unit_test(gives_the_bytes_however_much_comes_of_a_few),
        cmocka_unit_test(splits_a_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
