#include "server/backoff.h"

/* The longest wait after 0, 1, 2, ... failures. */
static const uint32_t longest[] = {8000, 1000, 2000, 4000, 8000, BACKOFF_MOST_MS};

uint64_t backoff_ms(unsigned failures, unsigned asked, uint32_t random)
{
    unsigned last = sizeof(longest) / sizeof(*longest) - 1;
    uint64_t half = longest[failures < last ? failures : last] / 2;
    uint64_t wait = half + random % (half + 1);
    uint64_t asked_ms = (uint64_t)asked * 1000;
    if (asked_ms > BACKOFF_ASKED_MOST_MS)
        asked_ms = BACKOFF_ASKED_MOST_MS;
    return wait > asked_ms ? wait : asked_ms;
}
