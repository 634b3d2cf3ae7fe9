#include "server/archive/record.h"

#include "base/mem.h"
#include "patches/target_time.h"

enum value_kind { VALUE_COUNT, VALUE_SWITCH, VALUE_POINT, VALUE_NAME, VALUE_ANY };

struct record_key {
    const char *key;
    enum record_field field;
    enum value_kind kind;
};

static const struct record_key sentinel_keys[] = {
    {"LSN", RECORD_START_LSN, VALUE_COUNT},
    {"FinishLSN", RECORD_FINISH_LSN, VALUE_COUNT},
    {"SystemIdentifier", RECORD_SYSTEM_IDENTIFIER, VALUE_COUNT},
    {"PgVersion", RECORD_PG_VERSION, VALUE_COUNT},
    {"CompressedSize", RECORD_COMPRESSED_SIZE, VALUE_COUNT},
    {"UncompressedSize", RECORD_UNCOMPRESSED_SIZE, VALUE_COUNT},
    {"Version", RECORD_VERSION, VALUE_COUNT},
    {"DeltaLSN", RECORD_DELTA_LSN, VALUE_COUNT},
    {"DeltaFromLSN", RECORD_DELTA_LSN, VALUE_COUNT}, /* before WAL-G 1.0 */
    {"DeltaFrom", RECORD_DELTA_FROM, VALUE_NAME},
    {"IsPermanent", RECORD_PERMANENT, VALUE_SWITCH},
    {"FilesMetadataDisabled", RECORD_FILES_DISABLED, VALUE_SWITCH},
    {"StartTime", RECORD_START_TIME, VALUE_POINT},
    {"FinishTime", RECORD_FINISH_TIME, VALUE_POINT},
    {"wal_segment_backup_stop", RECORD_WAL_E, VALUE_ANY},
    {0},
};

static const struct record_key metadata_keys[] = {
    {"start_lsn", RECORD_START_LSN, VALUE_COUNT},
    {"finish_lsn", RECORD_FINISH_LSN, VALUE_COUNT},
    {"system_identifier", RECORD_SYSTEM_IDENTIFIER, VALUE_COUNT},
    {"pg_version", RECORD_PG_VERSION, VALUE_COUNT},
    {"compressed_size", RECORD_COMPRESSED_SIZE, VALUE_COUNT},
    {"uncompressed_size", RECORD_UNCOMPRESSED_SIZE, VALUE_COUNT},
    {"is_permanent", RECORD_PERMANENT, VALUE_SWITCH},
    {"start_time", RECORD_START_TIME, VALUE_POINT},
    {"finish_time", RECORD_FINISH_TIME, VALUE_POINT},
    {0},
};

static const struct record_key no_keys[] = {{0}};

static const struct record_key *const keys[] = {
    [RECORD_SENTINEL] = sentinel_keys,
    [RECORD_METADATA] = metadata_keys,
    [RECORD_FILES] = no_keys,
};

static void problem(struct record_reader *reader, const char *key, const char *expectation)
{
    if (!reader->problem.text[0])
        error_set_(&reader->problem, "is not what WAL-G writes: %s is not %s", key, expectation);
}

static void remember(struct record_reader *reader, uint64_t value)
{
    const enum record_field field = reader->key->field;
    reader->record->values[field] = value;
    reader->record->seen |= 1U << field;
}

static void take_count(struct record_reader *reader, const struct json_token *token)
{
    uint64_t value;
    if (token->kind != JSON_TOKEN_NUMBER || !str_number(token->text, &value))
        problem(reader, reader->key->key, "a whole number");
    else
        remember(reader, value);
}

static void take_switch(struct record_reader *reader, const struct json_token *token)
{
    if (token->kind != JSON_TOKEN_TRUE && token->kind != JSON_TOKEN_FALSE)
        problem(reader, reader->key->key, "true or false");
    else
        remember(reader, token->kind == JSON_TOKEN_TRUE);
}

/* Go writes a time that was never set as year 1. */
static void take_point(struct record_reader *reader, const struct json_token *token)
{
    struct error why;
    int64_t seconds;
    if (token->kind == JSON_TOKEN_TEXT && str_starts(token->text, STR("0001-01-01T")))
        return;
    if (token->kind == JSON_TOKEN_TEXT && target_time_parse(token->text, &seconds, &why) &&
        seconds >= 0)
        remember(reader, (uint64_t)seconds);
    else
        problem(reader, reader->key->key, "a time");
}

static void take_name(struct record_reader *reader, const struct json_token *token)
{
    if (token->kind != JSON_TOKEN_TEXT || token->cut) {
        problem(reader, reader->key->key, "the name of a backup");
        return;
    }
    free(reader->record->delta_from);
    reader->record->delta_from = xstrndup(token->text.data, token->text.length);
    remember(reader, 1);
}

static void take_any(struct record_reader *reader, const struct json_token *token)
{
    (void)token;
    remember(reader, 1);
}

static void (*const takers[])(struct record_reader *, const struct json_token *) = {
    [VALUE_COUNT] = take_count, [VALUE_SWITCH] = take_switch, [VALUE_POINT] = take_point,
    [VALUE_NAME] = take_name,   [VALUE_ANY] = take_any,
};

static void top_key(struct record_reader *reader, struct str key)
{
    reader->sets_key = reader->kind != RECORD_METADATA && str_is(key, "TarFileSets");
    reader->files_key = reader->kind != RECORD_METADATA && str_is(key, "Files");
    reader->key = NULL;
    for (const struct record_key *known = keys[reader->kind]; known->key; known++)
        if (str_is(key, known->key))
            reader->key = known;
}

/* A value of the outermost object, or the beginning of one. */
static void top_value(struct record_reader *reader, const struct json_token *token)
{
    const bool container = token->kind == JSON_TOKEN_OBJECT || token->kind == JSON_TOKEN_ARRAY;
    const bool null = token->kind == JSON_TOKEN_NULL; /* as if it were not there */
    if (container)
        reader->place = RECORD_IN_OTHER;
    if (reader->key && !null)
        takers[reader->key->kind](reader, token);
    if ((reader->sets_key || reader->files_key) && !null && token->kind != JSON_TOKEN_OBJECT) {
        problem(reader, reader->sets_key ? "TarFileSets" : "Files", "an object");
    } else if (reader->sets_key && !null) {
        reader->place = RECORD_IN_SETS;
        reader->record->has_sets = true;
    } else if (reader->files_key && !null) {
        reader->place = RECORD_IN_FILES;
        reader->record->has_files = true;
    }
}

static void end_set(struct record_reader *reader)
{
    if (reader->set)
        reader->set(reader->context, (struct str){reader->tar, reader->tar_length});
}

/* {"part_001.tar.lz4": ["/base/1/112", ...], ...} */
static void in_sets(struct record_reader *reader, const struct json_token *token)
{
    if (token->depth == 2 && token->kind == JSON_TOKEN_KEY) {
        if (token->cut || token->text.length > sizeof reader->tar) {
            problem(reader, "a name in TarFileSets", "short enough for a tar object");
            reader->tar_length = 0;
            return;
        }
        memcpy(reader->tar, token->text.data, token->text.length);
        reader->tar_length = token->text.length;
    } else if (token->depth == 2 &&
               (token->kind == JSON_TOKEN_ARRAY_END || token->kind == JSON_TOKEN_NULL)) {
        end_set(reader);
    } else if (token->depth == 2 && token->kind != JSON_TOKEN_ARRAY) {
        problem(reader, "a value in TarFileSets", "an array");
    }
}

/* {"/base/1/112": {"IsIncremented": false, "IsSkipped": true, ...}, ...} */
static void in_files(struct record_reader *reader, const struct json_token *token)
{
    if (token->depth == 2 && token->kind == JSON_TOKEN_KEY)
        reader->record->files++;
    if (token->depth != 3)
        return;
    if (token->kind == JSON_TOKEN_KEY)
        reader->unchanged_key =
            str_is(token->text, "IsSkipped") || str_is(token->text, "IsIncremented");
    else if (token->kind == JSON_TOKEN_TRUE && reader->unchanged_key)
        reader->record->has_unchanged = true;
}

static void take(void *context, const struct json_token *token)
{
    struct record_reader *reader = context;
    if (token->depth == 0) {
        if (token->kind != JSON_TOKEN_OBJECT && token->kind != JSON_TOKEN_OBJECT_END)
            problem(reader, "it", "an object");
        return;
    }
    if (token->depth > 1) {
        if (reader->place == RECORD_IN_SETS)
            in_sets(reader, token);
        else if (reader->place == RECORD_IN_FILES)
            in_files(reader, token);
        return;
    }
    if (token->kind == JSON_TOKEN_KEY)
        top_key(reader, token->text);
    else if (token->kind == JSON_TOKEN_OBJECT_END || token->kind == JSON_TOKEN_ARRAY_END)
        reader->place = RECORD_TOP;
    else
        top_value(reader, token);
}

void record_begin(struct record_reader *reader, enum record_kind kind, struct record *record,
                  record_set set, void *context)
{
    *reader = (struct record_reader){
        .kind = kind, .record = record, .set = set, .context = context, .place = RECORD_TOP};
    json_stream_begin(&reader->json, take, reader);
}

static bool check(const struct record_reader *reader, struct error *err)
{
    return !reader->problem.text[0] || error_set(err, "%s", reader->problem.text);
}

bool record_feed(struct record_reader *reader, struct str bytes, struct error *err)
{
    return json_stream_feed(&reader->json, bytes, err) && check(reader, err);
}

bool record_end(struct record_reader *reader, struct error *err)
{
    return json_stream_end(&reader->json, err) && check(reader, err);
}

void record_done(struct record *record)
{
    free(record->delta_from);
    *record = (struct record){0};
}
