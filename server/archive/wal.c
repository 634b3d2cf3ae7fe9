#include "server/archive/wal.h"

#include "base/mem.h"

/* Segments of one page at the beginning: it grows with the largest low part. */
#define PAGE_MIN 4

static size_t slot_of(const struct wal *wal, uint32_t timeline, uint32_t high)
{
    const uint64_t key = (uint64_t)timeline << 32 | high;
    size_t slot = (size_t)(key * UINT64_C(0x9E3779B97F4A7C15) >> 32) & (wal->index_size - 1);
    for (; wal->index[slot]; slot = (slot + 1) & (wal->index_size - 1)) {
        const struct wal_page *page = &wal->pages[wal->index[slot] - 1];
        if (page->timeline == timeline && page->high == high)
            break;
    }
    return slot;
}

/* Doubles what is kept for pages; the index stays at most half full. */
static void grow(struct wal *wal)
{
    wal->page_room = wal->page_room ? wal->page_room * 2 : 64;
    wal->pages = xrealloc(wal->pages, wal->page_room * sizeof *wal->pages);
    free(wal->index);
    wal->index_size = wal->page_room * 2;
    wal->index = xcalloc(wal->index_size, sizeof *wal->index);
    for (size_t i = 0; i < wal->page_count; i++)
        wal->index[slot_of(wal, wal->pages[i].timeline, wal->pages[i].high)] = (uint32_t)i + 1;
}

static struct wal_page *page_for(struct wal *wal, uint32_t timeline, uint32_t high)
{
    if (wal->page_count) {
        struct wal_page *last = &wal->pages[wal->last];
        if (last->timeline == timeline && last->high == high)
            return last;
    }
    if (wal->page_count == wal->page_room)
        grow(wal);
    const size_t slot = slot_of(wal, timeline, high);
    if (!wal->index[slot]) {
        if (wal->page_count == WAL_PAGES_MAX)
            return NULL;
        wal->pages[wal->page_count++] = (struct wal_page){timeline, high, 0, NULL};
        wal->index[slot] = (uint32_t)wal->page_count;
    }
    wal->last = wal->index[slot] - 1;
    return &wal->pages[wal->last];
}

static void remember_empty(struct wal *wal, struct segment_name segment)
{
    if (wal->empty_count == WAL_EMPTY_MAX)
        return;
    wal->empty = xrealloc(wal->empty, (wal->empty_count + 1) * sizeof *wal->empty);
    wal->empty[wal->empty_count++] = segment;
}

static void put(struct wal *wal, struct wal_page *page, uint32_t low, uint64_t size,
                int64_t modified)
{
    if (low >= page->count) {
        uint32_t count = page->count ? page->count : PAGE_MIN;
        while (count <= low)
            count *= 2;
        page->times = xrealloc(page->times, count * sizeof *page->times);
        memset(page->times + page->count, 0, (count - page->count) * sizeof *page->times);
        wal->times += count - page->count;
        page->count = count;
    }
    const uint32_t time = modified < 1            ? 1
                          : modified > UINT32_MAX ? UINT32_MAX
                                                  : (uint32_t)modified;
    uint32_t *known = &page->times[low];
    wal->segments += !*known;
    wal->bytes += size;
    if (time > *known)
        *known = time;
}

bool wal_add(struct wal *wal, struct segment_name segment, uint64_t size, int64_t modified)
{
    if (!size) {
        remember_empty(wal, segment);
        return true;
    }
    if (wal->times + NAMES_SEGMENT_LOW_MAX + 1 > WAL_TIMES_MAX)
        return false;
    struct wal_page *page = page_for(wal, segment.timeline, segment.high);
    if (!page)
        return false;
    put(wal, page, segment.low, size, modified);
    if (!wal->largest_low.timeline || segment.low > wal->largest_low.low)
        wal->largest_low = segment;
    return true;
}

static int compare(const void *a, const void *b)
{
    const struct wal_page *x = a, *y = b;
    if (x->timeline != y->timeline)
        return x->timeline < y->timeline ? -1 : 1;
    return x->high < y->high ? -1 : x->high > y->high;
}

void wal_sort(struct wal *wal)
{
    free(TAKE(wal->index));
    if (wal->page_count)
        qsort(wal->pages, wal->page_count, sizeof *wal->pages, compare);
}

static struct wal_page *page_of(const struct wal *wal, struct segment_name segment)
{
    const struct wal_page key = {segment.timeline, segment.high, 0, NULL};
    return wal->page_count ? bsearch(&key, wal->pages, wal->page_count, sizeof *wal->pages, compare)
                           : NULL;
}

int64_t wal_time(const struct wal *wal, struct segment_name segment)
{
    const struct wal_page *page = page_of(wal, segment);
    return page && segment.low < page->count ? page->times[segment.low] : 0;
}

void wal_fill(struct wal *wal, struct segment_name segment, uint64_t size, int64_t modified)
{
    struct wal_page *page = page_of(wal, segment);
    if (page && !wal_time(wal, segment))
        put(wal, page, segment.low, size, modified);
}

bool wal_first(const struct wal *wal, uint32_t timeline, struct segment_name *ret)
{
    size_t from = 0, to = wal->page_count;
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        if (wal->pages[middle].timeline < timeline)
            from = middle + 1;
        else
            to = middle;
    }
    if (from == wal->page_count || wal->pages[from].timeline != timeline)
        return false;
    const struct wal_page *page = &wal->pages[from];
    uint32_t low = 0;
    while (!page->times[low])
        low++;
    *ret = (struct segment_name){timeline, page->high, low};
    return true;
}

bool wal_is_empty(const struct wal *wal, struct segment_name segment)
{
    for (size_t i = 0; i < wal->empty_count; i++) {
        const struct segment_name *empty = &wal->empty[i];
        if (empty->timeline == segment.timeline && empty->high == segment.high &&
            empty->low == segment.low)
            return !wal_time(wal, segment);
    }
    return false;
}

void wal_done(struct wal *wal)
{
    for (size_t i = 0; i < wal->page_count; i++)
        free(wal->pages[i].times);
    free(wal->pages);
    free(wal->index);
    free(wal->empty);
    *wal = (struct wal){0};
}

static uint64_t per_high(uint64_t segment_size)
{
    return (UINT64_C(1) << 32) / segment_size;
}

uint64_t wal_number(struct segment_name segment, uint64_t segment_size)
{
    return segment.high * per_high(segment_size) + segment.low;
}

struct segment_name wal_segment(uint32_t timeline, uint64_t number, uint64_t segment_size)
{
    return (struct segment_name){timeline, (uint32_t)(number / per_high(segment_size)),
                                 (uint32_t)(number % per_high(segment_size))};
}

/* Adds to the last run, or begins a new one. */
static void add_number(struct wal_runs *runs, size_t *room, uint32_t timeline, uint64_t number)
{
    struct wal_run *last = runs->count ? &runs->items[runs->count - 1] : NULL;
    if (last && last->timeline == timeline && last->last + 1 == number) {
        last->last = number;
        return;
    }
    if (runs->count == *room) {
        *room = *room ? *room * 2 : 16;
        runs->items = xrealloc(runs->items, *room * sizeof *runs->items);
    }
    runs->items[runs->count++] = (struct wal_run){timeline, number, number};
}

struct wal_runs wal_runs(const struct wal *wal, uint64_t segment_size)
{
    struct wal_runs runs = {segment_size, NULL, 0};
    const uint64_t each = per_high(segment_size);
    size_t room = 0;
    for (size_t i = 0; i < wal->page_count; i++) {
        const struct wal_page *page = &wal->pages[i];
        /* A low part that this size cannot have is no segment of it. */
        for (uint32_t low = 0; low < page->count && low < each; low++)
            if (page->times[low])
                add_number(&runs, &room, page->timeline, page->high * each + low);
    }
    return runs;
}

void wal_runs_done(struct wal_runs *runs)
{
    free(TAKE(runs->items));
    runs->count = 0;
}

/* The index of the first run that ends at or after the segment, or belongs to a later timeline. */
static size_t lower(const struct wal_runs *runs, uint32_t timeline, uint64_t number)
{
    size_t from = 0, to = runs->count;
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        const struct wal_run *run = &runs->items[middle];
        if (run->timeline < timeline || (run->timeline == timeline && run->last < number))
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

const struct wal_run *wal_run_from(const struct wal_runs *runs, uint32_t timeline, uint64_t number)
{
    const size_t at = lower(runs, timeline, number);
    return at < runs->count && runs->items[at].timeline == timeline ? &runs->items[at] : NULL;
}

const struct wal_run *wal_run_last(const struct wal_runs *runs, uint32_t timeline)
{
    const size_t at = lower(runs, timeline, UINT64_MAX);
    return at && runs->items[at - 1].timeline == timeline ? &runs->items[at - 1] : NULL;
}
