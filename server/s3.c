#include "server/s3.h"

#include "base/base64.h"
#include "base/mem.h"
#include "certs/digest.h"
#include "patches/s3_place.h"
#include "patches/shown.h"
#include "server/s3_call.h"

#include <stdio.h>

#define RESUMES_MOST 100 /* of one object */
#define LINE_SIZE 256
#define ETAG_SIZE 200

/* --- opening */

static const char *first_variable(const char *const *names)
{
    for (; *names; names++) {
        const char *value = getenv(*names);
        if (value && *value)
            return value;
    }
    return NULL;
}

static const char *region_of(const struct s3_place *place)
{
    static const char *const names[] = {"AWS_REGION", "AWS_DEFAULT_REGION", NULL};
    return place->region ? place->region : first_variable(names);
}

static const char *endpoint_of(const struct s3_place *place)
{
    static const char *const names[] = {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT",
                                        NULL};
    return place->endpoint ? place->endpoint : first_variable(names);
}

/* WAL-G's own variable. */
static bool path_style_of(const struct s3_place *place)
{
    static const char *const names[] = {"AWS_S3_FORCE_PATH_STYLE", NULL};
    return place->path_style || str_is(str_of(first_variable(names)), "true");
}

bool s3_new(const struct s3_place *place, struct s3 **ret, struct error *err)
{
    const char *region = region_of(place);
    if (!region)
        return error_set(err, "no region for S3: expected --region NAME or AWS_REGION (a store "
                              "without regions: us-east-1)");
    struct s3_address address;
    struct s3_keys *keys = NULL;
    if (!s3_address_set(&address, place->bucket, region, endpoint_of(place), path_style_of(place),
                        err))
        return false;
    if (!s3_keys_new(place->credentials, region, place->ca, &keys, err)) {
        s3_address_done(&address);
        return false;
    }
    struct s3 *s3 = xcalloc(1, sizeof(*s3));
    *s3 = (struct s3){transfer_new(), keys, address, xstrdup(place->bucket), xstrdup(region), NULL};
    s3->ca = place->ca ? xstrdup(place->ca) : NULL;
    *ret = s3;
    return true;
}

void s3_free(struct s3 *s3)
{
    if (!s3)
        return;
    transfer_free(s3->transfer);
    s3_keys_free(s3->keys);
    s3_address_done(&s3->address);
    free(s3->bucket);
    free(s3->region);
    free(s3->ca);
    free(s3);
}

void s3_cancel(struct s3 *s3)
{
    transfer_cancel(s3->transfer);
}

bool s3_split(const char *place, char **ret_bucket, char **ret_path, struct error *err)
{
    struct str rest = str_of(place);
    if (!str_starts(rest, STR("s3://")))
        return error_set(err, "'%s' does not start with 's3://'", shown(rest).text);
    rest = str_skip(rest, strlen("s3://"));
    long slash = str_find(rest, STR("/"));
    struct str bucket = {rest.data, slash < 0 ? rest.length : (size_t)slash};
    struct str path = str_skip(rest, bucket.length);
    while (path.length && path.data[0] == '/')
        path = str_skip(path, 1);
    while (str_ends(path, STR("/")))
        path.length--;
    if (!s3_bucket_valid(bucket, err))
        return error_wrap(err, "bucket");
    if (path.length > S3_KEY_MAX)
        return error_set(err, "the path is longer than %d bytes", S3_KEY_MAX);
    *ret_bucket = xstrndup(bucket.data, bucket.length);
    *ret_path = xstrndup(path.data, path.length);
    return true;
}

/* --- listing */

/* The page that the last answer of a call was. */
struct listing {
    struct s3_page page;
    s3_visit visit;
    void *context;
};

static bool check_page(struct s3_call *call, struct error *problem)
{
    struct listing *listing = call->context;
    s3_page_done(&listing->page);
    return s3_xml_page(buf_str(&call->answer.body), &listing->page, problem);
}

static bool ask_page(struct s3 *s3, struct listing *listing, const struct s3_list_query *query,
                     struct error *err)
{
    cleanup(buf_clear) struct buf url = BUF(S3_URL_MAX);
    s3_list_url(&url, &s3->address, query);
    if (url.failed)
        return error_set(err, "the place where the page begins is longer than any of S3's");
    struct s3_call call = {
        .method = "GET",
        .permission = "s3:ListBucket",
        .url = url.data,
        .check = check_page,
        .context = listing,
    };
    bool done = s3_call(s3, &call, err);
    buf_clear(&call.answer.body);
    return done;
}

static bool visit_page(const struct listing *listing)
{
    const struct s3_page *page = &listing->page;
    for (size_t i = 0; i < page->count; i++) {
        const struct s3_row *row = &page->rows[i];
        struct str key = {page->keys.data + row->key, row->key_length};
        struct s3_object object = {key, row->size, row->modified, row->folder};
        if (!listing->visit(listing->context, &object))
            return false;
    }
    return true;
}

/* Where a listing has been. One token is remembered, ever longer, and sees each circle in the end
 * (Brent's algorithm). */
struct trail {
    char *token;
    size_t pages, most; /* since the token was remembered; how many before another one is */
};

static bool has_been_at(struct trail *trail, const char *token)
{
    if (trail->token && strcmp(trail->token, token) == 0)
        return true;
    if (trail->pages++ < trail->most)
        return false;
    free(trail->token);
    *trail = (struct trail){xstrdup(token), 0, 2 * trail->most + 1};
    return false;
}

/* Whether the store says where the next page begins, and it does not begin where one has begun. */
static bool goes_on(const char *next, struct trail *trail, struct error *err)
{
    if (!next || !*next)
        return error_set(err,
                         "the listing ends in the middle: the store says that there are more "
                         "objects, but not where; is --endpoint a store that knows ListObjectsV2?");
    return !has_been_at(trail, next) ||
           error_set(err, "the listing goes in a circle: the store gives the same place for two "
                          "pages; is --endpoint a store that knows ListObjectsV2?");
}

enum s3_status s3_list(struct s3 *s3, const char *prefix, bool folders, s3_visit visit,
                       void *context, struct error *err)
{
    struct listing listing = {.visit = visit, .context = context};
    struct trail trail = {0};
    autofree char *token = NULL;
    enum s3_status status = S3_UNKNOWN;
    for (;;) {
        struct s3_list_query query = {prefix, token, folders};
        if (!ask_page(s3, &listing, &query, err))
            break;
        if (!visit_page(&listing)) {
            status = S3_STOPPED;
            break;
        }
        if (!listing.page.truncated) {
            status = S3_DONE;
            break;
        }
        if (!goes_on(listing.page.next, &trail, err))
            break;
        free(token);
        token = xstrdup(listing.page.next);
    }
    s3_page_done(&listing.page);
    free(trail.token);
    return status;
}

/* --- reading */

/* No object has a longer key. */
static bool can_be(const char *key, struct error *err)
{
    return strlen(key) <= S3_KEY_MAX ||
           error_set(err, "a key has at most %d bytes, this one has %zu", S3_KEY_MAX, strlen(key));
}

/* An object that is read, maybe over several connections. */
struct stream {
    const struct transfer *transfer;
    s3_bytes take;
    void *context;
    struct s3_call *call;
    uint64_t offset; /* where to go on */
    uint64_t skip;   /* bytes that come a second time */
    char etag[ETAG_SIZE];
    char range_line[LINE_SIZE], match_line[LINE_SIZE];
    bool begun;   /* the answer under way has begun */
    bool changed; /* it is another object now */
    bool stopped; /* by `take` */
};

/* Without a tag nothing proves that the rest belongs to what is there already. */
static void go_on(struct s3_call *call)
{
    struct stream *stream = call->context;
    stream->begun = false;
    if (!stream->offset)
        return;
    snprintf(stream->range_line, LINE_SIZE, "Range: bytes=%llu-",
             (unsigned long long)stream->offset);
    snprintf(stream->match_line, LINE_SIZE, "If-Match: %s", stream->etag);
    call->headers[0] = stream->range_line;
    call->headers[1] = stream->match_line;
}

static void begin(struct stream *stream)
{
    const char *etag = transfer_header(stream->transfer, "ETag");
    const char *range = transfer_header(stream->transfer, "Content-Range");
    autofree char *expected = xasprintf("bytes %llu-", (unsigned long long)stream->offset);
    stream->begun = true;
    stream->skip = 0;
    if (!stream->offset) {
        snprintf(stream->etag, sizeof(stream->etag), "%s", etag ? etag : "");
        return;
    }
    stream->changed = !str_is(str_of(etag), stream->etag) ||
                      (range && !str_starts(str_of(range), str_of(expected)));
    stream->skip = range ? 0 : stream->offset;
}

static bool take_bytes(void *context, struct str bytes)
{
    struct stream *stream = context;
    if (!stream->begun)
        begin(stream);
    if (stream->changed)
        return false;
    size_t again = stream->skip < bytes.length ? (size_t)stream->skip : bytes.length;
    stream->skip -= again;
    bytes = str_skip(bytes, again);
    if (!bytes.length)
        return true;
    stream->offset += bytes.length;
    stream->call->progress = true;
    stream->call->final = !stream->etag[0] || stream->call->requests > RESUMES_MOST;
    stream->stopped = !stream->take(stream->context, bytes);
    return !stream->stopped;
}

static bool is_absent(const struct s3_call *call)
{
    return call->answer.code == 404 && !str_is(str_of(call->fault.code), "NoSuchBucket");
}

enum s3_status s3_get(struct s3 *s3, const char *key, s3_bytes take, void *context,
                      struct error *err)
{
    struct stream stream = {.transfer = s3->transfer, .take = take, .context = context};
    if (!can_be(key, err))
        return S3_ABSENT;
    cleanup(buf_clear) struct buf url = BUF(S3_URL_MAX);
    s3_object_url(&url, &s3->address, key);
    struct s3_call call = {
        .method = "GET",
        .permission = "s3:GetObject",
        .url = url.data,
        .take = take_bytes,
        .before = go_on,
        .context = &stream,
    };
    stream.call = &call;
    bool done = s3_call(s3, &call, err);
    buf_clear(&call.answer.body);
    if (done)
        return S3_DONE;
    if (stream.stopped)
        return S3_STOPPED;
    if (stream.changed || call.answer.code == 412)
        error_set_(err, "it was replaced while it was read; look again");
    return is_absent(&call) && !stream.offset ? S3_ABSENT : S3_UNKNOWN;
}

enum s3_status s3_head(struct s3 *s3, const char *key, struct s3_object *ret, struct error *err)
{
    if (!can_be(key, err))
        return S3_ABSENT;
    cleanup(buf_clear) struct buf url = BUF(S3_URL_MAX);
    s3_object_url(&url, &s3->address, key);
    struct s3_call call = {.method = "HEAD", .permission = "s3:GetObject", .url = url.data};
    bool done = s3_call(s3, &call, err);
    buf_clear(&call.answer.body);
    if (!done)
        return is_absent(&call) ? S3_ABSENT : S3_UNKNOWN;
    struct s3_object object = {.modified = transfer_header_time(s3->transfer, "Last-Modified")};
    if (!str_number(str_of(transfer_header(s3->transfer, "Content-Length")), &object.size)) {
        error_set_(err, "the store does not tell its size");
        return S3_UNKNOWN;
    }
    *ret = object;
    return S3_DONE;
}

/* --- writing */

/* "x-amz-checksum-sha256: <base64>": a bucket with object lock wants a checksum. */
static char *checksum_line(const char *sha256)
{
    char bytes[32];
    for (size_t i = 0; i < sizeof(bytes); i++) {
        char pair[] = {sha256[2 * i], sha256[2 * i + 1], '\0'};
        bytes[i] = (char)strtoul(pair, NULL, 16);
    }
    struct buf line = BUF(LINE_SIZE);
    buf_add_text(&line, "x-amz-checksum-sha256: ");
    base64_add(&line, (struct str){bytes, sizeof(bytes)});
    return buf_take(&line);
}

/* Whether what is there now is what a request of ours wrote whose answer was lost; also libcurl
 * asks again when a connection was closed meanwhile. */
static bool is_ours(struct s3 *s3, const char *key, const char *sha256)
{
    struct error ignored;
    struct s3_object there;
    return s3_head(s3, key, &there, &ignored) == S3_DONE &&
           str_is(str_of(transfer_header(s3->transfer, "x-amz-meta-sha256")), sha256);
}

static enum s3_status write_object(struct s3 *s3, const char *key, struct str content,
                                   bool conditional, struct error *err)
{
    char sha256[DIGEST_SIZE];
    digest_text(content, sha256);
    autofree char *checksum = checksum_line(sha256);
    autofree char *meta = xasprintf("x-amz-meta-sha256: %s", sha256);
    cleanup(buf_clear) struct buf url = BUF(S3_URL_MAX);
    s3_object_url(&url, &s3->address, key);
    struct s3_call call = {
        .method = "PUT",
        .permission = "s3:PutObject",
        .url = url.data,
        .headers = {"Content-Type: application/octet-stream", checksum, meta,
                    conditional ? "If-None-Match: *" : NULL},
        .body = content,
        .sha256 = sha256,
    };
    bool done = s3_call(s3, &call, err);
    buf_clear(&call.answer.body);
    if (done)
        return S3_DONE;
    if (call.answer.code == 501 && conditional)
        return write_object(s3, key, content, false, err);
    if (call.answer.code != 412)
        return S3_UNKNOWN;
    return is_ours(s3, key, sha256) ? S3_DONE : S3_EXISTS;
}

/* Who may only write cannot look first, and need not. */
enum s3_status s3_put(struct s3 *s3, const char *key, struct str content, struct error *err)
{
    struct error ignored;
    struct s3_object there;
    if (!can_be(key, err))
        return S3_UNKNOWN;
    if (s3_head(s3, key, &there, &ignored) == S3_DONE)
        return S3_EXISTS;
    return write_object(s3, key, content, true, err);
}
