/* Page headers of WAL segments: however the bytes come, the same verdict. The first 9 bytes choose
 * what is known of the segment. */
#include "server/archive/wal_header.h"
#include "tests/fuzz/fuzz.h"

#define CHOICE 9

static enum wal_header_status check(struct str bytes, size_t step,
                                    const struct wal_header_expected *expected, struct error *err)
{
    struct wal_header header;
    wal_header_begin(&header, expected);
    enum wal_header_status status = WAL_HEADER_FINE;
    while (bytes.length && status == WAL_HEADER_FINE) {
        size_t count = bytes.length < step ? bytes.length : step;
        status = wal_header_feed(&header, (struct str){bytes.data, count}, err);
        bytes = str_skip(bytes, count);
    }
    return status == WAL_HEADER_FINE ? wal_header_end(&header, err) : status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < CHOICE)
        return 0;
    struct wal_header_expected expected = {
        .name = {data[0], data[1], data[2]},
        .segment_size = data[3] % 12 ? UINT64_C(1) << (19 + data[3] % 12) : 0,
        .system_identifier = data[4],
        .timeline_begins =
            (uint64_t)data[5] << 24 | (uint64_t)data[6] << 16 | (uint64_t)data[7] << 8 | data[8],
    };
    struct str bytes = {(const char *)data + CHOICE, size - CHOICE};
    struct error one_err = {""}, all_err = {""};
    enum wal_header_status one = check(bytes, 1 + size % 100, &expected, &one_err);
    enum wal_header_status all = check(bytes, size, &expected, &all_err);
    fuzz_check(one == all, "the same verdict in pieces");
    fuzz_check(strcmp(one_err.text, all_err.text) == 0, "the same text in pieces");
    fuzz_check((one == WAL_HEADER_FINE) == !*one_err.text, "a finding says what it is");
    fuzz_check(one != WAL_HEADER_FINE || bytes.length >= 1024 * 1024, "no segment is that small");
    return 0;
}
