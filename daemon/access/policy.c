/* SPDX-License-Identifier: Apache-2.0 */

/* All that decides for one listener. */
#include "access/policy.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <stdlib.h>
#include <string.h>

static int copy_text(const char *from, const char **to)
{
        *to = from ? strdup(from) : NULL;
        return from && !*to ? -ENOMEM : 0;
}

int access_policy_new(const AccessParts *parts, AccessPolicy **ret_policy)
{
        _cleanup_(access_policy_unrefp) AccessPolicy *policy = calloc(1, sizeof(*policy));
        const JwtRules *rules = &parts->token_rules;
        AccessParts *own;

        if (!policy)
                return -ENOMEM;
        atomic_init(&policy->references, 1);
        own = &policy->parts;
        own->passwords = passwords_ref(parts->passwords);
        own->acl = acl_ref(parts->acl);
        own->tokens = jwt_keys_ref(parts->tokens);
        own->authority = authority_ref(parts->authority);
        own->authority_asks = parts->authority_asks;
        own->denies_special = parts->denies_special;
        if (copy_text(parts->pam_service, &own->pam_service) < 0 ||
            copy_text(rules->audience, &own->token_rules.audience) < 0 ||
            copy_text(rules->issuer, &own->token_rules.issuer) < 0 ||
            copy_text(rules->username_claim, &own->token_rules.username_claim) < 0 ||
            copy_text(rules->client_id_claim, &own->token_rules.client_id_claim) < 0)
                return -ENOMEM;
        *ret_policy = TAKE_PTR(policy);
        return 0;
}

AccessPolicy *access_policy_ref(AccessPolicy *policy)
{
        if (policy)
                atomic_fetch_add_explicit(&policy->references, 1, memory_order_relaxed);
        return policy;
}

AccessPolicy *access_policy_unref(AccessPolicy *policy)
{
        AccessParts *parts;

        if (!policy || atomic_fetch_sub_explicit(&policy->references, 1, memory_order_acq_rel) != 1)
                return NULL;
        parts = &policy->parts;
        passwords_unref(parts->passwords);
        acl_unref(parts->acl);
        jwt_keys_unref(parts->tokens);
        authority_unref(parts->authority);
        free((char *)parts->pam_service);
        free((char *)parts->token_rules.audience);
        free((char *)parts->token_rules.issuer);
        free((char *)parts->token_rules.username_claim);
        free((char *)parts->token_rules.client_id_claim);
        free(policy);
        return NULL;
}

bool access_policy_denies(const AccessPolicy *policy, Bytes username, Bytes client_id)
{
        return policy && policy->parts.denies_special &&
               (acl_name_is_wild(username) || acl_name_is_wild(client_id));
}

/* --- the same as before --- */

static bool text_equal(const char *a, const char *b)
{
        return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool rules_equal(const JwtRules *a, const JwtRules *b)
{
        return text_equal(a->audience, b->audience) && text_equal(a->issuer, b->issuer) &&
               text_equal(a->username_claim, b->username_claim) &&
               text_equal(a->client_id_claim, b->client_id_claim);
}

static bool authorities_equal(const Authority *a, const Authority *b)
{
        return text_equal(a ? authority_path(a) : NULL, b ? authority_path(b) : NULL);
}

bool access_policy_equal(const AccessPolicy *a, const AccessPolicy *b)
{
        const AccessParts one = access_policy_parts(a), two = access_policy_parts(b);

        return passwords_equal(one.passwords, two.passwords) && acl_equal(one.acl, two.acl) &&
               jwt_keys_equal(one.tokens, two.tokens) &&
               rules_equal(&one.token_rules, &two.token_rules) &&
               text_equal(one.pam_service, two.pam_service) &&
               authorities_equal(one.authority, two.authority) &&
               one.authority_asks == two.authority_asks && one.denies_special == two.denies_special;
}

bool access_policy_agrees(const AccessPolicy *before, const AccessPolicy *now, LoginMethod method,
                          Bytes username)
{
        const AccessParts old = access_policy_parts(before), new = access_policy_parts(now);

        switch (method) {
        case LOGIN_PASSWORD:
                return (old.passwords && old.passwords == new.passwords) ||
                       passwords_agree(old.passwords, new.passwords, username);
        case LOGIN_TOKEN:
                return old.tokens && new.tokens &&jwt_keys_include(new.tokens, old.tokens) &&
                       rules_equal(&old.token_rules, &new.token_rules);
        case LOGIN_PAM:
                return old.pam_service && text_equal(old.pam_service, new.pam_service);
        case LOGIN_AUTHORITY:
                return old.authority && authorities_equal(old.authority, new.authority);
        default:
                return true;
        }
}

/* --- for another process --- */

static void add_text(gnutls_hash_hd_t state, const char *text)
{
        gnutls_hash(state, text ? text : "", text ? strlen(text) + 1 : 0);
        gnutls_hash(state, "", 1);
}

static bool fingerprint_of_texts(const char *const *texts, size_t n, Bytes more,
                                 LoginFingerprint *ret_fingerprint)
{
        gnutls_hash_hd_t state;

        if (gnutls_hash_init(&state, GNUTLS_DIG_SHA256) < 0)
                return false;
        for (size_t i = 0; i < n; i++)
                add_text(state, texts[i]);
        gnutls_hash(state, more.data, more.length);
        gnutls_hash_deinit(state, ret_fingerprint->bytes);
        return true;
}

bool access_policy_fingerprint(const AccessPolicy *policy, LoginMethod method, Bytes username,
                               LoginFingerprint *ret_fingerprint)
{
        const AccessParts parts = access_policy_parts(policy);
        const JwtRules *rules = &parts.token_rules;
        const char *texts[5] = {};
        PasswordFingerprint password;

        switch (method) {
        case LOGIN_PASSWORD:
                if (!passwords_fingerprint(parts.passwords, username, &password))
                        return false;
                memcpy(ret_fingerprint->bytes, password.bytes, sizeof(password.bytes));
                return true;
        case LOGIN_TOKEN:
                if (!parts.tokens)
                        return false;
                memcpy(texts,
                       (const char *[]){"token", rules->audience, rules->issuer,
                                        rules->username_claim, rules->client_id_claim},
                       sizeof(texts));
                return fingerprint_of_texts(texts, ARRAY_SIZE(texts), jwt_keys_text(parts.tokens),
                                            ret_fingerprint);
        case LOGIN_PAM:
                texts[0] = "pam";
                texts[1] = parts.pam_service;
                return texts[1] && fingerprint_of_texts(texts, 2, (Bytes){}, ret_fingerprint);
        case LOGIN_AUTHORITY:
                texts[0] = "authority";
                texts[1] = parts.authority ? authority_path(parts.authority) : NULL;
                return texts[1] && fingerprint_of_texts(texts, 2, (Bytes){}, ret_fingerprint);
        default:
                return false;
        }
}
