/* The vectors of FIPS 180-4 and of NIST's CAVP (SHA256ShortMsg). */
#include "suites.h"

#include <string.h>

#include "io/sha256.h"

static void hex_of(const uint8_t digest[32], char hex[65])
{
    for (int i = 0; i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

static const struct vector {
    const char *text, *hex;
    size_t n;
} vectors[] = {
    { .text = "", .n = 0, .hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
    { .text = "abc", .n = 3, .hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
    { .text = "\xd3", .n = 1, .hex = "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1" },
    { .text = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      .n = 56,
      .hex = "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
};

START_TEST(vectors_of_nist)
{
    uint8_t digest[32];
    char hex[65];

    dt_sha256(vectors[_i].text, vectors[_i].n, digest);
    hex_of(digest, hex);
    ck_assert_str_eq(hex, vectors[_i].hex);
}
END_TEST

START_TEST(a_million_letters_in_pieces)
{
    struct dt_sha256_state state;
    char block[1000], hex[65];
    uint8_t digest[32];

    memset(block, 'a', sizeof block);
    dt_sha256_init(&state);
    for (int i = 0; i < 1000; i++)
        dt_sha256_add(&state, block, sizeof block);
    dt_sha256_end(&state, digest);
    hex_of(digest, hex);
    ck_assert_str_eq(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}
END_TEST

Suite *suite_sha256(void)
{
    Suite *s = suite_create("sha256");
    TCase *c = tcase_create("sha256");

    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, vectors_of_nist, 0, sizeof vectors / sizeof *vectors);
    tcase_add_test(c, a_million_letters_in_pieces);
    suite_add_tcase(s, c);
    return s;
}
