#include "server/http.h"

#include "base/mem.h"
#include "server/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* A server whose handler echoes bodies, on a plain port of this machine. */
struct echo {
    struct http *http;
    in_port_t port;
    atomic_uint answers;
};

static bool accepts(void *context, const struct http_request *request, struct http_reply *reply)
{
    (void)context;
    if (strcmp(request->path, "/no") != 0)
        return true;
    reply->allow = "POST";
    http_reply_error(reply, 405, "no\n%s", request->method);
    return false;
}

static void echo(void *context, const struct http_request *request, struct http_reply *reply)
{
    (void)context;
    reply->status = 200;
    reply->content_type = "application/json";
    reply->body = BUF(1000);
    buf_add(&reply->body, request->body);
    buf_add_text(&reply->body, request->timeout ? request->timeout : "");
}

static void answered(void *context, const struct http_request *request,
                     const struct http_reply *reply)
{
    struct echo *server = context;
    assert_non_null(request->path);
    assert_non_null(reply->content_type);
    atomic_fetch_add(&server->answers, 1);
}

static int set_up(void **state)
{
    struct echo *server = xcalloc(1, sizeof(*server));
    struct error err;
    struct http_options options = {
        .threads = 2,
        .connections = 16,
        .header_bytes = 65536,
        .idle_seconds = 10,
        .body_max = 2000,
        .in_flight_bytes = 3000,
        .handler = {server, accepts, echo, answered, NULL},
    };
    assert_true(listen_open("127.0.0.1:0", &options.listen_fd, &err));
    struct sockaddr_in address = {0};
    socklen_t length = sizeof(address);
    assert_int_equal(getsockname(options.listen_fd, (struct sockaddr *)&address, &length), 0);
    server->port = address.sin_port;
    assert_true(http_start(&options, &server->http, &err));
    *state = server;
    return 0;
}

static int tear_down(void **state)
{
    struct echo *server = *state;
    http_stop(server->http);
    free(server);
    return 0;
}

static int connect_to(const struct echo *server)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = server->port, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    close(fd);
    return -1;
}

static void send_text(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* What comes until `end` is there or the connection ends. */
static char *receive(int fd, const char *end)
{
    struct buf text = BUF(100000);
    char piece[4096];
    while (!end || !text.data || !strstr(text.data, end)) {
        struct pollfd ready = {fd, POLLIN, 0};
        assert_int_equal(poll(&ready, 1, 10000), 1);
        ssize_t count = recv(fd, piece, sizeof(piece), 0);
        if (count <= 0)
            break;
        buf_add(&text, (struct str){piece, (size_t)count});
    }
    return buf_take(&text);
}

/* One request on its own connection, which the server must end. */
static char *exchange(const struct echo *server, const char *request)
{
    int fd = connect_to(server);
    send_text(fd, request);
    char *answer = receive(fd, NULL);
    close(fd);
    return answer;
}

static void has(const char *answer, const char *part)
{
    if (!strstr(answer, part))
        fail_msg("'%s' is not in:\n%s", part, answer);
}

static void doubtful_framing_ends_the_connection(void **state)
{
    struct echo *server = *state;
    autofree char *answer = exchange(server, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
                                             "Content-Length: 3\r\n\r\n{}");
    has(answer, "HTTP/1.1 400 ");
    has(answer, "Content-Type: text/plain; charset=utf-8\r\n");
    has(answer, "Content-Length is given 2 times, expected once\n");
}

static void an_announced_giant_is_refused_at_once(void **state)
{
    struct echo *server = *state;
    autofree char *answer =
        exchange(server, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2001\r\n\r\n");
    has(answer, "HTTP/1.1 413 ");
    has(answer, "the body is larger than 2000 bytes\n");
}

static void a_chunked_giant_is_refused_at_its_end(void **state)
{
    struct echo *server = *state;
    char head[] = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
                  "Connection: close\r\n\r\n";
    char chunk[1100] = "400\r\n";
    memset(chunk + 5, 'x', 1024);
    memcpy(chunk + 5 + 1024, "\r\n", 3);
    autofree char *request = xasprintf("%s%s%s0\r\n\r\n", head, chunk, chunk);
    autofree char *answer = exchange(server, request);
    has(answer, "HTTP/1.1 413 ");
    has(answer, "the body is larger than 2000 bytes\n");
}

static void an_endless_body_is_cut_off(void **state)
{
    struct echo *server = *state;
    int fd = connect_to(server);
    send_text(fd, "POST /no HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    char chunk[1100] = "400\r\n";
    memset(chunk + 5, 'x', 1024);
    memcpy(chunk + 5 + 1024, "\r\n", 3);
    int pieces = 0;
    while (pieces < 100000 && send(fd, chunk, 1031, MSG_NOSIGNAL) > 0)
        pieces++;
    assert_in_range(pieces, 8, 99999);
    close(fd);
}

static void a_refusal_waits_for_the_body_and_keeps_the_connection(void **state)
{
    struct echo *server = *state;
    int fd = connect_to(server);
    send_text(fd, "POST /no HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n");
    struct pollfd ready = {fd, POLLIN, 0};
    assert_int_equal(poll(&ready, 1, 50), 0);
    send_text(fd, "{}");
    autofree char *refusal = receive(fd, "no POST\n");
    has(refusal, "HTTP/1.1 405 ");
    has(refusal, "Allow: POST\r\n");
    send_text(fd, "POST /yes HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}");
    autofree char *answer = receive(fd, "{}");
    has(answer, "HTTP/1.1 200 ");
    has(answer, "Content-Type: application/json\r\n");
    close(fd);
}

static void a_client_that_asks_first_is_refused_first(void **state)
{
    struct echo *server = *state;
    autofree char *answer = exchange(server, "POST /no HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
                                             "Expect: 100-continue\r\n\r\n");
    has(answer, "HTTP/1.1 405 ");
}

static void bodies_share_their_room(void **state)
{
    struct echo *server = *state;
    char zeros[1501];
    memset(zeros, '0', 1500);
    zeros[1500] = '\0';
    int slow = connect_to(server);
    send_text(slow, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n\r\n");
    send_text(slow, zeros);
    autofree char *head =
        xasprintf("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1500\r\n\r\n%s", zeros);
    /* The slow body may not have arrived yet: then there is still room. */
    autofree char *answer = NULL;
    do {
        free(answer);
        int fd = connect_to(server);
        send_text(fd, head);
        answer = receive(fd, "\r\n\r\n");
        close(fd);
    } while (strstr(answer, "HTTP/1.1 500 "));
    has(answer, "HTTP/1.1 503 ");
    has(answer, "Retry-After: 1\r\n");
    has(answer, "Connection: close\r\n");
    close(slow);
}

static void an_answer_that_is_too_large_is_a_500(void **state)
{
    struct echo *server = *state;
    char zeros[1501];
    memset(zeros, '0', 1500);
    zeros[1500] = '\0';
    autofree char *request = xasprintf("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                                       "Content-Length: 1500\r\n\r\n%s",
                                       zeros);
    autofree char *answer = exchange(server, request);
    has(answer, "HTTP/1.1 500 ");
    has(answer, "the answer is too large\n");
}

static void the_query_is_split_off(void **state)
{
    struct echo *server = *state;
    autofree char *answer = exchange(
        server, "GET /x?a=b&timeout=1%30s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    has(answer, "HTTP/1.1 200 ");
    has(answer, "\r\n\r\n1%30s");
}

static void limits_change_while_it_runs(void **state)
{
    struct echo *server = *state;
    http_limit(server->http, 1, 3000);
    autofree char *answer =
        exchange(server, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n");
    has(answer, "the body is larger than 1 bytes\n");
}

static void the_end_is_orderly(void **state)
{
    struct echo *server = *state;
    int kept = connect_to(server);
    send_text(kept, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    autofree char *first = receive(kept, "\r\n\r\n");
    assert_null(strstr(first, "Connection: close"));
    assert_int_equal(http_connections(server->http), 1);
    http_close_answers(server->http);
    http_refuse_connections(server->http);
    assert_int_equal(connect_to(server), -1);
    assert_int_equal(errno, ECONNREFUSED);
    send_text(kept, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    autofree char *last = receive(kept, NULL);
    has(last, "HTTP/1.1 200 ");
    has(last, "Connection: close\r\n");
    close(kept);
    assert_int_equal(atomic_load(&server->answers), 2);
}

/* A client that connects, asks many times and goes, for as long as it is let in. */
static void *hurried_client(void *context)
{
    const struct echo *server = context;
    const char *request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    char answer[512];
    for (int fd = connect_to(server); fd >= 0; fd = connect_to(server)) {
        for (int i = 0; i < 50; i++)
            if (send(fd, request, strlen(request), MSG_NOSIGNAL) <= 0 ||
                recv(fd, answer, sizeof(answer), 0) <= 0)
                break;
        close(fd);
    }
    return NULL;
}

/* With a pool of threads in the library this aborted once in some thousand rounds. */
static void the_end_may_come_at_the_busiest_moment(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 100; round++) {
        void *fixture;
        set_up(&fixture);
        struct echo *server = fixture;
        pthread_t clients[8];
        for (size_t i = 0; i < 8; i++)
            assert_int_equal(pthread_create(&clients[i], NULL, hurried_client, server), 0);
        while (atomic_load(&server->answers) < 20 + round % 17)
            sched_yield();
        http_close_answers(server->http);
        http_refuse_connections(server->http);
        for (size_t i = 0; i < 8; i++)
            pthread_join(clients[i], NULL);
        tear_down(&fixture);
    }
}

static void errors_are_one_short_line(void **state)
{
    (void)state;
    struct http_reply reply = {0};
    char text[1000];
    memset(text, 'x', sizeof(text));
    memcpy(text + 510, "\xc3\xa9", 2);
    text[999] = '\0';
    http_reply_error(&reply, 400, "%s", text);
    assert_int_equal(reply.body.length, 511);
    assert_string_equal(reply.body.data + 508, "xx\n");
    http_reply_error(&reply, 500, "a\r\nb\x1b");
    assert_string_equal(reply.body.data, "a  b \n");
    assert_int_equal(reply.status, 500);
    buf_clear(&reply.body);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(doubtful_framing_ends_the_connection),
        CASE(an_announced_giant_is_refused_at_once),
        CASE(a_chunked_giant_is_refused_at_its_end),
        CASE(an_endless_body_is_cut_off),
        CASE(a_refusal_waits_for_the_body_and_keeps_the_connection),
        CASE(a_client_that_asks_first_is_refused_first),
        CASE(bodies_share_their_room),
        CASE(an_answer_that_is_too_large_is_a_500),
        CASE(the_query_is_split_off),
        CASE(limits_change_while_it_runs),
        CASE(the_end_is_orderly),
        cmocka_unit_test(the_end_may_come_at_the_busiest_moment),
        cmocka_unit_test(errors_are_one_short_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
