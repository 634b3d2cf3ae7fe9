#include "server/mask.h"

#include "base/mem.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void check(const char *text, const char *expected)
{
    json_t *object = json_loads(text, 0, NULL);
    assert_non_null(object);
    json_t *masked = mask_object(object);
    autofree char *shown = json_dumps(masked, JSON_COMPACT);
    assert_string_equal(shown, expected);
    json_t *again = json_loads(text, 0, NULL);
    assert_true(json_equal(object, again));
    json_decref(again);
    json_decref(masked);
    json_decref(object);
}

static void values_of_secret_variables(void **state)
{
    (void)state;
    check("{\"spec\": {\"containers\": [{\"env\": [{\"name\": \"AWS_SECRET_ACCESS_KEY\", "
          "\"value\": \"canary\"}, {\"name\": \"MY_PASSWORD\", \"value\": \"canary\"}]}]}}",
          "{\"spec\":{\"containers\":[{\"env\":[{\"name\":\"AWS_SECRET_ACCESS_KEY\","
          "\"value\":\"***\"},{\"name\":\"MY_PASSWORD\",\"value\":\"***\"}]}]}}");
}

static void references_and_other_values_stay(void **state)
{
    (void)state;
    const char *same = "{\"env\":[{\"name\":\"SCOPE\",\"value\":\"x\"},"
                       "{\"name\":\"AWS_ACCESS_KEY_ID\",\"valueFrom\":"
                       "{\"secretKeyRef\":{\"name\":\"harbor-pg\",\"key\":\"accessKeyId\"}}},"
                       "{\"name\":\"PGPASSWORD\",\"value\":\"\"},"
                       "{\"name\":\"MY_TOKEN\",\"value\":12}],"
                       "\"secretName\":\"s\",\"volumes\":[{\"name\":\"keys\"}]}";
    check(same, same);
}

static void members_of_data(void **state)
{
    (void)state;
    check("{\"data\": {\"CLONE_AWS_SECRET_ACCESS_KEY\": \"canary\", \"CLONE_SCOPE\": \"x\"}, "
          "\"stringData\": {\"token\": \"canary\"}, \"metadata\": {\"token\": \"shown\"}}",
          "{\"data\":{\"CLONE_AWS_SECRET_ACCESS_KEY\":\"***\",\"CLONE_SCOPE\":\"x\"},"
          "\"stringData\":{\"token\":\"***\"},\"metadata\":{\"token\":\"shown\"}}");
}

static void texts_that_hold_objects(void **state)
{
    (void)state;
    check("{\"value\": \"{\\\"users\\\": {\\\"password\\\": \\\"canary\\\"}}\"}",
          "{\"value\":\"{\\\"users\\\":{\\\"password\\\":\\\"***\\\"}}\"}");
    check("{\"value\": \"users:\\n  password: canary\\n\"}",
          "{\"value\":\"{\\\"users\\\":{\\\"password\\\":\\\"***\\\"}}\"}");
    check("{\"last\": \"{\\\"env\\\": [{\\\"name\\\": \\\"A_KEY\\\", \\\"value\\\": "
          "\\\"canary\\\"}]}\"}",
          "{\"last\":\"{\\\"env\\\":[{\\\"name\\\":\\\"A_KEY\\\",\\\"value\\\":\\\"***\\\"}]}\"}");
}

static void texts_without_secrets_keep_their_bytes(void **state)
{
    (void)state;
    const char *same = "{\"a\":\"{\\\"pg_hba\\\":  [\\\"local all all trust\\\"]}\","
                       "\"b\":\"a: b\\nc: d\\n\",\"c\":\"{ no object\"}";
    check(same, same);
}

static void what_cannot_be_read_is_masked_whole(void **state)
{
    (void)state;
    check("{\"a\": \"{\\\"password\\\": \\\"canary\\\"\", \"b\": \"x: [\\npassword: canary\"}",
          "{\"a\":\"***\",\"b\":\"***\"}");
}

/* A text in a text in a text ... : as deep as is looked, and one more. */
static void nested_texts(void **state)
{
    (void)state;
    json_t *object = json_pack("{s:s}", "password", "canary");
    for (int i = 0; i < 7; i++) {
        char *text = json_dumps(object, 0);
        json_decref(object);
        object = json_pack("{s:s}", "text", text);
        free(text);
        json_t *masked = mask_object(object);
        autofree char *shown = json_dumps(masked, 0);
        assert_null(strstr(shown, "canary"));
        json_decref(masked);
    }
    json_decref(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_secret_variables),
        cmocka_unit_test(references_and_other_values_stay),
        cmocka_unit_test(members_of_data),
        cmocka_unit_test(texts_that_hold_objects),
        cmocka_unit_test(texts_without_secrets_keep_their_bytes),
        cmocka_unit_test(what_cannot_be_read_is_masked_whole),
        cmocka_unit_test(nested_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
