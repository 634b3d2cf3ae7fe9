#include "server/transfer.h"

#include "base/mem.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* A server that takes one connection, reads the head of one request, says `answer` and hangs up;
 * without an answer it waits until the client does. */
struct server {
    const char *answer;
    int socket;
    char url[64];
    char heard[4096];
    pthread_t thread;
};

static void *serve(void *context)
{
    struct server *server = context;
    int client = accept(server->socket, NULL, NULL);
    size_t length = 0;
    ssize_t count = 1;
    while (count > 0 && !strstr(server->heard, "\r\n\r\n")) {
        count = read(client, server->heard + length, sizeof(server->heard) - 1 - length);
        length += count > 0 ? (size_t)count : 0;
        server->heard[length] = '\0';
    }
    const char *answer = server->answer ? server->answer : "";
    if (write(client, answer, strlen(answer)) < 0)
        perror("write");
    while (!server->answer && count > 0)
        count = read(client, server->heard, sizeof(server->heard));
    close(client);
    return NULL;
}

static void start(struct server *server, const char *answer)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *server = (struct server){.answer = answer};
    server->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server->socket, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(server->socket, 1), 0);
    assert_int_equal(getsockname(server->socket, (struct sockaddr *)&address, &size), 0);
    snprintf(server->url, sizeof(server->url), "http://127.0.0.1:%d/a/../b",
             ntohs(address.sin_port));
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void stop(struct server *server)
{
    pthread_join(server->thread, NULL);
    close(server->socket);
}

static struct transfer *transfer_of(void **state)
{
    return *state;
}

static int make_transfer(void **state)
{
    *state = transfer_new();
    return 0;
}

static int free_transfer(void **state)
{
    transfer_free(*state);
    return 0;
}

/* Asks, expects this outcome and this text, and lets go of the answer. */
static void expect(struct transfer *transfer, const struct transfer_request *request,
                   enum transfer_status status, const char *text)
{
    struct error err = {""};
    struct transfer_answer answer;
    assert_int_equal(transfer_perform(transfer, request, &answer, &err), status);
    assert_string_equal(err.text, text);
    buf_clear(&answer.body);
}

static void where_nobody_listens_is_told(void **state)
{
    expect(transfer_of(state),
           &(struct transfer_request){.method = "GET", .url = "https://127.0.0.1:9/"},
           TRANSFER_NO_CONNECT, "Couldn't connect to server");
    assert_non_null(strstr(transfer_detail(transfer_of(state)), "127.0.0.1 port 9"));
}

static void an_unknown_name_is_told(void **state)
{
    expect(transfer_of(state),
           &(struct transfer_request){.method = "GET", .url = "https://a..invalid/"},
           TRANSFER_NO_NAME, "Couldn't resolve host name");
}

static void without_tls_only_who_asks_for_it(void **state)
{
    expect(transfer_of(state),
           &(struct transfer_request){.method = "GET", .url = "http://127.0.0.1:9/"},
           TRANSFER_FAILED, "Unsupported protocol");
}

static void an_authority_that_is_none_is_told(void **state)
{
    struct server server;
    start(&server, "");
    autofree char *url = xasprintf("https%s", server.url + strlen("http"));
    struct transfer_request request = {.method = "GET", .url = url};
    request.tls.ca_file = "/nonexistent";
    expect(transfer_of(state), &request, TRANSFER_FAILED,
           "Problem with the SSL CA cert (path? access rights?)");
    stop(&server);
}

static void after_a_cancel_nothing_is_asked_and_nobody_waits(void **state)
{
    transfer_cancel(transfer_of(state));
    assert_true(transfer_cancelled(transfer_of(state)));
    expect(transfer_of(state),
           &(struct transfer_request){.method = "GET", .url = "https://127.0.0.1:9/"},
           TRANSFER_CANCELLED, "stopped");
    assert_false(transfer_wait(transfer_of(state), 3600 * 1000));
}

static void *cancel(void *context)
{
    transfer_cancel(context);
    return NULL;
}

static void a_cancel_ends_the_wait_of_another_thread(void **state)
{
    pthread_t thread;
    assert_true(transfer_wait(transfer_of(state), 1));
    assert_int_equal(pthread_create(&thread, NULL, cancel, transfer_of(state)), 0);
    assert_false(transfer_wait(transfer_of(state), 3600 * 1000));
    pthread_join(thread, NULL);
}

static void an_answer_beyond_the_limit_is_refused(void **state)
{
    struct server server;
    start(&server, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    struct transfer_request request = {.method = "GET", .url = server.url, .plain = true};
    request.answer_max = 4;
    expect(transfer_of(state), &request, TRANSFER_TOO_LARGE, "the answer is larger than 4 bytes");
    stop(&server);
}

static void a_connection_that_ends_early_is_told(void **state)
{
    static const struct {
        const char *answer;
        const char *text;
    } cases[] = {
        {"", "Server returned nothing (no headers, no data)"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", "Transferred a partial file"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
         "Transferred a partial file"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct server server;
        start(&server, cases[i].answer);
        struct transfer_request request = {.method = "GET", .url = server.url, .plain = true};
        request.answer_max = 100;
        expect(transfer_of(state), &request, TRANSFER_BROKEN, cases[i].text);
        stop(&server);
    }
}

static void who_does_not_answer_is_not_waited_for(void **state)
{
    struct server server;
    start(&server, NULL);
    struct transfer_request request = {.method = "GET", .url = server.url, .plain = true};
    request.stalled_s = 1;
    expect(transfer_of(state), &request, TRANSFER_TIMEOUT, "Timeout was reached");
    stop(&server);
    start(&server, NULL);
    request = (struct transfer_request){.method = "GET", .url = server.url, .plain = true};
    request.total_ms = 100;
    expect(transfer_of(state), &request, TRANSFER_TIMEOUT, "Timeout was reached");
    stop(&server);
}

static bool never(void *context, struct str bytes)
{
    (void)bytes;
    ++*(int *)context;
    return false;
}

static void who_takes_can_stop(void **state)
{
    int calls = 0;
    struct server server;
    start(&server, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    struct transfer_request request = {.method = "GET", .url = server.url, .plain = true};
    request.take = never;
    request.context = &calls;
    expect(transfer_of(state), &request, TRANSFER_STOPPED, "stopped");
    assert_int_equal(calls, 1);
    stop(&server);
}

static void a_refusal_goes_to_the_answer_not_to_who_takes(void **state)
{
    int calls = 0;
    struct error err = {""};
    struct server server;
    struct transfer_answer answer;
    start(&server, "HTTP/1.1 503 Slow Down\r\nRetry-After: 7\r\nETag: \"x\"\r\n"
                   "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 5\r\n\r\nhello");
    struct transfer_request request = {.method = "GET", .url = server.url, .plain = true};
    request.take = never;
    request.context = &calls;
    request.answer_max = 100;
    assert_int_equal(transfer_perform(transfer_of(state), &request, &answer, &err),
                     TRANSFER_ANSWERED);
    assert_int_equal(answer.code, 503);
    assert_string_equal(answer.body.data, "hello");
    assert_int_equal(calls, 0);
    assert_int_equal(transfer_retry_after(transfer_of(state)), 7);
    assert_string_equal(transfer_header(transfer_of(state), "etag"), "\"x\"");
    assert_null(transfer_header(transfer_of(state), "x-none"));
    assert_int_equal(transfer_header_time(transfer_of(state), "date"), 784111777);
    assert_int_equal(transfer_header_time(transfer_of(state), "etag"), 0);
    assert_int_equal(transfer_header_time(transfer_of(state), "x-none"), 0);
    buf_clear(&answer.body);
    stop(&server);
}

static void a_redirect_is_an_answer(void **state)
{
    struct error err = {""};
    struct server server;
    struct transfer_answer answer;
    start(&server, "HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:9/\r\n\r\n");
    struct transfer_request request = {.method = "HEAD", .url = server.url, .plain = true};
    assert_int_equal(transfer_perform(transfer_of(state), &request, &answer, &err),
                     TRANSFER_ANSWERED);
    stop(&server);
    assert_int_equal(answer.code, 301);
    assert_non_null(strstr(server.heard, "HEAD /b HTTP/1.1\r\n"));
}

static void a_signed_request_keeps_its_path_and_signs_all_headers(void **state)
{
    struct error err = {""};
    struct server server;
    struct transfer_answer answer;
    static const struct transfer_signature signature = {"eu-central-1", "s3", "AKIDEXAMPLE", "key"};
    static const char *const headers[] = {"x-amz-content-sha256: UNSIGNED-PAYLOAD",
                                          "x-amz-security-token: token", "If-Match: \"x\"", NULL};
    start(&server, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    struct transfer_request request = {.method = "PUT", .url = server.url, .plain = true};
    request.headers = headers;
    request.body = STR("");
    request.signature = &signature;
    assert_int_equal(transfer_perform(transfer_of(state), &request, &answer, &err),
                     TRANSFER_ANSWERED);
    stop(&server);
    assert_non_null(strstr(server.heard, "PUT /a/../b HTTP/1.1\r\n"));
    assert_non_null(strstr(server.heard, "Content-Length: 0\r\n"));
    assert_non_null(strstr(server.heard, "Credential=AKIDEXAMPLE/"));
    assert_non_null(strstr(server.heard, "/eu-central-1/s3/aws4_request, SignedHeaders="
                                         "host;if-match;x-amz-content-sha256;x-amz-date;"
                                         "x-amz-security-token, "));
}

#define WITH_TRANSFER(test) cmocka_unit_test_setup_teardown(test, make_transfer, free_transfer)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TRANSFER(where_nobody_listens_is_told),
        WITH_TRANSFER(an_unknown_name_is_told),
        WITH_TRANSFER(without_tls_only_who_asks_for_it),
        WITH_TRANSFER(an_authority_that_is_none_is_told),
        WITH_TRANSFER(after_a_cancel_nothing_is_asked_and_nobody_waits),
        WITH_TRANSFER(a_cancel_ends_the_wait_of_another_thread),
        WITH_TRANSFER(an_answer_beyond_the_limit_is_refused),
        WITH_TRANSFER(a_connection_that_ends_early_is_told),
        WITH_TRANSFER(who_does_not_answer_is_not_waited_for),
        WITH_TRANSFER(who_takes_can_stop),
        WITH_TRANSFER(a_refusal_goes_to_the_answer_not_to_who_takes),
        WITH_TRANSFER(a_redirect_is_an_answer),
        WITH_TRANSFER(a_signed_request_keeps_its_path_and_signs_all_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
