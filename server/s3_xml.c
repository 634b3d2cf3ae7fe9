#include "server/s3_xml.h"

#include "base/mem.h"
#include "certs/secret.h"
#include "patches/shown.h"
#include "patches/target_time.h"
#include "server/s3.h"

#include <expat.h>

#define DEPTH_MAX 16
#define PATH_SIZE 256
#define TEXT_MAX (16u * 1024)

/* One reading of a document. `leaf` gets each element when it ends, with the text that it had. */
struct walk {
    XML_Parser parser;
    bool (*leaf)(void *context, const char *path, struct str text, struct error *err);
    void *context;
    char path[PATH_SIZE]; /* "ListBucketResult/Contents/Key" */
    size_t length;
    unsigned depth;
    struct buf text;
    bool failed; /* *err says why */
    struct error *err;
};

/* Raised from within a callback. Some may still be called after it. */
static void stop(struct walk *walk)
{
    walk->failed = true;
    XML_StopParser(walk->parser, XML_FALSE);
}

static void on_doctype(void *context, const char *name, const char *system_id,
                       const char *public_id, int internal)
{
    struct walk *walk = context;
    (void)name, (void)system_id, (void)public_id, (void)internal;
    error_set_(walk->err, "has a document type, expected none");
    stop(walk);
}

static void on_start(void *context, const char *name, const char **attributes)
{
    struct walk *walk = context;
    (void)attributes;
    size_t length = strlen(name);
    if (walk->failed)
        return;
    if (walk->depth == DEPTH_MAX || walk->length + length + 2 > sizeof(walk->path)) {
        error_set_(walk->err, "is deeper than any answer of S3");
        stop(walk);
        return;
    }
    if (walk->depth++)
        walk->path[walk->length++] = '/';
    memcpy(walk->path + walk->length, name, length + 1);
    walk->length += length;
    walk->text.length = 0;
}

static void on_end(void *context, const char *name)
{
    struct walk *walk = context;
    if (walk->failed)
        return;
    if (walk->text.failed) {
        error_set_(walk->err, "'%s' is longer than %u bytes", shown(str_of(name)).text, TEXT_MAX);
        stop(walk);
        return;
    }
    if (!walk->leaf(walk->context, walk->path, buf_str(&walk->text), walk->err)) {
        stop(walk);
        return;
    }
    walk->text.length = 0;
    walk->length -= strlen(name) + (walk->depth > 1 ? 1 : 0);
    walk->path[walk->length] = '\0';
    walk->depth--;
}

static void on_text(void *context, const char *text, int length)
{
    struct walk *walk = context;
    buf_add(&walk->text, (struct str){text, (size_t)length});
}

static bool run(struct walk *walk, struct str xml, struct error *err)
{
    walk->err = err;
    walk->text = BUF(TEXT_MAX);
    walk->parser = XML_ParserCreate(NULL);
    XML_SetUserData(walk->parser, walk);
    XML_SetElementHandler(walk->parser, on_start, on_end);
    XML_SetCharacterDataHandler(walk->parser, on_text);
    XML_SetStartDoctypeDeclHandler(walk->parser, on_doctype);
    bool fits = xml.length <= S3_XML_PAGE_MAX;
    bool read =
        fits && XML_Parse(walk->parser, xml.data, (int)xml.length, XML_TRUE) == XML_STATUS_OK;
    if (!fits)
        error_set_(err, "is larger than %u bytes", S3_XML_PAGE_MAX);
    else if (!read && !walk->failed)
        error_set_(err, "is not XML: line %llu: %s",
                   (unsigned long long)XML_GetCurrentLineNumber(walk->parser),
                   XML_ErrorString(XML_GetErrorCode(walk->parser)));
    XML_ParserFree(walk->parser);
    secret_clear(&walk->text);
    return read;
}

/* --- a page of a listing */

struct page_walk {
    struct s3_page *page;
    struct s3_row row; /* that is being read */
    struct buf key;
    bool has_size;
    bool has_truncated;
    bool encoded; /* keys are (encoding-type) */
};

static bool on_key(struct page_walk *walk, struct str text, struct error *err)
{
    (void)err;
    walk->key.length = 0;
    buf_add(&walk->key, text);
    return true;
}

static bool on_size(struct page_walk *walk, struct str text, struct error *err)
{
    walk->has_size = str_number(text, &walk->row.size);
    return walk->has_size || error_set(err, "'%s' is not the size of an object", shown(text).text);
}

static bool on_modified(struct page_walk *walk, struct str text, struct error *err)
{
    if (!target_time_parse(text, &walk->row.modified, err))
        walk->row.modified = 0;
    return true;
}

static bool add_row(struct page_walk *walk, bool folder, struct error *err)
{
    struct s3_page *page = walk->page;
    if (!walk->key.length || (!folder && !walk->has_size))
        return error_set(err, "has an object without %s", walk->key.length ? "size" : "key");
    if (page->count == S3_XML_PAGE_KEYS)
        return error_set(err, "has more than %u objects", S3_XML_PAGE_KEYS);
    if (!page->rows)
        page->rows = xcalloc(S3_XML_PAGE_KEYS, sizeof(*page->rows));
    walk->row.key = page->keys.length;
    walk->row.key_length = walk->key.length;
    walk->row.folder = folder;
    buf_add(&page->keys, buf_str(&walk->key));
    page->rows[page->count++] = walk->row;
    walk->key.length = 0;
    walk->row = (struct s3_row){0};
    walk->has_size = false;
    return true;
}

static bool on_object(struct page_walk *walk, struct str text, struct error *err)
{
    (void)text;
    return add_row(walk, false, err);
}

static bool on_folder(struct page_walk *walk, struct str text, struct error *err)
{
    (void)text;
    return add_row(walk, true, err);
}

static bool on_truncated(struct page_walk *walk, struct str text, struct error *err)
{
    walk->page->truncated = str_is(text, "true");
    walk->has_truncated = walk->page->truncated || str_is(text, "false");
    return walk->has_truncated ||
           error_set(err, "'%s' is not whether there are more objects, expected 'true' or 'false'",
                     shown(text).text);
}

static bool on_next(struct page_walk *walk, struct str text, struct error *err)
{
    (void)err;
    free(walk->page->next);
    walk->page->next = xstrndup(text.data, text.length);
    return true;
}

static bool on_encoding(struct page_walk *walk, struct str text, struct error *err)
{
    walk->encoded = str_is(text, "url");
    return walk->encoded || !text.length ||
           error_set(err, "has keys encoded as '%s', expected 'url'", shown(text).text);
}

static const struct {
    const char *path;
    bool (*take)(struct page_walk *walk, struct str text, struct error *err);
} page_fields[] = {
    {"ListBucketResult/Contents/Key", on_key},
    {"ListBucketResult/Contents/LastModified", on_modified},
    {"ListBucketResult/Contents/Size", on_size},
    {"ListBucketResult/Contents", on_object},
    {"ListBucketResult/CommonPrefixes/Prefix", on_key},
    {"ListBucketResult/CommonPrefixes", on_folder},
    {"ListBucketResult/IsTruncated", on_truncated},
    {"ListBucketResult/NextContinuationToken", on_next},
    {"ListBucketResult/EncodingType", on_encoding},
};

static bool page_leaf(void *context, const char *path, struct str text, struct error *err)
{
    for (size_t i = 0; i < sizeof(page_fields) / sizeof(*page_fields); i++)
        if (strcmp(page_fields[i].path, path) == 0)
            return page_fields[i].take(context, text, err);
    return strchr(path, '/') != NULL || str_is(str_of(path), "ListBucketResult") ||
           error_set(err, "is '%s', expected 'ListBucketResult'", shown(str_of(path)).text);
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* In place, as forms are encoded: a blank is "+". Returns the new length. */
static size_t decode(char *text, size_t length)
{
    size_t to = 0;
    for (size_t from = 0; from < length; from++) {
        char c = text[from] == '+' ? ' ' : text[from];
        bool escape = c == '%' && from + 2 < length && digit(text[from + 1]) >= 0 &&
                      digit(text[from + 2]) >= 0;
        if (escape) {
            c = (char)(digit(text[from + 1]) * 16 + digit(text[from + 2]));
            from += 2;
        }
        text[to++] = c;
    }
    return to;
}

static bool key_can_be(struct str key, struct error *err)
{
    if (key.length > S3_KEY_MAX)
        return error_set(err, "has a key of %zu bytes, expected at most %d", key.length,
                         S3_KEY_MAX);
    return !memchr(key.data, '\0', key.length) || error_set(err, "has a key with a NUL in it");
}

bool s3_xml_page(struct str xml, struct s3_page *ret, struct error *err)
{
    *ret = (struct s3_page){.keys = BUF(S3_XML_PAGE_MAX)};
    struct page_walk page = {.page = ret, .key = BUF(TEXT_MAX)};
    struct walk walk = {.leaf = page_leaf, .context = &page};
    bool read = run(&walk, xml, err);
    buf_clear(&page.key);
    if (read && !page.has_truncated)
        read = error_set(err, "does not say whether there are more objects");
    for (size_t i = 0; read && i < ret->count; i++) {
        struct s3_row *row = &ret->rows[i];
        char *key = ret->keys.data + row->key;
        if (page.encoded)
            row->key_length = decode(key, row->key_length);
        read = key_can_be((struct str){key, row->key_length}, err);
    }
    return read;
}

void s3_page_done(struct s3_page *page)
{
    buf_clear(&page->keys);
    free(page->rows);
    free(page->next);
    *page = (struct s3_page){0};
}

/* --- a refusal */

struct fault_field {
    const char *name;
    size_t offset, size;
};

#define FAULT_FIELD(name, member)                                                                  \
    {                                                                                              \
        name, offsetof(struct s3_fault, member), sizeof(((struct s3_fault *)0)->member)            \
    }

static const struct fault_field fault_fields[] = {
    FAULT_FIELD("Code", code),
    FAULT_FIELD("Message", message),
    FAULT_FIELD("Region", region),
};

/* Of "Error/Code" and "ErrorResponse/Error/Code": "Code". */
static const char *fault_name(const char *path)
{
    struct str text = str_of(path);
    if (str_starts(text, STR("ErrorResponse/")))
        text = str_skip(text, strlen("ErrorResponse/"));
    return str_starts(text, STR("Error/")) ? text.data + strlen("Error/") : "";
}

static bool fault_leaf(void *context, const char *path, struct str text, struct error *err)
{
    struct s3_fault *fault = context;
    const char *name = fault_name(path);
    if (strcmp(name, "ServerTime") == 0 && !target_time_parse(text, &fault->server_time, err))
        fault->server_time = 0;
    for (size_t i = 0; i < sizeof(fault_fields) / sizeof(*fault_fields); i++) {
        const struct fault_field *field = &fault_fields[i];
        if (strcmp(field->name, name) != 0)
            continue;
        char *to = (char *)fault + field->offset;
        size_t length = text.length < field->size ? text.length : field->size - 1;
        memcpy(to, text.data, length);
        to[length] = '\0';
        str_presentable(to);
    }
    return true;
}

bool s3_xml_fault(struct str xml, struct s3_fault *ret)
{
    struct error ignored;
    struct walk walk = {.leaf = fault_leaf, .context = ret};
    *ret = (struct s3_fault){0};
    if (run(&walk, xml, &ignored) && ret->code[0])
        return true;
    *ret = (struct s3_fault){0};
    return false;
}

/* --- keys from STS */

#define STS_KEYS "AssumeRoleWithWebIdentityResponse/AssumeRoleWithWebIdentityResult/Credentials/"

static bool session_leaf(void *context, const char *path, struct str text, struct error *err)
{
    struct s3_session *session = context;
    struct error ignored;
    const struct {
        const char *path;
        struct buf *to;
    } fields[] = {
        {STS_KEYS "AccessKeyId", &session->id},
        {STS_KEYS "SecretAccessKey", &session->key},
        {STS_KEYS "SessionToken", &session->token},
    };
    for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
        if (strcmp(fields[i].path, path) == 0)
            buf_add(fields[i].to, str_trim(text));
    if (strcmp(path, STS_KEYS "Expiration") != 0)
        return true;
    return target_time_parse(text, &session->expires, &ignored) ||
           error_set(err, "has keys that end at '%s', expected a time", shown(text).text);
}

bool s3_xml_session(struct str xml, struct s3_session *ret, struct error *err)
{
    *ret = (struct s3_session){BUF(TEXT_MAX), BUF(TEXT_MAX), BUF(TEXT_MAX), 0};
    struct walk walk = {.leaf = session_leaf, .context = ret};
    if (!run(&walk, xml, err))
        return false;
    if (!ret->id.length || !ret->key.length || !ret->token.length || !ret->expires)
        return error_set(err, "has no whole set of keys, expected AccessKeyId, SecretAccessKey, "
                              "SessionToken and Expiration");
    return true;
}

const char *s3_xml_library_version(void)
{
    return XML_ExpatVersion() + strlen("expat_");
}
