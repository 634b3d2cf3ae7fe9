#include "certs/authority.h"

#include "base/mem.h"
#include "tests/unit/forge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define NOW FORGE_NOW
#define DAY FORGE_DAY
#define HOUR 3600

/* What a Secret holds. */
struct texts {
    struct str all[AUTHORITY_KEYS];
};

static struct texts nothing(void)
{
    struct texts texts;
    for (size_t i = 0; i < AUTHORITY_KEYS; i++)
        texts.all[i] = STR("");
    return texts;
}

static struct authority *opened(struct texts texts)
{
    struct error err = {""};
    struct authority *authority = NULL;
    if (!authority_open(texts.all, &authority, &err))
        fail_msg("%s", err.text);
    return authority;
}

/* What the Secret holds after that; borrowed. */
static struct texts texts_of(const struct authority *authority)
{
    struct texts texts;
    for (size_t i = 0; i < AUTHORITY_KEYS; i++)
        texts.all[i] = authority_text(authority, (enum authority_key)i);
    return texts;
}

static void step(struct authority *authority, enum authority_step step, int64_t now)
{
    struct error err = {""};
    if (!authority_do(authority, step, now, &err))
        fail_msg("%s", err.text);
}

static struct authority *created(int64_t now)
{
    struct authority *authority = opened(nothing());
    step(authority, AUTHORITY_CREATE, now);
    return authority;
}

static void refused(struct texts texts, const char *expected)
{
    struct error err = {""};
    struct authority *authority = NULL;
    assert_false(authority_open(texts.all, &authority, &err));
    assert_null(authority);
    assert_string_equal(err.text, expected);
}

static void half_a_ca_is_refused(void **state)
{
    (void)state;
    cleanup(authority_drop) struct authority *whole = created(NOW);
    struct texts texts = texts_of(whole);
    texts.all[AUTHORITY_CA_KEY] = STR(" \n");
    refused(texts, "ca.key: is empty, expected a PEM private key");
    texts = texts_of(whole);
    texts.all[AUTHORITY_CA] = STR("");
    refused(texts, "ca.crt: is empty, expected PEM certificates");
    texts = texts_of(whole);
    texts.all[AUTHORITY_NEXT] = texts.all[AUTHORITY_CA];
    refused(texts, "next.key: is empty, expected a PEM private key");
}

static void what_is_no_pem_is_refused(void **state)
{
    (void)state;
    struct texts texts = nothing();
    texts.all[AUTHORITY_CA] = STR("hello");
    texts.all[AUTHORITY_CA_KEY] = STR("hello");
    refused(texts, "ca.crt: holds no certificate, expected PEM with '-----BEGIN CERTIFICATE-----'");
    cleanup(authority_drop) struct authority *whole = created(NOW);
    texts = texts_of(whole);
    texts.all[AUTHORITY_CA_KEY] = STR("hello");
    refused(texts, "ca.key: holds no private key, expected PEM with '-----BEGIN PRIVATE KEY-----'");
    texts = texts_of(whole);
    texts.all[AUTHORITY_OLD] = STR("hello");
    refused(texts,
            "old.crt: holds no certificate, expected PEM with '-----BEGIN CERTIFICATE-----'");
}

static void what_is_too_long_is_refused(void **state)
{
    (void)state;
    autofree char *long_text = xcalloc(CHAIN_PEM_MAX + 1, 1);
    struct texts texts = nothing();
    texts.all[AUTHORITY_OLD_UNTIL] = (struct str){long_text, CHAIN_PEM_MAX + 1};
    refused(texts, "old.until: is 1048577 bytes long, expected at most 1048576");
}

static void a_key_of_another_ca_is_refused(void **state)
{
    (void)state;
    cleanup(authority_drop) struct authority *one = created(NOW);
    cleanup(authority_drop) struct authority *other = created(NOW);
    struct texts texts = texts_of(one);
    texts.all[AUTHORITY_CA_KEY] = authority_text(other, AUTHORITY_CA_KEY);
    refused(texts, "ca.key: is the key of another certificate, not of the one in ca.crt");
}

static void what_is_no_ca_is_refused(void **state)
{
    (void)state;
    struct forged leaf = forge((struct forge){.subject = "leaf", .constraint = "CA:FALSE"}, NULL);
    struct texts texts = nothing();
    texts.all[AUTHORITY_CA] = str_of(leaf.certificate_pem);
    texts.all[AUTHORITY_CA_KEY] = str_of(leaf.key_pem);
    refused(texts, "ca.crt: 'CN=leaf' is not the certificate of a CA");
    forged_done(&leaf);
}

static void two_certificates_are_refused(void **state)
{
    (void)state;
    cleanup(authority_drop) struct authority *one = created(NOW);
    struct str ca = authority_text(one, AUTHORITY_CA);
    autofree char *twice = xasprintf("%s%s", ca.data, ca.data);
    struct texts texts = texts_of(one);
    texts.all[AUTHORITY_CA] = str_of(twice);
    refused(texts, "ca.crt: holds 2 certificates, expected the CA's alone");
}

static void the_rest_without_a_ca_is_refused(void **state)
{
    (void)state;
    cleanup(authority_drop) struct authority *one = created(NOW);
    struct texts texts = nothing();
    texts.all[AUTHORITY_OLD] = authority_text(one, AUTHORITY_CA);
    refused(texts, "ca.crt: is missing, expected beside old.crt");
    texts.all[AUTHORITY_NEXT] = authority_text(one, AUTHORITY_CA);
    texts.all[AUTHORITY_NEXT_KEY] = authority_text(one, AUTHORITY_CA_KEY);
    refused(texts, "ca.crt: is missing, expected beside next.crt");
}

static void nothing_becomes_a_ca(void **state)
{
    (void)state;
    cleanup(authority_drop) struct authority *authority = opened(nothing());
    assert_null(authority_ca(authority));
    assert_int_equal(authority_step(authority, NOW, true), AUTHORITY_CREATE);
    step(authority, AUTHORITY_CREATE, NOW);
    assert_int_equal(authority_ca(authority)->not_before, NOW - HOUR);
    assert_int_equal(authority_ca(authority)->not_after, NOW + 365 * DAY);
    assert_int_equal(authority_step(authority, NOW, true), AUTHORITY_KEEP);
    assert_int_equal(authority_text(authority, AUTHORITY_NEXT).length, 0);
    assert_int_equal(authority_text(authority, AUTHORITY_OLD).length, 0);

    cleanup(authority_drop) struct authority *again = opened(texts_of(authority));
    assert_string_equal(authority_ca(again)->fingerprint, authority_ca(authority)->fingerprint);
}

/* Two thirds of a year after the first day, one hour before it was made. */
#define OLD_AGE (NOW - HOUR + (365 * DAY + HOUR) * 2 / 3)

static void a_successor_comes_at_two_thirds_and_waits_until_it_is_known(void **state)
{
    (void)state;
    cleanup(authority_drop) struct authority *authority = created(NOW);
    assert_int_equal(authority_step(authority, OLD_AGE - 2, true), AUTHORITY_KEEP);
    assert_int_equal(authority_step(authority, OLD_AGE + 2, true), AUTHORITY_PREPARE);
    autofree char *before = xstrdup(authority_ca(authority)->fingerprint);
    step(authority, AUTHORITY_PREPARE, OLD_AGE);
    assert_string_equal(authority_ca(authority)->fingerprint, before);
    assert_int_equal(authority_step(authority, OLD_AGE, false), AUTHORITY_KEEP);
    assert_int_equal(authority_step(authority, OLD_AGE, true), AUTHORITY_ACTIVATE);

    autofree char *next = xstrdup(authority_text(authority, AUTHORITY_NEXT).data);
    step(authority, AUTHORITY_ACTIVATE, OLD_AGE);
    assert_string_equal(authority_text(authority, AUTHORITY_CA).data, next);
    assert_int_equal(authority_text(authority, AUTHORITY_NEXT).length, 0);
    assert_int_equal(authority_text(authority, AUTHORITY_NEXT_KEY).length, 0);
    char until[CHAIN_TIME_SIZE];
    assert_string_equal(authority_text(authority, AUTHORITY_OLD_UNTIL).data,
                        chain_time(OLD_AGE + 7 * DAY + HOUR, until));
}

static void an_old_ca_stays_while_its_leaves_can_live(void **state)
{
    (void)state;
    cleanup(authority_drop) struct authority *made = created(NOW);
    step(made, AUTHORITY_PREPARE, OLD_AGE);
    step(made, AUTHORITY_ACTIVATE, OLD_AGE);
    cleanup(authority_drop) struct authority *authority = opened(texts_of(made));
    int64_t until = OLD_AGE + 7 * DAY + HOUR;
    assert_int_equal(authority_step(authority, until, true), AUTHORITY_KEEP);
    assert_int_equal(authority_step(authority, until + 1, true), AUTHORITY_FORGET);
    step(authority, AUTHORITY_FORGET, until + 1);
    assert_int_equal(authority_text(authority, AUTHORITY_OLD).length, 0);
    assert_int_equal(authority_text(authority, AUTHORITY_OLD_UNTIL).length, 0);
    assert_int_equal(authority_step(authority, until + 1, true), AUTHORITY_KEEP);
}

/* A time that is absent, no time, or beyond the old one's own life. */
static void an_old_ca_goes_with_its_own_end_at_the_latest(void **state)
{
    (void)state;
    static const char *const times[] = {"", "soon", "2999-01-01T00:00:00Z"};
    cleanup(authority_drop) struct authority *old = created(NOW);
    cleanup(authority_drop) struct authority *ca = created(NOW + 100 * DAY);
    for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++) {
        struct texts texts = texts_of(ca);
        texts.all[AUTHORITY_OLD] = authority_text(old, AUTHORITY_CA);
        texts.all[AUTHORITY_OLD_UNTIL] = str_of(times[i]);
        cleanup(authority_drop) struct authority *authority = opened(texts);
        int64_t end = NOW + 365 * DAY;
        assert_int_not_equal(authority_step(authority, end, false), AUTHORITY_FORGET);
        step(authority, AUTHORITY_PREPARE, end);
        assert_int_equal(authority_step(authority, end + 1, false), AUTHORITY_FORGET);
    }
}

static void two_old_ones_stay_side_by_side(void **state)
{
    (void)state;
    cleanup(authority_drop) struct authority *authority = created(NOW);
    for (int i = 0; i < 2; i++) {
        step(authority, AUTHORITY_PREPARE, NOW + i * DAY);
        step(authority, AUTHORITY_ACTIVATE, NOW + i * DAY);
    }
    struct error err;
    cleanup(buf_clear) struct buf pem = BUF(CHAIN_PEM_MAX);
    cleanup(chain_drop) struct chain *bundle = NULL;
    authority_bundle(authority, &pem);
    assert_true(chain_parse((struct pem_text){"bundle", buf_str(&pem)}, &bundle, &err));
    assert_int_equal(chain_count(bundle), 3);

    /* One more, after nothing of those two is alive. */
    step(authority, AUTHORITY_PREPARE, NOW + 20 * DAY);
    step(authority, AUTHORITY_ACTIVATE, NOW + 20 * DAY);
    cleanup(buf_clear) struct buf later = BUF(CHAIN_PEM_MAX);
    cleanup(chain_drop) struct chain *short_bundle = NULL;
    authority_bundle(authority, &later);
    assert_true(chain_parse((struct pem_text){"bundle", buf_str(&later)}, &short_bundle, &err));
    assert_int_equal(chain_count(short_bundle), 2);
}

static void an_expired_ca_is_replaced_at_once(void **state)
{
    (void)state;
    cleanup(authority_drop) struct authority *authority = created(NOW);
    int64_t late = NOW + 365 * DAY + 1;
    assert_int_equal(authority_step(authority, late, false), AUTHORITY_CREATE);
    step(authority, AUTHORITY_PREPARE, OLD_AGE);
    assert_int_equal(authority_step(authority, late, false), AUTHORITY_ACTIVATE);
    assert_int_equal(authority_step(authority, late + 365 * DAY, false), AUTHORITY_CREATE);
    step(authority, AUTHORITY_CREATE, late + 365 * DAY);
    assert_int_equal(authority_text(authority, AUTHORITY_NEXT).length, 0);
    assert_int_equal(authority_ca(authority)->not_after, late + 730 * DAY);
}

/* Made while a clock was ahead. */
static void a_ca_of_the_future_gets_a_successor(void **state)
{
    (void)state;
    cleanup(authority_drop) struct authority *authority = created(NOW + 10 * DAY);
    assert_int_equal(authority_step(authority, NOW, false), AUTHORITY_PREPARE);
}

static const struct strlist names = {(char *[]){(char[]){"hook.ns.svc"}}, 1, 0};

static struct chain *leaf_of(const struct authority *authority, int64_t now)
{
    struct error err = {""};
    struct chain *leaf = NULL;
    struct ca_pair pair;
    if (!authority_issue(authority, &names, now, &pair, &err))
        fail_msg("%s", err.text);
    assert_true(chain_parse((struct pem_text){"leaf", buf_str(&pair.certificate)}, &leaf, &err));
    ca_pair_done(&pair);
    return leaf;
}

static void a_leaf_is_renewed_at_two_thirds(void **state)
{
    (void)state;
    cleanup(authority_drop) struct authority *authority = created(NOW);
    assert_true(authority_leaf_due(authority, NULL, NOW, false));
    cleanup(chain_drop) struct chain *leaf = leaf_of(authority, NOW);
    assert_int_equal(chain_at(leaf, 0)->not_before, NOW - HOUR);
    assert_int_equal(chain_at(leaf, 0)->not_after, NOW + 7 * DAY);
    int64_t old_age = NOW - HOUR + (7 * DAY + HOUR) * 2 / 3;
    assert_false(authority_leaf_due(authority, leaf, old_age - 2, true));
    assert_true(authority_leaf_due(authority, leaf, old_age + 2, false));
}

static void a_leaf_of_another_ca_is_replaced_once_the_new_one_is_known(void **state)
{
    (void)state;
    cleanup(authority_drop) struct authority *before = created(NOW);
    cleanup(authority_drop) struct authority *after = created(NOW);
    cleanup(chain_drop) struct chain *leaf = leaf_of(before, NOW);
    assert_false(authority_leaf_due(after, leaf, NOW, false));
    assert_true(authority_leaf_due(after, leaf, NOW, true));
    assert_false(authority_leaf_due(after, leaf, NOW + 6 * DAY, false));
    assert_true(authority_leaf_due(after, leaf, NOW + 7 * DAY + 1, false));
}

/* Two years of two replicas, one Secret and two webhook configurations, in which updates fail, are
 * overtaken by the other replica between any two requests, and replicas sleep for weeks. */

#define CONFIGURATIONS 2
#define REPLICAS 2

struct shared_text {
    char *text;
    unsigned version; /* what optimistic concurrency compares */
};

struct replica {
    struct chain *leaf;
    int64_t known_since; /* 0: the bundle is not published everywhere */
    int64_t asleep_until;
    bool awake; /* has had a round since it slept */
    /* What it read in this round. */
    struct shared_text seen[CONFIGURATIONS];
    struct texts secret;
    char *secret_texts[AUTHORITY_KEYS];
    unsigned secret_version;
};

struct world {
    int64_t now;
    uint64_t random;
    char *secret[AUTHORITY_KEYS];
    unsigned secret_version;
    struct shared_text configurations[CONFIGURATIONS];
    int64_t refuses_until[CONFIGURATIONS];
    struct replica replicas[REPLICAS];
    unsigned steps[AUTHORITY_FORGET + 1];
};

static unsigned chance(struct world *world, unsigned of)
{
    world->random = world->random * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(world->random >> 33) % of;
}

static void keep_text(char **place, struct str text)
{
    free(*place);
    *place = xstrndup(text.data, text.length);
}

static void read_configurations(struct world *world, struct replica *replica)
{
    for (size_t i = 0; i < CONFIGURATIONS; i++) {
        keep_text(&replica->seen[i].text, str_of(world->configurations[i].text));
        replica->seen[i].version = world->configurations[i].version;
    }
}

static void read_secret(struct world *world, struct replica *replica)
{
    for (size_t i = 0; i < AUTHORITY_KEYS; i++) {
        keep_text(&replica->secret_texts[i], str_of(world->secret[i]));
        replica->secret.all[i] = str_of(replica->secret_texts[i]);
    }
    replica->secret_version = world->secret_version;
}

static bool write_secret(struct world *world, const struct replica *replica,
                         const struct authority *authority)
{
    if (replica->secret_version != world->secret_version || chance(world, 4) == 0)
        return false;
    for (size_t i = 0; i < AUTHORITY_KEYS; i++)
        keep_text(&world->secret[i], authority_text(authority, (enum authority_key)i));
    world->secret_version++;
    return true;
}

static bool all_carry(const struct replica *replica, struct str bundle)
{
    for (size_t i = 0; i < CONFIGURATIONS; i++)
        if (!str_is(bundle, replica->seen[i].text))
            return false;
    return true;
}

static bool all_know(const struct replica *replica, const struct authority *authority)
{
    bool known = true;
    struct error err;
    for (size_t i = 0; i < CONFIGURATIONS; i++) {
        cleanup(chain_drop) struct chain *bundle = NULL;
        known = known && *replica->seen[i].text &&
                chain_parse((struct pem_text){"bundle", str_of(replica->seen[i].text)}, &bundle,
                            &err) &&
                authority_known_to(authority, bundle);
    }
    return known;
}

static void publish(struct world *world, struct replica *replica, struct str bundle)
{
    for (size_t i = 0; i < CONFIGURATIONS; i++) {
        struct shared_text *place = &world->configurations[i];
        if (str_is(bundle, replica->seen[i].text) || place->version != replica->seen[i].version ||
            world->now < world->refuses_until[i])
            continue;
        keep_text(&place->text, bundle);
        place->version++;
        keep_text(&replica->seen[i].text, bundle);
    }
}

static void act(struct world *world, struct replica *replica)
{
    cleanup(authority_drop) struct authority *authority = opened(replica->secret);
    cleanup(buf_clear) struct buf before = BUF(CHAIN_PEM_MAX);
    authority_bundle(authority, &before);
    if (!all_carry(replica, buf_str(&before)))
        replica->known_since = 0;
    else if (replica->known_since == 0)
        replica->known_since = world->now;
    bool published = replica->known_since && world->now - replica->known_since >= 30;

    enum authority_step due = authority_step(authority, world->now, published);
    step(authority, due, world->now);
    if (due != AUTHORITY_KEEP && !write_secret(world, replica, authority)) {
        authority_free(authority);
        authority = opened(replica->secret);
        due = AUTHORITY_KEEP;
    }
    replica->awake = true;
    world->steps[due]++;
    if (!authority_ca(authority))
        return;
    cleanup(buf_clear) struct buf bundle = BUF(CHAIN_PEM_MAX);
    authority_bundle(authority, &bundle);
    publish(world, replica, buf_str(&bundle));
    if (authority_leaf_due(authority, replica->leaf, world->now, all_know(replica, authority))) {
        chain_free(replica->leaf);
        replica->leaf = leaf_of(authority, world->now);
    }
}

static void nobody_is_refused(const struct world *world)
{
    struct error err = {""};
    for (size_t c = 0; c < CONFIGURATIONS; c++) {
        cleanup(chain_drop) struct chain *bundle = NULL;
        if (!*world->configurations[c].text)
            continue;
        struct pem_text pem = {"bundle", str_of(world->configurations[c].text)};
        assert_true(chain_parse(pem, &bundle, &err));
        for (size_t i = 0; i < REPLICAS; i++) {
            const struct replica *replica = &world->replicas[i];
            if (replica->leaf && replica->awake &&
                !chain_verify(replica->leaf, bundle, world->now, &err))
                fail_msg("day %ld, replica %zu, configuration %zu: %s",
                         (long)((world->now - NOW) / DAY), i, c, err.text);
        }
    }
}

static void whole_round(struct world *world, struct replica *replica)
{
    read_configurations(world, replica);
    read_secret(world, replica);
    act(world, replica);
}

/* One replica's round, into any gap of which the other one's fits. */
static void round_with_gaps(struct world *world, size_t index)
{
    struct replica *replica = &world->replicas[index];
    struct replica *other = &world->replicas[1 - index];
    if (world->now < replica->asleep_until)
        return;
    unsigned gap = world->now < other->asleep_until ? 3 : chance(world, 4);
    read_configurations(world, replica);
    if (gap == 0)
        whole_round(world, other);
    read_secret(world, replica);
    if (gap == 1)
        whole_round(world, other);
    act(world, replica);
}

static void pass_time(struct world *world, bool changed)
{
    world->now += changed ? 8 : DAY + (int64_t)chance(world, DAY);
    for (size_t i = 0; i < CONFIGURATIONS; i++)
        if (chance(world, 20) == 0)
            world->refuses_until[i] = world->now + (int64_t)chance(world, 20 * DAY);
    for (size_t i = 0; i < REPLICAS; i++)
        if (chance(world, 40) == 0) {
            world->replicas[i].asleep_until = world->now + (int64_t)chance(world, 20 * DAY);
            world->replicas[i].awake = false;
        }
}

static void world_start(struct world *world, uint64_t seed)
{
    *world = (struct world){.now = NOW, .random = seed};
    for (size_t i = 0; i < AUTHORITY_KEYS; i++)
        world->secret[i] = xstrdup("");
    for (size_t i = 0; i < CONFIGURATIONS; i++)
        world->configurations[i].text = xstrdup("");
}

static void world_done(struct world *world)
{
    for (size_t i = 0; i < AUTHORITY_KEYS; i++)
        free(world->secret[i]);
    for (size_t i = 0; i < CONFIGURATIONS; i++)
        free(world->configurations[i].text);
    for (size_t i = 0; i < REPLICAS; i++) {
        chain_free(world->replicas[i].leaf);
        for (size_t c = 0; c < CONFIGURATIONS; c++)
            free(world->replicas[i].seen[c].text);
        for (size_t k = 0; k < AUTHORITY_KEYS; k++)
            free(world->replicas[i].secret_texts[k]);
    }
}

static void two_years_without_a_refused_handshake(void **state)
{
    (void)state;
    cleanup(world_done) struct world world;
    world_start(&world, 1);
    unsigned hurry = 0;
    while (world.now < NOW + 730 * DAY) {
        unsigned version = world.secret_version;
        size_t first = chance(&world, 2);
        round_with_gaps(&world, first);
        round_with_gaps(&world, 1 - first);
        nobody_is_refused(&world);
        hurry = version != world.secret_version ? 5 : hurry - (hurry > 0);
        pass_time(&world, hurry > 0);
    }
    assert_int_equal(world.steps[AUTHORITY_CREATE], 1);
    assert_int_equal(world.steps[AUTHORITY_PREPARE], 2);
    assert_int_equal(world.steps[AUTHORITY_ACTIVATE], 2);
    assert_int_equal(world.steps[AUTHORITY_FORGET], 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(half_a_ca_is_refused),
        cmocka_unit_test(what_is_no_pem_is_refused),
        cmocka_unit_test(what_is_too_long_is_refused),
        cmocka_unit_test(a_key_of_another_ca_is_refused),
        cmocka_unit_test(what_is_no_ca_is_refused),
        cmocka_unit_test(two_certificates_are_refused),
        cmocka_unit_test(the_rest_without_a_ca_is_refused),
        cmocka_unit_test(nothing_becomes_a_ca),
        cmocka_unit_test(a_successor_comes_at_two_thirds_and_waits_until_it_is_known),
        cmocka_unit_test(an_old_ca_stays_while_its_leaves_can_live),
        cmocka_unit_test(an_old_ca_goes_with_its_own_end_at_the_latest),
        cmocka_unit_test(two_old_ones_stay_side_by_side),
        cmocka_unit_test(an_expired_ca_is_replaced_at_once),
        cmocka_unit_test(a_ca_of_the_future_gets_a_successor),
        cmocka_unit_test(a_leaf_is_renewed_at_two_thirds),
        cmocka_unit_test(a_leaf_of_another_ca_is_replaced_once_the_new_one_is_known),
        cmocka_unit_test(two_years_without_a_refused_handshake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
