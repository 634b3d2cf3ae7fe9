#include "server/s3_call.h"

#include "base/mem.h"
#include "certs/secret.h"
#include "server/s3_explain.h"
#include "server/s3_retry.h"

#include <sys/random.h>
#include <time.h>

#define CONNECT_MS 10000
#define STALLED_S 30
#define TOKEN_LINE_MAX (32u * 1024)

/* What a failure of the connection means for asking again; the rest is lasting. */
static const struct {
    enum transfer_status status;
    enum s3_trouble trouble;
} troubles[] = {
    {TRANSFER_NO_NAME, S3_TROUBLE_UNREACHABLE},
    {TRANSFER_NO_CONNECT, S3_TROUBLE_UNREACHABLE},
    {TRANSFER_TIMEOUT, S3_TROUBLE_UNREACHABLE},
    {TRANSFER_BROKEN, S3_TROUBLE_BROKEN},
};

static int64_t monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static uint32_t random_number(void)
{
    uint32_t number = 0;
    return getrandom(&number, sizeof(number), 0) == sizeof(number) ? number : 0;
}

static enum transfer_status send_request(struct s3 *s3, struct s3_call *call,
                                         const struct s3_key *key, struct error *err)
{
    autofree char *hash =
        xasprintf("x-amz-content-sha256: %s", call->sha256 ? call->sha256 : S3_EMPTY_SHA256);
    cleanup(secret_clear) struct buf token = BUF(TOKEN_LINE_MAX);
    buf_addf(&token, "x-amz-security-token: %s", key->token ? key->token : "");
    const char *headers[S3_CALL_HEADERS + 3] = {hash};
    size_t count = 1;
    if (key->token)
        headers[count++] = token.data;
    for (const char *const *line = call->headers; *line; line++)
        headers[count++] = *line;
    struct transfer_signature signature = {s3->region, "s3", key->id, key->key};
    struct transfer_request request = {
        .method = call->method,
        .url = call->url,
        .headers = headers,
        .body = call->body,
        .tls = {.ca_file = s3->ca},
        .signature = &signature,
        .answer_max = S3_XML_PAGE_MAX,
        .take = call->take,
        .context = call->context,
        .connect_ms = CONNECT_MS,
        .stalled_s = STALLED_S,
        .plain = s3->address.plain,
        .proxy = true,
    };
    return transfer_perform(s3->transfer, &request, &call->answer, err);
}

static enum s3_trouble silent(const struct s3 *s3, const struct s3_situation *situation,
                              enum transfer_status status, struct error *err)
{
    struct error said = *err;
    s3_explain_silence(situation, status, said.text, transfer_detail(s3->transfer), err);
    for (size_t i = 0; i < sizeof(troubles) / sizeof(*troubles); i++)
        if (troubles[i].status == status)
            return troubles[i].trouble;
    return S3_TROUBLE_LASTING;
}

static enum s3_trouble refused(struct s3 *s3, struct s3_call *call, struct s3_situation *situation,
                               struct error *err)
{
    (void)!s3_xml_fault(buf_str(&call->answer.body), &call->fault);
    situation->status = call->answer.code;
    situation->region_header = transfer_header(s3->transfer, "x-amz-bucket-region");
    situation->date = transfer_header_time(s3->transfer, "Date");
    situation->asked = call->asked = transfer_retry_after(s3->transfer);
    s3_explain_refusal(situation, err);
    enum s3_trouble trouble = s3_trouble_of(call->answer.code, call->fault.code);
    if (trouble == S3_TROUBLE_EXPIRED)
        s3_keys_forget(s3->keys);
    return trouble;
}

/* One request. */
static enum s3_trouble ask(struct s3 *s3, struct s3_call *call, unsigned tries, struct error *err)
{
    struct s3_key key;
    struct error problem;
    int64_t now = time(NULL);
    call->answer = (struct transfer_answer){0};
    call->fault = (struct s3_fault){0};
    call->asked = 0;
    if (!s3_keys_get(s3->keys, s3->transfer, now, &key, err))
        return S3_TROUBLE_LASTING;
    struct s3_situation situation = {
        .bucket = s3->bucket,
        .region = s3->region,
        .address = &s3->address,
        .permission = call->permission,
        .keys = s3_keys_origin(s3->keys),
        .now = now,
        .tries = tries,
        .fault = &call->fault,
    };
    enum transfer_status status = send_request(s3, call, &key, err);
    if (status != TRANSFER_ANSWERED)
        return silent(s3, &situation, status, err);
    if (call->answer.code < 200 || call->answer.code > 299)
        return refused(s3, call, &situation, err);
    if (!call->check || call->check(call, &problem))
        return S3_TROUBLE_NONE;
    s3_explain_garbage(&situation, problem.text, err);
    return S3_TROUBLE_GARBLED;
}

bool s3_call(struct s3 *s3, struct s3_call *call, struct error *err)
{
    struct s3_retry retry = {0};
    for (;;) {
        unsigned wait = 0;
        if (call->before)
            call->before(call);
        call->requests++;
        enum s3_trouble trouble = ask(s3, call, retry.tries + 1, err);
        if (trouble == S3_TROUBLE_NONE)
            return true;
        buf_clear(&call->answer.body);
        if (call->progress)
            retry = (struct s3_retry){0};
        call->progress = false;
        if (call->final ||
            !s3_retry_again(&retry, trouble, call->asked, monotonic_ms(), random_number(), &wait))
            return false;
        if (!transfer_wait(s3->transfer, wait))
            return error_set(err, "stopped");
    }
}
