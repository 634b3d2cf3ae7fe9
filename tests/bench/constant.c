/*
 * The ceiling: the product's own HTTP and TLS, answering every request with the bytes of a file:
 *     constant ADDRESS CERTIFICATE KEY ANSWER THREADS
 */
#include "base/file.h"
#include "base/mem.h"
#include "server/http.h"
#include "server/listen.h"
#include "server/tls.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define FILE_MAX (1024u * 1024)
#define BODY_MAX (7u * 1024 * 1024)

static bool accepts(void *context, const struct http_request *request, struct http_reply *reply)
{
    (void)context, (void)request, (void)reply;
    return true;
}

static void answer(void *context, const struct http_request *request, struct http_reply *reply)
{
    const struct buf *text = context;
    (void)request;
    reply->status = 200;
    reply->content_type = "application/json";
    reply->body = BUF(FILE_MAX);
    buf_add(&reply->body, buf_str(text));
}

static bool run(char **argv, struct error *err)
{
    cleanup(buf_clear) struct buf certificate = BUF(FILE_MAX);
    cleanup(buf_clear) struct buf key = BUF(FILE_MAX);
    cleanup(buf_clear) struct buf text = BUF(FILE_MAX);
    struct tls *tls = tls_new();
    struct http_options options = {
        .threads = (unsigned)strtoul(argv[5], NULL, 10),
        .connections = 256,
        .header_bytes = 64u * 1024,
        .idle_seconds = 120,
        .tls = tls,
        .body_max = BODY_MAX,
        .in_flight_bytes = 64u * 1024 * 1024,
        .handler = {.context = &text, .accepts = accepts, .reply = answer},
    };
    sigset_t end;
    sigemptyset(&end);
    sigaddset(&end, SIGTERM);
    sigaddset(&end, SIGINT);
    sigprocmask(SIG_BLOCK, &end, NULL);
    struct http *http = NULL;
    bool started = file_read(argv[2], &certificate, err) && file_read(argv[3], &key, err) &&
                   file_read(argv[4], &text, err) &&
                   tls_set_pair(tls, buf_str(&certificate), buf_str(&key), err) &&
                   listen_open(argv[1], &options.listen_fd, err) &&
                   http_start(&options, &http, err);
    if (started) {
        int number;
        sigwait(&end, &number);
        http_stop(http);
    }
    tls_free(tls);
    return started;
}

int main(int argc, char **argv)
{
    struct error err;
    if (argc != 6) {
        fprintf(stderr, "usage: constant ADDRESS CERTIFICATE KEY ANSWER THREADS\n");
        return 2;
    }
    if (!run(argv, &err)) {
        fprintf(stderr, "constant: %s\n", err.text);
        return 1;
    }
    return 0;
}
