#include "server/kube.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "certs/secret.h"
#include "server/transfer.h"

#include <sys/stat.h>

#define CONNECT_MS 5000
#define TOTAL_MS 10000

struct kube {
    struct transfer *transfer;
    struct kube_access access; /* its token as the token file, if any, had it at `token_stat` */
    struct stat token_stat;
    unsigned retry_after;
    bool rehearses;
};

/* One call. */
struct call {
    const char *method;
    const char *content_type; /* NULL: no body */
    const struct kube_object *object;
    char *body;
    struct transfer_answer answer;
};

static const struct {
    long from;
    long to;
    enum kube_status status;
    const char *text;
} statuses[] = {
    {200, 299, KUBE_DONE, ""},
    {401, 401, KUBE_UNAUTHORIZED, "unauthorized (the token or certificate that was shown)"},
    {403, 403, KUBE_FORBIDDEN, "forbidden"},
    {404, 404, KUBE_ABSENT, "not found"},
    {409, 410, KUBE_CONFLICT, "somebody else changed it"},
    {429, 429, KUBE_BUSY, "the API server is busy"},
    {503, 503, KUBE_BUSY, "the API server is busy"},
    {500, 599, KUBE_REFUSED, "the API server failed"},
    {0, 999, KUBE_REFUSED, "refused"},
};

struct kube *kube_new(struct kube_access *access)
{
    struct kube *kube = xcalloc(1, sizeof(*kube));
    kube->transfer = transfer_new();
    kube->access = *access;
    *access = (struct kube_access){0};
    if (kube->access.token_file)
        kube->access.token = BUF(KUBE_TOKEN_MAX);
    return kube;
}

void kube_free(struct kube *kube)
{
    if (!kube)
        return;
    transfer_free(kube->transfer);
    kube_access_done(&kube->access);
    free(kube);
}

void kube_rehearse(struct kube *kube, bool on)
{
    kube->rehearses = on;
}

/* The kubelet replaces the file long before the token ends; it is read again when it changed. */
static bool refresh_token(struct kube *kube, struct error *err)
{
    struct stat now;
    const struct stat *then = &kube->token_stat;
    const char *path = kube->access.token_file;
    struct buf *token = &kube->access.token;
    if (!path || (token->length && stat(path, &now) == 0 && now.st_ino == then->st_ino &&
                  now.st_mtim.tv_sec == then->st_mtim.tv_sec &&
                  now.st_mtim.tv_nsec == then->st_mtim.tv_nsec))
        return true;
    secret_clear(token);
    if (stat(path, &kube->token_stat) != 0)
        kube->token_stat = (struct stat){0};
    if (!file_read(path, token, err))
        return false;
    if (kube_token_valid(str_trim(buf_str(token))))
        return true;
    secret_clear(token);
    return error_set(err, "%s: is not a token: empty, or with blanks inside", path);
}

static struct transfer_tls tls_of(const struct kube_access *access)
{
    struct transfer_tls tls = {.ca_file = access->ca_file};
    if (access->ca.length)
        tls.ca = buf_str(&access->ca);
    if (!access->certificate.length)
        return tls;
    tls.certificate = buf_str(&access->certificate);
    tls.key = buf_str(&access->key);
    return tls;
}

static enum transfer_status send_call(struct kube *kube, struct call *call, const char *url,
                                      struct error *err)
{
    size_t count = 0;
    const char *headers[4] = {"Accept: application/json"};
    cleanup(secret_clear) struct buf token = BUF(KUBE_TOKEN_MAX + 64);
    autofree char *type =
        call->content_type ? xasprintf("Content-Type: %s", call->content_type) : NULL;
    if (kube->access.token.length) {
        buf_addf(&token, "Authorization: Bearer %.*s",
                 STR_ARG(str_trim(buf_str(&kube->access.token))));
        headers[++count] = token.data;
    }
    if (type)
        headers[++count] = type;
    struct transfer_request request = {
        .method = call->method,
        .url = url,
        .headers = headers,
        .body = str_of(call->body),
        .tls = tls_of(&kube->access),
        .answer_max = KUBE_ANSWER_MAX,
        .connect_ms = CONNECT_MS,
        .total_ms = TOTAL_MS,
    };
    return transfer_perform(kube->transfer, &request, &call->answer, err);
}

static bool is(const struct call *call, const char *method)
{
    return str_is(str_of(call->method), method);
}

/* The address of the object, or of where it is created; the caller frees. */
static char *url_of(const struct kube *kube, const struct call *call)
{
    bool creates = is(call, "POST");
    return xasprintf("%s%s%s%s%s", kube->access.server, call->object->collection,
                     creates ? "" : "/", creates ? "" : call->object->name,
                     call->body && kube->rehearses ? "?dryRun=All" : "");
}

/* An answer came, of whatever kind. */
static bool perform(struct kube *kube, struct call *call, struct error *err)
{
    autofree char *url = url_of(kube, call);
    kube->retry_after = 0;
    if (!refresh_token(kube, err))
        return false;
    enum transfer_status status = send_call(kube, call, url, err);
    if (status == TRANSFER_TOO_LARGE)
        return false;
    if (status != TRANSFER_ANSWERED)
        return error_wrap(err, "no answer from %s", kube->access.server);
    kube->retry_after = transfer_retry_after(kube->transfer);
    return true;
}

/* The answer as an object; NULL when it is none. */
static json_t *parse(const struct buf *answer)
{
    struct str text = buf_str(answer);
    json_t *json = json_loadb(text.data, text.length, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(json))
        return json;
    json_decref(json);
    return NULL;
}

/* "secrets" of "/api/v1/namespaces/x/secrets". */
static const char *kind_of(const struct kube_object *object)
{
    return strrchr(object->collection, '/') + 1;
}

static enum kube_status refused(const struct call *call, const json_t *answer, struct error *err)
{
    size_t row = 0;
    while (call->answer.code < statuses[row].from || call->answer.code > statuses[row].to)
        row++;
    const json_t *message = json_object_get(answer, "message");
    const char *said = json_is_string(message) ? json_string_value(message) : "";
    const char *text = statuses[row].text;
    bool forbidden = statuses[row].status == KUBE_FORBIDDEN;
    if (is(call, "POST") && call->answer.code == 409)
        text = "is there already";
    error_set_(err, "%s (%ld)%s%.300s%s%s%s", text, call->answer.code, *said ? ": " : "", said,
               forbidden ? " (RBAC has to allow " : "", forbidden ? call->object->verbs : "",
               forbidden ? ")" : "");
    str_presentable(err->text);
    return call->answer.code == 422 && is(call, "PATCH") ? KUBE_CONFLICT : statuses[row].status;
}

static enum kube_status judge(const struct call *call, json_t **ret, struct error *err)
{
    cleanup(json_decrefp) json_t *answer = parse(&call->answer.body);
    if (call->answer.code < 200 || call->answer.code > 299)
        return refused(call, answer, err);
    if (!answer) {
        error_set_(err, "the answer is not a JSON object");
        return KUBE_UNREACHABLE;
    }
    if (ret)
        *ret = TAKE(answer);
    return KUBE_DONE;
}

static enum kube_status do_call(struct kube *kube, struct call *call, json_t **ret,
                                struct error *err)
{
    enum kube_status status = perform(kube, call, err) ? judge(call, ret, err) : KUBE_UNREACHABLE;
    if (status != KUBE_DONE)
        error_wrap_(err, "%s/%s", kind_of(call->object), call->object->name);
    secret_clear(&call->answer.body);
    if (call->body)
        explicit_bzero(call->body, strlen(call->body));
    free(call->body);
    return status;
}

enum kube_status kube_get(struct kube *kube, const struct kube_object *object, json_t **ret,
                          struct error *err)
{
    struct call call = {.method = "GET", .object = object};
    return do_call(kube, &call, ret, err);
}

enum kube_status kube_create(struct kube *kube, const struct kube_object *object,
                             const json_t *content, json_t **ret, struct error *err)
{
    struct call call = {.method = "POST", .object = object, .content_type = "application/json"};
    call.body = json_dumps(content, JSON_COMPACT);
    return do_call(kube, &call, ret, err);
}

enum kube_status kube_put(struct kube *kube, const struct kube_object *object,
                          const json_t *content, json_t **ret, struct error *err)
{
    struct call call = {.method = "PUT", .object = object, .content_type = "application/json"};
    call.body = json_dumps(content, JSON_COMPACT);
    return do_call(kube, &call, ret, err);
}

enum kube_status kube_patch(struct kube *kube, const struct kube_object *object,
                            const json_t *patch, json_t **ret, struct error *err)
{
    struct call call = {.method = "PATCH", .object = object};
    call.content_type = "application/json-patch+json";
    call.body = json_dumps(patch, JSON_COMPACT);
    return do_call(kube, &call, ret, err);
}

unsigned kube_retry_after(const struct kube *kube)
{
    return kube->retry_after;
}

void kube_cancel(struct kube *kube)
{
    transfer_cancel(kube->transfer);
}
