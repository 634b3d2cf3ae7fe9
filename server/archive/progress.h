/* How far a long look at an archive is, on a terminal or in a file: a line that replaces itself, or
 * one every ten seconds. Reads no clock. */
#ifndef SERVER_ARCHIVE_PROGRESS_H
#define SERVER_ARCHIVE_PROGRESS_H

#include "base/buf.h"

struct progress_state {
    uint64_t objects, objects_all; /* read, and to be read */
    uint64_t bytes, bytes_all;     /* as stored */
    const char *key;               /* the object that is being read; borrowed */
};

struct progress {
    int fd; /* -1: nothing is written */
    bool terminal;
    uint64_t begun, last; /* nanoseconds of the caller's clock; 0 = not yet */
};

/* To standard error, as a terminal takes it or not. */
struct progress progress_to(int fd);

/* Writes a line when it is time for one; `now` are nanoseconds of a clock that only goes forward.
 */
void progress_show(struct progress *progress, const struct progress_state *state, uint64_t now);

/* Takes the line away that a terminal shows. */
void progress_end(struct progress *progress);

/* Adds the line, without its end: "3 of 40 objects, 1.2 GiB of 3.4 GiB, 45.0 MiB/s: wal_005/...";
 * at most `width` columns. */
void progress_line(const struct progress_state *state, uint64_t nanos, size_t width,
                   struct buf *line);

#endif
