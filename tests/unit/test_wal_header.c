#include "server/archive/wal_header.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define PAGE 8192u
#define SEGMENT (1024u * 1024)
#define PAGES (SEGMENT / PAGE)
#define SYSTEM UINT64_C(7710964401795056148)
#define MAGIC_15 0xD110

static void put(char *at, uint64_t number, size_t length)
{
    for (size_t i = 0; i < length; i++)
        at[i] = (char)(number >> (8 * i));
}

static void set_timeline(char *segment, size_t page, uint32_t timeline)
{
    put(segment + page * PAGE + 4, timeline, 4);
}

/* A whole segment of timeline 2 at 5/00300000, each page with a byte of a record. */
static char *new_segment(void)
{
    char *segment = xcalloc(SEGMENT, 1);
    for (size_t i = 0; i < PAGES; i++) {
        char *page = segment + i * PAGE;
        put(page, MAGIC_15, 2);
        put(page + 2, i == 0 ? 2 : 1, 2); /* long; goes on with a record */
        put(page + 4, 2, 4);
        put(page + 8, UINT64_C(0x500300000) + i * PAGE, 8);
        put(page + 16, i == 0 ? 0 : 100, 4);
        page[PAGE - 1] = 'r';
    }
    put(segment + 24, SYSTEM, 8);
    put(segment + 32, SEGMENT, 4);
    put(segment + 36, PAGE, 4);
    return segment;
}

static const struct wal_header_expected whole = {
    .name = {2, 5, 3},
    .segment_size = SEGMENT,
    .system_identifier = SYSTEM,
    .timeline_begins = UINT64_C(0x500000000),
};

static enum wal_header_status check(const char *segment, size_t length, size_t step,
                                    const struct wal_header_expected *expected, struct error *err)
{
    struct wal_header header;
    wal_header_begin(&header, expected);
    enum wal_header_status status = WAL_HEADER_FINE;
    struct str bytes = {segment, length};
    while (bytes.length && status == WAL_HEADER_FINE) {
        size_t count = bytes.length < step ? bytes.length : step;
        status = wal_header_feed(&header, (struct str){bytes.data, count}, err);
        bytes = str_skip(bytes, count);
    }
    return status == WAL_HEADER_FINE ? wal_header_end(&header, err) : status;
}

static void assert_found(const char *segment, size_t length,
                         const struct wal_header_expected *expected, enum wal_header_status status,
                         const char *text)
{
    static const size_t steps[] = {1, 23, PAGE, 65536, SEGMENT};
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct error err = {""};
        assert_int_equal(check(segment, length, steps[i], expected, &err), status);
        assert_string_equal(err.text, text);
    }
}

static void finds_what_is_no_segment(void **state)
{
    (void)state;
    autofree char *segment = new_segment();
    put(segment, 0x1234, 2);
    assert_found(segment, SEGMENT, &whole, WAL_HEADER_DAMAGED,
                 "page 0: begins with 1234, expected the magic of a WAL page (D110 is PostgreSQL "
                 "15's)");
    put(segment, 0x10D1, 2);
    assert_found(segment, SEGMENT, &whole, WAL_HEADER_UNKNOWN,
                 "page 0: was written by a machine with another order of bytes");
    put(segment, MAGIC_15, 2);
    put(segment + 2, 1, 2);
    const char *no_long = "page 0: has no long header, which the first page of a segment has";
    assert_found(segment, SEGMENT, &whole, WAL_HEADER_DAMAGED, no_long);
    put(segment + 2, 2, 2);
    put(segment + 32, SEGMENT + 1, 4);
    assert_found(segment, SEGMENT, &whole, WAL_HEADER_DAMAGED, no_long);
    put(segment + 32, SEGMENT, 4);
    put(segment + 36, 100, 4);
    assert_found(segment, SEGMENT, &whole, WAL_HEADER_DAMAGED, no_long);
}

static void finds_where_it_is_cut_off(void **state)
{
    (void)state;
    autofree char *segment = new_segment();
    assert_found(segment, 0, &whole, WAL_HEADER_DAMAGED,
                 "page 0: ends in it, expected 1048576 bytes in all");
    assert_found(segment, 3 * PAGE + 10, &whole, WAL_HEADER_DAMAGED,
                 "page 3: ends in it, expected 1048576 bytes in all");
    assert_found(segment, SEGMENT - 1, &whole, WAL_HEADER_DAMAGED,
                 "page 127: ends in it, expected 1048576 bytes in all");
}

static void finds_what_follows_the_end(void **state)
{
    (void)state;
    autofree char *segment = xrealloc(new_segment(), SEGMENT + 1);
    segment[SEGMENT] = 0;
    assert_found(segment, SEGMENT + 1, &whole, WAL_HEADER_DAMAGED,
                 "goes on behind the 1048576 bytes of a segment");
}

static void finds_a_segment_of_another_place(void **state)
{
    (void)state;
    autofree char *segment = new_segment();
    struct wal_header_expected other = whole;
    other.name.low = 4;
    assert_found(segment, SEGMENT, &other, WAL_HEADER_MISPLACED,
                 "page 0: is the WAL at 5/300000, expected 5/400000");
    other = whole;
    other.name.timeline = 1;
    assert_found(segment, SEGMENT, &other, WAL_HEADER_MISPLACED,
                 "page 0: is of timeline 2, expected at most 1");
    other = whole;
    other.name.timeline = 3;
    other.timeline_begins = UINT64_C(0x500200000);
    assert_found(segment, SEGMENT, &other, WAL_HEADER_MISPLACED,
                 "page 0: is of timeline 2, expected 3");
    other = whole;
    other.timeline_begins = UINT64_C(0x500300060);
    assert_found(segment, SEGMENT, &other, WAL_HEADER_MISPLACED,
                 "page 0: is of timeline 2, expected one before 2");
    other = whole;
    other.segment_size = 2 * SEGMENT;
    assert_found(segment, SEGMENT, &other, WAL_HEADER_MISPLACED,
                 "page 0: is of a cluster with segments of 1048576 bytes, expected 2097152");
}

static void finds_a_segment_of_another_system(void **state)
{
    (void)state;
    autofree char *segment = new_segment();
    struct wal_header_expected other = whole;
    other.system_identifier = 42;
    assert_found(segment, SEGMENT, &other, WAL_HEADER_OTHER_SYSTEM,
                 "page 0: is of the database cluster 7710964401795056148, expected 42");
}

static void finds_a_damaged_page(void **state)
{
    (void)state;
    autofree char *segment = new_segment();
    char *page = segment + 7 * PAGE;
    put(page, 0xD113, 2);
    assert_found(segment, SEGMENT, &whole, WAL_HEADER_DAMAGED,
                 "page 7: begins with D113, expected D110 as page 0");
    put(page, MAGIC_15, 2);
    put(page + 2, 0x41, 2);
    assert_found(segment, SEGMENT, &whole, WAL_HEADER_DAMAGED,
                 "page 7: has the flags 0041, which no such page has");
    put(page + 2, 3, 2);
    assert_found(segment, SEGMENT, &whole, WAL_HEADER_DAMAGED,
                 "page 7: has the flags 0003, which no such page has");
    put(page + 2, 1, 2);
    put(page + 16, 0, 4);
    assert_found(segment, SEGMENT, &whole, WAL_HEADER_DAMAGED,
                 "page 7: goes on with a record of which nothing is left");
    put(page + 16, 100, 4);
    put(page + 8, UINT64_C(0x500300000), 8);
    assert_found(segment, SEGMENT, &whole, WAL_HEADER_DAMAGED,
                 "page 7: is the WAL at 5/300000, expected 5/30E000");
    put(page + 8, UINT64_C(0x50030E000), 8);
    set_timeline(segment, 7, 1);
    assert_found(segment, SEGMENT, &whole, WAL_HEADER_DAMAGED,
                 "page 7: is of timeline 1, behind one of timeline 2");
}

static void finds_a_hole(void **state)
{
    (void)state;
    autofree char *segment = new_segment();
    memset(segment + 7 * PAGE, 0, PAGE);
    assert_found(segment, SEGMENT, &whole, WAL_HEADER_DAMAGED,
                 "page 8: is behind an empty page, from which on a segment is empty");
    segment[7 * PAGE + 100] = 'x';
    assert_found(segment, SEGMENT, &whole, WAL_HEADER_DAMAGED,
                 "page 7: has no header, but is not empty");
}

static void takes_a_whole_segment(void **state)
{
    (void)state;
    autofree char *segment = new_segment();
    assert_found(segment, SEGMENT, &whole, WAL_HEADER_FINE, "");
    struct wal_header_expected only_name = {.name = {2, 5, 3}};
    assert_found(segment, SEGMENT, &only_name, WAL_HEADER_FINE, "");
    put(segment + 2, 6, 2); /* "this backup block may be removed" */
    assert_found(segment, SEGMENT, &whole, WAL_HEADER_FINE, "");
}

static void takes_a_segment_that_was_switched(void **state)
{
    (void)state;
    autofree char *segment = new_segment();
    memset(segment + PAGE, 0, SEGMENT - PAGE);
    assert_found(segment, SEGMENT, &whole, WAL_HEADER_FINE, "");
}

/* The first segment of a timeline begins with what it copied from the one before. */
static void takes_copied_pages(void **state)
{
    (void)state;
    autofree char *segment = new_segment();
    struct wal_header_expected begins = whole;
    begins.timeline_begins = UINT64_C(0x5003020A0);
    set_timeline(segment, 0, 1);
    set_timeline(segment, 1, 1);
    assert_found(segment, SEGMENT, &begins, WAL_HEADER_FINE, "");
    begins.timeline_begins = 0;
    assert_found(segment, SEGMENT, &begins, WAL_HEADER_FINE, "");
    begins.timeline_begins = UINT64_C(0x500304000);
    assert_found(segment, SEGMENT, &begins, WAL_HEADER_FINE, "");
    begins.timeline_begins = UINT64_C(0x500302000);
    assert_found(segment, SEGMENT, &begins, WAL_HEADER_MISPLACED,
                 "page 1: is of timeline 1, expected 2");
}

static void knows_the_versions(void **state)
{
    (void)state;
    assert_null(wal_header_version(0xD111));
    assert_string_equal(wal_header_version(0xD087), "9.5");
    assert_string_equal(wal_header_version(MAGIC_15), "15");
    assert_string_equal(wal_header_version(0xD118), "18");
}

/* Flags that a later version may have are not held against it. */
static void takes_a_version_that_is_not_out_yet(void **state)
{
    (void)state;
    autofree char *segment = new_segment();
    for (size_t i = 0; i < PAGES; i++)
        put(segment + i * PAGE, 0xD11A, 2);
    put(segment + 3 * PAGE + 2, 0x11, 2);
    assert_found(segment, SEGMENT, &whole, WAL_HEADER_FINE, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_is_no_segment),
        cmocka_unit_test(finds_where_it_is_cut_off),
        cmocka_unit_test(finds_what_follows_the_end),
        cmocka_unit_test(finds_a_segment_of_another_place),
        cmocka_unit_test(finds_a_segment_of_another_system),
        cmocka_unit_test(finds_a_damaged_page),
        cmocka_unit_test(finds_a_hole),
        cmocka_unit_test(takes_a_whole_segment),
        cmocka_unit_test(takes_a_segment_that_was_switched),
        cmocka_unit_test(takes_copied_pages),
        cmocka_unit_test(knows_the_versions),
        cmocka_unit_test(takes_a_version_that_is_not_out_yet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
