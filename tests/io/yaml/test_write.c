#include "schema.h"

#include <string.h>

#define GOOD "version: 1\nbudgetnet: {agents: 1}\n"

static void write_config(struct bound *b, const char *path, bool origins)
{
    FILE *f = fopen(path, "w");

    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(dt_config_write(b->config, b->part, N_PARTS, origins, f), DT_OK);
    fclose(f);
}

static void hash(struct bound *b, const char *const *without, char hex[65])
{
    dt_config_hash(b->config, b->part, N_PARTS, without, hex);
}

START_TEST(every_key_of_the_schema)
{
    struct bound b;

    write_text("b.yaml", GOOD "name: \"a: b\"\ntags: [x, 'y, z']\noptim: {lr: 1e-4}\n");
    expect_good(&b, "b.yaml", NULL);
    write_config(&b, "out.yaml", false);
    dt_config_free(b.config);
    expect_text("out.yaml", "version: 1\nseed: 1\nname: \"a: b\"\npretrained: \"\"\ntags: [x, \"y, z\"]\n"
                            "optim:\n  lr: 0.0001\n  nesterov: true\n  schedule:\n    name: constant\n    warmup: 0\n"
                            "    steps: []\nbudget:\n  target: 0.5\n  range: [0.25, 1]\n"
                            "budgetnet:\n  gamma: 0.99\n  agents: 1\n");
}
END_TEST

START_TEST(origins_behind_each_value)
{
    struct bound b;
    size_t size;
    char *text;

    write_text("configs/base.yaml", "version: 1\n\noptim: {lr: 0.5}\n");
    write_text("configs/b.yaml", "base: base.yaml\nbudgetnet:\n  agents: 1\n");
    expect_good(&b, "configs/b.yaml", (const char *[]){ "seed=5", "budget.target=1", NULL });
    write_config(&b, "out.yaml", true);
    dt_config_free(b.config);
    text = read_bytes("out.yaml", &size);
    ck_assert_ptr_nonnull(strstr(text, "\n  lr: 0.5  # configs/base.yaml:3\n"));
    ck_assert_ptr_nonnull(strstr(text, "\n  agents: 1  # configs/b.yaml:3\n"));
    ck_assert_ptr_nonnull(strstr(text, "\n  target: 1  # command line: override 2\n"));
    ck_assert_ptr_nonnull(strstr(text, "\n  nesterov: true  # default\n"));
    dt_free(text);
    expect_good(&b, "out.yaml", NULL);
    ck_assert_int_eq(b.set.seed, 5);
    dt_config_free(b.config);
}
END_TEST

/* Texts that YAML could take for something else. */
static const char *const texts[] = {
    "",     " ",   "null", "~",    "true",  "1",           "-",    "- a",   "a: b",
    "a #b", "[a]", "{a}",  "'a'",  "\"a\"", "a\\b",        "a\nb", "a\tb",  "\tb\n",
    "\n",   "&a",  "*a",   "!a",   "|",     ">",           "%a",   "@a",    "`a`",
    "a, b", "?",   ": ",   "---",  "...",   "caf\xc3\xa9", "x-y",  "./a/b", "../a",
    "a=b",  "<<",  "1e3",  "0x10", "yes",   "a  b",        " a ",  "\\n",   "5\xe2\x82\xac",
    "a:",   "#",   "=",
};

START_TEST(texts_come_back)
{
    struct bound b;
    const char *copy[] = { texts[_i], "between", texts[_i] };

    write_text("b.yaml", GOOD);
    expect_good(&b, "b.yaml", NULL);
    b.set.name = texts[_i];
    b.set.tags = (struct dt_strs){ .n = 3, .v = copy };
    write_config(&b, "out.yaml", _i % 2);
    dt_config_free(b.config);
    expect_good(&b, "out.yaml", NULL);
    ck_assert_str_eq(b.set.name, texts[_i]);
    ck_assert_int_eq(b.set.tags.n, 3);
    ck_assert_str_eq(b.set.tags.v[0], texts[_i]);
    ck_assert_str_eq(b.set.tags.v[2], texts[_i]);
    dt_config_free(b.config);
}
END_TEST

START_TEST(numbers_come_back_to_the_last_bit)
{
    struct bound b;
    double v[64];
    struct dt_rng rng = dt_rng_at(1, DT_STREAM_TEST, 0, 0);

    for (int i = 0; i < 64; i++)
        v[i] = dt_rng_uniform(&rng) * (i % 2 ? 1e-12 : 1);
    write_text("b.yaml", GOOD);
    expect_good(&b, "b.yaml", NULL);
    b.set.budget.range = (struct dt_reals){ .n = 64, .v = v };
    b.set.optim.lr = 0.1 + 0.2;
    write_config(&b, "out.yaml", false);
    dt_config_free(b.config);
    expect_good(&b, "out.yaml", NULL);
    ck_assert_int_eq(b.set.budget.range.n, 64);
    ck_assert(!memcmp(b.set.budget.range.v, v, sizeof v));
    ck_assert(b.set.optim.lr == 0.1 + 0.2);
    dt_config_free(b.config);
}
END_TEST

START_TEST(the_longest_text_comes_back_and_a_longer_one_is_refused)
{
    char text[8192] = GOOD, name[4097];
    struct bound b;

    memset(name, '\\', 4096);
    name[4096] = '\0';
    strcat(strcat(strcat(text, "name: '"), name), "'\n");
    write_text("b.yaml", text);
    expect_good(&b, "b.yaml", NULL);
    write_config(&b, "out.yaml", false);
    dt_config_free(b.config);
    expect_good(&b, "out.yaml", NULL);
    ck_assert_str_eq(b.set.name, name);
    dt_config_free(b.config);
    text[strlen(text) - 2] = '\0';
    strcat(text, "x'\n");
    expect_line(text, "b.yaml:3:7: error: name: longer than 4096 bytes");
}
END_TEST

START_TEST(a_full_disk_is_noticed)
{
    FILE *full = fopen("/dev/full", "w");
    struct bound b;

    ck_assert_ptr_nonnull(full);
    write_text("b.yaml", GOOD);
    expect_good(&b, "b.yaml", NULL);
    ck_assert_int_eq(dt_config_write(b.config, b.part, N_PARTS, false, full), DT_ERESOURCE);
    fclose(full);
    dt_config_free(b.config);
}
END_TEST

START_TEST(the_hash_is_of_what_is_meant)
{
    static const char *const without[] = { "seed", "budget", "optim.schedule.name", NULL };
    char one[65], same[65], other[65], most[65], text[65];
    uint8_t digest[32];
    struct bound a, b;
    size_t size;
    char *written;

    write_text("a.yaml", GOOD "seed: 1\n");
    write_text("b.yaml", "# the same in other words\nbudgetnet: {agents: 1}\nversion: 1\noptim: {lr: 1e-1}\n");
    expect_good(&a, "a.yaml", NULL);
    expect_good(&b, "b.yaml", NULL);
    hash(&a, NULL, one);
    hash(&b, NULL, same);
    ck_assert_str_eq(one, same);
    write_config(&a, "out.yaml", false);
    written = read_bytes("out.yaml", &size);
    dt_sha256(written, size, digest);
    dt_free(written);
    for (int i = 0; i < 32; i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
    ck_assert_str_eq(one, text);
    hash(&a, without, most);
    dt_config_free(b.config);
    expect_good(&b, "b.yaml", (const char *[]){ "seed=2", "budget.target=1", "optim.schedule.name=step", NULL });
    hash(&b, NULL, other);
    ck_assert_str_ne(one, other);
    hash(&b, without, same);
    ck_assert_str_eq(most, same);
    ck_assert_str_ne(most, one);
    dt_config_free(b.config);
    expect_good(&b, "b.yaml", (const char *[]){ "optim.lr=0.2", NULL });
    hash(&b, without, other);
    ck_assert_str_ne(most, other);
    dt_config_free(a.config);
    dt_config_free(b.config);
}
END_TEST

START_TEST(the_reference_says_it_all)
{
    struct bound b;
    FILE *f = fopen("schema.yaml", "w");
    char *text;
    size_t size;

    write_text("b.yaml", GOOD);
    expect_good(&b, "b.yaml", NULL);
    dt_config_schema(b.part, N_PARTS, f);
    fclose(f);
    dt_config_free(b.config);
    text = read_bytes("schema.yaml", &size);
    ck_assert_ptr_nonnull(strstr(text, "version: # required: integer from 1 to 1; of the schema\n"));
    ck_assert_ptr_nonnull(strstr(text, "\noptim: # the optimiser\n  lr: 0.1 # number > 0; learning rate\n"));
    ck_assert_ptr_nonnull(strstr(text, "\n    name: constant # one of constant, cosine, step; shape of the rate\n"));
    ck_assert_ptr_nonnull(strstr(text, "\nbudgetnet:\n  gamma: 0.99 # number from 0 to 1; discount\n"));
    ck_assert_ptr_nonnull(strstr(text, "\npretrained: \"\" # text; a checkpoint or a config\n"));
    dt_free(text);
}
END_TEST

Suite *suite_yaml_write(void)
{
    Suite *s = suite_create("yaml_write");
    TCase *c = case_in_folder("yaml_write");

    tcase_add_test(c, every_key_of_the_schema);
    tcase_add_test(c, origins_behind_each_value);
    tcase_add_loop_test(c, texts_come_back, 0, sizeof texts / sizeof *texts);
    tcase_add_test(c, numbers_come_back_to_the_last_bit);
    tcase_add_test(c, the_longest_text_comes_back_and_a_longer_one_is_refused);
    tcase_add_test(c, a_full_disk_is_noticed);
    tcase_add_test(c, the_hash_is_of_what_is_meant);
    tcase_add_test(c, the_reference_says_it_all);
    suite_add_tcase(s, c);
    return s;
}
