/*
 * One object of an archive, read and decompressed: what source.h and codec.h give together.
 */
#ifndef SERVER_ARCHIVE_OBJECT_H
#define SERVER_ARCHIVE_OBJECT_H

#include "server/archive/codec.h"
#include "server/archive/source.h"

enum object_status {
    OBJECT_WHOLE,
    OBJECT_STOPPED, /* the callback returned false */
    OBJECT_ABSENT,
    OBJECT_NOT_READ,      /* network, credentials, permissions */
    OBJECT_CODEC_UNKNOWN, /* CODEC_UNKNOWN */
    OBJECT_FOREIGN,       /* CODEC_FOREIGN: encrypted, or other bytes */
    OBJECT_DAMAGED,       /* CODEC_DAMAGED */
};

/* Reads the object `key` and gives `take` what it holds, decompressed as its name says. Of every
 * status but OBJECT_WHOLE and OBJECT_STOPPED, `err` says what was found, as the end of a sentence
 * that begins with the key. `stored` (may be NULL) sees the bytes as they are stored, before they
 * are decompressed; it too may stop. */
enum object_status object_read(struct source *source, const char *key, codec_take take,
                               codec_take stored, void *context, struct error *err)
    __attribute__((warn_unused_result));

/* The same for a small object: adds its content to `text`. One that is larger than the buffer's
 * limit is OBJECT_DAMAGED. */
enum object_status object_read_small(struct source *source, const char *key, struct buf *text,
                                     struct error *err) __attribute__((warn_unused_result));

#endif
