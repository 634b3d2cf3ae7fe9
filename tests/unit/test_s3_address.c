#include "server/s3_address.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void what_is_no_place_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *bucket, *region, *endpoint, *text;
    } cases[] = {
        {"Bucket", "x", NULL,
         "bucket: 'Bucket' is not a bucket, expected 3 to 63 of a-z, 0-9, '-' and '.', a letter or "
         "digit at both ends"},
        {"bucket", "", NULL, "region: is empty, expected a region such as 'eu-central-1'"},
        {"bucket", "x:s3", NULL,
         "region: 'x:s3' is not a region, expected one such as 'eu-central-1'"},
        {"bucket", "x", "host:9000",
         "endpoint: 'host:9000' is not an endpoint, expected 'http://host' or "
         "'https://host:port'"},
        {"bucket", "x", "https://a@host",
         "endpoint: names a user, expected 'https://host' without one"},
        {"bucket", "x", "",
         "endpoint: '' is not an endpoint, expected 'http://host' or "
         "'https://host:port'"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct error err = {""};
        struct s3_address address = {0};
        assert_false(s3_address_set(&address, cases[i].bucket, cases[i].region, cases[i].endpoint,
                                    false, &err));
        assert_string_equal(err.text, cases[i].text);
        assert_null(address.base);
    }
}

static void the_bucket_stands_where_it_can(void **state)
{
    (void)state;
    static const struct {
        const char *bucket, *region, *endpoint;
        bool path_style;
        const char *base, *host;
    } cases[] = {
        {"bucket", "eu-central-1", NULL, false, "https://bucket.s3.eu-central-1.amazonaws.com",
         "bucket.s3.eu-central-1.amazonaws.com"},
        {"bucket", "cn-north-1", NULL, false, "https://bucket.s3.cn-north-1.amazonaws.com.cn",
         "bucket.s3.cn-north-1.amazonaws.com.cn"},
        {"bucket", "x", NULL, true, "https://s3.x.amazonaws.com/bucket", "s3.x.amazonaws.com"},
        {"with.dots", "x", NULL, false, "https://s3.x.amazonaws.com/with.dots",
         "s3.x.amazonaws.com"},
        {"with.dots", "x", "http://a.b", false, "http://with.dots.a.b", "with.dots.a.b"},
        {"bucket", "x", "https://store.example:9000/", false, "https://bucket.store.example:9000",
         "bucket.store.example:9000"},
        {"bucket", "x", "https://store.example:9000", true, "https://store.example:9000/bucket",
         "store.example:9000"},
        {"bucket", "x", "http://10.0.0.1:9000", false, "http://10.0.0.1:9000/bucket",
         "10.0.0.1:9000"},
        {"bucket", "x", "http://[::1]:9000", false, "http://[::1]:9000/bucket", "[::1]:9000"},
        {"bucket", "x", "http://minio:9000", false, "http://minio:9000/bucket", "minio:9000"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct error err = {""};
        struct s3_address address;
        assert_true(s3_address_set(&address, cases[i].bucket, cases[i].region, cases[i].endpoint,
                                   cases[i].path_style, &err));
        assert_string_equal(address.base, cases[i].base);
        assert_string_equal(address.host, cases[i].host);
        assert_int_equal(address.custom, cases[i].endpoint != NULL);
        assert_int_equal(address.plain, strncmp(cases[i].base, "http:", 5) == 0);
        s3_address_done(&address);
    }
}

static void all_but_what_needs_none_is_encoded(void **state)
{
    (void)state;
    struct buf url = BUF(200);
    s3_encode(&url, (struct str){"aZ09-._~ /+%&=\0\xc3\xa4", 17}, false);
    assert_string_equal(url.data, "aZ09-._~%20%2F%2B%25%26%3D%00%C3%A4");
    buf_clear(&url);
    s3_encode(&url, STR("a/b//c/../d e"), true);
    assert_string_equal(url.data, "a/b//c/../d%20e");
    buf_clear(&url);
}

static void a_url_beyond_the_limit_fails(void **state)
{
    (void)state;
    struct buf url = BUF(10);
    s3_object_url(&url, &(struct s3_address){.base = (char[]){"http://host"}}, "key");
    assert_true(url.failed);
}

static void a_query_is_sorted(void **state)
{
    (void)state;
    struct s3_address path = {.base = (char[]){"http://host/bucket"}, .path_style = true};
    struct s3_address virtual = {.base = (char[]){"http://bucket.host"}};
    struct buf url = BUF(S3_URL_MAX);
    s3_list_url(&url, &path, &(struct s3_list_query){.prefix = ""});
    assert_string_equal(url.data,
                        "http://host/bucket?encoding-type=url&list-type=2&max-keys=1000&prefix=");
    buf_clear(&url);
    s3_list_url(&url, &virtual, &(struct s3_list_query){"a/b c", "t=/", true});
    assert_string_equal(url.data, "http://bucket.host/?continuation-token=t%3D%2F&delimiter=%2F&"
                                  "encoding-type=url&list-type=2&max-keys=1000&prefix=a%2Fb%20c");
    buf_clear(&url);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_place_is_refused),
        cmocka_unit_test(the_bucket_stands_where_it_can),
        cmocka_unit_test(all_but_what_needs_none_is_encoded),
        cmocka_unit_test(a_url_beyond_the_limit_fails),
        cmocka_unit_test(a_query_is_sorted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
