/* A limit of bytes a second, as arithmetic on a given clock. */
#ifndef SERVER_ARCHIVE_RATE_H
#define SERVER_ARCHIVE_RATE_H

#include <stdint.h>

/* What may come at once after a pause, in nanoseconds of the rate. */
#define RATE_BURST_NS UINT64_C(100000000)

struct rate {
    uint64_t bytes_per_second; /* 0 = no limit */
    uint64_t paid;             /* all bytes so far are due until then */
};

/* Counts bytes that came at `now` (nanoseconds of a clock that only goes forward). Returns how many
 * nanoseconds to wait before the next ones. */
uint64_t rate_take(struct rate *rate, uint64_t bytes, uint64_t now);

#endif
