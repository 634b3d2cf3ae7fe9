/* One look at one archive, on a thread of its own, so that a store that hangs holds up nobody. */
#ifndef SERVER_ARCHIVE_WATCH_LOOK_H
#define SERVER_ARCHIVE_WATCH_LOOK_H

#include "server/archive/report.h"
#include "server/archive/watch_config.h"

struct watch_look;

/* Begins; `done_fd` (an eventfd) is written to at the end. A list of WAL-G's may be `list_age_max`
 * seconds old. The target must live as long. The caller frees. */
bool watch_look_start(const struct watch_target *target, int64_t list_age_max, int done_fd,
                      struct watch_look **ret, struct error *err)
    __attribute__((warn_unused_result));

/* Ends it soon: what was not read by then could not be told. */
void watch_look_cancel(struct watch_look *look);

/* Whether it has ended. Only then there is a report (borrowed), and the look can be freed. */
bool watch_look_ended(const struct watch_look *look);
const struct report *watch_look_report(const struct watch_look *look);
uint64_t watch_look_ms(const struct watch_look *look); /* how long it took */
void watch_look_free(struct watch_look *look);

#endif
