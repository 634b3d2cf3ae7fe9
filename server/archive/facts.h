/*
 * What was read of an archive: data only, filled by collect.c, judged by judge.c.
 */
#ifndef SERVER_ARCHIVE_FACTS_H
#define SERVER_ARCHIVE_FACTS_H

#include "base/strlist.h"
#include "server/archive/history.h"
#include "server/archive/names.h"
#include "server/archive/record.h"
#include "server/archive/wal.h"

/* Most that is kept of each; what is beyond could not be told. */
#define FACTS_BACKUPS_MAX 10000
#define FACTS_TARS_MAX 200000
#define FACTS_HISTORIES_MAX 1000
#define FACTS_MARKS_MAX 1000
#define FACTS_FOREIGN_MAX 20

/* How it went with one object, or one listing. */
enum fact_state {
    FACT_ABSENT, /* the listing does not have it */
    FACT_LISTED, /* it is there; nobody had to read it */
    FACT_READ,
    FACT_BROKEN,    /* read, but it is not what it should be */
    FACT_NOT_READ,  /* network, credentials, permissions; or more than we keep */
    FACT_ENCRYPTED, /* does not begin as its name says: encrypted, or other bytes */
    FACT_CODEC,     /* a compression that is not read here */
};

struct fact {
    enum fact_state state;
    char *why; /* from FACT_BROKEN on: the end of a sentence that begins with the key; owned */
};

/* An object below tar_partitions/. */
struct tar_fact {
    char *name; /* "part_001.tar.lz4"; owned */
    uint64_t size;
    enum name_kind kind;
    uint32_t part;
    bool named; /* the list of files names it */
};

/* Everything whose key belongs to one backup. */
struct backup_facts {
    char *name;
    struct segment_name segment, parent; /* by its name; parent.timeline 0 = a full backup */
    int64_t modified;                    /* of its newest object */
    uint64_t size;                       /* of all of its objects */
    struct fact sentinel, metadata, files;
    struct fact control;           /* its pg_control, read to the end: it is small */
    struct record described;       /* by the sentinel */
    struct record metadata_record; /* by metadata.json */
    struct record files_record;    /* of files_metadata.json */
    struct tar_fact *tars;         /* by name */
    size_t tar_count, tar_room;
    size_t tars_dropped;    /* beyond FACTS_TARS_MAX */
    struct strlist missing; /* tar objects that the list of files names, but that are not there */
};

struct history_facts {
    uint32_t timeline;
    char *key; /* relative to the prefix; owned */
    int64_t modified;
    struct fact fact;
    struct history history;
};

/* "wal_005/<segment>.<offset>.backup" */
struct mark_facts {
    struct segment_name segment;
    uint32_t offset;
};

struct facts {
    struct fact top, backup_list, wal_list; /* FACT_READ, or FACT_NOT_READ and why */
    struct backup_facts *backups;           /* by name, once facts_sort() has been called */
    uint32_t *order;                        /* of them, by name; only while objects are added */
    size_t backup_count, backup_room;
    struct wal wal;
    struct history_facts *histories; /* by timeline */
    size_t history_count, history_room;
    struct mark_facts *marks;
    size_t mark_count;
    size_t tar_count;
    bool wal_cut;           /* there was more WAL than is kept */
    const char *too_many;   /* what there was more of than is kept: a literal; NULL */
    char suffix[8];         /* of the compression of WAL, with its dot; "" for none */
    uint64_t objects;       /* how many the listings had */
    struct strlist foreign; /* keys, FACTS_FOREIGN_MAX of them; folders end with "/" */
    uint64_t foreign_count;
};

/* The backup of that name; NULL when there is none. The backups must be sorted. */
struct backup_facts *facts_backup(const struct facts *facts, struct str name);

/* The tar object of that name; NULL when there is none. */
struct tar_fact *facts_tar(const struct backup_facts *backup, struct str name);

/* The history file of a timeline; NULL when there is none. */
const struct history_facts *facts_history(const struct facts *facts, uint32_t timeline);

/* Adds a listed object. Once all are added, facts_sort(). */
void facts_add(struct facts *facts, struct str key, uint64_t size, int64_t modified);
void facts_sort(struct facts *facts);

void facts_done(struct facts *facts);

#endif
