/* What WAL-G writes of a backup, as a stream: however the bytes come, the same verdict and the same
 * record; all that jansson takes for JSON is JSON here too, with the same LSN. History files beside
 * it: the same entries, in order. */
#include "base/buf.h"
#include "base/mem.h"
#include "server/archive/history.h"
#include "server/archive/record.h"
#include "tests/fuzz/fuzz.h"

#include <jansson.h>

#define SETS_MAX (1024u * 1024)

static void write_set(void *context, struct str tar)
{
    fuzz_check(tar.length <= RECORD_TAR_MAX, "a name is bounded");
    buf_add(context, tar);
    buf_add_text(context, ";");
}

static bool read_record(enum record_kind kind, struct str bytes, size_t step, struct record *record,
                        struct buf *sets, struct error *err)
{
    struct record_reader reader;
    record_begin(&reader, kind, record, write_set, sets);
    while (bytes.length) {
        struct str piece = {bytes.data, bytes.length < step ? bytes.length : step};
        if (!record_feed(&reader, piece, err))
            return false;
        bytes = str_skip(bytes, piece.length);
    }
    return record_end(&reader, err);
}

static void check_pieces(enum record_kind kind, struct str bytes)
{
    struct record one = {0}, all = {0};
    struct error one_err = {""}, all_err = {""};
    struct buf one_sets = BUF(SETS_MAX), all_sets = BUF(SETS_MAX);
    const bool one_read =
        read_record(kind, bytes, 1 + bytes.length % 61, &one, &one_sets, &one_err);
    const bool all_read = read_record(kind, bytes, bytes.length + 1, &all, &all_sets, &all_err);
    fuzz_check(one_read == all_read, "the same verdict in pieces");
    fuzz_check(one_read == !*one_err.text, "an error says what is wrong");
    if (one_read) {
        fuzz_check(!memcmp(one.values, all.values, sizeof one.values), "the same values in pieces");
        fuzz_check(one.seen == all.seen, "the same fields in pieces");
        fuzz_check(one_sets.failed == all_sets.failed &&
                       (one_sets.failed || str_equal(buf_str(&one_sets), buf_str(&all_sets))),
                   "the same tar objects in pieces");
    }
    record_done(&one);
    record_done(&all);
    buf_clear(&one_sets);
    buf_clear(&all_sets);
}

static void ignore(void *context, const struct json_token *token)
{
    (void)context;
    fuzz_check(token->depth <= JSON_STREAM_DEPTH, "depth is bounded");
    fuzz_check(token->text.length <= JSON_STREAM_TEXT, "a text is bounded");
}

/* The limits of the stream apart, which jansson does not have. */
static bool is_json(struct str bytes, bool *ret_limit)
{
    struct json_stream json;
    struct error err = {""};
    json_stream_begin(&json, ignore, NULL);
    const bool read = json_stream_feed(&json, bytes, &err) && json_stream_end(&json, &err);
    *ret_limit = json.cut || strstr(err.text, "nested deeper");
    return read;
}

/* jansson 2.14 loses a NUL byte behind a number or a literal and accepts what follows. */
static void check_jansson(struct str bytes)
{
    if (bytes.length && memchr(bytes.data, '\0', bytes.length))
        return;
    json_error_t why;
    bool limit;
    json_t *expected = json_loadb(bytes.data, bytes.length, JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
    fuzz_check(!expected || is_json(bytes, &limit) || limit, "jansson takes it for JSON");
    struct record record = {0};
    struct error err;
    struct buf sets = BUF(SETS_MAX);
    json_t *lsn = json_object_get(expected, "LSN");
    if (json_is_integer(lsn) &&
        read_record(RECORD_SENTINEL, bytes, bytes.length, &record, &sets, &err))
        fuzz_check(record.values[RECORD_START_LSN] == (uint64_t)json_integer_value(lsn), "LSN");
    buf_clear(&sets);
    record_done(&record);
    json_decref(expected);
}

static void check_history(struct str bytes)
{
    struct history history;
    struct error err;
    if (!history_parse(bytes, 1000, &history, &err))
        return;
    fuzz_check(history.count > 0 && history.count <= HISTORY_MAX, "a history has timelines");
    for (size_t i = 0; i < history.count; i++)
        fuzz_check(history.entries[i].timeline < 1000 &&
                       (!i || history.entries[i - 1].timeline < history.entries[i].timeline),
                   "timelines grow");
    history_done(&history);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = {(const char *)data, size};
    check_pieces(RECORD_SENTINEL, bytes);
    check_pieces(RECORD_METADATA, bytes);
    check_pieces(RECORD_FILES, bytes);
    check_jansson(bytes);
    check_history(bytes);
    return 0;
}
