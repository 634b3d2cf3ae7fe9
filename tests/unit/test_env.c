#include "patches/env.h"

#include "patches/entries.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* A pod with one container, given as the JSON of its members. */
struct fixture {
    char *text;
    struct doc *doc;
    struct subject subject;
    struct env env;
};

static void open_fixture(struct fixture *fixture, const char *container)
{
    struct error err;
    fixture->text = xasprintf("{\"metadata\":{\"name\":\"db-0\",\"labels\":{\"a/b\":\"label\"},"
                              "\"annotations\":{\"c\":\"note\"}},"
                              "\"spec\":{\"containers\":[{%s}]}}",
                              container);
    if (!doc_read(str_of(fixture->text), 64, &fixture->doc, &err))
        fail_msg("%s", err.text);
    fixture->subject = (struct subject){.namespace = STR("ns"), .object = doc_root(fixture->doc)};
    env_read(&fixture->subject, value_first(value_at(fixture->subject.object, "spec.containers")),
             0, &fixture->env);
}

static void close_fixture(struct fixture *fixture)
{
    env_done(&fixture->env);
    doc_free(fixture->doc);
    free(fixture->text);
}

#define FIELD(path) "\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"" path "\"}}"

/* Environments, and what X is in them: NULL for unknown. */
static const struct {
    const char *container;
    enum env_state state;
    const char *value;
} resolved[] = {
    {"\"env\":[]", ENV_ABSENT, ""},
    {"\"env\":null", ENV_ABSENT, ""},
    {"\"env\":\"odd\"", ENV_ABSENT, ""},
    {"\"env\":[{\"name\":\"Y\"}],\"envFrom\":[{\"secretRef\":{\"name\":\"s\"}}]", ENV_UNKNOWN, ""},
    {"\"env\":[{\"name\":\"X\"}]", ENV_LITERAL, ""},
    {"\"env\":[{\"name\":\"X\",\"value\":\"a\"},{\"name\":\"X\",\"value\":\"b\"}]", ENV_LITERAL,
     "b"},
    {"\"env\":[{\"name\":\"Y\",\"value\":\"y\"},{\"name\":\"X\",\"value\":\"<$(Y)$(Y)>\"}]",
     ENV_LITERAL, "<yy>"},
    {"\"env\":[{\"name\":\"X\",\"value\":\"$$(Y) $Y $(Y $\"}]", ENV_LITERAL, "$(Y) $Y $(Y $"},
    {"\"env\":[{\"name\":\"X\",\"value\":\"$(Y)\"},{\"name\":\"Y\",\"value\":\"y\"}]", ENV_UNKNOWN,
     ""},
    {"\"env\":[{\"name\":\"Y\",\"valueFrom\":{\"secretKeyRef\":{\"name\":\"s\",\"key\":\"k\"}}},"
     "{\"name\":\"X\",\"value\":\"$(Y)\"}]",
     ENV_UNKNOWN, ""},
    {"\"env\":[{\"name\":\"X\"," FIELD("metadata.namespace") "}]", ENV_LITERAL, "ns"},
    {"\"env\":[{\"name\":\"X\"," FIELD("metadata.name") "}]", ENV_LITERAL, "db-0"},
    {"\"env\":[{\"name\":\"X\"," FIELD("metadata.labels['a/b']") "}]", ENV_LITERAL, "label"},
    {"\"env\":[{\"name\":\"X\"," FIELD("metadata.annotations['c']") "}]", ENV_LITERAL, "note"},
    {"\"env\":[{\"name\":\"X\"," FIELD("metadata.labels['none']") "}]", ENV_LITERAL, ""},
    {"\"env\":[{\"name\":\"X\"," FIELD("metadata.labels['") "}]", ENV_UNKNOWN, ""},
    {"\"env\":[{\"name\":\"X\"," FIELD("status.podIP") "}]", ENV_UNKNOWN, ""},
};

static void test_resolve(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(resolved) / sizeof(*resolved); i++) {
        struct fixture fixture;
        open_fixture(&fixture, resolved[i].container);
        struct buf value = BUF(100);
        assert_int_equal(env_resolve(&fixture.env, "X", &value), resolved[i].state);
        if (resolved[i].state == ENV_LITERAL)
            assert_true(str_is(buf_str(&value), resolved[i].value));
        bool set = resolved[i].state == ENV_UNKNOWN || resolved[i].value[0] != '\0';
        assert_int_equal(env_is_set(&fixture.env, "X"), set);
        buf_clear(&value);
        close_fixture(&fixture);
    }
}

/* The same among many entries, where names are not looked through one by one. */
static void test_resolve_among_many(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(resolved) / sizeof(*resolved); i++) {
        const char *start = "\"env\":[{";
        if (strncmp(resolved[i].container, start, strlen(start)) != 0)
            continue;
        struct buf container = BUF(100000);
        buf_add_text(&container, "\"env\":[");
        for (int j = 0; j < 100; j++)
            buf_addf(&container, "{\"name\":\"%c%d\",\"value\":\"$(none)\"},{},", "AWZ"[j % 3], j);
        buf_add_text(&container, resolved[i].container + strlen(start) - 1);
        struct fixture fixture;
        open_fixture(&fixture, container.data);
        struct buf value = BUF(100);
        assert_int_equal(env_resolve(&fixture.env, "X", &value), resolved[i].state);
        if (resolved[i].state == ENV_LITERAL)
            assert_true(str_is(buf_str(&value), resolved[i].value));
        assert_true(env_has(&fixture.env, STR("Z2")));
        assert_false(env_has(&fixture.env, STR("Z1")));
        assert_false(env_has(&fixture.env, STR("ZZZZ")));
        buf_clear(&value);
        close_fixture(&fixture);
        buf_clear(&container);
    }
}

/* Values that are short, but would take for ever to put together. */
static void test_resolve_ends_soon(void **state)
{
    (void)state;
    struct buf container = BUF(1u << 20);
    buf_add_text(&container, "\"env\":[{\"name\":\"L0\"}");
    for (int i = 1; i < 8; i++) {
        buf_addf(&container, ",{\"name\":\"%s%d\",\"value\":\"", i == 7 ? "X" : "L", i);
        for (int j = 0; j < 500; j++)
            buf_addf(&container, "$(L%d)", i - 1);
        buf_add_text(&container, "\"}");
    }
    buf_add_char(&container, ']');
    struct fixture fixture;
    open_fixture(&fixture, container.data);
    struct buf value = BUF(100);
    assert_int_equal(env_resolve(&fixture.env, "X7", &value), ENV_UNKNOWN);
    buf_clear(&value);
    close_fixture(&fixture);
    buf_clear(&container);

    buf_add_text(&container, "\"env\":[{\"name\":\"X\",\"value\":\")");
    for (int j = 0; j < 200000; j++)
        buf_add_text(&container, j % 2 ? "$$" : "$(");
    buf_add_text(&container, "\"}]");
    open_fixture(&fixture, container.data);
    struct buf large = BUF(1u << 20);
    assert_int_equal(env_resolve(&fixture.env, "X", &large), ENV_LITERAL);
    assert_int_equal(large.length, 1 + 200000 / 2 * 3);
    close_fixture(&fixture);
    buf_clear(&large);
    buf_clear(&container);
}

static void test_resolve_is_bounded(void **state)
{
    (void)state;
    struct buf list = BUF(10000);
    buf_add_text(&list, "\"env\":[{\"name\":\"X\",\"value\":\"0123456789\"}");
    for (int i = 0; i < 12; i++)
        buf_add_text(&list, ",{\"name\":\"X\",\"value\":\"$(X)$(X)\"}");
    buf_add_char(&list, ']');
    struct fixture fixture;
    open_fixture(&fixture, list.data);
    struct buf value = BUF(100);
    assert_int_equal(env_resolve(&fixture.env, "X", &value), ENV_UNKNOWN);
    buf_clear(&value);
    close_fixture(&fixture);
    buf_clear(&list);

    struct buf small = BUF(3);
    open_fixture(&fixture, "\"env\":[{\"name\":\"X\"," FIELD("metadata.name") "}]");
    assert_int_equal(env_resolve(&fixture.env, "X", &small), ENV_UNKNOWN);
    close_fixture(&fixture);
    open_fixture(&fixture, "\"env\":[{\"name\":\"X\",\"value\":\"0123\"}]");
    buf_clear(&small);
    assert_int_equal(env_resolve(&fixture.env, "X", &small), ENV_UNKNOWN);
    close_fixture(&fixture);
}

static bool owns(struct str name)
{
    return str_starts(name, STR("CLONE_"));
}

/* Wanted: CLONE_A=a, CLONE_S from a Secret, CLONE_C from a ConfigMap (optional); neutral: CLONE_N,
 * CLONE_A. */
static const struct {
    const char *container;
    const char *patch;
} injected[] = {
    {"\"env\":[{\"name\":\"X\",\"value\":\"x\"},{\"name\":\"CLONE_OLD\",\"value\":\"o\"},"
     "{\"name\":\"CLONE_A\",\"value\":\"b\"},{\"name\":\"CLONE_A\",\"value\":\"a\"}]",
     "[{\"op\":\"replace\",\"path\":\"/spec/containers/0/env/2\",\"value\":{\"name\":\"CLONE_A\","
     "\"value\":\"a\"}},"
     "{\"op\":\"add\",\"path\":\"/spec/containers/0/env/-\",\"value\":{\"name\":\"CLONE_S\","
     "\"valueFrom\":{\"secretKeyRef\":{\"name\":\"n\",\"key\":\"k\"}}}},"
     "{\"op\":\"add\",\"path\":\"/spec/containers/0/env/-\",\"value\":{\"name\":\"CLONE_C\","
     "\"valueFrom\":{\"configMapKeyRef\":{\"name\":\"n\",\"key\":\"k\",\"optional\":true}}}},"
     "{\"op\":\"remove\",\"path\":\"/spec/containers/0/env/3\"},"
     "{\"op\":\"remove\",\"path\":\"/spec/containers/0/env/1\"}]"},
    {"\"env\":[{\"name\":\"CLONE_A\",\"value\":\"a\"},"
     "{\"name\":\"CLONE_S\",\"valueFrom\":{\"secretKeyRef\":{\"key\":\"k\",\"name\":\"n\"}}},"
     "{\"name\":\"CLONE_C\",\"valueFrom\":{\"configMapKeyRef\":{\"name\":\"n\",\"key\":\"k\","
     "\"optional\":true}}}]",
     ""},
    {"\"env\":[{\"name\":\"CLONE_N\",\"value\":\"n\"},{\"name\":\"CLONE_A\",\"value\":\"a\"},"
     "{\"name\":\"CLONE_S\",\"value\":\"k\"},"
     "{\"name\":\"CLONE_C\",\"valueFrom\":{\"configMapKeyRef\":{\"name\":\"n\",\"key\":\"k\"}}},"
     "{\"name\":\"CLONE_N\"}],\"envFrom\":[{\"configMapRef\":{\"name\":\"m\"}}]",
     "[{\"op\":\"replace\",\"path\":\"/spec/containers/0/env/0\",\"value\":{\"name\":\"CLONE_N\","
     "\"value\":\"\"}},"
     "{\"op\":\"replace\",\"path\":\"/spec/containers/0/env/2\",\"value\":{\"name\":\"CLONE_S\","
     "\"valueFrom\":{\"secretKeyRef\":{\"name\":\"n\",\"key\":\"k\"}}}},"
     "{\"op\":\"replace\",\"path\":\"/spec/containers/0/env/3\",\"value\":{\"name\":\"CLONE_C\","
     "\"valueFrom\":{\"configMapKeyRef\":{\"name\":\"n\",\"key\":\"k\",\"optional\":true}}}},"
     "{\"op\":\"remove\",\"path\":\"/spec/containers/0/env/4\"}]"},
    {"\"env\":[{\"name\":\"CLONE_A\",\"value\":\"a\"},"
     "{\"name\":\"CLONE_S\",\"valueFrom\":{\"secretKeyRef\":{\"key\":\"k\",\"name\":\"n\"}}},"
     "{\"name\":\"CLONE_C\",\"valueFrom\":{\"configMapKeyRef\":{\"name\":\"n\",\"key\":\"k\","
     "\"optional\":true}}}],\"envFrom\":[{\"configMapRef\":{\"name\":\"m\"}}]",
     "[{\"op\":\"add\",\"path\":\"/spec/containers/0/env/-\",\"value\":{\"name\":\"CLONE_N\","
     "\"value\":\"\"}}]"},
};

static void test_inject(void **state)
{
    (void)state;
    struct entry_list wanted = {0};
    struct entry_list neutral = {0};
    entry_add_value(&wanted, "CLONE_A", "a");
    entry_add_secret_key(&wanted, "CLONE_S", "n", "k");
    entry_add_config_map_key(&wanted, "CLONE_C", "n", "k", true);
    entry_add_value(&neutral, "CLONE_A", "");
    entry_add_value(&neutral, "CLONE_N", "");
    for (size_t i = 0; i < sizeof(injected) / sizeof(*injected); i++) {
        struct fixture fixture;
        struct decision decision;
        open_fixture(&fixture, injected[i].container);
        decision_init(&decision, NULL);
        env_inject(&fixture.env, &wanted, &neutral, owns, &decision);
        assert_string_equal(buf_str(&decision.patch).data, injected[i].patch);
        assert_int_equal(decision.operations > 0, injected[i].patch[0] != '\0');
        decision_done(&decision);
        close_fixture(&fixture);
    }
    entries_clear(&wanted);
    entries_clear(&neutral);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resolve),
        cmocka_unit_test(test_resolve_among_many),
        cmocka_unit_test(test_resolve_ends_soon),
        cmocka_unit_test(test_resolve_is_bounded),
        cmocka_unit_test(test_inject),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
