#include "server/series.h"

#include "base/mem.h"

#include <pthread.h>
#include <stdatomic.h>

struct entry {
    _Atomic(char *) labels; /* NULL = free; set once, after which it never changes */
    atomic_uint_fast64_t number;
};

/* An open hash table with linear probing; at most half of it is used. */
struct series {
    struct entry *entries;
    size_t slots; /* a power of two */
    size_t capacity;
    atomic_size_t used;
    pthread_mutex_t adding;
};

struct series *series_new(size_t capacity)
{
    struct series *series = xcalloc(1, sizeof(*series));
    series->slots = 16;
    while (series->slots < 2 * capacity)
        series->slots *= 2;
    series->entries = xcalloc(series->slots, sizeof(*series->entries));
    series->capacity = capacity;
    pthread_mutex_init(&series->adding, NULL);
    return series;
}

void series_free(struct series *series)
{
    if (!series)
        return;
    for (size_t i = 0; i < series->slots; i++)
        free(atomic_load(&series->entries[i].labels));
    free(series->entries);
    pthread_mutex_destroy(&series->adding);
    free(series);
}

/* FNV-1a. The texts are ours, not a stranger's: nobody can aim at collisions. */
static size_t hash(struct str text)
{
    uint64_t value = 14695981039346656037u;
    for (size_t i = 0; i < text.length; i++)
        value = (value ^ (unsigned char)text.data[i]) * 1099511628211u;
    return (size_t)value;
}

/* The entry of the labels, or the free one where it belongs. */
static struct entry *find(const struct series *series, struct str labels, bool *ret_exists)
{
    for (size_t i = hash(labels);; i++) {
        struct entry *entry = &series->entries[i & (series->slots - 1)];
        const char *found = atomic_load_explicit(&entry->labels, memory_order_acquire);
        *ret_exists = found && str_is(labels, found);
        if (!found || *ret_exists)
            return entry;
    }
}

bool series_count(struct series *series, struct str labels, size_t most)
{
    bool exists;
    struct entry *entry = find(series, labels, &exists);
    if (!exists) {
        pthread_mutex_lock(&series->adding);
        entry = find(series, labels, &exists);
        size_t used = atomic_load(&series->used);
        if (!exists && used < most && used < series->capacity) {
            atomic_store_explicit(&entry->labels, xstrndup(labels.data, labels.length),
                                  memory_order_release);
            atomic_store(&series->used, used + 1);
            exists = true;
        }
        pthread_mutex_unlock(&series->adding);
    }
    if (exists)
        atomic_fetch_add_explicit(&entry->number, 1, memory_order_relaxed);
    return exists;
}

struct line {
    const char *labels;
    uint64_t number;
};

static int compare_lines(const void *a, const void *b)
{
    const struct line *left = a;
    const struct line *right = b;
    return strcmp(left->labels, right->labels);
}

void series_write(const struct series *series, const char *name, struct buf *page)
{
    autofree struct line *lines = xcalloc(series->slots, sizeof(*lines));
    size_t count = 0;
    for (size_t i = 0; i < series->slots; i++) {
        const char *labels = atomic_load_explicit(&series->entries[i].labels, memory_order_acquire);
        if (labels)
            lines[count++] = (struct line){labels, atomic_load(&series->entries[i].number)};
    }
    qsort(lines, count, sizeof(*lines), compare_lines);
    for (size_t i = 0; i < count; i++)
        buf_addf(page, "%s{%s} %llu\n", name, lines[i].labels, (unsigned long long)lines[i].number);
}
