#include "server/listen.h"

#include "base/mem.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_forms_are_no_address), cmocka_unit_test(a_taken_port_is_told),
        cmocka_unit_test(foreign_addresses_are_told), cmocka_unit_test(addresses_are_split),
        cmocka_unit_test(the_name_has_the_real_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
