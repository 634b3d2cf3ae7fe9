#include "server/body.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct body body_of(struct body_account *account, uint64_t announced, uint64_t limit)
{
    return (struct body){.account = account, .announced = announced, .limit = limit};
}

/* Adds `count` bytes in pieces of at most `piece`. */
static void add(struct body *body, size_t count, size_t piece)
{
    autofree char *bytes = xcalloc(piece, 1);
    while (count) {
        size_t now = count < piece ? count : piece;
        body_add(body, (struct str){bytes, now});
        count -= now;
    }
}

static void what_is_too_large_is_given_back(void **state)
{
    (void)state;
    struct body_account account = {0, 1 << 20};
    struct body body = body_of(&account, UINT64_MAX, 100000);
    add(&body, 100000, 1000);
    assert_int_equal(body.state, BODY_FINE);
    add(&body, 1, 1);
    assert_int_equal(body.state, BODY_TOO_LARGE);
    assert_null(body.data);
    assert_int_equal(account.used, 0);
    add(&body, 1000, 1000);
    assert_int_equal(body.seen, 101001);
    body_clear(&body);
    assert_int_equal(account.used, 0);
}

static void a_full_account_ends_the_body_and_not_its_neighbour(void **state)
{
    (void)state;
    struct body_account account = {0, 300000};
    struct body first = body_of(&account, 250000, 1 << 20);
    struct body second = body_of(&account, 250000, 1 << 20);
    add(&first, 200000, 16384);
    add(&second, 1, 1);
    assert_int_equal(second.state, BODY_NO_ROOM);
    assert_null(second.data);
    assert_int_equal(first.state, BODY_FINE);
    assert_int_equal(account.used, first.size);
    add(&first, 50000, 16384);
    assert_int_equal(first.state, BODY_FINE);
    assert_int_equal(first.length, 250000);
    body_clear(&first);
    body_clear(&second);
    assert_int_equal(account.used, 0);
}

static void a_smaller_limit_takes_nothing_new(void **state)
{
    (void)state;
    struct body_account account = {0, 200000};
    struct body body = body_of(&account, UINT64_MAX, 1 << 20);
    add(&body, 10, 10);
    account.limit = 1000;
    struct body other = body_of(&account, 10, 1 << 20);
    add(&other, 10, 10);
    assert_int_equal(other.state, BODY_NO_ROOM);
    add(&body, 10, 10);
    assert_int_equal(body.state, BODY_FINE);
    body_clear(&body);
    body_clear(&other);
}

static void an_announcement_costs_nothing(void **state)
{
    (void)state;
    struct body_account account = {0, 64 << 20};
    struct body body = body_of(&account, 7 << 20, 7 << 20);
    assert_int_equal(account.used, 0);
    add(&body, 1, 1);
    assert_int_equal(account.used, 65536);
    body_clear(&body);
}

static void a_small_body_gets_what_it_announces(void **state)
{
    (void)state;
    struct body_account account = {0, 64 << 20};
    struct body body = body_of(&account, 8000, 7 << 20);
    body_add(&body, STR("ab"));
    body_add(&body, STR(""));
    body_add(&body, STR("cd"));
    assert_int_equal(account.used, 8000);
    assert_int_equal(body.length, 4);
    assert_memory_equal(body.data, "abcd", 4);
    body_clear(&body);
}

static void a_large_body_ends_at_its_own_size(void **state)
{
    (void)state;
    struct body_account account = {0, 64 << 20};
    struct body body = body_of(&account, 7 << 20, 7 << 20);
    add(&body, 7 << 20, 16384);
    assert_int_equal(body.state, BODY_FINE);
    assert_int_equal(body.size, 7 << 20);
    assert_int_equal(account.used, 7 << 20);
    body_clear(&body);
    assert_int_equal(account.used, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_too_large_is_given_back),
        cmocka_unit_test(a_full_account_ends_the_body_and_not_its_neighbour),
        cmocka_unit_test(a_smaller_limit_takes_nothing_new),
        cmocka_unit_test(an_announcement_costs_nothing),
        cmocka_unit_test(a_small_body_gets_what_it_announces),
        cmocka_unit_test(a_large_body_ends_at_its_own_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
