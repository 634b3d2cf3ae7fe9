#include "server/archive/file_sets.h"

#include "base/mem.h"

#define FIELD "TarFileSets"

/* FNV-1a with 64 bits, begun anew or from what was hashed before. */
#define HASH_BEGIN UINT64_C(14695981039346656037)
#define HASH_PRIME UINT64_C(1099511628211)

static uint64_t hash(uint64_t from, struct str text)
{
    for (size_t i = 0; i < text.length; i++)
        from = (from ^ (unsigned char)text.data[i]) * HASH_PRIME;
    return (from ^ 0xFF) * HASH_PRIME; /* no byte of UTF-8: the end of a text */
}

/* "/base/1/112", "./base/1/112" and "base/1/112" are one file. */
static uint64_t hash_file(uint64_t tar, struct str file)
{
    if (str_starts(file, STR("./")))
        file = str_skip(file, 2);
    return hash(tar, str_starts(file, STR("/")) ? str_skip(file, 1) : file);
}

static void add(struct file_sets *sets, uint64_t value)
{
    if (sets->count == FILE_SETS_MAX)
        sets->too_many = true;
    if (sets->too_many)
        return;
    if (sets->count == sets->room) {
        sets->room = sets->room ? 2 * sets->room : 1024;
        sets->hashes = xrealloc(sets->hashes, sets->room * sizeof(*sets->hashes));
    }
    sets->hashes[sets->count++] = value;
}

/* {"TarFileSets": {"part_001.tar.lz4": ["/base/1/112", ...]}} */
static void take(void *context, const struct json_token *token)
{
    struct file_sets_reader *reader = context;
    struct file_sets *sets = reader->sets;
    if (token->kind == JSON_TOKEN_KEY && token->depth == 1)
        reader->inside = str_is(token->text, FIELD);
    if (!reader->inside)
        return;
    if (token->kind == JSON_TOKEN_KEY && token->depth == 2)
        reader->tar = hash(HASH_BEGIN, token->text);
    if (token->kind == JSON_TOKEN_TEXT && token->depth == 3)
        add(sets, hash_file(reader->tar, token->text));
    if ((token->kind == JSON_TOKEN_KEY || token->kind == JSON_TOKEN_TEXT) && token->cut)
        sets->too_many = true;
}

void file_sets_begin(struct file_sets_reader *reader, struct file_sets *sets)
{
    *reader = (struct file_sets_reader){.sets = sets};
    json_stream_begin(&reader->json, take, reader);
}

bool file_sets_feed(struct file_sets_reader *reader, struct str bytes, struct error *err)
{
    return json_stream_feed(&reader->json, bytes, err);
}

static int compare(const void *a, const void *b)
{
    const uint64_t *left = a, *right = b;
    return *left < *right ? -1 : *left > *right;
}

void file_sets_end(struct file_sets_reader *reader)
{
    struct file_sets *sets = reader->sets;
    if (sets->count)
        qsort(sets->hashes, sets->count, sizeof(*sets->hashes), compare);
}

bool file_sets_has(const struct file_sets *sets, struct str tar, struct str file)
{
    if (!sets->count || sets->too_many)
        return true;
    uint64_t wanted = hash_file(hash(HASH_BEGIN, tar), file);
    return bsearch(&wanted, sets->hashes, sets->count, sizeof(wanted), compare) != NULL;
}

void file_sets_done(struct file_sets *sets)
{
    free(sets->hashes);
    *sets = (struct file_sets){0};
}
