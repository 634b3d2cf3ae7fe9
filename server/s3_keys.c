#include "server/s3_keys.h"

#include "base/file.h"
#include "base/mem.h"
#include "certs/secret.h"
#include "patches/s3_place.h"
#include "server/s3_address.h"
#include "server/s3_retry.h"
#include "server/s3_xml.h"

#include <time.h>

#define VALUE_MAX (16u * 1024)
#define FORM_MAX (4 * VALUE_MAX)
#define ANSWER_MAX (64u * 1024)
#define RENEW_BEFORE 300 /* seconds before they end */
#define CONNECT_MS 10000
#define TOTAL_MS 30000

struct s3_keys {
    const char *origin;                           /* a literal, or `folder` */
    char *folder;                                 /* NULL: not from files */
    char *role, *token_file, *session, *sts, *ca; /* of a web identity; role NULL: none */
    struct buf id, key, token;
    int64_t renew, expires; /* of a web identity */
};

static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

static void clear_values(struct s3_keys *keys)
{
    secret_clear(&keys->id);
    secret_clear(&keys->key);
    secret_clear(&keys->token);
    keys->renew = keys->expires = 0;
}

/* What may stand in a header; what is no key is not sent. */
static bool is_value(struct str text)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.data[i] <= ' ' || text.data[i] > '~')
            return false;
    return text.length > 0;
}

static bool check_value(struct str text, const char *name, struct error *err)
{
    return is_value(text) ||
           error_set(err, "%s: is empty, or has blanks or line ends inside", name);
}

static bool set_value(struct buf *to, struct str text, const char *name, struct error *err)
{
    secret_clear(to);
    if (!check_value(str_trim(text), name, err))
        return false;
    buf_add(to, str_trim(text));
    return true;
}

/* --- files and variables */

static bool read_value(const char *path, struct buf *to, struct error *err)
{
    cleanup(secret_clear) struct buf content = BUF(VALUE_MAX);
    return file_read(path, &content, err) && set_value(to, buf_str(&content), path, err);
}

static bool read_folder(struct s3_keys *keys, struct error *err)
{
    autofree char *id = xasprintf("%s/AWS_ACCESS_KEY_ID", keys->folder);
    autofree char *key = xasprintf("%s/AWS_SECRET_ACCESS_KEY", keys->folder);
    autofree char *token = xasprintf("%s/AWS_SESSION_TOKEN", keys->folder);
    cleanup(secret_clear) struct buf content = BUF(VALUE_MAX);
    struct error ignored;
    secret_clear(&keys->token);
    if (!read_value(id, &keys->id, err) || !read_value(key, &keys->key, err))
        return error_wrap(err, "--credentials");
    if (!file_read(token, &content, &ignored) || !str_trim(buf_str(&content)).length)
        return true;
    return set_value(&keys->token, buf_str(&content), token, err) ||
           error_wrap(err, "--credentials");
}

static bool read_variables(struct s3_keys *keys, struct error *err)
{
    const char *token = variable("AWS_SESSION_TOKEN");
    const char *key = variable("AWS_SECRET_ACCESS_KEY");
    if (!key)
        return error_set(err, "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not");
    return set_value(&keys->id, str_of(variable("AWS_ACCESS_KEY_ID")), "AWS_ACCESS_KEY_ID", err) &&
           set_value(&keys->key, str_of(key), "AWS_SECRET_ACCESS_KEY", err) &&
           (!token || set_value(&keys->token, str_of(token), "AWS_SESSION_TOKEN", err));
}

/* --- a web identity */

static void add_field(struct buf *form, const char *name, struct str value)
{
    buf_addf(form, "%s%s=", form->length ? "&" : "", name);
    s3_encode(form, value, false);
}

/* The token is in it: the caller clears. */
static bool make_form(const struct s3_keys *keys, struct buf *form, struct error *err)
{
    cleanup(secret_clear) struct buf token = BUF(VALUE_MAX);
    if (!read_value(keys->token_file, &token, err))
        return error_wrap(err, "AWS_WEB_IDENTITY_TOKEN_FILE");
    add_field(form, "Action", STR("AssumeRoleWithWebIdentity"));
    add_field(form, "RoleArn", str_of(keys->role));
    add_field(form, "RoleSessionName", str_of(keys->session));
    add_field(form, "Version", STR("2011-06-15"));
    add_field(form, "WebIdentityToken", buf_str(&token));
    return true;
}

/* Errors of STS: what they mean and the way out. The first row whose code fits; NULL fits all. */
static const struct {
    const char *code;
    const char *way_out;
} refusals[] = {
    {"AccessDenied", "the role's trust policy has to allow this service account "
                     "sts:AssumeRoleWithWebIdentity; check AWS_ROLE_ARN"},
    {"ExpiredTokenException", "the token in AWS_WEB_IDENTITY_TOKEN_FILE has to be renewed (by the "
                              "kubelet)"},
    {"InvalidIdentityToken",
     "AWS has to know the cluster's OIDC provider, and the token's audience "
     "has to be the one that it expects"},
    {NULL, "check AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE"},
};

static bool refused(const struct s3_keys *keys, long status, const struct s3_fault *fault,
                    struct error *err)
{
    size_t row = 0;
    while (refusals[row].code && strcmp(refusals[row].code, fault->code) != 0)
        row++;
    return error_set(err, "no keys for the role from %s (%ld%s%s%s%.200s); %s", keys->sts, status,
                     fault->code[0] ? " " : "", fault->code, fault->message[0] ? ": " : "",
                     fault->message, refusals[row].way_out);
}

static void keep_session(struct s3_keys *keys, const struct s3_session *session, int64_t now)
{
    int64_t left = session->expires - now;
    clear_values(keys);
    keys->expires = session->expires;
    keys->renew = session->expires - (left / 2 < RENEW_BEFORE ? left / 2 : RENEW_BEFORE);
    buf_add(&keys->id, buf_str(&session->id));
    buf_add(&keys->key, buf_str(&session->key));
    buf_add(&keys->token, buf_str(&session->token));
}

/* All of it or nothing: what was there before is good until it ends. */
static bool take_session(struct s3_keys *keys, struct str xml, int64_t now, struct error *err)
{
    struct s3_session session;
    bool read = s3_xml_session(xml, &session, err) &&
                check_value(buf_str(&session.id), "AccessKeyId", err) &&
                check_value(buf_str(&session.key), "SecretAccessKey", err) &&
                check_value(buf_str(&session.token), "SessionToken", err);
    if (read)
        keep_session(keys, &session, now);
    secret_clear(&session.id);
    secret_clear(&session.key);
    secret_clear(&session.token);
    return read || error_wrap(err, "%s: its answer", keys->sts);
}

/* Asks once; on failure *ret is whether and how to ask again. */
static bool ask(struct s3_keys *keys, struct transfer *transfer, struct str form, int64_t now,
                enum s3_trouble *ret, struct error *err)
{
    static const char *const headers[] = {"Content-Type: application/x-www-form-urlencoded", NULL};
    struct transfer_answer answer;
    struct transfer_request request = {
        .method = "POST",
        .url = keys->sts,
        .headers = headers,
        .body = form,
        .tls = {.ca_file = keys->ca},
        .answer_max = ANSWER_MAX,
        .connect_ms = CONNECT_MS,
        .total_ms = TOTAL_MS,
        .plain = str_starts(str_of(keys->sts), STR("http://")),
        .proxy = true,
    };
    *ret = S3_TROUBLE_UNREACHABLE;
    enum transfer_status status = transfer_perform(transfer, &request, &answer, err);
    bool done = false;
    if (status != TRANSFER_ANSWERED) {
        error_wrap_(err, "no answer from %s", keys->sts);
    } else if (answer.code >= 200 && answer.code <= 299) {
        *ret = S3_TROUBLE_LASTING;
        done = take_session(keys, buf_str(&answer.body), now, err);
    } else {
        struct s3_fault fault;
        (void)!s3_xml_fault(buf_str(&answer.body), &fault);
        *ret = s3_trouble_of(answer.code, fault.code);
        refused(keys, answer.code, &fault, err);
    }
    secret_clear(&answer.body);
    return done;
}

static int64_t monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool assume_role(struct s3_keys *keys, struct transfer *transfer, int64_t now,
                        struct error *err)
{
    cleanup(secret_clear) struct buf form = BUF(FORM_MAX);
    struct s3_retry retry = {0};
    enum s3_trouble trouble;
    unsigned wait;
    if (!make_form(keys, &form, err))
        return false;
    while (!ask(keys, transfer, buf_str(&form), now, &trouble, err)) {
        unsigned asked = transfer_retry_after(transfer);
        if (!s3_retry_again(&retry, trouble, asked, monotonic_ms(), (uint32_t)now, &wait) ||
            !transfer_wait(transfer, wait))
            return false;
    }
    return true;
}

/* --- all of them */

static bool set_identity(struct s3_keys *keys, const char *region, const char *ca,
                         struct error *err)
{
    const char *session = variable("AWS_ROLE_SESSION_NAME");
    const char *sts = variable("AWS_ENDPOINT_URL_STS");
    const char *file = variable("AWS_WEB_IDENTITY_TOKEN_FILE");
    if (!file)
        return error_set(err, "AWS_ROLE_ARN is set, but AWS_WEB_IDENTITY_TOKEN_FILE is not");
    if (sts && !s3_endpoint_valid(str_of(sts), err))
        return error_wrap(err, "AWS_ENDPOINT_URL_STS");
    keys->origin = "AWS_WEB_IDENTITY_TOKEN_FILE";
    keys->role = xstrdup(variable("AWS_ROLE_ARN"));
    keys->token_file = xstrdup(file);
    keys->session = xstrdup(session ? session : "harbor-pg-webhook");
    keys->sts = sts ? xstrdup(sts) : s3_aws_endpoint("sts", region);
    keys->ca = sts && ca ? xstrdup(ca) : NULL;
    return true;
}

static bool find(struct s3_keys *keys, const char *folder, const char *region, const char *ca,
                 struct error *err)
{
    if (folder) {
        keys->folder = xstrdup(folder);
        keys->origin = keys->folder;
        return read_folder(keys, err);
    }
    if (variable("AWS_ACCESS_KEY_ID")) {
        keys->origin = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
        return read_variables(keys, err);
    }
    if (variable("AWS_ROLE_ARN"))
        return set_identity(keys, region, ca, err);
    return error_set(err, "no keys for S3: expected --credentials DIR, AWS_ACCESS_KEY_ID and "
                          "AWS_SECRET_ACCESS_KEY, or AWS_ROLE_ARN and "
                          "AWS_WEB_IDENTITY_TOKEN_FILE");
}

bool s3_keys_new(const char *folder, const char *region, const char *ca, struct s3_keys **ret,
                 struct error *err)
{
    struct s3_keys *keys = xcalloc(1, sizeof(*keys));
    keys->id = keys->key = keys->token = BUF(VALUE_MAX);
    if (!find(keys, folder, region, ca, err)) {
        s3_keys_free(keys);
        return false;
    }
    *ret = keys;
    return true;
}

void s3_keys_free(struct s3_keys *keys)
{
    if (!keys)
        return;
    clear_values(keys);
    free(keys->folder);
    free(keys->role);
    free(keys->token_file);
    free(keys->session);
    free(keys->sts);
    free(keys->ca);
    free(keys);
}

bool s3_keys_get(struct s3_keys *keys, struct transfer *transfer, int64_t now, struct s3_key *ret,
                 struct error *err)
{
    if (keys->folder && !read_folder(keys, err))
        return false;
    bool renewed = !keys->role || now < keys->renew || assume_role(keys, transfer, now, err);
    if (!renewed && now >= keys->expires)
        return false;
    *ret = (struct s3_key){keys->id.data, keys->key.data,
                           keys->token.length ? keys->token.data : NULL};
    return true;
}

void s3_keys_forget(struct s3_keys *keys)
{
    keys->renew = keys->expires = 0;
}

const char *s3_keys_origin(const struct s3_keys *keys)
{
    return keys->origin;
}
