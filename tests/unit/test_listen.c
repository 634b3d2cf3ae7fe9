#include "server/listen.h"

#include "base/mem.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void is_refused(const char *address, const char *expected)
{
    struct error err = {""};
    int fd = -1;
    assert_false(listen_open(address, &fd, &err));
    assert_string_equal(err.text, expected);
    assert_int_equal(fd, -1);
}

static void other_forms_are_no_address(void **state)
{
    (void)state;
    const char *const wrong[] = {"",           "8443",     "host",  "host:",     "host:x",
                                 "host:65536", "host:-1",  "[::1]", "[::1]8443", "[::1:8443",
                                 "::1:8443",   "host:1:2", ":8080", "[]:1",      "[::1]:x"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        autofree char *expected =
            xasprintf("'%s' is not an address of the form host:port or [v6]:port", wrong[i]);
        is_refused(wrong[i], expected);
    }
}

static void a_taken_port_is_told(void **state)
{
    (void)state;
    struct error err;
    int fd;
    assert_true(listen_open("127.0.0.1:0", &fd, &err));
    cleanup(buf_clear) struct buf name = BUF(128);
    listen_name(fd, &name);
    autofree char *expected =
        xasprintf("cannot listen on %s: Address already in use", buf_str(&name).data);
    is_refused(buf_str(&name).data, expected);
    close(fd);
}

static void foreign_addresses_are_told(void **state)
{
    (void)state;
    is_refused("192.0.2.1:0", "cannot listen on 192.0.2.1:0: Cannot assign requested address");
}

static void addresses_are_split(void **state)
{
    (void)state;
    const struct {
        const char *address;
        const char *host;
        const char *port;
    } rows[] = {
        {"0.0.0.0:8443", "0.0.0.0", "8443"},
        {"localhost:0", "localhost", "0"},
        {"[::]:65535", "::", "65535"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct str host;
        struct str port;
        struct error err;
        assert_true(listen_split(rows[i].address, &host, &port, &err));
        assert_true(str_is(host, rows[i].host));
        assert_true(str_is(port, rows[i].port));
    }
}

static void the_name_has_the_real_port(void **state)
{
    (void)state;
    struct error err;
    int fd;
    cleanup(buf_clear) struct buf name = BUF(128);
    assert_true(listen_open("127.0.0.1:0", &fd, &err));
    listen_name(fd, &name);
    assert_true(str_starts(buf_str(&name), STR("127.0.0.1:")));
    assert_false(str_ends(buf_str(&name), STR(":0")));
    close(fd);
}

/* Connects without waiting: 0, or the error. */
static int begin(int client, int listening)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof(address);
    assert_int_equal(getsockname(listening, (struct sockaddr *)&address, &length), 0);
    return connect(client, (struct sockaddr *)&address, length) == 0 ? 0 : errno;
}

static bool becomes(int fd, short events, int ms)
{
    struct pollfd poller = {fd, events, 0};
    return poll(&poller, 1, ms) == 1;
}

static void the_last_call_lets_in_who_had_begun(void **state)
{
    (void)state;
    const char *const addresses[] = {"127.0.0.1:0", "[::1]:0"};
    const int families[] = {AF_INET, AF_INET6};
    for (size_t i = 0; i < 2; i++) {
        struct error err;
        int fd;
        if (!listen_open(addresses[i], &fd, &err))
            continue; /* a machine without IPv6 */
        int early = socket(families[i], SOCK_STREAM | SOCK_CLOEXEC, 0);
        int late = socket(families[i], SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        assert_int_equal(listen_waiting(fd), 0);
        assert_int_equal(begin(early, fd), 0);
        assert_int_equal(listen_waiting(fd), 1);
        listen_last_call(fd);
        assert_int_equal(begin(late, fd), EINPROGRESS);
        assert_false(becomes(late, POLLOUT, 50));
        assert_int_equal(listen_waiting(fd), 1);
        int served = accept(fd, NULL, NULL);
        assert_int_equal(listen_waiting(fd), 0);
        assert_int_equal(send(early, "x", 1, MSG_NOSIGNAL), 1);
        assert_true(becomes(served, POLLIN, 10000));
        close(served);
        close(late);
        close(early);
        close(fd);
    }
}

static void nobody_waits_where_nobody_listens(void **state)
{
    (void)state;
    listen_last_call(-1);
    assert_int_equal(listen_waiting(-1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_forms_are_no_address),
        cmocka_unit_test(a_taken_port_is_told),
        cmocka_unit_test(foreign_addresses_are_told),
        cmocka_unit_test(addresses_are_split),
        cmocka_unit_test(the_name_has_the_real_port),
        cmocka_unit_test(the_last_call_lets_in_who_had_begun),
        cmocka_unit_test(nobody_waits_where_nobody_listens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
