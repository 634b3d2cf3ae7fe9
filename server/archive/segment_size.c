#include "server/archive/segment_size.h"

/* How many pieces of evidence each size agrees with, and what all of them agree with. */
struct votes {
    unsigned agree[WAL_SIZES];
    segment_sizes common;
};

/* Nothing at all agrees with an empty set: that is no evidence, but a mistake of its own. */
static void vote(struct votes *votes, segment_sizes sizes)
{
    if (!sizes)
        return;
    votes->common &= sizes;
    for (unsigned bit = 0; bit < WAL_SIZES; bit++)
        votes->agree[bit] += sizes >> bit & 1;
}

segment_sizes segment_sizes_of(uint64_t lsn, struct segment_name segment)
{
    segment_sizes sizes = 0;
    const uint64_t before = lsn ? lsn - 1 : 0;
    for (unsigned bit = 0; bit < WAL_SIZES; bit++) {
        const uint64_t size = segment_size_of(bit);
        /* The low part of a number has no room for more than 4 GiB of segments. */
        if (segment.low >= (UINT64_C(1) << 32) / size)
            continue;
        const uint64_t number = wal_number(segment, size);
        if (lsn / size == number || before / size == number)
            sizes |= (segment_sizes)(1U << bit);
    }
    return sizes;
}

static void vote_record(struct votes *votes, const struct record *record,
                        struct segment_name segment)
{
    if (record_has(record, RECORD_START_LSN))
        vote(votes, segment_sizes_of(record->values[RECORD_START_LSN], segment));
}

static void vote_backups(struct votes *votes, const struct facts *facts)
{
    for (size_t i = 0; i < facts->backup_count; i++) {
        const struct backup_facts *backup = &facts->backups[i];
        vote_record(votes, &backup->described, backup->segment);
        vote_record(votes, &backup->metadata_record, backup->segment);
    }
}

/* Sizes of at least that many bytes. */
static segment_sizes at_least(uint64_t bytes)
{
    segment_sizes sizes = 0;
    for (unsigned bit = 0; bit < WAL_SIZES; bit++)
        if (segment_size_of(bit) >= bytes)
            sizes |= (segment_sizes)(1U << bit);
    return sizes;
}

static void vote_marks(struct votes *votes, const struct facts *facts)
{
    for (size_t i = 0; i < facts->mark_count; i++)
        vote(votes, at_least((uint64_t)facts->marks[i].offset + 1));
}

/* A segment with that low part is of a size that leaves room for it. */
static segment_sizes with_low(struct segment_name segment)
{
    segment_sizes sizes = 0;
    for (unsigned bit = 0; bit < WAL_SIZES; bit++)
        if (segment.low < (UINT64_C(1) << 32) / segment_size_of(bit))
            sizes |= (segment_sizes)(1U << bit);
    return sizes;
}

/* A timeline has no segment before the one that it begins in. */
static void vote_beginnings(struct votes *votes, const struct facts *facts)
{
    for (size_t i = 0; i < facts->history_count; i++) {
        const struct history *history = &facts->histories[i].history;
        struct segment_name first;
        if (!history->count || !wal_first(&facts->wal, facts->histories[i].timeline, &first))
            continue;
        const uint64_t begin = history->entries[history->count - 1].end;
        segment_sizes sizes = 0;
        for (unsigned bit = 0; bit < WAL_SIZES; bit++)
            if (wal_number(first, segment_size_of(bit)) >= begin / segment_size_of(bit))
                sizes |= (segment_sizes)(1U << bit);
        vote(votes, sizes);
    }
}

/* The sizes whose last low part is there, and followed by the first one of the next high part. */
static segment_sizes wraps(const struct wal *wal, segment_sizes among)
{
    segment_sizes sizes = 0;
    for (size_t i = 0; i + 1 < wal->page_count; i++) {
        const struct wal_page *page = &wal->pages[i], *next = page + 1;
        if (next->timeline != page->timeline || next->high != page->high + 1 || !next->times[0])
            continue;
        uint32_t last = page->count - 1;
        while (!page->times[last])
            last--;
        for (unsigned bit = 0; bit < WAL_SIZES; bit++)
            if (last + 1 == (UINT64_C(1) << 32) / segment_size_of(bit))
                sizes |= (segment_sizes)(1U << bit);
    }
    return sizes & among;
}

/* The sizes that most of the evidence agrees with. */
static segment_sizes best(const struct votes *votes)
{
    unsigned most = 0;
    segment_sizes sizes = 0;
    for (unsigned bit = 0; bit < WAL_SIZES; bit++) {
        if (votes->agree[bit] > most) {
            most = votes->agree[bit];
            sizes = 0;
        }
        if (votes->agree[bit] == most)
            sizes |= (segment_sizes)(1U << bit);
    }
    return sizes;
}

static bool is_one(segment_sizes sizes)
{
    return !(sizes & (sizes - 1));
}

struct segment_evidence segment_size_derive(const struct facts *facts)
{
    struct votes votes = {.common = SEGMENT_SIZES_ALL};
    vote_backups(&votes, facts);
    vote_marks(&votes, facts);
    vote_beginnings(&votes, facts);
    segment_sizes possible = SEGMENT_SIZES_ALL;
    const struct segment_name largest = facts->wal.largest_low;
    if (largest.timeline) {
        possible = with_low(largest);
        vote(&votes, possible);
    }
    struct segment_evidence evidence = {.sizes = votes.common};
    if (!evidence.sizes) {
        evidence.contradictory = true;
        evidence.sizes = best(&votes);
        if (!(evidence.sizes & possible))
            evidence.against = largest;
    }
    if (!is_one(evidence.sizes)) {
        const segment_sizes narrower = wraps(&facts->wal, evidence.sizes);
        if (narrower && is_one(narrower))
            evidence.sizes = narrower;
    }
    return evidence;
}
