#include "server/archive/deep.h"

#include "server/archive/deep_look.h"
#include "tests/unit/bytes_source.h"

#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define FULL "base_000000010000000000000002"
#define DELTA "base_000000010000000000000003_D_000000010000000000000002"
#define PART "basebackups_005/" FULL "/tar_partitions/part_001.tar"
#define LABEL "basebackups_005/" FULL "/tar_partitions/backup_label.tar"
#define MIB (UINT64_C(1) << 20)
#define SYSTEM UINT64_C(77)

/* An archive with segments of 1 MiB: a full backup in segment 2, a delta in 3, a promotion in 5. */
struct archive {
    struct source source;
    struct facts facts;
    struct report report;
};

static struct report_backup backup(const char *name, const char *parent, uint64_t segment)
{
    return (struct report_backup){
        .name = xstrdup(name),
        .parent = parent ? xstrdup(parent) : NULL,
        .state = BACKUP_USABLE,
        .timeline = 1,
        .start_lsn = segment * MIB + 40,
        .finish_lsn = segment * MIB + 256,
        .reaches = 1000,
        .reaches_wal = xstrdup("000000020000000000000007"),
    };
}

static void add(struct archive *archive, const char *key, struct str content)
{
    bytes_put(&archive->source, key, content);
    facts_add(&archive->facts, str_of(key), content.length, 1000);
}

static void put(unsigned char *at, uint64_t number, size_t length)
{
    for (size_t i = 0; i < length; i++)
        at[i] = (unsigned char)(number >> (8 * i));
}

/* A segment that was switched in its first page. */
static void add_segment(struct archive *archive, const char *key, uint32_t timeline,
                        uint64_t number)
{
    autofree unsigned char *segment = xcalloc(MIB, 1);
    put(segment, 0xD110, 2);
    put(segment + 2, 2, 2);
    put(segment + 4, timeline, 4);
    put(segment + 8, number * MIB, 8);
    put(segment + 24, SYSTEM, 8);
    put(segment + 32, MIB, 4);
    put(segment + 36, 8192, 4);
    add(archive, key, (struct str){(const char *)segment, MIB});
}

static const char *const segments[] = {
    "wal_005/000000010000000000000001", "wal_005/000000010000000000000002",
    "wal_005/000000010000000000000003", "wal_005/000000010000000000000004",
    "wal_005/000000020000000000000005", "wal_005/000000020000000000000006",
    "wal_005/000000020000000000000007",
};

static void make(struct archive *archive)
{
    *archive = (struct archive){0};
    add(archive, "basebackups_005/" FULL "_backup_stop_sentinel.json", STR("{}"));
    add(archive, "basebackups_005/" DELTA "_backup_stop_sentinel.json", STR("{}"));
    for (uint32_t i = 0; i < 7; i++)
        add_segment(archive, segments[i], i < 5 ? 1 : 2, i + 1);
    add(archive, "wal_005/00000002.history", STR("1\t0/500080\tnone\n"));
}

/* Looks, and gives the findings: "kind code object: what", one line each. */
static void look(struct archive *archive, const atomic_bool *cancel, struct buf *lines)
{
    static const char *const kinds[] = {"damage", "unknown", "note"};
    struct error err;
    struct facts *facts = &archive->facts;
    facts_sort(facts);
    facts->backups[0].sentinel.state = FACT_READ;
    facts->backups[1].sentinel.state = FACT_READ;
    facts->histories[0].fact.state = FACT_READ;
    assert_true(history_parse(STR("1\t0/500080\tnone\n"), 2, &facts->histories[0].history, &err));
    struct report_backup *backups = xcalloc(2, sizeof(*backups));
    backups[0] = backup(FULL, NULL, 2);
    backups[1] = backup(DELTA, FULL, 3);
    struct report *report = &archive->report;
    report->prefix = xstrdup("an archive");
    report->backups = backups;
    report->backup_count = 2;
    report->wal_segment_size = MIB;
    report->wal_newest = xstrdup("000000020000000000000007");
    report->system_identifier = SYSTEM;
    struct deep_options options = {.cancel = cancel};
    deep(&archive->source, facts, &options, report);
    buf_add_text(lines, "");
    for (size_t i = 0; i < archive->report.finding_count; i++) {
        const struct finding *it = &archive->report.findings[i];
        buf_addf(lines, "%s %s %s: %s\n", kinds[it->kind], it->code, it->object, it->what);
    }
}

static void done(struct archive *archive)
{
    bytes_done(&archive->source);
    facts_done(&archive->facts);
    report_done(&archive->report);
}

static void assert_found(struct archive *archive, const char *expected)
{
    cleanup(buf_clear) struct buf lines = BUF(65536);
    look(archive, NULL, &lines);
    assert_string_equal(buf_str(&lines).data, expected);
}

static void assert_backups(const struct archive *archive, enum backup_state full,
                           enum backup_state delta, const char *reaches)
{
    assert_int_equal(archive->report.backups[0].state, full);
    assert_int_equal(archive->report.backups[1].state, delta);
    assert_string_equal(archive->report.backups[0].reaches_wal, reaches);
}

static void a_part_that_is_no_tar(void **state)
{
    (void)state;
    cleanup(done) struct archive archive;
    make(&archive);
    add(&archive, PART, STR("no tar"));
    assert_found(&archive, "damage tar-damaged " PART
                           ": byte 6: ends without the two blocks of zeros of its end\n");
    assert_backups(&archive, BACKUP_DAMAGED, BACKUP_DAMAGED, "000000020000000000000007");
}

static void what_the_store_does_not_give_could_not_be_told(void **state)
{
    (void)state;
    cleanup(done) struct archive archive;
    make(&archive);
    add(&archive, PART, STR("x"));
    add(&archive, LABEL, STR("x"));
    bytes_put(&archive.source, PART, STR("x"))->forbidden = true;
    bytes_put(&archive.source, LABEL, STR("x"))->fleeting = true;
    assert_found(&archive, "unknown not-read " LABEL ": was listed, but is not there any more\n"
                           "unknown not-read " PART ": AccessDenied\n");
    assert_backups(&archive, BACKUP_UNKNOWN, BACKUP_UNKNOWN, "000000020000000000000007");
}

static void a_listing_that_fails_could_not_be_told(void **state)
{
    (void)state;
    cleanup(done) struct archive archive;
    make(&archive);
    archive.source.no_list = true;
    assert_found(&archive, "unknown not-read wal_005/: AccessDenied\n");
}

static void an_object_of_another_compression(void **state)
{
    (void)state;
    cleanup(done) struct archive archive;
    make(&archive);
    add(&archive, PART ".lzo", STR("x"));
    assert_found(&archive, "unknown codec-unknown " PART
                           ".lzo: is compressed as '.lzo', which is not read here\n");
}

static void empty_tar_objects_are_for_others_to_tell(void **state)
{
    (void)state;
    cleanup(done) struct archive archive;
    make(&archive);
    add(&archive, PART, STR(""));
    assert_found(&archive, "");
    assert_backups(&archive, BACKUP_USABLE, BACKUP_USABLE, "000000020000000000000007");
}

static void a_damaged_segment_ends_what_is_reached(void **state)
{
    (void)state;
    cleanup(done) struct archive archive;
    make(&archive);
    bytes_put(&archive.source, segments[5], STR("short"));
    assert_found(&archive, "damage wal-damaged wal_005/000000020000000000000006: page 0: ends in "
                           "it, expected 1048576 bytes in all\n");
    assert_backups(&archive, BACKUP_USABLE, BACKUP_USABLE, "000000020000000000000005");
    assert_int_equal(archive.report.backups[0].reaches, 1000);
}

static void a_segment_of_another_kind_of_machine(void **state)
{
    (void)state;
    cleanup(done) struct archive archive;
    make(&archive);
    autofree char *segment = xcalloc(MIB, 1);
    segment[0] = (char)0xD1; /* PostgreSQL 15's magic, the high byte first */
    segment[1] = 0x10;
    bytes_put(&archive.source, segments[5], (struct str){segment, MIB});
    assert_found(&archive, "unknown wal-unknown wal_005/000000020000000000000006: page 0: was "
                           "written by a machine with another order of bytes\n");
    assert_string_equal(archive.report.findings[0].way_out,
                        "restore this backup once, on a machine like the one that wrote it");
}

/* The segment before is of the timeline before: the first of the new one begins in the middle. */
static void the_first_segment_of_a_timeline(void **state)
{
    (void)state;
    cleanup(done) struct archive archive;
    make(&archive);
    add_segment(&archive, segments[4], 2, 5); /* its first page should be a copy of timeline 1's */
    assert_found(&archive, "damage wal-misplaced wal_005/000000020000000000000005: page 0: is of "
                           "timeline 2, expected one before 2\n");
    assert_backups(&archive, BACKUP_USABLE, BACKUP_USABLE, "000000010000000000000004");
}

static void a_segment_that_a_backup_needs(void **state)
{
    (void)state;
    cleanup(done) struct archive archive;
    make(&archive);
    bytes_put(&archive.source, segments[2], STR("short"))->forbidden = true;
    assert_found(&archive, "unknown not-read wal_005/000000010000000000000003: AccessDenied\n");
    assert_backups(&archive, BACKUP_USABLE, BACKUP_UNKNOWN, "000000020000000000000007");
}

static void wal_that_nobody_needs(void **state)
{
    (void)state;
    cleanup(done) struct archive archive;
    make(&archive);
    bytes_put(&archive.source, segments[0], STR("before the first backup"));
    add(&archive, "wal_005/000000010000000000000005", STR("behind the promotion"));
    add(&archive, "wal_005/000000010000000000000006.partial.lz4", STR("the end of a timeline"));
    assert_found(&archive,
                 "note wal-damaged wal_005/000000010000000000000005: page 0: ends in it, expected "
                 "1048576 bytes in all\n"
                 "note not-decompressible wal_005/000000010000000000000006.partial.lz4: does not "
                 "begin as its name says, as later segments do\n");
    assert_backups(&archive, BACKUP_USABLE, BACKUP_USABLE, "000000020000000000000007");
}

static void what_is_told_already_is_not_told_again(void **state)
{
    (void)state;
    cleanup(done) struct archive archive;
    make(&archive);
    add(&archive, PART ".lzo", STR("x"));
    report_add(&archive.report, FINDING_UNKNOWN, "codec-unknown", PART ".lzo", "told", "", "");
    assert_found(&archive, "unknown codec-unknown " PART ".lzo: told\n");
}

static void it_can_be_ended(void **state)
{
    (void)state;
    cleanup(done) struct archive archive;
    cleanup(buf_clear) struct buf lines = BUF(65536);
    atomic_bool cancel = true;
    make(&archive);
    look(&archive, &cancel, &lines);
    assert_string_equal(buf_str(&lines).data,
                        "unknown not-read : the look was ended before its end\n");
}

/* Each delta on the one before; looked through for each finding, they would take minutes. */
static void a_damage_reaches_all_deltas_on_it(void **state)
{
    (void)state;
    enum { COUNT = 3000 };
    struct report report = {.backups = xcalloc(COUNT, sizeof(*report.backups)),
                            .backup_count = COUNT};
    struct look it = {.report = &report};
    for (unsigned i = 0; i < COUNT; i++)
        report.backups[i] = (struct report_backup){
            .name = xasprintf("base_0000000100000000%08X", i + 1),
            .parent = i ? xstrdup(report.backups[i - 1].name) : NULL,
            .state = BACKUP_USABLE,
        };
    const char *part = "basebackups_005/base_00000001000000000000000A/tar_partitions/part_";
    for (unsigned i = 0; i < 100; i++) {
        autofree char *key = xasprintf("%s%u.tar", part, i);
        look_found(&it, i ? FINDING_DAMAGE : FINDING_UNKNOWN, "tar-damaged", key, "it");
        assert_int_equal(report.backups[COUNT - 1].state, i ? BACKUP_DAMAGED : BACKUP_UNKNOWN);
    }
    assert_int_equal(report.backups[9].state, BACKUP_DAMAGED);
    assert_int_equal(report.backups[8].state, BACKUP_USABLE);
    free(it.reached);
    report_done(&report);
}

struct ending {
    atomic_bool cancel;
    unsigned pieces;
};

static bool end_it(void *context, struct str bytes)
{
    struct ending *ending = context;
    (void)bytes;
    ending->pieces++;
    atomic_store(&ending->cancel, true);
    return true;
}

/* Few stored bytes may come out as gigabytes: eight blocks of 128 KiB that are one zero each. */
static void it_can_be_ended_within_a_piece(void **state)
{
    (void)state;
    struct error err;
    struct ending ending = {.cancel = false};
    struct source source = {0};
    const struct deep_options options = {.cancel = &ending.cancel};
    struct look it = {.source = &source, .options = &options};
    cleanup(buf_clear) struct buf frame = BUF(64);
    buf_add(&frame, (struct str){"\x28\xb5\x2f\xfd\x00\x38", 6});
    for (unsigned i = 0; i < 8; i++)
        buf_add(&frame, (struct str){i < 7 ? "\x02\x00\x10" : "\x03\x00\x10", 4});
    bytes_put(&source, "it.zst", buf_str(&frame));
    assert_int_equal(look_read(&it, "it.zst", end_it, &ending, &err), OBJECT_STOPPED);
    assert_int_equal(ending.pieces, 1);
    bytes_done(&source);
}

static void nothing_is_wrong(void **state)
{
    (void)state;
    cleanup(done) struct archive archive;
    make(&archive);
    assert_found(&archive, "");
    assert_backups(&archive, BACKUP_USABLE, BACKUP_USABLE, "000000020000000000000007");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_part_that_is_no_tar),
        cmocka_unit_test(what_the_store_does_not_give_could_not_be_told),
        cmocka_unit_test(a_listing_that_fails_could_not_be_told),
        cmocka_unit_test(an_object_of_another_compression),
        cmocka_unit_test(empty_tar_objects_are_for_others_to_tell),
        cmocka_unit_test(a_damaged_segment_ends_what_is_reached),
        cmocka_unit_test(a_segment_of_another_kind_of_machine),
        cmocka_unit_test(the_first_segment_of_a_timeline),
        cmocka_unit_test(a_segment_that_a_backup_needs),
        cmocka_unit_test(wal_that_nobody_needs),
        cmocka_unit_test(what_is_told_already_is_not_told_again),
        cmocka_unit_test(a_damage_reaches_all_deltas_on_it),
        cmocka_unit_test(it_can_be_ended),
        cmocka_unit_test(it_can_be_ended_within_a_piece),
        cmocka_unit_test(nothing_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
