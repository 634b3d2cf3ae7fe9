#include "server/s3_explain.h"

#include "certs/chain.h"
#include "patches/s3_place.h"
#include "patches/shown.h"

#include <stdlib.h>

#define TEXT_MAX 4096
#define SKEW_MOST 900 /* seconds: what AWS tolerates */

/* What is said; {name} stands for a part of the situation. */
struct words {
    const char *what;
    const char *way_out;
};

static const struct words denied = {"access denied",
                                    "allow the keys from {keys} {permission} (policy of the user "
                                    "or role, of the bucket, of the KMS "
                                    "key), or use others"};
static const struct words unknown_key = {
    "the store does not know this access key",
    "check {keys}, and that --endpoint is the store that the keys are of"};
static const struct words wrong_key = {
    "the secret key is not that of the access key",
    "check {keys} (a blank or line end too much?); a proxy that changes requests does this too"};
static const struct words ended = {"the session token is no longer valid",
                                   "renew the keys in {keys}"};
static const struct words clocks = {"the clocks differ: here it is {ours}, there {theirs}",
                                    "set the clock of this machine"};
static const struct words closed = {"everybody's access is disabled",
                                    "the owner of the account has to enable it"};
static const struct words region = {
    "the bucket is not in the region '{region}'",
    "give --region the bucket's own one (aws s3api get-bucket-location)"};
static const struct words other_region = {
    "the bucket is in the region '{right}', not in '{region}'", "--region {right}"};
static const struct words no_bucket = {"there is no bucket '{bucket}' at {host}",
                                       "check its name, --region and --endpoint{path-style}"};
static const struct words frozen = {"it is in an archive storage class and cannot be read",
                                    "bring it back first (aws s3api restore-object)"};
static const struct words overloaded = {"the store is overloaded",
                                        "try again later, or with a lower --rate"};
static const struct words failed = {"the store failed",
                                    "try again later; the store's own log says why"};
static const struct words proxy = {"the proxy wants a login",
                                   "set https_proxy, or no_proxy for {host}"};
static const struct words other = {"the store refused",
                                   "look the code up in the store's own documentation"};
static const struct words garbage = {
    "{host} does not answer as S3 does",
    "check --endpoint, and whether a proxy answers instead{path-style}"};

/* By the code of S3, else by the status of HTTP: the first row that fits. */
static const struct refusal {
    const char *code;
    long status;
    const struct words *words;
} refusals[] = {
    {"AccessDenied", 0, &denied},
    {"AllAccessDisabled", 0, &closed},
    {"AccountProblem", 0, &closed},
    {"InvalidAccessKeyId", 0, &unknown_key},
    {"XAdminUserNotFound", 0, &unknown_key},
    {"SignatureDoesNotMatch", 0, &wrong_key},
    {"ExpiredToken", 0, &ended},
    {"InvalidToken", 0, &ended},
    {"TokenRefreshRequired", 0, &ended},
    {"RequestTimeTooSkewed", 0, &clocks},
    {"RequestExpired", 0, &clocks},
    {"AuthorizationHeaderMalformed", 0, &region},
    {"PermanentRedirect", 0, &region},
    {"TemporaryRedirect", 0, &region},
    {"IllegalLocationConstraintException", 0, &region},
    {"NoSuchBucket", 0, &no_bucket},
    {"InvalidObjectState", 0, &frozen},
    {"SlowDown", 0, &overloaded},
    {"ServiceUnavailable", 0, &overloaded},
    {NULL, 301, &region},
    {NULL, 302, &region},
    {NULL, 307, &region},
    {NULL, 308, &region},
    {NULL, 401, &denied},
    {NULL, 403, &denied},
    {NULL, 407, &proxy},
    {NULL, 429, &overloaded},
    {NULL, 503, &overloaded},
    {NULL, 500, &failed},
    {NULL, 502, &failed},
    {NULL, 504, &failed},
    {NULL, 0, &other},
};

static const struct {
    enum transfer_status status;
    struct words words;
} silences[] = {
    {TRANSFER_NO_NAME,
     {"the name of {host} is not known",
      "check --endpoint, --region and the name server{path-style}"}},
    {TRANSFER_NO_CONNECT,
     {"no connection to {host}",
      "check --endpoint, and that a network policy, firewall or proxy lets it pass"}},
    {TRANSFER_UNTRUSTED,
     {"the certificate of {host} is not trusted",
      "give --ca FILE with the authority that it is from{path-style}"}},
    {TRANSFER_TIMEOUT,
     {"{host} does not answer in time",
      "check --endpoint, and that a network policy, firewall or proxy lets it pass"}},
    {TRANSFER_BROKEN,
     {"the connection to {host} broke", "look at what is between, then try again"}},
    {TRANSFER_CANCELLED, {"stopped", ""}},
    {TRANSFER_FAILED, {"no answer from {host}", "check --endpoint and --ca"}},
};

/* The region that the bucket is in, as the store tells; NULL when it tells none. It is any bytes.
 */
static const char *right_region(const struct s3_situation *it)
{
    struct error unused;
    const char *const told[] = {it->fault ? it->fault->region : NULL, it->region_header};
    for (size_t i = 0; i < sizeof(told) / sizeof(*told); i++)
        if (told[i] && s3_region_valid(str_of(told[i]), &unused))
            return told[i];
    return NULL;
}

/* The value of a part that templates name. */
static struct str value_of(const struct s3_situation *it, struct str name,
                           char time[CHAIN_TIME_SIZE])
{
    int64_t theirs = it->fault && it->fault->server_time ? it->fault->server_time : it->date;
    bool bucket_first = it->address->custom && !it->address->path_style;
    const struct {
        const char *name;
        const char *value;
    } values[] = {
        {"bucket", it->bucket},
        {"region", it->region},
        {"right", right_region(it)},
        {"host", it->address->host},
        {"keys", it->keys},
        {"permission", it->permission},
        {"path-style", bucket_first ? "; it may need --path-style" : ""},
    };
    for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
        if (str_is(name, values[i].name))
            return str_of(values[i].value);
    return str_of(chain_time(str_is(name, "ours") ? it->now : theirs, time));
}

static void expand(struct buf *text, const struct s3_situation *situation, const char *words)
{
    char time[CHAIN_TIME_SIZE];
    struct str rest = str_of(words);
    for (long open = str_find(rest, STR("{")); open >= 0; open = str_find(rest, STR("{"))) {
        long close = str_find(rest, STR("}"));
        struct str name = {rest.data + open + 1, (size_t)(close - open - 1)};
        buf_add(text, (struct str){rest.data, (size_t)open});
        buf_add(text, value_of(situation, name, time));
        rest = str_skip(rest, (size_t)close + 1);
    }
    buf_add(text, rest);
}

/* "what (details), after 3 tries; way out". */
static void tell(const struct s3_situation *situation, const struct words *words,
                 const char *details, struct error *err)
{
    struct buf text = BUF(TEXT_MAX);
    expand(&text, situation, words->what);
    if (*details)
        buf_addf(&text, " (%s)", details);
    if (situation->tries > 1)
        buf_addf(&text, ", after %u tries", situation->tries);
    if (*words->way_out)
        buf_add_text(&text, "; ");
    expand(&text, situation, words->way_out);
    error_set_(err, "%s", text.data);
    buf_clear(&text);
}

static const struct words *words_of(const struct s3_situation *situation)
{
    const struct refusal *row = refusals;
    const char *code = situation->fault->code;
    while ((row->code && strcmp(row->code, code) != 0) ||
           (row->status && row->status != situation->status))
        row++;
    int64_t skew = situation->date ? llabs(situation->date - situation->now) : 0;
    if (situation->status == 403 && skew > SKEW_MOST)
        return &clocks;
    return row->words == &region && right_region(situation) ? &other_region : row->words;
}

void s3_explain_refusal(const struct s3_situation *situation, struct error *err)
{
    const struct s3_fault *fault = situation->fault;
    struct buf details = BUF(TEXT_MAX);
    buf_addf(&details, "%ld%s%s%s%s", situation->status, fault->code[0] ? " " : "", fault->code,
             fault->message[0] ? ": " : "", shown(str_of(fault->message)).text);
    if (situation->asked)
        buf_addf(&details, "; it asks to wait for %u s", situation->asked);
    tell(situation, words_of(situation), details.data, err);
    buf_clear(&details);
}

void s3_explain_silence(const struct s3_situation *situation, enum transfer_status status,
                        const char *said, const char *detail, struct error *err)
{
    size_t row = 0;
    while (silences[row].status != status && silences[row].status != TRANSFER_FAILED)
        row++;
    const char *details = *detail ? detail : said;
    tell(situation, &silences[row].words, status == TRANSFER_CANCELLED ? "" : details, err);
}

void s3_explain_garbage(const struct s3_situation *situation, const char *problem,
                        struct error *err)
{
    tell(situation, &garbage, problem, err);
}
