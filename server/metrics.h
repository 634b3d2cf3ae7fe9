/*
 * The numbers of the process for Prometheus (text exposition format 0.0.4). Counting never waits:
 * counters are atomic, and a series is found without a lock once it exists.
 */
#ifndef SERVER_METRICS_H
#define SERVER_METRICS_H

#include "base/buf.h"
#include "server/admit.h"

/* Largest page of numbers, in bytes. */
#define METRICS_PAGE_MAX (4u * 1024 * 1024)

/* Most series with a profile of their own; what comes later counts under profile="other". */
#define METRICS_PROFILE_SERIES_MAX 1024

struct metrics;

struct metrics *metrics_new(void) __attribute__((warn_unused_result));
void metrics_free(struct metrics *metrics);

/* One answered request; `path` is a route's pattern. */
void metrics_request(struct metrics *metrics, const char *path, unsigned code);

/* How long one request to a webhook path took, from its headers to its answer. */
void metrics_duration(struct metrics *metrics, uint64_t nanos);

/* One decision; `kind` is admit_kind_name(). */
void metrics_decision(struct metrics *metrics, const char *kind,
                      const struct admit_summary *summary);

/* Whether the last load of the configuration succeeded; when the serving certificate ends (seconds
 * UTC, 0 = there is none). */
void metrics_config_loaded(struct metrics *metrics, bool successful);
void metrics_certificate(struct metrics *metrics, int64_t not_after);

/* Adds what every process has: process_* and build_info. */
void metrics_write_process(struct buf *page);

/* Adds everything, process_* included. */
void metrics_write(const struct metrics *metrics, struct buf *page);

#endif
