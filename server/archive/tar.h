/*
 * Reads a tar archive as a stream, strictly: what Go's archive/tar writes (ustar; pax records and
 * GNU long names where those do not suffice) and nothing else. Pure; holds one header and one
 * extended header in memory.
 */
#ifndef SERVER_ARCHIVE_TAR_H
#define SERVER_ARCHIVE_TAR_H

#include "base/buf.h"
#include "base/error.h"

/* Largest extended header (pax records, a GNU long name), in bytes. */
#define TAR_EXTENDED_MAX (64u * 1024)

#define TAR_BLOCK 512

struct tar_member {
    struct str name; /* borrowed, as it is stored: "/base/1/1247" */
    char type;       /* '0' a file, '5' a folder, '2' a symbolic link, ... */
    uint64_t size;   /* of what follows; 0 for everything that has no content */
};

/* Either may be NULL. */
struct tar_handler {
    void *context;
    void (*member)(void *context, const struct tar_member *member);
    void (*content)(void *context, struct str bytes); /* of the last member, in pieces */
};

enum tar_phase { TAR_HEADER, TAR_CONTENT, TAR_EXTENDED, TAR_PADDING, TAR_FIRST_END, TAR_AT_END };

/* Not to be looked into; begins as TAR_NEW, ends with tar_done(). */
struct tar {
    enum tar_phase phase;
    uint64_t offset; /* bytes taken */
    uint64_t left;   /* of the content */
    uint64_t padding;
    size_t filled; /* bytes of the block */
    char block[TAR_BLOCK];
    char extended_type;  /* what `extended` is: 'x', 'g', 'L', 'K' */
    struct buf extended; /* the extended header that is being read */
    struct buf name;     /* from an extended header, for the next member; empty for none */
    bool has_size;
    uint64_t size; /* the same */
};

#define TAR_NEW ((struct tar){.extended = BUF(TAR_EXTENDED_MAX), .name = BUF(TAR_EXTENDED_MAX)})

/* Takes the next bytes. False with `err` ("byte 1536: ...") when they are not such an archive;
 * nothing may be fed after that. */
bool tar_feed(struct tar *tar, struct str bytes, const struct tar_handler *handler,
              struct error *err) __attribute__((warn_unused_result));

/* There are no more bytes: false with `err` when the archive is not at its end. */
bool tar_end(const struct tar *tar, struct error *err) __attribute__((warn_unused_result));

void tar_done(struct tar *tar);

#endif
