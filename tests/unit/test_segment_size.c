#include "server/archive/segment_size.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define MIB (UINT64_C(1) << 20)

/* The set of one size in MiB. */
static segment_sizes only(unsigned mib)
{
    segment_sizes sizes = 0;
    for (unsigned bit = 0; bit < WAL_SIZES; bit++)
        if (segment_size_of(bit) == mib * MIB)
            sizes |= (segment_sizes)(1U << bit);
    assert_int_not_equal(sizes, 0);
    return sizes;
}

/* From `from` to `to` MiB. */
static segment_sizes range(unsigned from, unsigned to)
{
    segment_sizes sizes = 0;
    for (unsigned mib = from; mib <= to; mib *= 2)
        sizes |= only(mib);
    return sizes;
}

static void sizes_of_an_lsn_in_a_segment(void **state)
{
    (void)state;
    static const struct {
        uint64_t lsn;
        struct segment_name segment;
        unsigned from, to; /* 0 = none */
    } cases[] = {
        {0x2000028, {1, 0, 2}, 16, 16},      {0x2000028, {1, 0, 1}, 32, 32},
        {0x2000028, {1, 0, 0}, 64, 1024},    {0x2000028, {1, 0, 0x20}, 1, 1},
        {0x2000028, {1, 0, 3}, 0, 0},        {0x2000028, {1, 1, 2}, 0, 0},
        {0x102000028, {1, 1, 2}, 16, 16},    {0x102000028, {1, 0, 2}, 0, 0},
        {0x2000000, {1, 0, 1}, 16, 32}, /* at its end, or its beginning */
        {0xC0000028, {1, 0, 3}, 1024, 1024}, {0, {1, 0, 0}, 1, 1024},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(segment_sizes_of(cases[i].lsn, cases[i].segment),
                         cases[i].from ? range(cases[i].from, cases[i].to) : 0);
}

static void add_backup(struct facts *facts, struct segment_name segment, uint64_t sentinel,
                       uint64_t metadata)
{
    facts->backups = xrealloc(facts->backups, (facts->backup_count + 1) * sizeof *facts->backups);
    struct backup_facts *backup = &facts->backups[facts->backup_count++];
    *backup = (struct backup_facts){.name = xstrdup("base"), .segment = segment};
    if (sentinel) {
        backup->described.seen = 1U << RECORD_START_LSN;
        backup->described.values[RECORD_START_LSN] = sentinel;
    }
    if (metadata) {
        backup->metadata_record.seen = 1U << RECORD_START_LSN;
        backup->metadata_record.values[RECORD_START_LSN] = metadata;
    }
}

static void add(struct facts *facts, uint32_t timeline, uint32_t high, uint32_t first,
                uint32_t last)
{
    for (uint32_t low = first; low <= last; low++)
        assert_true(wal_add(&facts->wal, (struct segment_name){timeline, high, low}, 1, 1));
}

static void add_mark(struct facts *facts, uint32_t offset)
{
    facts->marks = xrealloc(facts->marks, (facts->mark_count + 1) * sizeof *facts->marks);
    facts->marks[facts->mark_count++] = (struct mark_facts){.offset = offset};
}

static void check(struct facts *facts, segment_sizes sizes, bool contradictory, uint32_t against)
{
    facts_sort(facts);
    const struct segment_evidence evidence = segment_size_derive(facts);
    assert_int_equal(evidence.sizes, sizes);
    assert_int_equal(evidence.contradictory, contradictory);
    assert_int_equal(evidence.against.low, against);
    facts_done(facts);
}

static void nothing_to_go_by(void **state)
{
    (void)state;
    struct facts facts = {0};
    check(&facts, SEGMENT_SIZES_ALL, false, 0);
}

static void the_name_of_a_backup(void **state)
{
    (void)state;
    struct facts facts = {0};
    add_backup(&facts, (struct segment_name){1, 0, 2}, 0x2000028, 0);
    check(&facts, only(16), false, 0);
    facts = (struct facts){0};
    add_backup(&facts, (struct segment_name){1, 0, 2}, 0, 0x4000028);
    check(&facts, only(32), false, 0);
}

static void a_backup_in_the_first_segment_leaves_it_open(void **state)
{
    (void)state;
    struct facts facts = {0};
    add_backup(&facts, (struct segment_name){1, 1, 0}, 0x100000028, 0x100000028);
    check(&facts, SEGMENT_SIZES_ALL, false, 0);
}

static void offsets_and_low_parts_rule_sizes_out(void **state)
{
    (void)state;
    struct facts facts = {0};
    add_mark(&facts, (uint32_t)(8 * MIB));
    add_mark(&facts, 40);
    add(&facts, 1, 0, 1, 0x3F);
    check(&facts, range(16, 64), false, 0);
}

static void timelines_begin_where_they_begin(void **state)
{
    (void)state;
    struct facts facts = {0};
    facts.histories = xcalloc(2, sizeof *facts.histories);
    facts.history_count = 2;
    facts.histories[0] = (struct history_facts){.timeline = 2};
    facts.histories[0].history = (struct history){xcalloc(1, sizeof(struct history_entry)), 1};
    facts.histories[0].history.entries[0] = (struct history_entry){1, 0x60000A0};
    facts.histories[1] = (struct history_facts){.timeline = 3};
    add(&facts, 2, 0, 6, 0x21);
    add(&facts, 3, 0, 9, 9);
    check(&facts, range(16, 64), false, 0);
}

static void a_full_page_shows_how_many_there_are(void **state)
{
    (void)state;
    struct facts facts = {0};
    add(&facts, 1, 0, 1, 0xFF);
    add(&facts, 1, 1, 0, 3);
    check(&facts, only(16), false, 0);
    facts = (struct facts){0}; /* of another timeline, or after a hole, it shows nothing */
    add(&facts, 1, 0, 1, 0xFF);
    add(&facts, 2, 1, 0, 3);
    add(&facts, 2, 3, 0, 3);
    check(&facts, range(1, 16), false, 0);
    facts = (struct facts){0};
    add(&facts, 1, 0, 1, 0xFF);
    add(&facts, 1, 1, 2, 3);
    check(&facts, range(1, 16), false, 0);
    facts = (struct facts){0}; /* a hole may look like the end of a smaller page */
    add(&facts, 1, 0, 1, 0x7F);
    add(&facts, 1, 1, 0, 0xFF);
    add(&facts, 1, 2, 0, 1);
    check(&facts, only(16), false, 0);
}

static void what_most_agree_on(void **state)
{
    (void)state;
    struct facts facts = {0}; /* a sentinel that was replaced */
    add_backup(&facts, (struct segment_name){1, 0, 2}, 0x4000028, 0x2000028);
    add_backup(&facts, (struct segment_name){1, 0, 4}, 0x4000028, 0x4000028);
    check(&facts, only(16), true, 0);
    facts = (struct facts){0}; /* one against one */
    add_backup(&facts, (struct segment_name){1, 0, 2}, 0x4000028, 0x2000028);
    check(&facts, range(16, 32), true, 0);
    facts = (struct facts){0}; /* what fits no size at all is no evidence */
    add_backup(&facts, (struct segment_name){1, 7, 2}, 0x4000028, 0x702000028);
    check(&facts, only(16), false, 0);
}

static void a_segment_that_cannot_be(void **state)
{
    (void)state;
    struct facts facts = {0};
    add_backup(&facts, (struct segment_name){1, 0, 2}, 0x8000028, 0x8000028);
    add(&facts, 1, 0, 1, 0x40);
    check(&facts, only(64), true, 0x40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_of_an_lsn_in_a_segment),
        cmocka_unit_test(nothing_to_go_by),
        cmocka_unit_test(the_name_of_a_backup),
        cmocka_unit_test(a_backup_in_the_first_segment_leaves_it_open),
        cmocka_unit_test(offsets_and_low_parts_rule_sizes_out),
        cmocka_unit_test(timelines_begin_where_they_begin),
        cmocka_unit_test(a_full_page_shows_how_many_there_are),
        cmocka_unit_test(what_most_agree_on),
        cmocka_unit_test(a_segment_that_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
