/* Files, whole: read with a limit, written so that a reader sees the old or the new content. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/buf.h"
#include "base/error.h"

#include <sys/types.h>

/* Adds the file's content to `buf`, whose limit is the largest file accepted. "-" is standard
 * input. Fails with the path and the cause. */
bool file_read(const char *path, struct buf *buf, struct error *err)
    __attribute__((warn_unused_result));

/* Writes through a temporary file in the same folder, fsync and rename; `mode` as chmod. Leaves
 * nothing behind on failure. */
bool file_write(const char *path, struct str content, mode_t mode, struct error *err)
    __attribute__((warn_unused_result));

/* The same for a new file: one that is there stays as it is, and is an error. */
bool file_create(const char *path, struct str content, mode_t mode, struct error *err)
    __attribute__((warn_unused_result));

#endif
