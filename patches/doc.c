#include "patches/doc.h"

#include "patches/doc_nodes.h"
#include "patches/json_number.h"
#include "patches/json_string.h"

#include <assert.h>

/* Up to here every new key is compared with all earlier ones of its object, as hashes. Objects with
 * more keys are sorted when they end, so that no object costs quadratic time. */
#define PAIRWISE_MAX 64

struct key {
    uint32_t hash;
    uint32_t node;
};

/*
 * Memory stays below ten bytes for each byte of text. A node (12 bytes) needs two bytes of text,
 * and growth by half overshoots to 8 bytes for each byte of text at most; the arena takes 1,
 * touched only as far as there are escapes. Keys of an open object (8 bytes, twice that by growth,
 * and 8 for sorting) need 8 bytes of text as soon as they are many; such text has but two nodes in
 * 8 bytes.
 */
struct reader {
    struct doc *doc;
    const char *text;
    const char *end;
    char *arena;      /* where the next decoded text goes */
    uint32_t size;    /* nodes allocated */
    struct key *keys; /* of the objects that are open, innermost last */
    size_t key_count, key_size;
    unsigned depth_max;
    struct error *err;
};

static const char *fail(const struct reader *reader, const char *at, const char *what)
{
    (void)error_set(reader->err, "byte %zu: %s", (size_t)(at - reader->text), what);
    return NULL;
}

/* Fails with what is at `at` instead of what should be there. */
static const char *fail_found(const struct reader *reader, const char *at, const char *expected)
{
    size_t place = (size_t)(at - reader->text);
    if (at == reader->end)
        (void)error_set(reader->err, "byte %zu: the text ends, expected %s", place, expected);
    else if (*at > ' ' && *at < 0x7f)
        (void)error_set(reader->err, "byte %zu: found '%c', expected %s", place, *at, expected);
    else
        (void)error_set(reader->err, "byte %zu: found 0x%02x, expected %s", place,
                        (unsigned char)*at, expected);
    return NULL;
}

static const char *fail_depth(const struct reader *reader, const char *at)
{
    (void)error_set(reader->err, "byte %zu: nested deeper than %u levels",
                    (size_t)(at - reader->text), reader->depth_max);
    return NULL;
}

static bool fail_duplicate(const struct reader *reader, const struct node *key)
{
    /* As written, because the decoded text may hold control characters. */
    struct str name = {reader->text + key->start + 1, (size_t)key->end - key->start - 2};
    if (name.length > 64) {
        name.length = 64;
        while (((unsigned char)name.data[name.length] & 0xc0) == 0x80)
            name.length--;
    }
    return error_set(reader->err, "byte %u: duplicate key '%.*s'", key->start, STR_ARG(name));
}

static const char *skip_space(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r'))
        at++;
    return at;
}

static struct node *add_node(struct reader *reader, const char *start, unsigned type)
{
    struct doc *doc = reader->doc;
    if (doc->count == reader->size) {
        reader->size += reader->size / 2;
        doc->nodes = xrealloc(doc->nodes, reader->size * sizeof(*doc->nodes));
    }
    struct node *node = &doc->nodes[doc->count++];
    *node = (struct node){
        .start = (uint32_t)(start - reader->text) & 0xfffffff,
        .type = type & 0xf,
    };
    return node;
}

static const char *end_node(const struct reader *reader, struct node *node, const char *end)
{
    node->end = (uint32_t)(end - reader->text) & 0x7fffffff;
    return end;
}

static const char *read_literal(struct reader *reader, const char *at, struct str literal,
                                enum value_type type)
{
    if ((size_t)(reader->end - at) < literal.length ||
        memcmp(at, literal.data, literal.length) != 0)
        return fail_found(reader, at, "a value");
    return end_node(reader, add_node(reader, at, type), at + literal.length);
}

static const char *read_number(struct reader *reader, const char *at)
{
    struct node *node = add_node(reader, at, VALUE_NUMBER);
    struct json_fault fault;
    const char *end = json_number_read(at, reader->end, &fault);
    if (!end && !fault.what)
        return fail_found(reader, fault.at, fault.at == at ? "a value" : "a digit");
    if (!end)
        return fail(reader, fault.at, fault.what);
    return end_node(reader, node, end);
}

/* The string at `at`, as a value or a key. */
static const char *read_string(struct reader *reader, const char *at, unsigned type,
                               struct str *ret_text)
{
    struct node *node = add_node(reader, at, type);
    struct json_fault fault;
    const char *end = json_string_read(at + 1, reader->end, &reader->arena, ret_text, &fault);
    if (!end)
        return fail(reader, fault.at, fault.what);
    if (ret_text->data != at + 1)
        node->more = (uint32_t)(ret_text->data - reader->doc->arena) + 1;
    return end_node(reader, node, end);
}

static uint64_t load(const char *from, size_t count)
{
    uint64_t word = 0;
    memcpy(&word, from, count);
    return word;
}

/* Only to tell keys apart quickly: from the length and the bytes at both ends. Equal hashes are
 * always followed by a comparison. */
static uint32_t hash(struct str text)
{
    uint64_t head;
    uint64_t tail;
    if (text.length >= 8) {
        head = load(text.data, 8);
        tail = load(text.data + text.length - 8, 8);
    } else if (text.length >= 4) {
        head = load(text.data, 4);
        tail = load(text.data + text.length - 4, 4);
    } else {
        head = text.length ? (unsigned char)text.data[0] : 0;
        tail = text.length ? load(text.data + text.length / 2, 1) << 8 |
                                 (unsigned char)text.data[text.length - 1]
                           : 0;
    }
    uint64_t mix = (head ^ text.length) * 0x9e3779b97f4a7c15u;
    mix = (mix ^ mix >> 32 ^ tail) * 0xd6e8feb86659fd93u;
    return (uint32_t)(mix >> 32);
}

/* Notes the key that was read last, for the object whose keys begin at `first`. */
static bool add_key(struct reader *reader, size_t first, struct str text)
{
    uint32_t code = hash(text);
    const struct doc *doc = reader->doc;
    if (reader->key_count - first < PAIRWISE_MAX) {
        for (size_t i = first; i < reader->key_count; i++) {
            const struct key *key = &reader->keys[i];
            if (key->hash == code && str_equal(node_text(doc, &doc->nodes[key->node]), text))
                return fail_duplicate(reader, &doc->nodes[doc->count - 1]);
        }
    }
    if (reader->key_count == reader->key_size) {
        reader->key_size = reader->key_size * 2;
        reader->keys = xrealloc(reader->keys, reader->key_size * sizeof(*reader->keys));
    }
    reader->keys[reader->key_count++] = (struct key){code, doc->count - 1};
    return true;
}

static bool same_key(const struct doc *doc, const struct key *a, const struct key *b)
{
    return a->hash == b->hash &&
           str_equal(node_text(doc, &doc->nodes[a->node]), node_text(doc, &doc->nodes[b->node]));
}

/* By hash and text; equal ones by their place. */
static int compare_keys(const void *left, const void *right, void *context)
{
    const struct key *a = left;
    const struct key *b = right;
    const struct doc *doc = context;
    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    int order =
        str_compare(node_text(doc, &doc->nodes[a->node]), node_text(doc, &doc->nodes[b->node]));
    return order ? order : a->node < b->node ? -1 : 1;
}

/* Ends the object whose keys begin at `first`: compares those that add_key() did not. */
static bool end_keys(struct reader *reader, size_t first)
{
    struct doc *doc = reader->doc;
    struct key *keys = reader->keys + first;
    size_t count = reader->key_count - first;
    reader->key_count = first;
    if (count <= PAIRWISE_MAX)
        return true;
    qsort_r(keys, count, sizeof(*keys), compare_keys, doc);
    for (size_t i = 1; i < count; i++)
        if (same_key(doc, &keys[i - 1], &keys[i]))
            return fail_duplicate(reader, &doc->nodes[keys[i].node]);
    return true;
}

static bool sees(const struct reader *reader, const char *at, char c)
{
    return at < reader->end && *at == c;
}

/* Ends a container; `last` is its last child, or itself when it has none. */
static const char *end_container(struct reader *reader, uint32_t container, uint32_t last,
                                 const char *end)
{
    struct doc *doc = reader->doc;
    if (last != container)
        doc->nodes[last].last = 1;
    doc->nodes[container].more = doc->count;
    return end_node(reader, &doc->nodes[container], end);
}

/* Reads the value at `at`; it and what is inside it may take `depth` levels. */
static const char *read_value(struct reader *reader, const char *at, unsigned depth);

static const char *read_array(struct reader *reader, const char *at, unsigned depth)
{
    uint32_t array = reader->doc->count;
    uint32_t element = array;
    add_node(reader, at, VALUE_ARRAY);
    at = skip_space(at + 1, reader->end);
    bool more = !sees(reader, at, ']');
    while (more) {
        element = reader->doc->count;
        at = read_value(reader, at, depth);
        if (!at)
            return NULL;
        at = skip_space(at, reader->end);
        more = sees(reader, at, ',');
        if (more)
            at = skip_space(at + 1, reader->end);
    }
    if (!sees(reader, at, ']'))
        return fail_found(reader, at, "',' or ']'");
    return end_container(reader, array, element, at + 1);
}

/* Drops what is inside a value that was read completely. */
static void forget(struct reader *reader, uint32_t value, char *arena)
{
    struct node *node = &reader->doc->nodes[value];
    if (node->type != VALUE_ARRAY && node->type != VALUE_OBJECT)
        return;
    node->type = VALUE_SKIPPED;
    node->more = 0;
    reader->doc->count = value + 1;
    reader->arena = arena;
}

/* Reads a key, the colon and the value; the keys of the object begin at `first_key`. */
static const char *read_member(struct reader *reader, const char *at, unsigned depth,
                               size_t first_key, uint32_t *ret_value)
{
    struct str name;
    if (!sees(reader, at, '"'))
        return fail_found(reader, at, "a key");
    at = read_string(reader, at, NODE_KEY, &name);
    if (!at || !add_key(reader, first_key, name))
        return NULL;
    at = skip_space(at, reader->end);
    if (!sees(reader, at, ':'))
        return fail_found(reader, at, "':'");
    at = skip_space(at + 1, reader->end);

    char *arena = reader->arena;
    uint32_t value = reader->doc->count;
    at = read_value(reader, at, depth);
    if (at && str_is(name, "managedFields"))
        forget(reader, value, arena);
    *ret_value = value;
    return at;
}

static const char *read_object(struct reader *reader, const char *at, unsigned depth)
{
    uint32_t object = reader->doc->count;
    uint32_t value = object;
    size_t first_key = reader->key_count;
    add_node(reader, at, VALUE_OBJECT);
    at = skip_space(at + 1, reader->end);
    bool more = !sees(reader, at, '}');
    while (more) {
        at = read_member(reader, at, depth, first_key, &value);
        if (!at)
            return NULL;
        at = skip_space(at, reader->end);
        more = sees(reader, at, ',');
        if (more)
            at = skip_space(at + 1, reader->end);
    }
    if (!sees(reader, at, '}'))
        return fail_found(reader, at, "',' or '}'");
    if (!end_keys(reader, first_key))
        return NULL;
    return end_container(reader, object, value, at + 1);
}

static const char *read_value(struct reader *reader, const char *at, unsigned depth)
{
    if (!depth)
        return fail_depth(reader, at);
    if (at == reader->end)
        return fail_found(reader, at, "a value");
    struct str text;
    switch (*at) {
    case '"':
        return read_string(reader, at, VALUE_STRING, &text);
    case '{':
        return read_object(reader, at, depth - 1);
    case '[':
        return read_array(reader, at, depth - 1);
    case 't':
        return read_literal(reader, at, STR("true"), VALUE_TRUE);
    case 'f':
        return read_literal(reader, at, STR("false"), VALUE_FALSE);
    case 'n':
        return read_literal(reader, at, STR("null"), VALUE_NULL);
    default:
        return read_number(reader, at);
    }
}

/* The whole text: one object or array, and nothing but white space around it. */
static bool read_text(struct reader *reader)
{
    const char *at = skip_space(reader->text, reader->end);
    if (!sees(reader, at, '{') && !sees(reader, at, '['))
        return fail_found(reader, at, "an object or an array");
    at = read_value(reader, at, reader->depth_max);
    if (!at)
        return false;
    reader->doc->nodes[0].last = 1;
    at = skip_space(at, reader->end);
    return at == reader->end || fail_found(reader, at, "the end of the text");
}

bool doc_read(struct str text, unsigned depth, struct doc **ret, struct error *err)
{
    assert(depth <= DOC_DEPTH_MAX);
    if (text.length > DOC_TEXT_MAX)
        return error_set(err, "%zu bytes, more than %u", text.length, DOC_TEXT_MAX);
    cleanup(doc_cleanup) struct doc *doc = xcalloc(1, sizeof(*doc));
    struct reader reader = {
        .doc = doc,
        .text = text.data,
        .end = text.data + text.length,
        .size = (uint32_t)(text.length / 8 + 32),
        .key_size = 128,
        .depth_max = depth,
        .err = err,
    };
    doc->text = text;
    doc->nodes = xmalloc(reader.size * sizeof(*doc->nodes));
    doc->arena = reader.arena = xmalloc(text.length);
    reader.keys = xmalloc(reader.key_size * sizeof(*reader.keys));
    bool read = read_text(&reader);
    free(reader.keys);
    if (read)
        *ret = TAKE(doc);
    return read;
}

void doc_free(struct doc *doc)
{
    if (!doc)
        return;
    free(doc->nodes);
    free(doc->arena);
    free(doc);
}

void doc_cleanup(struct doc **doc)
{
    doc_free(*doc);
}
