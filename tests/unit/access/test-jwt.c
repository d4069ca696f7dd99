/* SPDX-License-Identifier: Apache-2.0 */

/* JSON Web Tokens: keys, signatures, claims. */
#include <glib.h>
#include <string.h>

#include "access/jwt.h"
#include "jwt-signer.h"
#include "mqtt/protocol.h"

#define NOW   1000000000U
#define PLAIN "{\"sub\":\"ada\",\"exp\":1000000100}"

static const JwtRules plain_rules = {.username_claim = "sub"};
static Signer signers[JWT_ALGORITHMS_N];
static JwtKeys *keys[JWT_ALGORITHMS_N];

/* What becomes of it: 0 or a reason code; why not begins with the words. */
static int check(const char *token, const JwtKeys *with, const JwtRules *rules, const char *why)
{
        _cleanup_(jwt_claims_done) JwtClaims claims = {};
        const char *told = NULL;
        int r = jwt_verify(bytes_from_string(token), with, rules, NOW, &claims, &told);

        g_assert_cmpstr(told, ==, why);
        if (r == 0)
                g_assert_cmpstr(claims.username, ==, "ada");
        else
                g_assert_null(claims.username);
        return r;
}

static void test_each_key_verifies_its_own(void)
{
        for (unsigned i = 0; i < JWT_ALGORITHMS_N; i++) {
                g_autofree char *token = signer_token(&signers[i], PLAIN);

                g_test_message("%s", token);
                g_assert_true(jwt_is_like(bytes_from_string(token)));
                for (unsigned k = 0; k < JWT_ALGORITHMS_N; k++)
                        g_assert_cmpint(
                                check(token, keys[k], &plain_rules,
                                      i == k ? NULL : "the token is not signed by a known key"),
                                ==, i == k ? 0 : REASON_NOT_AUTHORIZED);
        }
}

static void test_any_changed_bit_is_noticed(void)
{
        for (unsigned i = 0; i < JWT_ALGORITHMS_N; i++) {
                g_autofree char *token = signer_token(&signers[i], PLAIN);

                for (size_t at = 0; token[at]; at++) {
                        _cleanup_(jwt_claims_done) JwtClaims claims = {};
                        char was = token[at];
                        const char *why;

                        token[at] = was == 'A' ? 'B' : 'A';
                        g_assert_cmpint(jwt_verify(bytes_from_string(token), keys[i], &plain_rules,
                                                   NOW, &claims, &why),
                                        ==, REASON_NOT_AUTHORIZED);
                        token[at] = was;
                }
        }
}

/* What an attacker writes into the header changes nothing. */
static void test_header_cannot_choose(void)
{
        static const struct {
                const char *header, *why;
        } cases[] = {
                {"{\"alg\":\"none\"}", "the token is signed in a way that is not accepted"},
                {"{\"alg\":\"None\"}", "the token is signed in a way that is not accepted"},
                {"{\"alg\":\"HS512\"}", "the token is signed in a way that is not accepted"},
                {"{\"alg\":\"RS256\"}", "the token is not signed by a known key"},
                {"{\"alg\":[\"HS256\"]}", "the token is signed in a way that is not accepted"},
                {"{}", "the token is signed in a way that is not accepted"},
                {"[\"HS256\"]", "the token does not have a JSON object as header"},
                {"{\"alg\":\"HS256\",\"alg\":\"none\"}",
                 "the token does not have a JSON object as header"},
                {"{\"alg\":\"HS256\"} x", "the token does not have a JSON object as header"},
                {"{\"alg\":\"HS256\",\"crit\":[\"exp\"]}",
                 "the token wants more understood than is"},
                {"", "the token does not have a JSON object as header"},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *token = signer_sign(&signers[JWT_HS256], cases[i].header, PLAIN);

                g_assert_cmpint(check(token, keys[JWT_HS256], &plain_rules, cases[i].why), ==,
                                REASON_NOT_AUTHORIZED);
        }
}

/* The classic: a public key, which everybody has, as the secret of an HMAC. */
static void test_public_key_is_no_secret(void)
{
        g_autofree char *file = signer_file(&signers[JWT_RS256]);
        const char *header = "{\"alg\":\"HS256\"}";
        g_autofree char *first = g_base64_encode((const guchar *)header, strlen(header));
        g_autofree char *second = g_base64_encode((const guchar *)PLAIN, strlen(PLAIN));
        g_autofree char *text = NULL, *signature = NULL, *token = NULL;
        uint8_t digest[32];
        gsize n = sizeof(digest);
        GHmac *hmac = g_hmac_new(G_CHECKSUM_SHA256, (const guchar *)file, strlen(file));

        first[strcspn(first, "=")] = second[strcspn(second, "=")] = 0;
        text = g_strjoin(".", first, second, NULL);
        g_hmac_update(hmac, (const guchar *)text, -1);
        g_hmac_get_digest(hmac, digest, &n);
        g_hmac_unref(hmac);
        signature = g_base64_encode(digest, n);
        g_strdelimit(signature, "+", '-');
        g_strdelimit(signature, "/", '_');
        signature[strcspn(signature, "=")] = 0;
        token = g_strjoin(".", text, signature, NULL);
        g_assert_cmpint(check(token, keys[JWT_RS256], &plain_rules,
                              "the token is not signed by a known key"),
                        ==, REASON_NOT_AUTHORIZED);
}

static void test_claims(void)
{
        static const JwtRules strict = {
                .audience = "broker",
                .issuer = "us",
                .username_claim = "name",
                .client_id_claim = "device",
        };
        static const struct {
                const char *payload, *why;
                const JwtRules *rules;
        } cases[] = {
                {PLAIN, NULL},
                {"{\"sub\":\"ada\",\"exp\":999999971}", NULL}, /* leeway */
                {"{\"sub\":\"ada\",\"exp\":999999970}", "the token has expired"},
                {"{\"sub\":\"ada\",\"exp\":1000000000.5}", NULL},
                {"{\"sub\":\"ada\"}", "the token does not say when it expires"},
                {"{\"sub\":\"ada\",\"exp\":\"1000000100\"}",
                 "the token does not say when it expires"},
                {"{\"sub\":\"ada\",\"exp\":-1}", "the token does not say when it expires"},
                {"{\"sub\":\"ada\",\"exp\":1e300}", "the token does not say when it expires"},
                {"{\"sub\":\"ada\",\"exp\":1000000100,\"nbf\":1000000030}", NULL},
                {"{\"sub\":\"ada\",\"exp\":1000000100,\"nbf\":1000000031}",
                 "the token does not hold yet"},
                {"{\"sub\":\"ada\",\"exp\":1000000100,\"nbf\":null}",
                 "the token does not say from when on it holds"},
                {"{\"sub\":\"ada\",\"exp\":1000000100,\"aud\":\"x\"}",
                 "the token is for another audience"},
                {"{\"exp\":1000000100}", "the token does not name the client"},
                {"{\"sub\":\"\",\"exp\":1000000100}", "the token does not name the client"},
                {"{\"sub\":7,\"exp\":1000000100}", "the token does not name the client"},
                {"{\"sub\":\"a\\u0000\",\"exp\":1000000100}",
                 "the token does not have a JSON object of claims"},
                {"{\"sub\":\"a\xff\",\"exp\":1000000100}",
                 "the token does not have a JSON object of claims"},
                {"{\"sub\":\"a\",\"sub\":\"ada\",\"exp\":1000000100}",
                 "the token does not have a JSON object of claims"},
                {"[]", "the token does not have a JSON object of claims"},
                {"{\"name\":\"ada\",\"device\":\"d\",\"iss\":\"us\",\"aud\":\"broker\","
                 "\"exp\":1000000100}",
                 NULL, &strict},
                {"{\"name\":\"ada\",\"device\":\"d\",\"iss\":\"us\",\"aud\":[\"x\",\"broker\"],"
                 "\"exp\":1000000100}",
                 NULL, &strict},
                {"{\"name\":\"ada\",\"device\":\"d\",\"iss\":\"us\",\"aud\":[\"x\",7],"
                 "\"exp\":1000000100}",
                 "the token is for another audience", &strict},
                {"{\"name\":\"ada\",\"device\":\"d\",\"iss\":\"us\",\"exp\":1000000100}",
                 "the token is for another audience", &strict},
                {"{\"name\":\"ada\",\"device\":\"d\",\"iss\":\"u\",\"aud\":\"broker\","
                 "\"exp\":1000000100}",
                 "the token is of another issuer", &strict},
                {"{\"name\":\"ada\",\"iss\":\"us\",\"aud\":\"broker\",\"exp\":1000000100}",
                 "the token does not name the client", &strict},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *token = signer_token(&signers[JWT_HS256], cases[i].payload);
                const JwtRules *rules = cases[i].rules ? cases[i].rules : &plain_rules;

                g_test_message("%s", cases[i].payload);
                g_assert_cmpint(check(token, keys[JWT_HS256], rules, cases[i].why), ==,
                                cases[i].why ? REASON_NOT_AUTHORIZED : 0);
        }
}

static void test_what_a_token_gives(void)
{
        static const JwtRules rules = {.username_claim = "sub", .client_id_claim = "jti"};
        g_autofree char *token =
                signer_token(&signers[JWT_EDDSA], "{\"sub\":\"ada\",\"jti\":\"d1\",\"exp\":2e9}");
        _cleanup_(jwt_claims_done) JwtClaims claims = {};
        const char *why = NULL;

        g_assert_cmpint(
                jwt_verify(bytes_from_string(token), keys[JWT_EDDSA], &rules, NOW, &claims, &why),
                ==, 0);
        g_assert_cmpstr(claims.username, ==, "ada");
        g_assert_cmpstr(claims.client_id, ==, "d1");
        g_assert_cmpuint(claims.expires, ==, 2000000000U + JWT_LEEWAY);
}

static void test_shapes(void)
{
        g_autofree char *longest = g_strnfill(JWT_LENGTH_MAX + 1, 'A');

        longest[1] = longest[3] = '.';
        g_assert_false(jwt_is_like(bytes_from_string(longest)));
        longest[JWT_LENGTH_MAX] = 0;
        g_assert_true(jwt_is_like(bytes_from_string(longest)));
        g_assert_true(jwt_is_like(BYTES_LITERAL("..")));
        g_assert_false(jwt_is_like(BYTES_LITERAL("a.b")));
        g_assert_false(jwt_is_like(BYTES_LITERAL("a.b.c.d")));
        g_assert_false(jwt_is_like((Bytes){}));
        g_assert_cmpint(check("a.b", keys[0], &plain_rules, "the token does not have three parts"),
                        ==, REASON_NOT_AUTHORIZED);
        g_assert_cmpint(
                check("e30=.e30.e30", keys[0], &plain_rules, "the token is not in base64url"), ==,
                REASON_NOT_AUTHORIZED);
}

/* --- files of keys --- */

static void refused_file(const char *text, const char *why)
{
        g_autofree char *errors = NULL;
        JwtKeys *none = NULL;

        g_assert_cmpint(signer_load(text, &none, &errors), ==, -EINVAL);
        g_assert_null(none);
        g_assert_nonnull(strstr(errors, why));
}

static void test_old_and_new_key_together(void)
{
        g_autofree char *a = signer_file(&signers[JWT_RS256]),
                        *b = signer_file(&signers[JWT_ES256]);
        g_autofree char *file = g_strconcat("# two keys\n", a, "\n", b, NULL);
        g_autofree char *one = signer_token(&signers[JWT_RS256], PLAIN);
        g_autofree char *two = signer_token(&signers[JWT_ES256], PLAIN);
        _cleanup_(jwt_keys_unrefp) JwtKeys *both = NULL;

        g_assert_cmpint(signer_load(file, &both, NULL), ==, 0);
        g_assert_cmpint(check(one, both, &plain_rules, NULL), ==, 0);
        g_assert_cmpint(check(two, both, &plain_rules, NULL), ==, 0);
        g_assert_false(jwt_keys_equal(both, keys[JWT_RS256]));
        g_assert_true(jwt_keys_equal(both, both));
        g_assert_false(jwt_keys_equal(both, NULL));
        g_assert_true(jwt_keys_equal(NULL, NULL));
}

static void test_refused_files(void)
{
        g_autofree char *private = signer_private_file(&signers[JWT_RS256]);
        g_autofree char *public = signer_file(&signers[JWT_RS256]);
        g_autofree char *second = g_strconcat(public, "\n", private, NULL);
        g_autofree char *line = NULL, *cut = g_strndup(public, strlen(public) / 2);
        unsigned lines = 1;

        for (const char *at = public; *at; at++)
                lines += *at == '\n';
        line = g_strdup_printf("%u: The file holds a private key", lines + 1);
        refused_file("", "fewer than 32 bytes");
        refused_file("a short secret\n", "0: It has no key in PEM");
        refused_file(private, "1: The file holds a private key");
        refused_file(second, line);
        refused_file(cut, "1: The block of PEM has no end");
        refused_file("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "1: ");
        refused_file("-----BEGIN PUBLIC KEY", "does not end with dashes");
        refused_file("-----BEGIN X-----\n-----END X-----\n", "is no public key");
}

static void test_weak_keys_are_refused(void)
{
        Signer weak = {.algorithm = JWT_RS256};
        g_autofree char *file = NULL, *other = NULL;

        g_assert_cmpint(gnutls_privkey_init(&weak.key), ==, 0);
        g_assert_cmpint(gnutls_privkey_generate(weak.key, GNUTLS_PK_RSA, 1024, 0), ==, 0);
        file = signer_file(&weak);
        refused_file(file, "fewer than 2048 bits");
        signer_done(&weak);
        g_assert_cmpint(gnutls_privkey_init(&weak.key), ==, 0);
        g_assert_cmpint(gnutls_privkey_generate(weak.key, GNUTLS_PK_ECDSA,
                                                GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP384R1),
                                                0),
                        ==, 0);
        other = signer_file(&weak);
        refused_file(other, "is not P-256");
        signer_done(&weak);
}

int main(int argc, char **argv)
{
        int r;

        g_test_init(&argc, &argv, NULL);
        for (unsigned i = 0; i < JWT_ALGORITHMS_N; i++) {
                g_autofree char *file = NULL;

                signer_init(&signers[i], (JwtAlgorithm)i);
                file = signer_file(&signers[i]);
                g_assert_cmpint(signer_load(file, &keys[i], NULL), ==, 0);
        }
        g_test_add_func("/access/jwt/each-key-verifies-its-own", test_each_key_verifies_its_own);
        g_test_add_func("/access/jwt/any-changed-bit-is-noticed", test_any_changed_bit_is_noticed);
        g_test_add_func("/access/jwt/header-cannot-choose", test_header_cannot_choose);
        g_test_add_func("/access/jwt/public-key-is-no-secret", test_public_key_is_no_secret);
        g_test_add_func("/access/jwt/claims", test_claims);
        g_test_add_func("/access/jwt/what-a-token-gives", test_what_a_token_gives);
        g_test_add_func("/access/jwt/shapes", test_shapes);
        g_test_add_func("/access/jwt/old-and-new-key-together", test_old_and_new_key_together);
        g_test_add_func("/access/jwt/refused-files", test_refused_files);
        g_test_add_func("/access/jwt/weak-keys-are-refused", test_weak_keys_are_refused);
        r = g_test_run();
        for (unsigned i = 0; i < JWT_ALGORITHMS_N; i++) {
                signer_done(&signers[i]);
                jwt_keys_unref(keys[i]);
        }
        return r;
}
