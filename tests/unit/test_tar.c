#include "server/archive/tar.h"

#include "base/mem.h"

#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define ARCHIVE_MAX (256u * 1024)

static const char zeros[2 * TAR_BLOCK];

static void seal(char *block)
{
    unsigned sum = 0;
    memset(block + 148, ' ', 8);
    for (size_t i = 0; i < TAR_BLOCK; i++)
        sum += (unsigned char)block[i];
    snprintf(block + 148, 8, "%06o", sum);
}

/* Adds a header as ustar has it. */
static void add_header(struct buf *out, const char *name, char type, size_t size)
{
    char block[TAR_BLOCK] = {0};
    snprintf(block, 100, "%s", name);
    snprintf(block + 124, 12, "%011o", (unsigned)size);
    memcpy(block + 257, "ustar", 6);
    memset(block + 263, '0', 2);
    block[156] = type;
    seal(block);
    buf_add(out, (struct str){block, TAR_BLOCK});
}

static void add_content(struct buf *out, struct str content)
{
    buf_add(out, content);
    buf_add(out, (struct str){zeros, (TAR_BLOCK - content.length % TAR_BLOCK) % TAR_BLOCK});
}

static void add_member(struct buf *out, const char *name, char type, const char *content)
{
    add_header(out, name, type, strlen(content));
    add_content(out, str_of(content));
}

static void add_end(struct buf *out)
{
    buf_add(out, (struct str){zeros, sizeof(zeros)});
}

/* What is heard, as text: "name type size{content}" of each member. */
static void hear_member(void *context, const struct tar_member *member)
{
    buf_addf(context, "%.*s %c %llu ", STR_ARG(member->name), member->type,
             (unsigned long long)member->size);
}

static void hear_content(void *context, struct str bytes)
{
    buf_add(context, bytes);
}

static bool read_tar(struct str bytes, size_t step, struct buf *heard, struct error *err)
{
    struct tar_handler handler = {heard, hear_member, hear_content};
    cleanup(tar_done) struct tar tar = TAR_NEW;
    while (bytes.length) {
        size_t count = bytes.length < step ? bytes.length : step;
        if (!tar_feed(&tar, (struct str){bytes.data, count}, &handler, err))
            return false;
        bytes = str_skip(bytes, count);
    }
    return tar_end(&tar, err);
}

static void assert_refused(const struct buf *archive, const char *text)
{
    static const size_t steps[] = {1, 511, ARCHIVE_MAX};
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct error err = {""};
        cleanup(buf_clear) struct buf heard = BUF(ARCHIVE_MAX);
        assert_false(read_tar(buf_str(archive), steps[i], &heard, &err));
        assert_string_equal(err.text, text);
    }
}

static void assert_read(const struct buf *archive, const char *text)
{
    static const size_t steps[] = {1, 511, 512, ARCHIVE_MAX};
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct error err = {""};
        cleanup(buf_clear) struct buf heard = BUF(ARCHIVE_MAX);
        assert_true(read_tar(buf_str(archive), steps[i], &heard, &err));
        assert_string_equal(buf_str(&heard).data, text);
    }
}

static void refuses_what_is_no_tar(void **state)
{
    (void)state;
    cleanup(buf_clear) struct buf archive = BUF(ARCHIVE_MAX);
    assert_refused(&archive, "byte 0: ends without the two blocks of zeros of its end");
    while (archive.length < TAR_BLOCK)
        buf_add(&archive, STR("no tar. "));
    assert_refused(&archive, "byte 0: no tar header, expected 'ustar' in it");
}

static void refuses_a_wrong_checksum(void **state)
{
    (void)state;
    cleanup(buf_clear) struct buf archive = BUF(ARCHIVE_MAX);
    add_member(&archive, "/a", '0', "x");
    add_member(&archive, "/b", '0', "x");
    archive.data[1024] = 'X';
    assert_refused(&archive, "byte 1024: a tar header whose checksum does not fit");
    memset(archive.data + 148, ' ', 8);
    assert_refused(&archive, "byte 0: a tar header whose checksum does not fit");
}

static void refuses_a_size_that_is_none(void **state)
{
    (void)state;
    static const struct str sizes[] = {
        {"00000000009\0", 12},
        {"           \0", 12},
        {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12}, /* -1 in base 256 */
        {"\x80\0\0\0\xff\0\0\0\0\0\0\0", 12},
    };
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        cleanup(buf_clear) struct buf archive = BUF(ARCHIVE_MAX);
        add_header(&archive, "/a", '0', 0);
        memcpy(archive.data + 124, sizes[i].data, 12);
        seal(archive.data);
        assert_refused(&archive, "byte 0: a tar header whose size is no number");
    }
}

static void refuses_types_that_nobody_writes(void **state)
{
    (void)state;
    cleanup(buf_clear) struct buf archive = BUF(ARCHIVE_MAX);
    add_header(&archive, "/sparse", 'S', 0);
    assert_refused(&archive, "byte 0: a tar member of an unknown type (83)");
}

static void refuses_extended_headers_that_are_none(void **state)
{
    (void)state;
    cleanup(buf_clear) struct buf large = BUF(ARCHIVE_MAX);
    add_header(&large, "x", 'x', TAR_EXTENDED_MAX + 1);
    assert_refused(&large, "byte 0: an extended header of 65537 bytes, expected 1 to 65536");
    cleanup(buf_clear) struct buf none = BUF(ARCHIVE_MAX);
    add_header(&none, "L", 'L', 0);
    assert_refused(&none, "byte 0: an extended header of 0 bytes, expected 1 to 65536");

    static const char *const records[] = {
        "path=/a\n",   "9 path=/a\n", "12 path=/a\n",  "3 \n",
        "x path=/a\n", "10 path=/ab", "10 =/abcd\n\n", "8 path/\n",
    };
    for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
        cleanup(buf_clear) struct buf archive = BUF(ARCHIVE_MAX);
        add_member(&archive, "x", 'x', records[i]);
        autofree char *text =
            xasprintf("byte %zu: pax records that are none", TAR_BLOCK + strlen(records[i]));
        assert_refused(&archive, text);
    }
    cleanup(buf_clear) struct buf size = BUF(ARCHIVE_MAX);
    add_member(&size, "x", 'x', "10 size=x\n");
    assert_refused(&size, "byte 522: a pax size that is no number");
}

static void finds_where_it_is_cut_off(void **state)
{
    (void)state;
    cleanup(buf_clear) struct buf archive = BUF(ARCHIVE_MAX);
    add_member(&archive, "/a", '0', "some content");
    add_end(&archive);
    for (size_t length = 0; length < archive.length; length++) {
        struct error err = {""};
        cleanup(buf_clear) struct buf heard = BUF(ARCHIVE_MAX);
        assert_false(read_tar((struct str){archive.data, length}, 100, &heard, &err));
        autofree char *text =
            length >= 512 && length < 524
                ? xasprintf("byte %zu: ends inside a member, %zu bytes of it are missing", length,
                            524 - length)
                : xasprintf("byte %zu: ends without the two blocks of zeros of its end", length);
        assert_string_equal(err.text, text);
    }
}

static void finds_what_follows_the_end(void **state)
{
    (void)state;
    cleanup(buf_clear) struct buf one = BUF(ARCHIVE_MAX);
    buf_add(&one, (struct str){zeros, TAR_BLOCK});
    add_member(&one, "/a", '0', "");
    assert_refused(&one, "byte 0: one block of zeros, expected two at the end");
    cleanup(buf_clear) struct buf more = BUF(ARCHIVE_MAX);
    add_end(&more);
    add_member(&more, "/a", '0', "");
    assert_refused(&more, "byte 1024: goes on behind its end");
    cleanup(buf_clear) struct buf half = BUF(ARCHIVE_MAX);
    add_end(&half);
    buf_add(&half, (struct str){zeros, 100});
    assert_refused(&half, "byte 1124: ends without the two blocks of zeros of its end");
}

static void reads_members(void **state)
{
    (void)state;
    cleanup(buf_clear) struct buf archive = BUF(ARCHIVE_MAX);
    add_header(&archive, "/", '5', 0);
    add_member(&archive, "/PG_VERSION", '0', "15\n");
    add_member(&archive, "/old", '\0', "");
    add_header(&archive, "/pg_tblspc/16400", '2', 0);
    add_end(&archive);
    buf_add(&archive, (struct str){zeros, TAR_BLOCK}); /* GNU tar fills its last record */
    assert_read(&archive, "/ 5 0 /PG_VERSION 0 3 15\n/old 0 0 /pg_tblspc/16400 2 0 ");
}

static void reads_long_names(void **state)
{
    (void)state;
    cleanup(buf_clear) struct buf archive = BUF(ARCHIVE_MAX);
    add_header(&archive, "tail", '0', 0);
    memcpy(archive.data + 345, "/head", 5);
    seal(archive.data);
    add_member(&archive, "././@LongLink", 'L', "/a/long/name");
    add_member(&archive, "/a/long", '0', "1");
    add_member(&archive, "global", 'g', "13 comment=x\n");
    add_member(&archive, "pax", 'x', "15 path=/other\n16 mtime=123.45\n9 size=3\n");
    add_header(&archive, "short", '0', 0);
    add_content(&archive, STR("abc"));
    add_member(&archive, "last", '0', "");
    add_end(&archive);
    assert_read(&archive, "/head/tail 0 0 /a/long/name 0 1 1/other 0 3 abclast 0 0 ");
}

/* GNU's magic is followed by a blank; where ustar has a prefix it has times. */
static void reads_headers_of_gnu(void **state)
{
    (void)state;
    cleanup(buf_clear) struct buf archive = BUF(ARCHIVE_MAX);
    add_header(&archive, "/large", '0', 0);
    memcpy(archive.data + 257, "ustar  ", 8);
    memcpy(archive.data + 345, "14712345670", 11);
    memcpy(archive.data + 124, "\x80\0\0\0\0\0\0\0\0\0\0\x03", 12);
    seal(archive.data);
    add_content(&archive, STR("abc"));
    add_end(&archive);
    assert_read(&archive, "/large 0 3 abc");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_is_no_tar),
        cmocka_unit_test(refuses_a_wrong_checksum),
        cmocka_unit_test(refuses_a_size_that_is_none),
        cmocka_unit_test(refuses_types_that_nobody_writes),
        cmocka_unit_test(refuses_extended_headers_that_are_none),
        cmocka_unit_test(finds_where_it_is_cut_off),
        cmocka_unit_test(finds_what_follows_the_end),
        cmocka_unit_test(reads_members),
        cmocka_unit_test(reads_long_names),
        cmocka_unit_test(reads_headers_of_gnu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
