#include "server/archive/way.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

#define SIZE (UINT64_C(16) << 20)

static void add(struct facts *facts, uint32_t timeline, uint64_t first, uint64_t last)
{
    for (uint64_t number = first; number <= last; number++)
        assert_true(wal_add(&facts->wal, wal_segment(timeline, number, SIZE), 1, 1000));
}

static void add_history(struct facts *facts, uint32_t timeline, const struct history_entry *entries,
                        size_t count)
{
    facts->histories =
        xrealloc(facts->histories, (facts->history_count + 1) * sizeof *facts->histories);
    struct history_entry *copy = xcalloc(count, sizeof *copy);
    memcpy(copy, entries, count * sizeof *copy);
    facts->histories[facts->history_count++] = (struct history_facts){
        .timeline = timeline, .fact = {FACT_READ, NULL}, .history = {copy, count}};
}

/* Timeline 1 up to 10, 2 from there to 20, 3 from there; 4 left timeline 1 in segment 5. */
static struct facts timelines(void)
{
    struct facts facts = {0};
    add(&facts, 1, 1, 12);
    add(&facts, 2, 10, 19);
    add(&facts, 3, 20, 25);
    add(&facts, 4, 5, 6);
    wal_sort(&facts.wal);
    add_history(&facts, 2, (struct history_entry[]){{1, 10 * SIZE + 160}}, 1);
    add_history(&facts, 3, (struct history_entry[]){{1, 10 * SIZE + 160}, {2, 20 * SIZE}}, 2);
    add_history(&facts, 4, (struct history_entry[]){{1, 5 * SIZE + 8}}, 1);
    return facts;
}

static void check(const struct way *way, uint32_t target, const struct leg *legs, size_t count)
{
    assert_int_equal(way->target, target);
    assert_int_equal(way->count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(way->legs[i].timeline, legs[i].timeline);
        assert_int_equal(way->legs[i].first, legs[i].first);
        assert_int_equal(way->legs[i].end, legs[i].end);
    }
}

static void descent(void **state)
{
    (void)state;
    const struct history past = {(struct history_entry[]){{1, 100}, {3, 200}}, 2};
    assert_true(way_descends(&past, 1, 100));
    assert_false(way_descends(&past, 1, 101));
    assert_true(way_descends(&past, 3, 150));
    assert_false(way_descends(&past, 2, 1));
    assert_false(way_descends(&past, 4, 1));
}

static void ways(void **state)
{
    (void)state;
    struct facts facts = timelines();
    struct wal_runs runs = wal_runs(&facts.wal, SIZE);
    static const struct {
        uint64_t timeline, first, lsn, target;
        size_t count;
        struct leg legs[3];
    } cases[] = {
        {1, 2, 3 * SIZE, 4, 2, {{1, 2, 5}, {4, 5, 7}}}, /* before all switches */
        {1, 7, 8 * SIZE, 3, 3, {{1, 7, 10}, {2, 10, 20}, {3, 20, 26}}},
        {1, 11, 12 * SIZE, 1, 1, {{1, 11, 13}}}, /* behind them */
        {2, 11, 12 * SIZE, 3, 2, {{2, 11, 20}, {3, 20, 26}}},
        {3, 22, 23 * SIZE, 3, 1, {{3, 22, 26}}},
        {1, 10, 10 * SIZE + 100, 3, 2, {{2, 10, 20}, {3, 20, 26}}}, /* in the segment of the switch
                                                                     */
        {7, 1, 1, 7, 0, {{0, 0, 0}}},                               /* no WAL of that timeline */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct way way =
            way_from(&facts, &runs, (uint32_t)cases[i].timeline, cases[i].first, cases[i].lsn);
        check(&way, (uint32_t)cases[i].target, cases[i].legs, cases[i].count);
        way_done(&way);
    }
    wal_runs_done(&runs);
    facts_done(&facts);
}

static void a_history_that_was_not_read_leads_nowhere(void **state)
{
    (void)state;
    struct facts facts = timelines();
    facts.histories[2].fact.state = FACT_ENCRYPTED;
    struct wal_runs runs = wal_runs(&facts.wal, SIZE);
    struct way way = way_from(&facts, &runs, 1, 2, 3 * SIZE);
    assert_int_equal(way.target, 3);
    way_done(&way);
    wal_runs_done(&runs);
    facts_done(&facts);
}

static void holes(void **state)
{
    (void)state;
    struct facts facts = {0};
    add(&facts, 1, 1, 2);
    add(&facts, 1, 5, 6);
    add(&facts, 2, 9, 9);
    add(&facts, 2, 11, 12);
    wal_sort(&facts.wal);
    add_history(&facts, 2, (struct history_entry[]){{1, 8 * SIZE}}, 1);
    struct wal_runs runs = wal_runs(&facts.wal, SIZE);
    struct way way = way_from(&facts, &runs, 1, 1, SIZE);
    static const struct {
        struct hole hole;
        uint64_t last;
    } expected[] = {{{1, 3, 5}, 2}, {{1, 7, 8}, 6}, {{2, 8, 9}, 6}, {{2, 10, 11}, 9}};
    struct way_cursor cursor = {0};
    struct hole hole;
    for (size_t i = 0; i < 4; i++) {
        assert_true(way_next_hole(&way, &runs, &cursor, &hole));
        assert_int_equal(hole.timeline, expected[i].hole.timeline);
        assert_int_equal(hole.first, expected[i].hole.first);
        assert_int_equal(hole.end, expected[i].hole.end);
        assert_int_equal(cursor.last.low, expected[i].last);
    }
    assert_false(way_next_hole(&way, &runs, &cursor, &hole));
    assert_int_equal(cursor.last.low, 12);
    assert_int_equal(cursor.last.timeline, 2);
    assert_true(way_has(&way, 1, 3));
    assert_true(way_has(&way, 2, 12));
    assert_false(way_has(&way, 1, 8));
    assert_false(way_has(&way, 2, 13));
    assert_false(way_has(&way, 3, 5));
    way_done(&way);
    wal_runs_done(&runs);
    facts_done(&facts);
}

static void a_way_ends_behind_what_is_empty(void **state)
{
    (void)state;
    struct facts facts = {0};
    add(&facts, 1, 1, 2);
    assert_true(wal_add(&facts.wal, wal_segment(1, 4, SIZE), 0, 1));
    assert_true(wal_add(&facts.wal, wal_segment(1, 3, SIZE), 0, 1));
    assert_true(wal_add(&facts.wal, wal_segment(2, 9, SIZE), 0, 1));
    wal_sort(&facts.wal);
    struct wal_runs runs = wal_runs(&facts.wal, SIZE);
    struct way way = way_from(&facts, &runs, 1, 1, SIZE);
    check(&way, 1, (struct leg[]){{1, 1, 5}}, 1);
    struct way_cursor cursor = {0};
    struct hole hole;
    assert_true(way_next_hole(&way, &runs, &cursor, &hole));
    assert_int_equal(hole.first, 3);
    assert_int_equal(hole.end, 5);
    assert_false(way_next_hole(&way, &runs, &cursor, &hole));
    way_done(&way);
    wal_runs_done(&runs);
    facts_done(&facts);
}

/* 3,000 backups, none of which the pasts of 1,000 timelines know: looked through, those are thirty
 * thousand million entries. */
static void long_pasts_are_not_looked_through(void **state)
{
    (void)state;
    enum { COUNT = 1000, BACKUPS = 3000 };
    const clock_t begun = clock();
    struct facts facts = {0};
    struct history past = {xcalloc(HISTORY_MAX, sizeof *past.entries), HISTORY_MAX};
    for (uint32_t i = 0; i < HISTORY_MAX; i++)
        past.entries[i] = (struct history_entry){2 * i + 2, i};
    facts.histories = xcalloc(COUNT, sizeof *facts.histories);
    facts.history_count = COUNT;
    for (uint32_t i = 0; i < COUNT; i++)
        facts.histories[i] = (struct history_facts){
            .timeline = 3 * HISTORY_MAX + i, .fact = {FACT_READ, NULL}, .history = past};
    struct wal_runs runs = {.segment_size = SIZE};
    for (uint32_t i = 0; i < BACKUPS; i++) {
        struct way way = way_from(&facts, &runs, 2 * i + 1, 1, 1);
        assert_int_equal(way.target, 2 * i + 1);
        way_done(&way);
    }
    assert_true(clock() - begun < 5 * CLOCKS_PER_SEC);
    assert_true(way_descends(&past, 2 * HISTORY_MAX, HISTORY_MAX - 1));
    assert_true(way_descends(&past, 2, 0));
    free(past.entries);
    free(facts.histories);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(descent),
        cmocka_unit_test(ways),
        cmocka_unit_test(a_history_that_was_not_read_leads_nowhere),
        cmocka_unit_test(holes),
        cmocka_unit_test(a_way_ends_behind_what_is_empty),
        cmocka_unit_test(long_pasts_are_not_looked_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
