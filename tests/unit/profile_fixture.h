/* A part of a configuration and everything that was said about it, for the tests of profiles. */
#ifndef TESTS_UNIT_PROFILE_FIXTURE_H
#define TESTS_UNIT_PROFILE_FIXTURE_H

#include "patches/entries.h"
#include "patches/profile_values.h"
#include "tests/unit/fixture.h"

struct profile_fixture {
    json_t *tree;
    struct profile_problems problems;
    struct strlist mistakes;
    struct profile_reader reader; /* of a profile at "p" */
};

/* JSON with single quotes; NULL gives no tree. Free with profile_fixture_close(). */
static inline void profile_fixture_open(struct profile_fixture *fixture, const char *text)
{
    *fixture = (struct profile_fixture){0};
    fixture->reader = (struct profile_reader){"p", &fixture->problems, &fixture->mistakes};
    if (!text)
        return;
    autofree char *json = fixture_json(text);
    json_error_t err;
    fixture->tree = json_loads(json, JSON_DECODE_ANY | JSON_ALLOW_NUL, &err);
    if (!fixture->tree)
        fail_msg("%s in %s", err.text, json);
}

static inline void profile_fixture_close(struct profile_fixture *fixture)
{
    json_decref(fixture->tree);
    strlist_clear(&fixture->problems.missing);
    strlist_clear(&fixture->problems.wrong);
    strlist_clear(&fixture->mistakes);
}

/* What was said, a line each: mistakes of form, then what is missing, then what is wrong. */
static inline void assert_said(const struct strlist *mistakes,
                               const struct profile_problems *problems, const char *expected)
{
    struct buf said = BUF(1u << 20);
    const struct strlist *const lists[] = {mistakes, &problems->missing, &problems->wrong};
    for (size_t list = 0; list < 3; list++)
        for (size_t i = 0; i < lists[list]->count; i++)
            buf_addf(&said, "%s%s", said.length ? "\n" : "", lists[list]->items[i]);
    assert_string_equal(said.length ? said.data : "", expected);
    buf_clear(&said);
}

/* The entries, a line each: "NAME=value", "NAME<secret/key", "NAME<map/key" with a "?" behind it
 * when the key may be missing. */
static inline void assert_entries(const struct entry_list *entries, const char *expected)
{
    struct buf text = BUF(1u << 20);
    for (size_t i = 0; i < entries->count; i++) {
        const struct entry *entry = &entries->items[i];
        if (entry->kind == ENTRY_VALUE)
            buf_addf(&text, "%s=%s\n", entry->name, entry->value);
        else
            buf_addf(&text, "%s<%s/%s%s\n", entry->name, entry->ref_name, entry->ref_key,
                     entry->optional ? "?" : "");
    }
    assert_string_equal(text.length ? text.data : "", expected);
    buf_clear(&text);
}

#endif
