#include "patches/image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const char *const unknown[] = {
    "",
    "spilo",
    "spilo-16",
    "ghcr.io/zalando/spilo-16",
    "ghcr.io/zalando/spilo-16@sha256:0123",
    "ghcr.io/zalando/spilo-16:latest",
    "ghcr.io/zalando/spilo-16:v2.5.0",
    "ghcr.io/zalando/spilo-16:3.2",
    "ghcr.io/zalando/spilo-16:3.2-p",
    "ghcr.io/zalando/spilo-16:3-p3",
    "ghcr.io/zalando/spilo-16:3.2p3",
    "ghcr.io/zalando/spilo-16:99999.2-p3",
    "ghcr.io/zalando/spilo-cdp-16:3.2-p3",
    "ghcr.io/zalando/spilo-:3.2-p3",
    "ghcr.io/zalando/patroni:3.2-p3",
    "registry:5000/spilo-16",
};

static const struct {
    const char *reference;
    unsigned major, minor, patch;
    enum image_side side;
    unsigned first, last; /* PostgreSQL majors */
} known[] = {
    {"registry.opensource.zalan.do/acid/spilo-12:1.6-p3", 1, 6, 3, IMAGE_SIDE_OLD, 9, 12},
    {"spilo-13:2.0-p7", 2, 0, 7, IMAGE_SIDE_OLD, 9, 13},
    {"localhost:5000/x/spilo-13:2.1-p1-arm64", 2, 1, 1, IMAGE_SIDE_OLD, 9, 13},
    {"r/spilo-14:2.1-p7", 2, 1, 7, IMAGE_SIDE_OLD, 9, 14},
    {"r/spilo-15:2.1-p9", 2, 1, 9, IMAGE_SIDE_NEW, 10, 15},
    {"r/spilo-15:3.2-p1", 3, 2, 1, IMAGE_SIDE_NEW, 10, 15},
    {"ghcr.io/zalando/spilo-16:3.2-p3@sha256:0123", 3, 2, 3, IMAGE_SIDE_NEW, 11, 16},
    {"r/spilo-16:3.3-p3", 3, 3, 3, IMAGE_SIDE_NEW, 12, 16},
    {"r/spilo-17:4.0-p3", 4, 0, 3, IMAGE_SIDE_NEW, 13, 17},
    {"r/spilo-18:4.1-p2", 4, 1, 2, IMAGE_SIDE_NEW, 14, 18},
    {"r/spilo-19:10.0-p1", 10, 0, 1, IMAGE_SIDE_NEW, 14, 18},
};

static void test_unknown(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(unknown) / sizeof(*unknown); i++) {
        struct image image = image_parse(str_of(unknown[i]));
        if (image.known)
            fail_msg("'%s' is taken for a release", unknown[i]);
        assert_int_equal(image_side(image), IMAGE_SIDE_UNKNOWN);
        assert_false(image_before(image, 99, 0, 0));
        assert_true(image_carries(image, 12));
    }
}

static void test_known(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
        struct image image = image_parse(str_of(known[i].reference));
        assert_true(image.known);
        assert_int_equal(image.tag.major, known[i].major);
        assert_int_equal(image.tag.minor, known[i].minor);
        assert_int_equal(image.tag.patch, known[i].patch);
        assert_int_equal(image_side(image), known[i].side);
        assert_true(image_carries(image, known[i].first));
        assert_true(image_carries(image, known[i].last));
        assert_false(image_carries(image, known[i].first - 1));
        assert_false(image_carries(image, known[i].last + 1));
    }
}

static void test_order(void **state)
{
    (void)state;
    struct image image = image_parse(STR("r/spilo-14:2.1-p7"));
    assert_true(image_before(image, 3, 0, 0));
    assert_true(image_before(image, 2, 2, 0));
    assert_true(image_before(image, 2, 1, 8));
    assert_false(image_before(image, 2, 1, 7));
    assert_false(image_before(image, 2, 1, 6));
    assert_false(image_before(image, 2, 0, 99));
    assert_false(image_before(image, 1, 99, 99));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
