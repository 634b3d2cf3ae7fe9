/*
 * A bounded set of counters, each under a text (the labels of a metric as they are written).
 * Counters are never removed; looking one up takes no lock.
 */
#ifndef SERVER_SERIES_H
#define SERVER_SERIES_H

#include "base/buf.h"

#include <stdint.h>

struct series;

/* An empty set for at most `capacity` texts. The caller frees. */
struct series *series_new(size_t capacity) __attribute__((warn_unused_result));
void series_free(struct series *series);

/* Adds one to the counter of `labels`. A new counter is made while there are fewer than `most` (and
 * fewer than the capacity); false when that stops it. */
bool series_count(struct series *series, struct str labels, size_t most)
    __attribute__((warn_unused_result));

/* Adds a line "name{labels} number" for each, sorted by labels. */
void series_write(const struct series *series, const char *name, struct buf *page);

#endif
