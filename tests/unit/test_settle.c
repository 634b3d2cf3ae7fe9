#include "server/archive/settle.h"

#include "tests/unit/archive_store.h"

#define SIZE (16 * STORE_MIB)

/* The listing alone, as collect() has it before it looks again. */
static struct facts listed(const struct source *store)
{
    struct facts facts = {0};
    for (size_t i = 0; i < store->count; i++)
        facts_add(&facts, str_of(store->objects[i].key), store->objects[i].size,
                  store->objects[i].modified);
    facts_sort(&facts);
    return facts;
}

static struct source archive(uint64_t last)
{
    struct source store = {.segment_size = SIZE};
    store_segments(&store, 1, 1, last);
    store_segment(&store, 2, last); /* its newest segment is an hour's time after the one before */
    store_segments(&store, 2, last + 1, last + 2);
    return store;
}

/* When segment n was archived. */
static int64_t time_of(uint64_t n)
{
    return STORE_TIME + (int64_t)n * STORE_HOUR;
}

static void without_a_hole_there_is_nothing_to_wait_for(void **state)
{
    (void)state;
    struct unsettled unsettled;
    struct facts none = {0};
    assert_false(settle_find(&none, 0, &unsettled));
    struct source store = archive(40);
    store_remove_segment(&store, 1, 39); /* of an older timeline */
    struct facts facts = listed(&store);
    assert_false(settle_find(&facts, time_of(42), &unsettled));
    facts_done(&facts);
    store_done(&store);
}

static void a_hole_in_the_newest_wal_may_be_filled_yet(void **state)
{
    (void)state;
    static const struct {
        int64_t after, seconds; /* after the newest segment was archived; 0 = no wait */
    } cases[] = {{-301, 0}, {-300, 5}, {0, 5}, {1, 4}, {4, 1}, {5, 0}, {1000, 0}};
    struct source store = archive(3);
    store_remove_segment(&store, 2, 4);
    struct facts facts = listed(&store);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct unsettled unsettled;
        const bool found = settle_find(&facts, time_of(5) + cases[i].after, &unsettled);
        assert_int_equal(found, cases[i].seconds > 0);
        if (!found)
            continue;
        assert_int_equal(unsettled.seconds, cases[i].seconds);
        assert_int_equal(unsettled.timeline, 2);
        assert_int_equal(unsettled.first, 4);
        assert_int_equal(unsettled.last, 5);
    }
    facts_done(&facts);
    store_done(&store);
}

static void a_hole_that_is_far_behind_stays(void **state)
{
    (void)state;
    struct source store = {.segment_size = SIZE};
    store_segments(&store, 1, 1, 50);
    store_remove_segment(&store, 1, 50 - SETTLE_SEGMENTS); /* one behind the first that may come */
    struct facts facts = listed(&store);
    struct unsettled unsettled;
    assert_false(settle_find(&facts, time_of(50), &unsettled));
    facts_done(&facts);
    store_remove_segment(&store, 1, 50 - SETTLE_SEGMENTS + 1 + 1);
    facts = listed(&store);
    assert_true(settle_find(&facts, time_of(50), &unsettled));
    assert_int_equal(unsettled.first, 50 - SETTLE_SEGMENTS + 2);
    facts_done(&facts);
    store_done(&store);
}

static void only_holes_are_filled(void **state)
{
    (void)state;
    struct source store = {.segment_size = SIZE};
    store_segments(&store, 1, 250, 260);
    store_remove_segment(&store, 1, 254);
    store_remove_segment(&store, 1, 257);
    store_remove_segment(&store, 1, 258);
    struct facts facts = listed(&store);
    struct unsettled unsettled;
    assert_true(settle_find(&facts, time_of(260), &unsettled));
    store_segment(&store, 1, 254);
    store_segment(&store, 1, 258);
    store_segments(&store, 1, 261, 265); /* came later: what is missing before them is not known */
    store_size(&store, "wal_005/000000010000000100000001.lz4", 0, 1);
    unsettled.segment_size = SIZE;
    unsettled.first = 254;
    unsettled.last = 260;
    settle_again(&store, &facts, &unsettled);
    assert_int_equal(wal_time(&facts.wal, wal_segment(1, 254, SIZE)), time_of(254));
    assert_int_equal(wal_time(&facts.wal, wal_segment(1, 257, SIZE)), 0);
    assert_int_equal(wal_time(&facts.wal, wal_segment(1, 258, SIZE)), time_of(258));
    assert_int_equal(wal_time(&facts.wal, wal_segment(1, 261, SIZE)), 0);
    facts_done(&facts);
    store_done(&store);
}

static void a_listing_that_fails_leaves_the_hole(void **state)
{
    (void)state;
    struct source store = {.segment_size = SIZE};
    store_segments(&store, 1, 1, 5);
    store_remove_segment(&store, 1, 4);
    struct facts facts = listed(&store);
    store_segment(&store, 1, 4);
    store.no_list = "*";
    const struct unsettled unsettled = {1, 4, 5, SIZE, 1};
    settle_again(&store, &facts, &unsettled);
    assert_int_equal(wal_time(&facts.wal, wal_segment(1, 4, SIZE)), 0);
    facts_done(&facts);
    store_done(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_hole_there_is_nothing_to_wait_for),
        cmocka_unit_test(a_hole_in_the_newest_wal_may_be_filled_yet),
        cmocka_unit_test(a_hole_that_is_far_behind_stays),
        cmocka_unit_test(only_holes_are_filled),
        cmocka_unit_test(a_listing_that_fails_leaves_the_hole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
