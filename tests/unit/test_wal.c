#include "server/archive/wal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MIB (UINT64_C(1) << 20)

static void add(struct wal *wal, uint32_t timeline, uint64_t number, uint64_t segment_size)
{
    assert_true(
        wal_add(wal, wal_segment(timeline, number, segment_size), 100, (int64_t)(1000 + number)));
}

static void nothing(void **state)
{
    (void)state;
    struct wal wal = {0};
    struct segment_name first;
    wal_sort(&wal);
    assert_int_equal(wal_time(&wal, (struct segment_name){1, 0, 1}), 0);
    assert_false(wal_first(&wal, 1, &first));
    assert_false(wal_is_empty(&wal, (struct segment_name){1, 0, 1}));
    struct wal_runs runs = wal_runs(&wal, 16 * MIB);
    assert_int_equal(runs.count, 0);
    assert_null(wal_run_from(&runs, 1, 0));
    assert_null(wal_run_last(&runs, 1));
    wal_runs_done(&runs);
    wal_done(&wal);
}

static void numbers_and_names(void **state)
{
    (void)state;
    char text[NAMES_SEGMENT_SIZE];
    const struct segment_name segment = {3, 2, 0x11};
    assert_int_equal(wal_number(segment, 16 * MIB), 2 * 256 + 0x11);
    assert_int_equal(wal_number(segment, 1 * MIB), 2 * 4096 + 0x11);
    assert_int_equal(wal_number(segment, 1024 * MIB), 2 * 4 + 0x11);
    assert_string_equal(name_of_segment(wal_segment(3, 2 * 256 + 0x11, 16 * MIB), text),
                        "000000030000000200000011");
}

static void runs_in_any_order(void **state)
{
    (void)state;
    struct wal wal = {0};
    for (uint64_t i = 0; i < 600; i++) {
        const uint64_t number = i * 7 % 600; /* each once, since 7 and 600 have no common factor */
        if (number != 255 && number != 300)
            add(&wal, 1, number, 16 * MIB);
    }
    add(&wal, 2, 700, 16 * MIB);
    wal_sort(&wal);
    assert_int_equal(wal.segments, 599);
    assert_int_equal(wal.bytes, 59900);
    assert_int_equal(wal.largest_low.low, 0xFF);
    struct wal_runs runs = wal_runs(&wal, 16 * MIB);
    static const struct wal_run expected[] = {
        {1, 0, 254}, {1, 256, 299}, {1, 301, 599}, {2, 700, 700}};
    assert_int_equal(runs.count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(runs.items[i].timeline, expected[i].timeline);
        assert_int_equal(runs.items[i].first, expected[i].first);
        assert_int_equal(runs.items[i].last, expected[i].last);
    }
    assert_ptr_equal(wal_run_from(&runs, 1, 10), &runs.items[0]);
    assert_ptr_equal(wal_run_from(&runs, 1, 255), &runs.items[1]);
    assert_ptr_equal(wal_run_from(&runs, 1, 599), &runs.items[2]);
    assert_null(wal_run_from(&runs, 1, 600));
    assert_ptr_equal(wal_run_from(&runs, 2, 0), &runs.items[3]);
    assert_null(wal_run_from(&runs, 2, 701));
    assert_ptr_equal(wal_run_last(&runs, 1), &runs.items[2]);
    assert_ptr_equal(wal_run_last(&runs, 2), &runs.items[3]);
    assert_null(wal_run_last(&runs, 3));
    wal_runs_done(&runs);
    runs = wal_runs(&wal, 1024 * MIB); /* which has room for low parts up to 3 */
    assert_int_equal(runs.items[0].last, 11);
    wal_runs_done(&runs);
    wal_done(&wal);
}

static void times(void **state)
{
    (void)state;
    struct wal wal = {0};
    const struct segment_name one = {1, 0, 1}, two = {1, 0, 2}, three = {1, 0, 3}, four = {1, 9, 4};
    assert_true(wal_add(&wal, one, 1, 500));
    assert_true(wal_add(&wal, one, 1, 400)); /* another compression of the same */
    assert_true(wal_add(&wal, two, 1, -5));
    assert_true(wal_add(&wal, three, 1, INT64_MAX));
    wal_sort(&wal);
    assert_int_equal(wal.segments, 3);
    assert_int_equal(wal.bytes, 4);
    assert_int_equal(wal_time(&wal, one), 500);
    assert_int_equal(wal_time(&wal, two), 1);
    assert_int_equal(wal_time(&wal, three), UINT32_MAX);
    assert_int_equal(wal_time(&wal, four), 0);
    assert_int_equal(wal_time(&wal, (struct segment_name){1, 0, 4000}), 0);
    wal_done(&wal);
}

static void the_first_segment_of_a_timeline(void **state)
{
    (void)state;
    struct wal wal = {0};
    add(&wal, 1, 700, 16 * MIB);
    add(&wal, 3, 1000, 16 * MIB);
    add(&wal, 3, 900, 16 * MIB);
    wal_sort(&wal);
    struct segment_name first = {0};
    assert_true(wal_first(&wal, 3, &first));
    assert_int_equal(wal_number(first, 16 * MIB), 900);
    assert_true(wal_first(&wal, 1, &first));
    assert_int_equal(wal_number(first, 16 * MIB), 700);
    assert_false(wal_first(&wal, 2, &first));
    assert_false(wal_first(&wal, 4, &first));
    assert_int_equal(wal_number(first, 16 * MIB), 700);
    wal_done(&wal);
}

static void empty_segments_are_none(void **state)
{
    (void)state;
    struct wal wal = {0};
    const struct segment_name one = {1, 0, 1}, two = {1, 0, 2};
    assert_true(wal_add(&wal, one, 0, 500));
    assert_true(wal_add(&wal, two, 0, 500));
    assert_true(wal_add(&wal, two, 9, 500)); /* in another compression it is there */
    wal_sort(&wal);
    assert_int_equal(wal.segments, 1);
    assert_true(wal_is_empty(&wal, one));
    assert_false(wal_is_empty(&wal, two));
    assert_false(wal_is_empty(&wal, (struct segment_name){1, 0, 3}));
    assert_false(wal_is_empty(&wal, (struct segment_name){1, 1, 1}));
    assert_false(wal_is_empty(&wal, (struct segment_name){2, 0, 1}));
    wal_done(&wal);
}

static void a_hole_can_be_filled(void **state)
{
    (void)state;
    struct wal wal = {0};
    add(&wal, 1, 1, 16 * MIB);
    add(&wal, 1, 9, 16 * MIB);
    wal_sort(&wal);
    const struct segment_name hole = {1, 0, 5}, elsewhere = {1, 7, 5}, known = {1, 0, 9};
    wal_fill(&wal, hole, 100, 5000);
    wal_fill(&wal, elsewhere, 100, 5000);
    wal_fill(&wal, known, 100, 5000);
    assert_int_equal(wal_time(&wal, hole), 5000);
    assert_int_equal(wal_time(&wal, elsewhere), 0);
    assert_int_equal(wal_time(&wal, known), 1009);
    assert_int_equal(wal.segments, 3);
    assert_int_equal(wal.bytes, 300);
    wal_done(&wal);
}

static void everything_is_bounded(void **state)
{
    (void)state;
    struct wal wal = {0};
    for (uint32_t i = 0; i < WAL_EMPTY_MAX + 1; i++)
        assert_true(wal_add(&wal, (struct segment_name){1, i, 1}, 0, 1));
    assert_int_equal(wal.empty_count, WAL_EMPTY_MAX);
    for (uint32_t i = 0; i < WAL_PAGES_MAX; i++)
        assert_true(wal_add(&wal, (struct segment_name){1, i, 1}, 1, 1));
    assert_false(wal_add(&wal, (struct segment_name){1, WAL_PAGES_MAX, 1}, 1, 1));
    assert_true(wal_add(&wal, (struct segment_name){1, 5, 2}, 1, 1));
    assert_int_equal(wal.segments, WAL_PAGES_MAX + 1);
    wal_done(&wal);
}

/* One segment with a high low part in each page would make 400,000 pages of 16 KiB. */
static void pages_are_bounded_by_what_they_take(void **state)
{
    (void)state;
    struct wal wal = {0};
    struct segment_name first;
    uint32_t pages = 0;
    while (pages < WAL_PAGES_MAX &&
           wal_add(&wal, (struct segment_name){1, pages, NAMES_SEGMENT_LOW_MAX}, 1, 1))
        pages++;
    assert_int_equal(pages, WAL_TIMES_MAX / (NAMES_SEGMENT_LOW_MAX + 1));
    assert_int_equal(wal.page_count, pages);
    wal_sort(&wal);
    assert_true(wal_first(&wal, 1, &first));
    wal_done(&wal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing),
        cmocka_unit_test(numbers_and_names),
        cmocka_unit_test(runs_in_any_order),
        cmocka_unit_test(times),
        cmocka_unit_test(the_first_segment_of_a_timeline),
        cmocka_unit_test(empty_segments_are_none),
        cmocka_unit_test(a_hole_can_be_filled),
        cmocka_unit_test(everything_is_bounded),
        cmocka_unit_test(pages_are_bounded_by_what_they_take),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
