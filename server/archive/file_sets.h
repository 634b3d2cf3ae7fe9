/*
 * Which tar object of a backup holds which file, by files_metadata.json ("TarFileSets"), read as a
 * stream and kept as one hash a file. Pure.
 */
#ifndef SERVER_ARCHIVE_FILE_SETS_H
#define SERVER_ARCHIVE_FILE_SETS_H

#include "server/archive/json_stream.h"

/* Most files whose place is kept: 16 MiB of hashes. Of a backup with more none is. */
#define FILE_SETS_MAX 2000000u

struct file_sets {
    uint64_t *hashes; /* sorted once file_sets_end() was called; owned */
    size_t count, room;
    bool too_many; /* more than FILE_SETS_MAX, or a name that is too long: nothing is known */
};

struct file_sets_reader {
    struct json_stream json;
    struct file_sets *sets;
    bool inside;
    uint64_t tar; /* hash of the tar object whose files come */
};

/* Begins to read into *sets, which must be zero. The caller ends *sets with file_sets_done(). */
void file_sets_begin(struct file_sets_reader *reader, struct file_sets *sets);

/* Takes the next bytes; fails when they are no JSON. */
bool file_sets_feed(struct file_sets_reader *reader, struct str bytes, struct error *err)
    __attribute__((warn_unused_result));

/* There are no more bytes. */
void file_sets_end(struct file_sets_reader *reader);

/* Whether the list may have the file in this tar object: always, when it names no file. */
bool file_sets_has(const struct file_sets *sets, struct str tar, struct str file);

void file_sets_done(struct file_sets *sets);

#endif
