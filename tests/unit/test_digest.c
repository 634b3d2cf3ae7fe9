#include "certs/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void what_differs_is_not_the_same(void **state)
{
    (void)state;
    assert_false(digest_same(STR("secret"), STR("Secret")));
    assert_false(digest_same(STR("secret"), STR("secret ")));
    assert_false(digest_same(STR("a\0b"), STR("a\0c")));
    assert_false(digest_same(STR(""), STR_NONE));
    assert_false(digest_same(STR_NONE, STR_NONE));
    assert_true(digest_same(STR("secret"), STR("secret")));
    assert_true(digest_same(STR(""), STR("")));
}

static void a_hash_is_sha256(void **state)
{
    (void)state;
    char text[DIGEST_SIZE];
    assert_string_equal(digest_text(STR("abc"), text),
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_string_equal(digest_text(STR(""), text),
                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void short_hashes_compare_within_one_salt_only(void **state)
{
    (void)state;
    struct salt one;
    struct salt other;
    char a[DIGEST_SHORT_SIZE];
    char b[DIGEST_SHORT_SIZE];
    assert_true(salt_fill(&one));
    assert_true(salt_fill(&other));
    assert_string_equal(digest_salted(&one, STR("x"), a), digest_salted(&one, STR("x"), b));
    assert_int_equal(strlen(a), DIGEST_SHORT_SIZE - 1);
    assert_string_not_equal(a, digest_salted(&one, STR("y"), b));
    assert_string_not_equal(a, digest_salted(&other, STR("x"), b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_differs_is_not_the_same),
        cmocka_unit_test(a_hash_is_sha256),
        cmocka_unit_test(short_hashes_compare_within_one_salt_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
