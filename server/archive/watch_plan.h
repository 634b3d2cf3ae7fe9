/* When which archive is looked at. Pure: time is a parameter (milliseconds of a clock that only
 * goes forward). */
#ifndef SERVER_ARCHIVE_WATCH_PLAN_H
#define SERVER_ARCHIVE_WATCH_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WATCH_PLAN_NONE SIZE_MAX

struct watch_plan {
    uint64_t interval;
    size_t count;
    uint64_t *due; /* of each target; owned */
    bool *busy;    /* being looked at */
    bool *begun;   /* looked at once */
};

/* All are due at `now`, in their order. */
struct watch_plan watch_plan_new(size_t count, uint64_t interval, uint64_t now);
void watch_plan_done(struct watch_plan *plan);

/* The target that has been due for the longest time at `now`; WATCH_PLAN_NONE when none is. */
size_t watch_plan_next(const struct watch_plan *plan, uint64_t now);

/* When the next one is due that is not busy; UINT64_MAX for never. */
uint64_t watch_plan_when(const struct watch_plan *plan);

/* The look at the target begins at `now`. The next one is an interval later; after the first look
 * earlier, so that the looks at many archives are spread over the interval. */
void watch_plan_begin(struct watch_plan *plan, size_t target, uint64_t now);

/* The look has ended; or it was put off: then it is due again at `due`. */
void watch_plan_end(struct watch_plan *plan, size_t target);
void watch_plan_put_off(struct watch_plan *plan, size_t target, uint64_t due);

#endif
