#include "patches/hba.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define RULES_MAX 10

/* Lists that lock Patroni out, and why. */
static const struct {
    const char *rules[RULES_MAX];
    const char *error;
} locked_out[] = {
    {{NULL}, "no rule lets in the local connection to database 'postgres' as user 'postgres'"},
    {{"hostssl all all 0.0.0.0/0 md5", "host    all all 0.0.0.0/0 md5"},
     "no rule lets in the local connection to database 'postgres' as user 'postgres'"},
    {{"local all all trust", "host all all all md5"},
     "no rule lets in a replication connection as user 'standby'"},
    {{"local all all reject", "local all all trust"},
     "rule 1 'local all all reject' refuses the local connection to database 'postgres' as user "
     "'postgres'"},
    {{"local all postgres pam", "local replication all trust"},
     "rule 1 'local all postgres pam' refuses the local connection to database 'postgres' as user "
     "'postgres'"},
    {{"local all all trust", "host replication standby 10.0.0.0/8 reject",
      "hostssl replication standby all md5"},
     "rule 2 'host replication standby 10.0.0.0/8 reject' refuses a replication connection as user "
     "'standby'"},
    {{"local \"all\" all trust"},
     "no rule lets in the local connection to database 'postgres' as user 'postgres'"},
    {{"local all \"all\" trust"},
     "no rule lets in the local connection to database 'postgres' as user 'postgres'"},
    {{"local all +admins trust"},
     "no rule lets in the local connection to database 'postgres' as user 'postgres'"},
    {{"local all \"+postgres\" trust"},
     "no rule lets in the local connection to database 'postgres' as user 'postgres'"},
    {{"local sameuser harbor trust"},
     "no rule lets in the local connection to database 'postgres' as user 'postgres'"},
    {{"local all all trust", "local \"replication\" all trust"},
     "no rule lets in a replication connection as user 'standby'"},
    {{"local all all trust", "hostnossl replication standby all md5"},
     "no rule lets in a replication connection as user 'standby'"},
    {{"local all all trust", "lokal replication all trust"},
     "rule 2 'lokal replication all' is not a rule that PostgreSQL can read"},
    {{"local all all ldap ldapbindpasswd=canary"},
     "rule 1 'local all all ldap' refuses the local connection to database 'postgres' as user "
     "'postgres'"},
    {{"lokal all all ldap ldapbindpasswd=canary"},
     "rule 1 'lokal all all' is not a rule that PostgreSQL can read"},
    {{"local all all trust", "host replication all md5"},
     "rule 2 'host replication all' is not a rule that PostgreSQL can read"},
    {{"local all all"}, "rule 1 'local all all' is not a rule that PostgreSQL can read"},
    {{"local all all # trust"}, "rule 1 'local all all' is not a rule that PostgreSQL can read"},
};

/* Lists that Patroni can work with. */
static const char *const let_in[][RULES_MAX] = {
    {"local all all trust", "local replication standby trust"},
    {"local all all peer", "hostssl replication standby all scram-sha-256"},
    {"", "# a comment", "local postgres postgres md5", "host replication standby samenet md5"},
    {"local \"postgres\" \"postgres\" trust", "local replication \"standby\" trust"},
    {"local app,postgres app,postgres trust", "local app,replication app,standby trust"},
    {"local app, postgres  app,  postgres trust", "local replication all trust"},
    {"local sameuser all trust", "local replication +standby trust"},
    {"local samerole +postgres trust", "local all,replication standby trust"},
    {"local\tall\tall\ttrust map=x", "host replication all 10.0.0.0 255.0.0.0 md5"},
    {"local all all trust", "host replication all fe80::1 ffff:ffff:: md5"},
    {"local harbor all reject", "local all harbor reject", "local all all ident",
     "hostssl replication standby all cert"},
};

static size_t slices(const char *const *rules, struct str ret[RULES_MAX])
{
    size_t count = 0;
    for (; count < RULES_MAX && rules[count]; count++)
        ret[count] = str_of(rules[count]);
    return count;
}

static void test_locked_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(locked_out) / sizeof(*locked_out); i++) {
        struct str rules[RULES_MAX];
        struct error err;
        size_t count = slices(locked_out[i].rules, rules);
        assert_false(hba_lets_patroni_in(rules, count, STR("postgres"), STR("standby"), &err));
        assert_string_equal(err.text, locked_out[i].error);
    }
}

static void test_let_in(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(let_in) / sizeof(*let_in); i++) {
        struct str rules[RULES_MAX];
        struct error err = {"none"};
        size_t count = slices(let_in[i], rules);
        bool ok = hba_lets_patroni_in(rules, count, STR("postgres"), STR("standby"), &err);
        assert_string_equal(err.text, "none");
        assert_true(ok);
    }
}

static void test_other_user_names(void **state)
{
    (void)state;
    struct str rules[RULES_MAX];
    struct error err;
    const char *const named[] = {"local all admin trust", "local replication copy trust", NULL};
    size_t count = slices(named, rules);
    assert_true(hba_lets_patroni_in(rules, count, STR("admin"), STR("copy"), &err));
    assert_false(hba_lets_patroni_in(rules, count, STR("postgres"), STR("copy"), &err));
    assert_false(hba_lets_patroni_in(rules, count, STR("admin"), STR("standby"), &err));
}

static void test_the_nine_work_and_are_not_harbors(void **state)
{
    (void)state;
    struct str rules[RULES_MAX];
    struct error err;
    for (size_t i = 0; i < HBA_REPAIRED_COUNT; i++)
        rules[i] = str_of(hba_repaired[i]);
    assert_true(
        hba_lets_patroni_in(rules, HBA_REPAIRED_COUNT, STR("postgres"), STR("standby"), &err));
    assert_false(hba_is_harbor(rules, HBA_REPAIRED_COUNT));
}

static void test_harbors_two_by_words(void **state)
{
    (void)state;
    const struct str folded[] = {STR(" hostssl  all all\t0.0.0.0/0 md5 "),
                                 STR("host all all 0.0.0.0/0 md5")};
    const struct str swapped[] = {folded[1], folded[0]};
    const struct str missing[] = {STR_NONE, folded[1]};
    assert_true(hba_is_harbor(folded, 2));
    assert_false(hba_is_harbor(folded, 1));
    assert_false(hba_is_harbor(swapped, 2));
    assert_false(hba_is_harbor(missing, 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_locked_out),
        cmocka_unit_test(test_let_in),
        cmocka_unit_test(test_other_user_names),
        cmocka_unit_test(test_the_nine_work_and_are_not_harbors),
        cmocka_unit_test(test_harbors_two_by_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
