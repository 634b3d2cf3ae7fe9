#include "server/archive/wal_header.h"

/* XLogPageHeaderData: magic, info, timeline, address, remaining bytes of a record, padding. */
#define SHORT 24
#define INFO_AT 2
#define TIMELINE_AT 4
#define ADDRESS_AT 8
#define REMAINING_AT 16
/* What the long one has behind it: system identifier, size of a segment, size of a page. */
#define SYSTEM_AT 24
#define SEGMENT_SIZE_AT 32
#define PAGE_SIZE_AT 36

#define INFO_CONTINUED 0x0001
#define INFO_LONG 0x0002
#define INFO_KNOWN 0x000F

#define PAGE_SIZE_MIN 1024u
#define PAGE_SIZE_MAX 65536u
#define SEGMENT_SIZE_MIN (UINT64_C(1) << 20)
#define SEGMENT_SIZE_MAX (UINT64_C(1) << 30)

/* XLOG_PAGE_MAGIC of each major version. */
static const struct version {
    uint16_t magic;
    const char *name;
} versions[] = {
    {0xD087, "9.5"}, {0xD093, "9.6"}, {0xD097, "10"}, {0xD098, "11"},
    {0xD101, "12"},  {0xD106, "13"},  {0xD10D, "14"}, {0xD110, "15"},
    {0xD113, "16"},  {0xD116, "17"},  {0xD118, "18"},
};

/* Magics of versions that are not out yet go on from here, in this range. */
#define MAGIC_MIN 0xD087
#define MAGIC_MAX 0xD1FF

const char *wal_header_version(uint16_t magic)
{
    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
        if (versions[i].magic == magic)
            return versions[i].name;
    return NULL;
}

static uint64_t number_at(const struct wal_header *header, size_t at, size_t length)
{
    uint64_t number = 0;
    for (size_t i = length; i > 0; i--)
        number = number << 8 | header->bytes[at + i - 1];
    return number;
}

static uint16_t magic_of(const struct wal_header *header)
{
    return (uint16_t)number_at(header, 0, 2);
}

static bool is_size(uint64_t size, uint64_t min, uint64_t max)
{
    return size >= min && size <= max && (size & (size - 1)) == 0;
}

#define DAMAGED(err, ...) (error_set_(err, __VA_ARGS__), WAL_HEADER_DAMAGED)
#define MISPLACED(err, ...) (error_set_(err, __VA_ARGS__), WAL_HEADER_MISPLACED)

static enum wal_header_status check_magic(const struct wal_header *header, struct error *err)
{
    unsigned magic = magic_of(header);
    unsigned swapped = (magic & 0xFF) << 8 | magic >> 8;
    if (magic >= MAGIC_MIN && magic <= MAGIC_MAX)
        return WAL_HEADER_FINE;
    if (swapped >= MAGIC_MIN && swapped <= MAGIC_MAX) {
        error_set_(err, "page 0: was written by a machine with another order of bytes");
        return WAL_HEADER_UNKNOWN;
    }
    return DAMAGED(err,
                   "page 0: begins with %04X, expected the magic of a WAL page (D110 is "
                   "PostgreSQL 15's)",
                   magic);
}

/* The fields that only the first page has. */
static enum wal_header_status check_long(struct wal_header *header, struct error *err)
{
    const struct wal_header_expected *expected = &header->expected;
    uint64_t segment_size = number_at(header, SEGMENT_SIZE_AT, 4);
    uint64_t page_size = number_at(header, PAGE_SIZE_AT, 4);
    uint64_t system = number_at(header, SYSTEM_AT, 8);
    if (!(number_at(header, INFO_AT, 2) & INFO_LONG) ||
        !is_size(segment_size, SEGMENT_SIZE_MIN, SEGMENT_SIZE_MAX) ||
        !is_size(page_size, PAGE_SIZE_MIN, PAGE_SIZE_MAX))
        return DAMAGED(err, "page 0: has no long header, which the first page of a segment has");
    if (expected->system_identifier && system != expected->system_identifier) {
        error_set_(err, "page 0: is of the database cluster %llu, expected %llu",
                   (unsigned long long)system, (unsigned long long)expected->system_identifier);
        return WAL_HEADER_OTHER_SYSTEM;
    }
    if (expected->segment_size && segment_size != expected->segment_size)
        return MISPLACED(err, "page 0: is of a cluster with segments of %llu bytes, expected %llu",
                         (unsigned long long)segment_size,
                         (unsigned long long)expected->segment_size);
    header->magic = magic_of(header);
    header->segment_size = segment_size;
    header->page_size = (uint32_t)page_size;
    header->address = ((uint64_t)expected->name.high << 32) + expected->name.low * segment_size;
    return WAL_HEADER_FINE;
}

static enum wal_header_status check_address(const struct wal_header *header, uint64_t expected,
                                            struct error *err)
{
    uint64_t address = number_at(header, ADDRESS_AT, 8);
    if (address == expected)
        return WAL_HEADER_FINE;
    /* All pages of another's segment are elsewhere; one page alone is a damage. */
    if (header->page == 0)
        return MISPLACED(err, "page 0: is the WAL at %X/%X, expected %X/%X",
                         (unsigned)(address >> 32), (unsigned)address, (unsigned)(expected >> 32),
                         (unsigned)expected);
    return DAMAGED(err, "page %u: is the WAL at %X/%X, expected %X/%X", header->page,
                   (unsigned)(address >> 32), (unsigned)address, (unsigned)(expected >> 32),
                   (unsigned)expected);
}

static enum wal_header_status check_timeline(struct wal_header *header, uint64_t address,
                                             struct error *err)
{
    uint32_t own = header->expected.name.timeline;
    uint32_t timeline = (uint32_t)number_at(header, TIMELINE_AT, 4);
    uint64_t begins = own == 1 ? 1 : header->expected.timeline_begins;
    if (timeline == 0 || timeline < header->last_timeline)
        return DAMAGED(err, "page %u: is of timeline %u, behind one of timeline %u", header->page,
                       timeline, header->last_timeline);
    header->last_timeline = timeline;
    bool copied = begins && address < begins && own != 1;
    if (timeline > own || (copied && timeline == own))
        return MISPLACED(err, "page %u: is of timeline %u, expected %s %u", header->page, timeline,
                         copied ? "one before" : "at most", own);
    if (begins && !copied && timeline != own)
        return MISPLACED(err, "page %u: is of timeline %u, expected %u", header->page, timeline,
                         own);
    return WAL_HEADER_FINE;
}

/* The header of a page is complete. */
static enum wal_header_status check_page(struct wal_header *header, struct error *err)
{
    enum wal_header_status status = WAL_HEADER_FINE;
    bool first = header->page == 0;
    if (first && (status = check_magic(header, err)) != WAL_HEADER_FINE)
        return status;
    if (first && (status = check_long(header, err)) != WAL_HEADER_FINE)
        return status;
    unsigned info = (unsigned)number_at(header, INFO_AT, 2);
    if (magic_of(header) != header->magic)
        return DAMAGED(err, "page %u: begins with %04X, expected %04X as page 0", header->page,
                       magic_of(header), header->magic);
    if ((wal_header_version(header->magic) && info & ~(unsigned)INFO_KNOWN) ||
        (!first && info & INFO_LONG))
        return DAMAGED(err, "page %u: has the flags %04X, which no such page has", header->page,
                       info);
    if ((info & INFO_CONTINUED) && number_at(header, REMAINING_AT, 4) == 0)
        return DAMAGED(err, "page %u: goes on with a record of which nothing is left",
                       header->page);
    uint64_t address = header->address + (uint64_t)header->page * header->page_size;
    status = check_address(header, address, err);
    return status == WAL_HEADER_FINE ? check_timeline(header, address, err) : status;
}

static bool all_zeros(const void *bytes, size_t length)
{
    const char *data = bytes;
    return length == 0 || (*data == 0 && memcmp(data, data + 1, length - 1) == 0);
}

static enum wal_header_status begin_page(struct wal_header *header, struct error *err)
{
    if (header->page > 0 && all_zeros(header->bytes, header->filled)) {
        header->empty = true;
        return WAL_HEADER_FINE;
    }
    if (header->empty)
        return DAMAGED(err, "page %u: is behind an empty page, from which on a segment is empty",
                       header->page);
    return check_page(header, err);
}

static enum wal_header_status take_header(struct wal_header *header, struct str *bytes,
                                          struct error *err)
{
    size_t whole = header->page == 0 ? WAL_HEADER_LONG : SHORT;
    size_t count = whole - header->filled;
    count = count < bytes->length ? count : bytes->length;
    memcpy(header->bytes + header->filled, bytes->data, count);
    *bytes = str_skip(*bytes, count);
    header->filled += count;
    if (header->filled < whole)
        return WAL_HEADER_FINE;
    enum wal_header_status status = begin_page(header, err);
    header->left = header->page_size - (uint32_t)whole;
    return status;
}

static enum wal_header_status take_body(struct wal_header *header, struct str *bytes,
                                        struct error *err)
{
    size_t count = header->left < bytes->length ? header->left : bytes->length;
    if (header->empty && !all_zeros(bytes->data, count))
        return DAMAGED(err, "page %u: has no header, but is not empty", header->page);
    *bytes = str_skip(*bytes, count);
    header->left -= (uint32_t)count;
    if (header->left == 0) {
        header->page++;
        header->filled = 0;
    }
    return WAL_HEADER_FINE;
}

void wal_header_begin(struct wal_header *header, const struct wal_header_expected *expected)
{
    *header = (struct wal_header){.expected = *expected};
}

static bool is_complete(const struct wal_header *header)
{
    return header->page_size && header->page == header->segment_size / header->page_size;
}

enum wal_header_status wal_header_feed(struct wal_header *header, struct str bytes,
                                       struct error *err)
{
    enum wal_header_status status = WAL_HEADER_FINE;
    while (bytes.length && status == WAL_HEADER_FINE) {
        if (is_complete(header))
            return DAMAGED(err, "goes on behind the %llu bytes of a segment",
                           (unsigned long long)header->segment_size);
        status = header->left ? take_body(header, &bytes, err) : take_header(header, &bytes, err);
    }
    return status;
}

enum wal_header_status wal_header_end(const struct wal_header *header, struct error *err)
{
    if (is_complete(header))
        return WAL_HEADER_FINE;
    return DAMAGED(err, "page %u: ends in it, expected %llu bytes in all", header->page,
                   (unsigned long long)(header->segment_size ? header->segment_size
                                                             : header->expected.segment_size));
}
