#include "server/kube.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "certs/secret.h"
#include "server/transfer.h"

#include <sys/stat.h>

#define KUBELET_FOLDER "/var/run/secrets/kubernetes.io/serviceaccount"
#define TOKEN_MAX (64u * 1024)
#define CONNECT_MS 5000
#define TOTAL_MS 10000

struct kube {
    struct transfer *transfer;
    char *base; /* "https://host:port" */
    char *token_path;
    char *ca_path;
    struct buf token; /* as the file had it at `token_stat` */
    struct stat token_stat;
    unsigned retry_after;
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
    {401, 401, KUBE_UNAUTHORIZED, "unauthorized (the service account's token)"},
    {403, 403, KUBE_FORBIDDEN, "forbidden"},
    {404, 404, KUBE_ABSENT, "not found"},
    {409, 410, KUBE_CONFLICT, "somebody else changed it"},
    {429, 429, KUBE_BUSY, "the API server is busy"},
    {503, 503, KUBE_BUSY, "the API server is busy"},
    {500, 599, KUBE_REFUSED, "the API server failed"},
    {0, 999, KUBE_REFUSED, "refused"},
};

bool kube_new(const struct kube_place *place, struct kube **ret, struct error *err)
{
    uint64_t port;
    if (!place->host || !*place->host || !str_number(str_of(place->port), &port) || port > 65535)
        return error_set(err, "not in a Kubernetes cluster: expected KUBERNETES_SERVICE_HOST and "
                              "KUBERNETES_SERVICE_PORT in the environment");
    const char *folder = place->folder ? place->folder : KUBELET_FOLDER;
    bool v6 = strchr(place->host, ':') != NULL;
    struct kube *kube = xcalloc(1, sizeof(*kube));
    kube->transfer = transfer_new();
    kube->base =
        xasprintf("https://%s%s%s:%s", v6 ? "[" : "", place->host, v6 ? "]" : "", place->port);
    kube->token_path = xasprintf("%s/token", folder);
    kube->ca_path = xasprintf("%s/ca.crt", folder);
    kube->token = BUF(TOKEN_MAX);
    *ret = kube;
    return true;
}

void kube_free(struct kube *kube)
{
    if (!kube)
        return;
    transfer_free(kube->transfer);
    free(kube->base);
    free(kube->token_path);
    free(kube->ca_path);
    secret_clear(&kube->token);
    free(kube);
}

static bool is_token(struct str text)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.data[i] <= ' ' || text.data[i] > '~')
            return false;
    return text.length > 0;
}

/* The kubelet replaces the file long before the token ends; it is read again when it changed. */
static bool refresh_token(struct kube *kube, struct error *err)
{
    struct stat now;
    const struct stat *then = &kube->token_stat;
    if (kube->token.length && stat(kube->token_path, &now) == 0 && now.st_ino == then->st_ino &&
        now.st_mtim.tv_sec == then->st_mtim.tv_sec && now.st_mtim.tv_nsec == then->st_mtim.tv_nsec)
        return true;
    secret_clear(&kube->token);
    if (stat(kube->token_path, &kube->token_stat) != 0)
        kube->token_stat = (struct stat){0};
    if (!file_read(kube->token_path, &kube->token, err))
        return false;
    if (is_token(str_trim(buf_str(&kube->token))))
        return true;
    secret_clear(&kube->token);
    return error_set(err, "%s: is not a token: empty, or with blanks inside", kube->token_path);
}

static enum transfer_status send_call(struct kube *kube, struct call *call, const char *url,
                                      struct error *err)
{
    cleanup(secret_clear) struct buf token = BUF(TOKEN_MAX + 64);
    buf_addf(&token, "Authorization: Bearer %.*s", STR_ARG(str_trim(buf_str(&kube->token))));
    autofree char *type =
        call->content_type ? xasprintf("Content-Type: %s", call->content_type) : NULL;
    const char *const headers[] = {token.data, "Accept: application/json", type, NULL};
    struct transfer_request request = {
        .method = call->method,
        .url = url,
        .headers = headers,
        .body = str_of(call->body),
        .tls = {.ca_file = kube->ca_path},
        .answer_max = KUBE_ANSWER_MAX,
        .connect_ms = CONNECT_MS,
        .total_ms = TOTAL_MS,
    };
    return transfer_perform(kube->transfer, &request, &call->answer, err);
}

/* An answer came, of whatever kind. */
static bool perform(struct kube *kube, struct call *call, struct error *err)
{
    autofree char *url =
        xasprintf("%s%s/%s", kube->base, call->object->collection, call->object->name);
    kube->retry_after = 0;
    if (!refresh_token(kube, err))
        return false;
    enum transfer_status status = send_call(kube, call, url, err);
    if (status == TRANSFER_TOO_LARGE)
        return false;
    if (status != TRANSFER_ANSWERED)
        return error_wrap(err, "no answer from %s", kube->base);
    kube->retry_after = transfer_retry_after(kube->transfer);
    return true;
}

static void json_done(json_t **json)
{
    json_decref(*json);
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
    bool forbidden = statuses[row].status == KUBE_FORBIDDEN;
    error_set_(err, "%s (%ld)%s%.300s%s%s%s", statuses[row].text, call->answer.code,
               *said ? ": " : "", said, forbidden ? " (RBAC has to allow " : "",
               forbidden ? call->object->verbs : "", forbidden ? ")" : "");
    str_presentable(err->text);
    bool patch = str_is(str_of(call->method), "PATCH");
    return call->answer.code == 422 && patch ? KUBE_CONFLICT : statuses[row].status;
}

static enum kube_status judge(const struct call *call, json_t **ret, struct error *err)
{
    cleanup(json_done) json_t *answer = parse(&call->answer.body);
    if (call->answer.code < 200 || call->answer.code > 299)
        return refused(call, answer, err);
    if (!answer) {
        error_set_(err, "the answer is not a JSON object");
        return KUBE_UNREACHABLE;
    }
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
