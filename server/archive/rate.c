#include "server/archive/rate.h"

#define SECOND UINT64_C(1000000000)

/* Most that is waited for at once: an hour. */
#define WAIT_MAX (3600 * SECOND)

uint64_t rate_take(struct rate *rate, uint64_t bytes, uint64_t now)
{
    if (!rate->bytes_per_second)
        return 0;
    uint64_t earliest = now > RATE_BURST_NS ? now - RATE_BURST_NS : 0;
    if (rate->paid < earliest)
        rate->paid = earliest;
    uint64_t seconds = bytes / rate->bytes_per_second;
    uint64_t rest = bytes % rate->bytes_per_second;
    /* The rest is less than a second: a double holds it to the nanosecond. */
    double part = (double)rest / (double)rate->bytes_per_second * (double)SECOND;
    rate->paid += (seconds < 3600 ? seconds : 3600) * SECOND + (uint64_t)part;
    uint64_t wait = rate->paid > now ? rate->paid - now : 0;
    return wait < WAIT_MAX ? wait : WAIT_MAX;
}
