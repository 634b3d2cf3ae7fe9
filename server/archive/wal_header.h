/*
 * The page headers of a WAL segment, read as a stream: whether the bytes are a segment, and the one
 * that its name says. Pure, in constant memory; records are not looked into.
 */
#ifndef SERVER_ARCHIVE_WAL_HEADER_H
#define SERVER_ARCHIVE_WAL_HEADER_H

#include "base/error.h"
#include "server/archive/names.h"

/* Bytes of the header of a segment's first page (XLogLongPageHeaderData); the others have the
 * first 24 of them. */
#define WAL_HEADER_LONG 40

enum wal_header_status {
    WAL_HEADER_FINE,
    WAL_HEADER_UNKNOWN,      /* of a machine with another order of bytes */
    WAL_HEADER_DAMAGED,      /* no WAL segment, or not all of one */
    WAL_HEADER_MISPLACED,    /* sound, but not the segment of this name */
    WAL_HEADER_OTHER_SYSTEM, /* of another database cluster */
};

/* What is known of the segment before it is read; 0 = not known, but for its name. */
struct wal_header_expected {
    struct segment_name name;
    uint64_t segment_size;
    uint64_t system_identifier;
    uint64_t timeline_begins; /* LSN where the timeline left its parent: pages from here on are its
                                 own, those before are copies of an ancestor's */
};

/* Not to be looked into; begins with wal_header_begin(). */
struct wal_header {
    struct wal_header_expected expected;
    uint16_t magic; /* of the first page, and so of all */
    uint32_t page_size;
    uint64_t segment_size;
    uint64_t address;       /* LSN of the first page */
    uint32_t page;          /* number of the one that is being read */
    uint32_t left;          /* bytes of it, once its header is complete; else 0 */
    uint32_t last_timeline; /* of the pages so far: it never goes back */
    bool empty;             /* the pages are zeros from here on: the segment was switched */
    size_t filled;          /* bytes of `bytes`: the header of that page */
    unsigned char bytes[WAL_HEADER_LONG];
};

void wal_header_begin(struct wal_header *header, const struct wal_header_expected *expected);

/* Takes the next bytes. Of a status other than WAL_HEADER_FINE, `err` says what was found ("page 3:
 * ..."); nothing may be fed after that. */
enum wal_header_status wal_header_feed(struct wal_header *header, struct str bytes,
                                       struct error *err) __attribute__((warn_unused_result));

/* There are no more bytes. */
enum wal_header_status wal_header_end(const struct wal_header *header, struct error *err)
    __attribute__((warn_unused_result));

/* The version of PostgreSQL that writes this magic ("15"); NULL when it is not in the table. */
const char *wal_header_version(uint16_t magic);

#endif
