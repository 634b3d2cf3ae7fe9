#include "server/archive/render_member.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void members_have_commas_between(void **state)
{
    (void)state;
    cleanup(buf_clear) struct buf out = BUF(1000);
    buf_add_char(&out, '{');
    render_member_text(&out, "text", "a\"\x01\xff");
    render_member_text(&out, "none", NULL);
    render_member_time(&out, "time", 1700000000);
    render_member_time(&out, "unknown", 0);
    render_key(&out, "inner");
    buf_add_char(&out, '{');
    render_member_text(&out, "first", "");
    buf_add_text(&out, "}}");
    assert_string_equal(out.data,
                        "{\"text\":\"a\\\"??\",\"none\":null,\"time\":\"2023-11-14T22:13:20Z\","
                        "\"unknown\":null,\"inner\":{\"first\":\"\"}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_have_commas_between),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
