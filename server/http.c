#include "server/http.h"

#include "base/mem.h"
#include "server/body.h"
#include "server/http_rules.h"
#include "server/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* A refused body is read to its end, so that the client gets to read the answer; one that goes on
 * for so many times the limit is cut off. */
#define PATIENCE 4

/* A thread that serves: a daemon of the library, with a descriptor of its own for the one listen
 * socket, which is ours to close once it was taken back, -1 before. */
struct worker {
    struct MHD_Daemon *daemon;
    int taken_fd;
};

struct http {
    struct worker *workers;
    unsigned worker_count;
    int listen_fd;
    struct tls *tls;
    struct body_account account;
    atomic_uint_fast64_t body_max;
    atomic_bool closing;
    struct http_handler handler;
};

/* One request on its way. */
struct exchange {
    struct http *http;
    struct http_request request;
    struct http_reply reply;
    struct body body;
    bool refused; /* the reply is already there, only the body is still coming */
};

uint64_t http_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

const char *http_library_version(void)
{
    return MHD_get_version();
}

void http_reply_error(struct http_reply *reply, unsigned status, const char *format, ...)
{
    char text[HTTP_ERROR_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    str_presentable(text);
    buf_clear(&reply->body);
    reply->body = BUF(HTTP_ERROR_MAX);
    reply->status = status;
    reply->content_type = "text/plain; charset=utf-8";
    buf_add_text(&reply->body, text);
    buf_add_text(&reply->body, "\n");
}

static enum MHD_Result queue(struct exchange *exchange, struct MHD_Connection *connection)
{
    struct http *http = exchange->http;
    struct http_reply *reply = &exchange->reply;
    if (reply->body.failed)
        http_reply_error(reply, 500, "the answer is too large");
    if (http->handler.answered)
        http->handler.answered(http->handler.context, &exchange->request, reply);
    size_t length = reply->body.length;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(length, buf_take(&reply->body), MHD_RESPMEM_MUST_FREE);
    if (!response)
        return MHD_NO;
    MHD_add_response_header(response, "Content-Type", reply->content_type);
    if (reply->allow)
        MHD_add_response_header(response, "Allow", reply->allow);
    if (reply->retry)
        MHD_add_response_header(response, "Retry-After", "1");
    if (reply->retry || atomic_load(&http->closing))
        MHD_add_response_header(response, "Connection", "close");
    enum MHD_Result result = MHD_queue_response(connection, reply->status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result count_framing(void *context, enum MHD_ValueKind kind, const char *name,
                                     const char *value)
{
    (void)kind;
    struct http_framing *framing = context;
    if (strcasecmp(name, "Content-Length") == 0) {
        framing->content_length = value;
        framing->content_length_count++;
    }
    if (strcasecmp(name, "Transfer-Encoding") == 0) {
        framing->transfer_encoding = value;
        framing->transfer_encoding_count++;
    }
    return MHD_YES;
}

static const char *header(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static void *tls_session(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    return info ? info->tls_session : NULL;
}

static struct exchange *exchange_new(struct http *http, struct MHD_Connection *connection)
{
    struct exchange *exchange = xcalloc(1, sizeof(*exchange));
    exchange->http = http;
    exchange->request.content_type = header(connection, "Content-Type");
    exchange->request.content_encoding = header(connection, "Content-Encoding");
    exchange->request.timeout =
        MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "timeout");
    exchange->request.tls_session = http->tls ? tls_session(connection) : NULL;
    exchange->request.arrived = http_clock();
    exchange->body.account = &http->account;
    exchange->body.limit = atomic_load(&http->body_max);
    return exchange;
}

static void reply_too_large(struct exchange *exchange)
{
    http_reply_error(&exchange->reply, 413, "the body is larger than %llu bytes",
                     (unsigned long long)exchange->body.limit);
}

/* The headers are complete. What cannot be answered later (the end of the body is uncertain, or far
 * away, or waits for our consent) is answered at once, and the connection ends; everything else is
 * answered after the body, when the client is sure to read. */
static enum MHD_Result begin(struct exchange *exchange, struct MHD_Connection *connection)
{
    struct http *http = exchange->http;
    struct http_framing framing = {0};
    struct error err;
    MHD_get_connection_values(connection, MHD_HEADER_KIND, count_framing, &framing);
    if (!http_framing_check(&framing, &exchange->body.announced, &err)) {
        http_reply_error(&exchange->reply, 400, "%s", err.text);
        return queue(exchange, connection);
    }
    exchange->refused =
        !http->handler.accepts(http->handler.context, &exchange->request, &exchange->reply);
    bool chunked = exchange->body.announced == UINT64_MAX;
    bool too_large = !chunked && exchange->body.announced > exchange->body.limit;
    if (too_large && !exchange->refused)
        reply_too_large(exchange);
    bool waits = header(connection, "Expect") != NULL;
    if (too_large || (exchange->refused && waits))
        return queue(exchange, connection);
    return MHD_YES;
}

static enum MHD_Result take_body(struct exchange *exchange, struct str bytes)
{
    struct body *body = &exchange->body;
    if (exchange->refused)
        body->seen += bytes.length;
    else
        body_add(body, bytes);
    return body->seen / PATIENCE > body->limit ? MHD_NO : MHD_YES;
}

static enum MHD_Result finish(struct exchange *exchange, struct MHD_Connection *connection)
{
    struct http *http = exchange->http;
    struct body *body = &exchange->body;
    if (exchange->refused)
        return queue(exchange, connection);
    if (body->state == BODY_TOO_LARGE) {
        reply_too_large(exchange);
        return queue(exchange, connection);
    }
    if (body->state == BODY_NO_ROOM) {
        exchange->reply.retry = true;
        http_reply_error(&exchange->reply, 503, "too many large requests at a time, try again");
        return queue(exchange, connection);
    }
    exchange->request.body = (struct str){body->data ? body->data : "", body->length};
    http->handler.reply(http->handler.context, &exchange->request, &exchange->reply);
    body_clear(body);
    return queue(exchange, connection);
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **ret_state)
{
    (void)version;
    struct exchange *exchange = *ret_state;
    bool first = !exchange;
    if (first) {
        exchange = exchange_new(context, connection);
        *ret_state = exchange;
    }
    exchange->request.path = url;
    exchange->request.method = method;
    if (first)
        return begin(exchange, connection);
    if (*upload_size == 0)
        return finish(exchange, connection);
    struct str bytes = {upload, *upload_size};
    *upload_size = 0;
    return take_body(exchange, bytes);
}

static void completed(void *context, struct MHD_Connection *connection, void **state,
                      enum MHD_RequestTerminationCode code)
{
    (void)context;
    (void)connection;
    (void)code;
    struct exchange *exchange = *state;
    if (!exchange)
        return;
    body_clear(&exchange->body);
    buf_clear(&exchange->reply.body);
    free(exchange);
    *state = NULL;
}

static void connected(void *context, struct MHD_Connection *connection, void **state,
                      enum MHD_ConnectionNotificationCode code)
{
    (void)state;
    const struct http *http = context;
    if (http->tls && code == MHD_CONNECTION_NOTIFY_STARTED)
        tls_attach(http->tls, tls_session(connection));
}

/* Paths are compared as they were sent: no route has a character that needs escaping. */
static size_t keep_escapes(void *context, struct MHD_Connection *connection, char *text)
{
    (void)context;
    (void)connection;
    return strlen(text);
}

__attribute__((format(printf, 2, 0))) static void complain(void *context, const char *format,
                                                           va_list args)
{
    const struct http *http = context;
    if (!http->handler.complain)
        return;
    char text[256];
    vsnprintf(text, sizeof(text), format, args);
    text[strcspn(text, "\n")] = '\0';
    http->handler.complain(http->handler.context, text);
}

static struct MHD_Daemon *start_daemon(struct http *http, const struct http_options *options,
                                       int listen_fd, unsigned connections)
{
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_USE_ERROR_LOG;
    const struct MHD_OptionItem secure[] = {
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)tls_priorities},
        {MHD_OPTION_HTTPS_CERT_CALLBACK2, 0, (void *)(uintptr_t)tls_retrieve_function()},
        {MHD_OPTION_END, 0, NULL},
    };
    const struct MHD_OptionItem *none = &secure[2];
    if (http->tls)
        flags |= MHD_USE_TLS;
    return MHD_start_daemon(
        flags, 0, NULL, NULL, handle, http, MHD_OPTION_EXTERNAL_LOGGER, complain,
        (void *)http, /* first, or the messages of the start go elsewhere */
        MHD_OPTION_LISTEN_SOCKET, listen_fd, MHD_OPTION_CONNECTION_LIMIT, connections,
        MHD_OPTION_CONNECTION_TIMEOUT, options->idle_seconds, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        options->header_bytes, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_COMPLETED,
        completed, NULL, MHD_OPTION_NOTIFY_CONNECTION, connected, (void *)http,
        MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL, MHD_OPTION_ARRAY,
        http->tls ? secure : none, MHD_OPTION_END);
}

/* Not one daemon with a pool of threads: to take the listen socket back from that while it is busy
 * aborts the process now and then (MHD_quiesce_daemon() races with MHD_epoll(), for which only a
 * daemon without a pool is prepared). */
static bool start_workers(struct http *http, const struct http_options *options)
{
    http->workers = xcalloc(options->threads, sizeof(*http->workers));
    for (unsigned i = 0; i < options->threads; i++) {
        unsigned rest = i < options->connections % options->threads;
        unsigned connections = options->connections / options->threads + rest;
        int fd = fcntl(options->listen_fd, F_DUPFD_CLOEXEC, 0);
        struct MHD_Daemon *daemon = fd < 0 ? NULL : start_daemon(http, options, fd, connections);
        if (!daemon)
            return false;
        http->workers[i] = (struct worker){daemon, -1};
        http->worker_count++;
    }
    return true;
}

static void stop_workers(struct http *http)
{
    for (unsigned i = 0; i < http->worker_count; i++) {
        MHD_stop_daemon(http->workers[i].daemon);
        if (http->workers[i].taken_fd >= 0)
            close(http->workers[i].taken_fd);
    }
    free(http->workers);
}

bool http_start(const struct http_options *options, struct http **ret, struct error *err)
{
    autofree struct http *http = xcalloc(1, sizeof(*http));
    http->tls = options->tls;
    http->handler = options->handler;
    http_limit(http, options->body_max, options->in_flight_bytes);
    errno = 0;
    if (!start_workers(http, options)) {
        int code = errno;
        char text[128];
        stop_workers(http);
        return error_set(err, "cannot start to serve: %s",
                         code ? error_errno(code, text, sizeof(text)) : "libmicrohttpd refuses");
    }
    http->listen_fd = options->listen_fd;
    *ret = TAKE(http);
    return true;
}

void http_limit(struct http *http, uint64_t body_max, size_t in_flight_bytes)
{
    atomic_store(&http->body_max, body_max);
    atomic_store(&http->account.limit, in_flight_bytes);
}

void http_close_answers(struct http *http)
{
    atomic_store(&http->closing, true);
}

void http_last_call(struct http *http)
{
    listen_last_call(http->listen_fd);
}

unsigned http_waiting(const struct http *http)
{
    return listen_waiting(http->listen_fd);
}

void http_refuse_connections(struct http *http)
{
    for (unsigned i = 0; i < http->worker_count; i++)
        http->workers[i].taken_fd = MHD_quiesce_daemon(http->workers[i].daemon);
    /* The descriptors stay open until the end, and clients would go on connecting to the backlog:
     * shutting the socket down refuses them. */
    shutdown(http->listen_fd, SHUT_RDWR);
}

unsigned http_connections(const struct http *http)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < http->worker_count; i++)
        sum += MHD_get_daemon_info(http->workers[i].daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)
                   ->num_connections;
    return sum;
}

void http_stop(struct http *http)
{
    if (!http)
        return;
    stop_workers(http);
    close(http->listen_fd);
    free(http);
}
