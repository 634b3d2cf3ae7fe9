#include "server/transfer.h"

#include "base/mem.h"
#include "server/version.h"

#include <curl/curl.h>
#include <stdatomic.h>
#include <time.h>

#define POLL_MS 1000
#define WAIT_MOST 3600

struct transfer {
    CURLM *multi; /* holds the connections; what another thread can wake up */
    CURL *easy;
    atomic_bool cancelled;
    char detail[CURL_ERROR_SIZE];
};

/* One request under way. */
struct flight {
    struct transfer *transfer;
    const struct transfer_request *request;
    struct transfer_answer *answer;
    bool stopped; /* by `take` */
};

/* What curl says, in what a caller can act on; else TRANSFER_FAILED. */
static const struct {
    CURLcode code;
    enum transfer_status status;
} statuses[] = {
    {CURLE_OK, TRANSFER_ANSWERED},
    {CURLE_COULDNT_RESOLVE_HOST, TRANSFER_NO_NAME},
    {CURLE_COULDNT_RESOLVE_PROXY, TRANSFER_NO_NAME},
    {CURLE_COULDNT_CONNECT, TRANSFER_NO_CONNECT},
    {CURLE_PEER_FAILED_VERIFICATION, TRANSFER_UNTRUSTED},
    {CURLE_OPERATION_TIMEDOUT, TRANSFER_TIMEOUT},
    {CURLE_GOT_NOTHING, TRANSFER_BROKEN},
    {CURLE_PARTIAL_FILE, TRANSFER_BROKEN},
    {CURLE_RECV_ERROR, TRANSFER_BROKEN},
    {CURLE_SEND_ERROR, TRANSFER_BROKEN},
};

struct transfer *transfer_new(void)
{
    struct transfer *transfer = xcalloc(1, sizeof(*transfer));
    curl_global_init(CURL_GLOBAL_DEFAULT);
    transfer->multi = curl_multi_init();
    transfer->easy = curl_easy_init();
    return transfer;
}

void transfer_free(struct transfer *transfer)
{
    if (!transfer)
        return;
    curl_easy_cleanup(transfer->easy);
    curl_multi_cleanup(transfer->multi);
    curl_global_cleanup();
    free(transfer);
}

static size_t receive(char *data, size_t size, size_t count, void *context)
{
    struct flight *flight = context;
    struct str bytes = {data, size * count};
    long code = 0;
    curl_easy_getinfo(flight->transfer->easy, CURLINFO_RESPONSE_CODE, &code);
    if (flight->request->take && code >= 200 && code <= 299) {
        flight->stopped = !flight->request->take(flight->request->context, bytes);
        return flight->stopped ? 0 : bytes.length;
    }
    buf_add(&flight->answer->body, bytes);
    return flight->answer->body.failed ? 0 : bytes.length;
}

static void list_done(struct curl_slist **list)
{
    curl_slist_free_all(*list);
}

/* Nobody waits for a server that never answers "Expect: 100-continue". A signature would count the
 * line without a value as a header that is sent. */
static struct curl_slist *headers_of(const struct transfer_request *request)
{
    struct curl_slist *list = request->signature ? NULL : curl_slist_append(NULL, "Expect:");
    for (const char *const *line = request->headers; line && *line; line++)
        list = curl_slist_append(list, *line);
    return list;
}

static void set_blob(CURL *easy, CURLoption option, struct str pem)
{
    if (!pem.data)
        return;
    struct curl_blob blob = {.len = pem.length, .flags = CURL_BLOB_COPY};
    autofree char *copy = xstrndup(pem.data, pem.length);
    blob.data = copy;
    curl_easy_setopt(easy, option, &blob);
    explicit_bzero(copy, pem.length);
}

/* A given authority is the only one. A file is read again each time: it may have been renewed. */
static void set_tls(CURL *easy, const struct transfer_tls *tls)
{
    if (tls->ca_file || tls->ca.data) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, tls->ca_file);
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
        curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L);
    }
    set_blob(easy, CURLOPT_CAINFO_BLOB, tls->ca);
    set_blob(easy, CURLOPT_SSLCERT_BLOB, tls->certificate);
    set_blob(easy, CURLOPT_SSLKEY_BLOB, tls->key);
}

/* Keys of objects may hold ".." between slashes: with a signature the path stays as it is. */
static void set_signature(CURL *easy, const struct transfer_signature *signature)
{
    if (!signature)
        return;
    autofree char *scope = xasprintf("aws:amz:%s:%s", signature->region, signature->service);
    curl_easy_setopt(easy, CURLOPT_AWS_SIGV4, scope);
    curl_easy_setopt(easy, CURLOPT_USERNAME, signature->key_id);
    curl_easy_setopt(easy, CURLOPT_PASSWORD, signature->key);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
}

static void set_method(CURL *easy, const struct transfer_request *request)
{
    struct str method = str_of(request->method);
    if (str_is(method, "HEAD"))
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    else if (!str_is(method, "GET"))
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
    if (!request->body.data)
        return;
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.length);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body.data);
}

/* The User-Agent up to its slash is the field manager under which the API server books changes. */
static void set_up(struct flight *flight, struct curl_slist *headers)
{
    const struct transfer_request *request = flight->request;
    CURL *easy = flight->transfer->easy;
    curl_easy_reset(easy);
    curl_easy_setopt(easy, CURLOPT_URL, request->url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, request->plain ? "http,https" : "https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_PROXY, request->proxy ? NULL : "");
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)request->connect_ms);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)request->total_ms);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)request->stalled_s);
    curl_easy_setopt(easy, CURLOPT_EXPECT_100_TIMEOUT_MS, 1L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "harbor-pg-webhook/" VERSION);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, flight);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, flight->transfer->detail);
    set_tls(easy, &request->tls);
    set_signature(easy, request->signature);
    set_method(easy, request);
}

/* Until it is over or cancelled. */
static CURLcode run(struct transfer *transfer)
{
    int running = 1;
    CURLcode code = CURLE_ABORTED_BY_CALLBACK;
    curl_multi_add_handle(transfer->multi, transfer->easy);
    while (running && !transfer_cancelled(transfer)) {
        curl_multi_perform(transfer->multi, &running);
        if (running)
            curl_multi_poll(transfer->multi, NULL, 0, POLL_MS, NULL);
    }
    const CURLMsg *message = curl_multi_info_read(transfer->multi, &(int){0});
    if (message && message->msg == CURLMSG_DONE)
        code = message->data.result;
    curl_multi_remove_handle(transfer->multi, transfer->easy);
    return code;
}

static enum transfer_status failed(const struct flight *flight, CURLcode code, struct error *err)
{
    if (flight->answer->body.failed) {
        error_set_(err, "the answer is larger than %zu bytes", flight->request->answer_max);
        return TRANSFER_TOO_LARGE;
    }
    if (flight->stopped || transfer_cancelled(flight->transfer)) {
        error_set_(err, "stopped");
        return flight->stopped ? TRANSFER_STOPPED : TRANSFER_CANCELLED;
    }
    error_set_(err, "%s", curl_easy_strerror(code));
    for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++)
        if (statuses[i].code == code)
            return statuses[i].status;
    return TRANSFER_FAILED;
}

enum transfer_status transfer_perform(struct transfer *transfer,
                                      const struct transfer_request *request,
                                      struct transfer_answer *answer, struct error *err)
{
    struct flight flight = {.transfer = transfer, .request = request, .answer = answer};
    *answer = (struct transfer_answer){.body = BUF(request->answer_max)};
    transfer->detail[0] = '\0';
    cleanup(list_done) struct curl_slist *headers = headers_of(request);
    set_up(&flight, headers);
    CURLcode code = run(transfer);
    curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, NULL);
    curl_easy_setopt(transfer->easy, CURLOPT_POSTFIELDS, NULL);
    if (code != CURLE_OK)
        return failed(&flight, code, err);
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &answer->code);
    return TRANSFER_ANSWERED;
}

const char *transfer_detail(const struct transfer *transfer)
{
    return transfer->detail;
}

const char *transfer_header(const struct transfer *transfer, const char *name)
{
    struct curl_header *header = NULL;
    CURLHcode code = curl_easy_header(transfer->easy, name, 0, CURLH_HEADER, -1, &header);
    return code == CURLHE_OK ? header->value : NULL;
}

int64_t transfer_header_time(const struct transfer *transfer, const char *name)
{
    const char *text = transfer_header(transfer, name);
    time_t seconds = text ? curl_getdate(text, NULL) : -1;
    return seconds < 0 ? 0 : seconds;
}

unsigned transfer_retry_after(const struct transfer *transfer)
{
    curl_off_t seconds = 0;
    CURLcode code = curl_easy_getinfo(transfer->easy, CURLINFO_RETRY_AFTER, &seconds);
    if (code != CURLE_OK || seconds < 0)
        return 0;
    return seconds > WAIT_MOST ? WAIT_MOST : (unsigned)seconds;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool transfer_wait(struct transfer *transfer, unsigned ms)
{
    int64_t end = now_ms() + ms;
    for (int64_t left = ms; left > 0 && !transfer_cancelled(transfer); left = end - now_ms())
        curl_multi_poll(transfer->multi, NULL, 0, left > POLL_MS ? POLL_MS : (int)left, NULL);
    return !transfer_cancelled(transfer);
}

void transfer_cancel(struct transfer *transfer)
{
    atomic_store(&transfer->cancelled, true);
    curl_multi_wakeup(transfer->multi);
}

bool transfer_cancelled(const struct transfer *transfer)
{
    return atomic_load(&transfer->cancelled);
}

const char *transfer_library_version(void)
{
    return curl_version_info(CURLVERSION_NOW)->version;
}
